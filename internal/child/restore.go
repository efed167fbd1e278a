package child

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"chandy/internal/maelstrom"
	"chandy/program"
)

// restoring is what a program needs to restore its child. The zero value restores nothing.
type restoring struct {
	state []byte      // as one line; nil if there is none, or once the child is ready
	path  string      // file with the state, until the child has taken it; may be empty
	done  func(error) // argument of Restore; nil once it has been called
}

// TakeOrigin makes init name the epoch and the snapshot from which the child goes on.
func (x *Program) TakeOrigin(o program.Origin) {
	x.init.Epoch, x.init.RestoredFrom = o.Epoch, o.Snapshot
}

// NotRestorable returns why Restore would not accept a state.
func (x *Program) NotRestorable(s program.State) string {
	if s.Error != "" && x.settings.State == stateSnapshot {
		return "there is no state: " + s.Error
	}
	if err := x.restorable(s.Bytes); err != nil {
		return err.Error()
	}
	return ""
}

// restorable returns why a state cannot be restored, or nil.
func (x *Program) restorable(state []byte) error {
	if x.settings.State != stateSnapshot {
		return fmt.Errorf("a child can be restored only with state = %q, not %q", stateSnapshot, x.settings.State)
	}
	if !json.Valid(state) {
		return errors.New("the state of a child must be JSON")
	}
	if x.settings.RestoreBy == byFile {
		return nil
	}
	if n, limit := len(x.restoreLine(nil))+len(state), int(x.settings.LineLimit); n > limit {
		return fmt.Errorf("the state needs a line of %d bytes, and the child takes at most %d (line_limit): restore_by = %q passes it in a file", n, limit, byFile)
	}
	return nil
}

// restoreLine returns the line that restores a state.
func (x *Program) restoreLine(state []byte) []byte {
	return maelstrom.AppendLine(nil, own, x.id, maelstrom.AddMember(restoreBody("state", state), "msg_id", []byte(strconv.Itoa(restoreID))))
}

// restoreID is the msg_id of the request restore, which follows init.
const restoreID = 2

func restoreBody(key string, value []byte) []byte {
	return maelstrom.AddMember([]byte(`{"type":"restore"}`), key, value)
}

// Restore starts the child and hands it a state. When the child has taken the state, it is
// stopped until Start, so that it cannot act before the node has decided to restore. A child
// that does not take the state is ended.
func (x *Program) Restore(state []byte, done func(error)) {
	if err := x.restorable(state); err != nil {
		done(x.unrestored(err))
		return
	}
	x.restoring = restoring{state: oneLine(slices.Clone(state)), done: done}
	x.init.Restoring = true
	x.starting.Go(x.startChild)
}

// unrestored adds to an error what failed, and where.
func (x *Program) unrestored(err error) error { return fmt.Errorf("restore %s: %w", x.id, err) }

// writeState writes the state to a file that only this user can read, if the child takes it
// from a file. It blocks.
func (x *Program) writeState() error {
	r := &x.restoring
	if r.state == nil || x.settings.RestoreBy != byFile {
		return nil
	}
	dir, err := os.MkdirTemp("", "chandy-restore-")
	if err == nil {
		r.path, err = filepath.Abs(filepath.Join(dir, "state.json")) // the child has another directory
	}
	if err == nil {
		err = os.WriteFile(r.path, r.state, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write the state to a file: %w", err)
	}
	return nil
}

// removeState removes the file with the state.
func (x *Program) removeState() {
	if path := x.restoring.path; path != "" {
		x.restoring.path = ""
		os.RemoveAll(filepath.Dir(path))
	}
}

// restore sends the request restore to a child that has answered init.
func (x *Program) restore() {
	body := restoreBody("state", x.restoring.state)
	if path := x.restoring.path; path != "" {
		body = restoreBody("path", mustJSON(path))
	}
	x.prepare("restore", body, x.taken)
}

// taken goes on when the child has taken its state. Before Start it stops the child.
func (x *Program) taken() {
	x.preparing = ""
	clear(x.early.open) // what the child asked before was dropped
	x.removeState()
	if x.process != nil { // the child was started again: see startsAgain
		x.arrange()
		return
	}
	x.gate.held = true
	x.child.Pause()
	x.restored(nil)
}

// restored calls done once the event in progress is over, because done may call Start or Close.
func (x *Program) restored(err error) {
	done := x.restoring.done
	x.restoring.done = nil
	go func() {
		x.gate.wait() // all later events are kept, or ignored
		done(err)
	}()
}

// refused ends a restore that has failed.
func (x *Program) refused(err error) {
	done := x.restoring.done
	x.restoring.done = nil
	go func() { // the child ends only after the event in progress
		x.discard()
		done(x.unrestored(err))
	}()
}

// resume goes on after a restore, at Start. It must be called before the gate is opened.
func (x *Program) resume() {
	g := &x.gate
	g.mu.Lock()
	lines, skipped := g.lines, g.skipped
	g.lines = nil
	g.mu.Unlock()
	for _, line := range lines {
		x.logStderr(line)
	}
	if skipped > 0 {
		x.log.Warn().Int("dropped", skipped).Msg("the child printed more on stderr before it was started")
	}
	x.log.Info().Int("pid", x.child.PID()).Strs("command", x.settings.Command).Msg("child restored")
	x.child.Resume()
	x.arrange()
}

// discard ends the child of a program that was not started. The child is killed: given time,
// it might act, and what it does is not part of any history.
func (x *Program) discard() {
	x.starting.Wait()
	if x.started != nil {
		x.started.Kill()
		x.started.Close()
	}
	x.gate.mu.Lock()
	defer x.gate.mu.Unlock()
	x.removeState()
	if x.timer != nil {
		x.timer.Stop()
	}
}

// closeHeld is Close of a program that was not started.
func (x *Program) closeHeld() {
	x.gate.mu.Lock()
	x.over = true
	if x.restoring.done != nil {
		x.restored(x.unrestored(errors.New("the program was closed")))
	}
	x.gate.mu.Unlock()
	x.discard()
}
