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
	// Env is added to the child's environment. Default empty.
	Env map[string]string `toml:"env"`
	// State is how the child is asked for its state: stateNone, stateSnapshot, or a
	// request as JSON. Default stateNone, never empty.
	State string `toml:"state" default:"none"`
	// Topology is the shape of the topology message, or topologyNone. Default
	// topologyAuto.
	Topology string `toml:"topology" default:"auto" oneof:"auto grid line total tree2 tree3 tree4 none"`
	// InitTimeout is how long the child may take to answer init, and again to answer
	// restore. Default 1 min, never zero.
	InitTimeout time.Duration `toml:"init_timeout" default:"1m" min:"1ms" max:"1h"`
	// Settle is "auto" if the child may settle before it is asked for its state, or
	// settleNone. Default "auto".
	Settle string `toml:"settle" default:"auto" oneof:"auto none"`
	// SettleTimeout is how long the child may take to settle. Default 100 ms, never zero.
	SettleTimeout time.Duration `toml:"settle_timeout" default:"100ms" min:"1ms" max:"1m"`
	// StateTimeout is how long the child may take to read its input before it is asked
	// for its state, and again to answer. Default 5 s, never zero.
	StateTimeout time.Duration `toml:"state_timeout" default:"5s" min:"1ms" max:"1h"`
	// Pace holds each line back until the child has read the line before it. Default
	// false.
	Pace bool `toml:"pace" default:"false"`
	// LineLimit is the longest line that may be written to the child, in bytes, without
	// its line end. Default 16 MiB, like the longest message.
	LineLimit config.Size `toml:"line_limit" default:"16MiB" min:"1KiB" max:"16MiB"`
	// RestoreBy is byLine if the request restore contains the state, or byFile if it names
	// a file with the state. Default byLine.
	RestoreBy string `toml:"restore_by" default:"line" oneof:"line file"`
	// UnknownReplies says what happens to a reply to a request that this instance of the
	// child has not sent: it is delivered, or dropped with repliesDrop. Default "deliver".
	UnknownReplies string `toml:"unknown_replies" default:"deliver" oneof:"deliver drop"`
	// OnBadLine says what happens when the child prints a line that is no JSON object:
	// "end" ends the node, "drop" drops the line. Default "end".
	OnBadLine string `toml:"on_bad_line" default:"end" oneof:"end drop"`
}

// Values of settings.State that are not requests.
const (
	stateNone     = "none"
	stateSnapshot = "snapshot"
)

// Values of settings.RestoreBy.
const (
	byLine = "line"
	byFile = "file"
)

// repliesDrop is the value of settings.UnknownReplies for a child that keeps what it does
// with a reply in memory only.
const repliesDrop = "drop"

// settleNone is the value of settings.Settle for a child that is asked for its state at
// once.
const settleNone = "none"

// readSettings returns the settings. An error lists all faults.
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
			return fmt.Errorf("command[%d]: must not contain a NUL", i)
		}
	}
	return nil
}

func (s settings) checkEnv() error {
	var errs []error
	for name, value := range s.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
			errs = append(errs, fmt.Errorf("env: %.128q = %.128q: a name must not be empty or contain \"=\", and nothing may contain a NUL", name, value))
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
		return errors.New(`state: must not contain "msg_id" or "in_reply_to"`)
	case strings.ContainsAny(s.State, "\r\n"):
		return errors.New("state: a request is one line")
	}
	return nil
}

func (s settings) checkPace() error {
	if s.Pace && !canIdle {
		return errors.New("pace: this system does not show whether a program has read its input: leave it out")
	}
	return nil
}

// request returns the body of the request for the state, without msg_id.
func (s settings) request() []byte {
	if s.State == stateSnapshot {
		return []byte(`{"type":"snapshot"}`)
	}
	return []byte(s.State)
}
