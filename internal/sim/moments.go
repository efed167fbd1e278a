package sim

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"chandy/internal/store/storetest"
	"chandy/snapshot"
)

// moment is when a node crashes, with regard to a step.
type moment int

const (
	never moment = iota
	before
	after
)

// logged takes a line of the node's log. At level debug each step of the agreement is one.
func (n *node) logged(line []byte) {
	if bytes.Contains(line, []byte("a bug:")) { // parts that do not prove the cut, for example
		n.world.fail("%s logs %s", n.id, line)
	}
	_, text, ok := bytes.Cut(line, []byte(`"message":"`))
	if !ok {
		return
	}
	n.savedToStop(string(text))
	if text, ok = bytes.CutPrefix(text, []byte("agreement: ")); !ok {
		return
	}
	step, about, _ := strings.Cut(string(text), " ")
	switch step {
	case "adopt":
		var number uint64
		var role string
		if _, err := fmt.Sscanf(about, "%d as %s", &number, &role); err != nil {
			n.world.fail("%s: got the step %q: %w", n.id, text, err)
		}
		role = strings.TrimSuffix(role, ",")
		n.adopted(number, role)
		n.doomed = false
		step += " as " + role
	case "hold,":
		var process snapshot.ProcessID
		if _, err := fmt.Sscanf(about, "because %s restarted", &process); err != nil {
			n.world.fail("%s: got the step %q: %w", n.id, text, err)
		}
		n.checkHeld(process)
		n.doomed = true
	case "create":
		step += " " + firstWord(about)
	case "send":
		_, message, _ := strings.Cut(about, " ")
		step += " " + firstWord(message)
		n.proposing = n.proposing || step == "send propose"
	case "keep":
		n.proposing = true
	}
	step = strings.TrimRight(step, ",:\"}\n")
	if n.world.ambushed(step) {
		n.ambush, n.reached = before+moment(n.world.random.IntN(2)), n.role()+": "+step
	}
	if step == "ended" {
		n.proposing = false
	}
}

func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}

// role returns what the node is in a restore.
func (n *node) role() string {
	if n.proposing {
		return "proposer"
	}
	return "voter"
}

// ambushed counts a step of a restore, and reports whether the node that makes it crashes.
func (w *world) ambushed(step string) bool {
	if w.ambush == 0 || w.decisive && !strings.HasSuffix(step, storeDecision) {
		return false
	}
	w.ambush--
	return w.ambush == 0
}

// crashAt lets a node crash at a step of a restore. It starts again soon.
func (w *world) crashAt(n *node, step string) {
	if n.down {
		return
	}
	w.crashes = append(w.crashes, step)
	w.tell("fault: %s crashes %s", n.id, step)
	w.restart(n, time.Duration(w.random.Int64N(int64(2*time.Second))))
}

// crashAnother lets another node crash than the one that makes a step.
func (w *world) crashAnother(n *node, step string) {
	all := w.cluster.Processes
	if other := w.nodes[all[w.random.IntN(len(all))].ID]; other != n {
		w.crashAt(other, "at another's step: "+step)
	}
}

// restart lets a node crash, and start again after a while.
func (w *world) restart(n *node, after time.Duration) {
	n.crash()
	w.restarts++
	if w.lines != nil && !w.options.Recover {
		w.lines.exact = false
	}
	w.after(after, func() {
		if w.nodes[n.id] != n {
			return
		}
		w.tell("fault: %s starts again", n.id)
		p, _ := w.cluster.Process(n.id)
		if err := w.start(p); err != nil {
			panic("bug: " + err.Error())
		}
	})
}

// loseAll lets all nodes crash at once. The store loses what was not made durable.
func (w *world) loseAll() {
	w.tell("fault: all crash, and the store loses what is not durable")
	for _, p := range w.cluster.Processes {
		w.crashSoon(p.ID, time.Second)
	}
	w.store.Lose()
}

