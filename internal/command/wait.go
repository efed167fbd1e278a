package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"chandy/internal/config"
	"chandy/snapshot"
	"chandy/wire"
)

const (
	// dialAgainMin and dialAgainMax are how long a waiter waits before it dials a node
	// again: first the one, then twice as long each time, at most the other.
	dialAgainMin = 50 * time.Millisecond
	dialAgainMax = 400 * time.Millisecond
	// waitDialTimeout is the time that a node has for the greeting while somebody waits for
	// it. It is longer than answerTimeout, because many nodes that start at once are slow.
	waitDialTimeout = 5 * time.Second
)

// waiter waits until every process of a cluster answers, is ready, and has all its channels
// up. It asks each node once, and the node replies when that is so.
type waiter struct {
	asker
	changed func(left int) // if non-nil, is called with mu held when a process has come up

	mu   sync.Mutex
	left map[snapshot.ProcessID]error // processes that are not up, and the last error of each, which may be nil
}

func newWaiter(a asker, changed func(left int)) *waiter {
	w := &waiter{asker: a, changed: changed, left: map[snapshot.ProcessID]error{}}
	for _, p := range a.cluster.Processes {
		w.left[p.ID] = nil
	}
	return w
}

// wait returns nil when all processes are up. It returns the error of ctx when ctx is done,
// and a refusal of a node at once, because waiting does not help then.
func (w *waiter) wait(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var waiting sync.WaitGroup
	for _, p := range w.cluster.Processes {
		waiting.Go(func() {
			if err := w.await(ctx, p.ID); err != nil {
				cancel(err)
			}
		})
	}
	waiting.Wait()
	if w.count() == 0 {
		return nil
	}
	return context.Cause(ctx)
}

// await returns when a process is up or ctx is done. It returns an error only for a
// refusal.
func (w *waiter) await(ctx context.Context, id snapshot.ProcessID) error {
	for pause := dialAgainMin; ; pause = min(2*pause, dialAgainMax) {
		err := w.once(ctx, id)
		switch {
		case err == nil:
			w.up(id)
			return nil
		case isRefusal(err):
			return refused(id, err)
		case ctx.Err() != nil:
			return nil
		}
		w.failed(id, err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// once connects to a node and waits until it is up.
func (w *waiter) once(ctx context.Context, id snapshot.ProcessID) error {
	client, err := w.dialWithin(ctx, waitDialTimeout, id)
	if err != nil {
		return err
	}
	defer client.Close()
	w.failed(id, nil)
	return client.AwaitUp(ctx)
}

func (w *waiter) up(id snapshot.ProcessID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.left, id)
	if w.changed != nil {
		w.changed(len(w.left))
	}
}

func (w *waiter) failed(id snapshot.ProcessID, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left[id] = err
}

// count returns how many processes are not up.
func (w *waiter) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.left)
}

// down lists what is not up, for people: the processes that do not answer or are not ready,
// and the channels that the other processes report as down. It takes at most
// answerTimeout.
func (w *waiter) down(ctx context.Context) []string {
	found := make([][]string, len(w.cluster.Processes))
	var asked sync.WaitGroup
	for n, p := range w.cluster.Processes {
		w.mu.Lock()
		last, left := w.left[p.ID]
		w.mu.Unlock()
		if left {
			asked.Go(func() { found[n] = w.downAt(ctx, p, last) })
		}
	}
	asked.Wait()
	var all []string
	for _, lines := range found {
		all = append(all, lines...)
	}
	return all
}

func (w *waiter) downAt(ctx context.Context, p config.Process, last error) []string {
	if last != nil {
		return []string{fmt.Sprintf("%s: %v", p.ID, last)}
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	status, err := w.ask(ctx, p.ID)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", p.ID, err)}
	}
	var down []string
	if status.Preparing != "" {
		down = append(down, status.Preparing)
	}
	say := func(c snapshot.Channel, l wire.LinkStatus) {
		if l.Up {
			return
		}
		text := fmt.Sprintf("%s: %s has been down for %v", p.ID, c, milliseconds(l.SinceMS))
		if l.Error != "" {
			text += ": " + l.Error
		}
		down = append(down, text)
	}
	for _, o := range status.Outgoing {
		say(snapshot.Channel{From: p.ID, To: o.To}, o.LinkStatus)
	}
	for _, in := range status.Incoming {
		say(snapshot.Channel{From: in.From, To: p.ID}, in.LinkStatus)
	}
	return down
}

// wait returns when every process is ready and every channel is up at both ends.
func (i *initiator) wait(ctx context.Context, deadline time.Time) error {
	bounded, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	line := i.progress()
	defer line.clear()
	all := len(i.cluster.Processes)
	say := func(left int) { line.say("waiting: %d of %d processes are up", all-left, all) }
	say(all)
	w := newWaiter(i.asker, say)
	err := w.wait(bounded)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fail(exitUnknown, "", "interrupted")
	case !errors.Is(err, context.DeadlineExceeded):
		return err
	}
	down := w.down(ctx)
	if len(down) == 0 {
		return nil // the last processes came up meanwhile
	}
	return failList(exitUnknown, waitHint(down), down, "not everything was up within the time-out:")
}

// waitHint returns what to do about the lines of down.
func waitHint(down []string) string {
	refused := func(line string) bool { return strings.Contains(line, ": refused: ") }
	if slices.ContainsFunc(down, refused) {
		return "a node refuses another: give both the same cluster file, with the address of each"
	}
	return "start the nodes that are missing, or give a longer --timeout"
}

func milliseconds(ms float64) time.Duration {
	return time.Duration(ms * float64(time.Millisecond)).Round(time.Millisecond)
}
