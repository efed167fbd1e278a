package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"chandy/snapshot"
)

// waitEvery is how often --wait asks.
const waitEvery = 50 * time.Millisecond

// wait returns when every channel of the cluster is up at both ends.
func (i *initiator) wait(ctx context.Context, deadline time.Time) error {
	bounded, cancel := context.WithDeadlineCause(ctx, deadline, errWaitedLong)
	defer cancel()
	tick := time.NewTicker(waitEvery)
	defer tick.Stop()
	last := "nothing was heard from any process"
	for {
		now := i.down(bounded)
		switch {
		case len(now) == 0:
			return nil
		case ctx.Err() != nil:
			return fail(exitUnknown, "", "interrupted")
		case bounded.Err() != nil:
			return fail(exitUnknown, "start the missing nodes, or give a longer --timeout", "%w\n  %s", errWaitedLong, last)
		}
		last = strings.Join(now, "\n  ")
		select {
		case <-tick.C:
		case <-bounded.Done():
		}
	}
}

var errWaitedLong = fmt.Errorf("the time-out is over and not every channel is up")

// down says which processes do not answer and which channels are not up.
func (i *initiator) down(ctx context.Context) []string {
	var all []string
	for _, id := range i.topology.Processes {
		all = append(all, i.downAt(ctx, id)...)
		if ctx.Err() != nil {
			return append(all, ctx.Err().Error())
		}
	}
	return all
}

func (i *initiator) downAt(ctx context.Context, id snapshot.ProcessID) []string {
	client, err := i.dial(ctx, id)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", id, err)}
	}
	defer client.Close()
	status, err := client.Status(ctx)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", id, err)}
	}
	var down []string
	for _, l := range status.Outgoing {
		if !l.Up {
			down = append(down, fmt.Sprintf("%s is down at %s: %s", l.Channel, id, l.Error))
		}
	}
	for _, l := range status.Incoming {
		if !l.Up {
			down = append(down, fmt.Sprintf("%s is down at %s: %s", l.Channel, id, l.Error))
		}
	}
	return down
}
