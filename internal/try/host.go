package try

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/child"
	"chandy/program"
	"chandy/snapshot"
)

// host runs one child.Program in memory, as a node does.
type host struct {
	*trial
	*loop
	child   *member
	clients int // clients so far
	place   int // index of the child among the processes

	// Owned by the loop:
	replies map[snapshot.ProcessID][]byte
	open    int // requests without a reply
}

// origin is what a restored child is told about its state.
var origin = program.Origin{Epoch: 2, Snapshot: "try"}

// host starts a host and waits until its child is ready. The caller must close the host.
// restored, if non-nil, is the state that the child starts from.
func (t *trial) host(condition string, restored []byte) (*host, error) {
	services := t.bundled()
	var names []string
	for id := range services {
		names = append(names, string(id))
	}
	limits := fmt.Sprintf("init_timeout = %q\nstate_timeout = %q\n", t.Limit, t.Limit)
	cluster, err := t.cluster(t.program()+limits, names...)
	if err != nil {
		return nil, err
	}
	p, err := child.New(cluster, cluster.Processes[0])
	if err != nil {
		return nil, err
	}
	if restored != nil {
		done := make(chan error, 1)
		p.TakeOrigin(origin)
		p.Restore(restored, func(err error) { done <- err })
		if err := <-done; err != nil {
			return nil, errors.Unwrap(err) // the report names the condition, not the process
		}
	}
	h := &host{trial: t, loop: newLoop(cluster.IDs()), replies: map[snapshot.ProcessID][]byte{}}
	h.place = slices.Index(h.ids, self)
	log := zerolog.New(stderrOf(func(line string) { t.Errors(condition, line) }))
	h.child = h.add(self, p, log)
	for _, peer := range cluster.Processes[1:t.Nodes] {
		p, err := child.New(cluster, peer)
		if err != nil {
			return nil, err
		}
		h.add(peer.ID, p, log)
	}
	for id, service := range services {
		h.add(id, service, zerolog.Nop())
	}
	h.child.replied = func(client snapshot.ProcessID, body []byte) {
		h.replies[client] = body
		h.open--
	}
	t.starting.Lock()
	defer t.starting.Unlock()
	h.run()
	// A program holds until its child is ready, and a capture waits for that.
	ready := func() bool {
		return !slices.ContainsFunc(t.nodes(), func(id snapshot.ProcessID) bool { return h.members[id].held })
	}
	err = h.await(ready)
	if err == nil && restored == nil {
		err = h.warm()
	}
	if err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// stderrOf is the log of a child.Program. It calls the function with each line that the
// child printed on stderr, and drops all other entries.
type stderrOf func(line string)

func (s stderrOf) Write(line []byte) (int, error) {
	var m struct{ Child, Message string }
	if json.Unmarshal(line, &m) == nil && m.Child == "stderr" {
		s(m.Message)
	}
	return len(line), nil
}

// await waits until is returns true, which is called on the loop. It returns an error if
// the child stops, or if no program makes a step for h.Limit.
func (h *host) await(is func() bool) error {
	met := make(chan struct{})
	steps := make(chan int, 1)
	failed := make(chan error, 1)
	h.do(func() {
		h.awaited = append(h.awaited, &condition{func() bool {
			for _, id := range h.nodes() {
				if m := h.members[id]; m.stopped {
					if len(failed) == 0 {
						failed <- m.err
					}
					return true
				}
			}
			return is()
		}, met})
	})
	before := -1
	late := time.NewTicker(h.Limit)
	defer late.Stop()
	for {
		select {
		case <-met:
			select {
			case err := <-failed:
				return err
			default:
				return nil
			}
		case <-late.C:
			h.do(func() {
				select {
				case steps <- h.steps:
				default:
				}
			})
		case now := <-steps:
			if now == before {
				return errStalled
			}
			before = now
		case <-h.ctx.Done():
			return h.ctx.Err()
		}
	}
}

// client returns the id of the next client. It belongs to the process of the child, whose
// place decides which ids these are.
func (h *host) client() snapshot.ProcessID {
	h.clients++
	return snapshot.ProcessID(fmt.Sprintf("c%d", (h.clients-1)*len(h.ids)+h.place+1))
}

// send puts requests into the child's inbox. It must be called on the loop.
func (h *host) send(bodies []string) {
	for _, body := range bodies {
		h.open++
		h.child.inbox = append(h.child.inbox, message{h.client(), []byte(body)})
	}
}

// answered waits until all requests have been answered.
func (h *host) answered() error {
	return h.await(func() bool { return h.open == 0 })
}

// oneByOne sends requests to the child, each after the reply to the one before.
func (h *host) oneByOne(bodies []string) error {
	for i, body := range bodies {
		h.do(func() { h.send([]string{body}) })
		if err := h.answered(); err != nil {
			return fmt.Errorf("request %d of %d, sent one at a time: %w", i+1, len(bodies), err)
		}
	}
	return nil
}

// state captures the state of the child.
func (h *host) state() (program.State, error) {
	var state *program.State
	h.do(func() { h.child.capture(func(s program.State) { state = &s }) })
	if err := h.await(func() bool { return state != nil }); err != nil {
		return program.State{}, err
	}
	if state.Error != "" {
		return *state, &stateError{state.Error}
	}
	return *state, nil
}

// stateError is the error of a snapshot without the child's state.
type stateError struct{ why string }

func (e *stateError) Error() string { return e.why }