// crashSoon lets a node crash now, unless it is down, and start again within a time.
func (w *world) crashSoon(id snapshot.ProcessID, within time.Duration) {
	if n := w.nodes[id]; !n.down {
		w.tell("fault: %s crashes", id)
		w.restart(n, time.Duration(w.random.Int64N(int64(within))))
	}
}

var errStore = errors.New("the store is out of order")

// fault returns what becomes of an operation on the store.
func (n *node) fault(o storetest.Operation) *storetest.Fault {
	w := n.world
	if n.down {
		if n.flying {
			n.flying = false
			return nil
		}
		return &storetest.Fault{Moment: storetest.Before, Err: storetest.ErrCrashed}
	}
	if w.now < w.away {
		return &storetest.Fault{Moment: storetest.Before, Err: errStore}
	}
	// Listings read much; most crashes would be there.
	rare := o.Kind != "get" && o.Kind != "list" || w.random.IntN(16) == 0
	if step := n.storeStep(o); step != "" && rare && w.ambushed(step) {
		if w.random.IntN(4) == 0 {
			w.crashAnother(n, step)
			return nil
		}
		m := w.storeMoment(o)
		w.crashAt(n, momentNames[m]+" "+step)
		n.flying = false
		if m == storetest.Visible && w.random.IntN(2) == 0 { // is it lost after somebody has acted on it?
			w.after(time.Duration(w.random.Int64N(int64(orderMax))), w.loseAll)
		}
		return &storetest.Fault{Moment: m, Err: storetest.ErrCrashed}
	}
	if w.failOdds > 0 && w.random.IntN(w.failOdds) == 0 {
		return &storetest.Fault{Moment: w.storeMoment(o), Err: errStore}
	}
	return nil
}

var momentNames = map[storetest.Moment]string{storetest.Before: "before", storetest.Visible: "within", storetest.After: "after"}

// storeMoment returns a random moment. Only a change has others than Before.
func (w *world) storeMoment(o storetest.Operation) storetest.Moment {
	switch o.Kind {
	case "create", "put", "delete":
		return []storetest.Moment{storetest.Before, storetest.Visible, storetest.After}[w.random.IntN(3)]
	}
	return storetest.Before
}

// storeStep returns whose step an operation is, of a restore or of a save, or an empty text.
func (n *node) storeStep(o storetest.Operation) string {
	switch {
	case o.Kind == "create" && strings.HasPrefix(o.Name, "numbers/"):
		return "saver: store the number"
	case (o.Kind == "put" || o.Kind == "write") && strings.Contains(o.Name, "/parts/"):
		return "saver: " + o.Kind + " a part"
	case o.Kind == "create" && strings.HasSuffix(o.Name, "/manifest"):
		return "saver: store the manifest"
	}
	if step := restoreStep(o); step != "" {
		return n.role() + ": " + step
	}
	return ""
}

const storeDecision = "store the decision"

// restoreStep returns which step of a restore an operation is, or an empty text.
func restoreStep(o storetest.Operation) string {
	decision := strings.HasPrefix(o.Name, "epochs/")
	switch {
	case o.Kind == "create" && strings.HasSuffix(o.Name, ".run"):
		return "store the run"
	case o.Kind == "create" && decision:
		return storeDecision
	case o.Kind == "create" && strings.HasPrefix(o.Name, "fate/"):
		return "store the fate"
	case o.Kind == "list" && decision:
		return "list the decisions"
	case o.Kind == "get" && decision:
		return "read a decision"
	case o.Kind == "get" && strings.HasSuffix(o.Name, "/manifest"):
		return "read a manifest"
	case o.Kind == "get" && strings.Contains(o.Name, "/parts/"):
		return "read a part"
	}
	return ""
}

// slowness returns a random time by which work on the store is late.
func (w *world) slowness() time.Duration {
	if w.slow == 0 {
		return 0
	}
	return time.Duration(w.random.Int64N(int64(w.slow)))
}
