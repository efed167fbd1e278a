package child

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"chandy/internal/config"
	"chandy/internal/maelstrom"
)

// settings are the keys of [program] for kind "exec".
type settings struct {
	// Command is the program and its arguments. Required, never empty.
	Command []string `toml:"command"`
	// Env are variables for its environment. Default none.
	Env map[string]string `toml:"env"`
	// State is how the program is asked for its state: stateNone, stateSnapshot, or a
	// request as JSON. Default stateNone, never empty.
	State string `toml:"state" default:"none"`
	// Topology tells whether it gets a topology message, where the file names
	// channels. Default true.
	Topology bool `toml:"topology" default:"true"`
	// InitTimeout is how long it may take to answer init, and restore. Default 10 s,
	// never zero.
	InitTimeout time.Duration `toml:"init_timeout" default:"10s" min:"1ms" max:"1h"`
	// Settle is "auto" if it may settle before it is asked for its state, or "none".
	Settle string `toml:"settle" default:"auto" oneof:"auto none"`
	// SettleTimeout is how long that may take. Default 100 ms, never zero.
	SettleTimeout time.Duration `toml:"settle_timeout" default:"100ms" min:"1ms" max:"1m"`
	// StateTimeout is how long it may take to read what was written to it, and then
	// to answer the request for its state. Default 5 s, never zero.
	StateTimeout time.Duration `toml:"state_timeout" default:"5s" min:"1ms" max:"1h"`
	// Pace has each line wait until it has read the one before. Default false.
	Pace bool `toml:"pace" default:"false"`
	// LineLimit is the longest line that is written to it, in bytes, without its end.
	// Default 16 MiB, which is that of a message.
	LineLimit config.Size `toml:"line_limit" default:"16MiB" min:"1KiB" max:"16MiB"`
	// OnBadLine is what becomes of a line that it prints and that is no JSON object:
	// "end" ends the node, "drop" drops it. Default "end".
	OnBadLine string `toml:"on_bad_line" default:"end" oneof:"end drop"`
}

// Values of settings.State that are no request.
const (
	stateNone     = "none"
	stateSnapshot = "snapshot"
)

// snapshotRequest asks for a state that can be restored.
const snapshotRequest = `{"type":"snapshot"}`

// readSettings gives the settings; the error lists all faults.
func readSettings(p config.Program) (settings, error) {
	var s settings
	if err := p.Decode(&s); err != nil {
		return s, err
	}
	return s, errors.Join(s.checkCommand(), s.checkEnv(), s.checkState(), s.checkPace())
}

func (s settings) checkCommand() error {
	if len(s.Command) == 0 {
		return errors.New(`command: is missing: the program and its arguments, such as ["python3", "ring.py"]`)
	}
	if s.Command[0] == "" {
		return errors.New("command[0]: is empty: name a program")
	}
	for i, argument := range s.Command {
		if strings.ContainsRune(argument, 0) {
			return fmt.Errorf("command[%d]: has a NUL", i)
		}
	}
	return nil
}

func (s settings) checkEnv() error {
	var errs []error
	for name, value := range s.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
			errs = append(errs, fmt.Errorf("env: %.128q = %.128q cannot be a variable", name, value))
		}
	}
	return errors.Join(errs...)
}

func (s settings) checkState() error {
	if s.State == stateNone || s.State == stateSnapshot {
		return nil
	}
	request, err := maelstrom.ParseBody([]byte(s.State))
	switch {
	case err != nil:
		return fmt.Errorf(`state: must be "none", "snapshot" or a request as JSON, such as '{"type":"read"}', not %.128q`, s.State)
	case request.Type == "":
		return errors.New(`state: a request needs a "type"`)
	case request.Member("msg_id") != nil || request.Member("in_reply_to") != nil:
		return errors.New(`state: leave out "msg_id" and "in_reply_to"`)
	case strings.ContainsAny(s.State, "\r\n"):
		return errors.New("state: a request is one line")
	}
	return nil
}

func (s settings) checkPace() error {
	if s.Pace && !canIdle {
		return errors.New("pace: this system does not tell whether a program has read its input: leave it out")
	}
	return nil
}

// request is the body that asks for the state, without msg_id.
func (s settings) request() []byte {
	if s.State == stateSnapshot {
		return []byte(snapshotRequest)
	}
	return []byte(s.State)
}
