package command

import (
	"context"
	"fmt"
	"sync"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// waitEvery is how often --wait asks.
const waitEvery = 50 * time.Millisecond

// wait returns when every channel of the cluster is up at both ends.
func (i *initiator) wait(ctx context.Context, deadline time.Time) error {
	bounded, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	tick := time.NewTicker(waitEvery)
	defer tick.Stop()
	line := i.progress()
	defer line.clear()
	var down []string // from the last round that ended in time
	for {
		now, err := i.down(bounded)
		late := !time.Now().Before(deadline)
		switch {
		case ctx.Err() != nil:
			return fail(exitUnknown, "", "interrupted")
		case err != nil:
			return err
		case len(now) == 0:
			return nil
		case !late || down == nil:
			down = now
		}
		if late {
			return failList(exitUnknown, "start the nodes that are missing, or give a longer --timeout", down,
				"not every channel was up within the time-out:")
		}
		line.say("waiting: %s", count(len(now), "process or channel end is not up", "processes or channel ends are not up"))
		select {
		case <-tick.C:
		case <-bounded.Done():
		}
	}
}

// down lists the processes that do not answer and the channels that are not up. After
// an error waiting does not help. It asks all processes at once, so that one that
// hangs does not delay the others.
func (i *initiator) down(ctx context.Context) ([]string, error) {
	found := make([][]string, len(i.topology.Processes))
	errs := make([]error, len(found))
	var asked sync.WaitGroup
	for n, id := range i.topology.Processes {
		asked.Go(func() { found[n], errs[n] = i.downAt(ctx, id) })
	}
	asked.Wait()
	var all []string
	for n := range found {
		if errs[n] != nil {
			return nil, errs[n]
		}
		all = append(all, found[n]...)
	}
	return all, nil
}

func (i *initiator) downAt(ctx context.Context, id snapshot.ProcessID) ([]string, error) {
	status, err := i.ask(ctx, id)
	switch {
	case isRefusal(err):
		return nil, refused(id, err)
	case err != nil:
		return []string{fmt.Sprintf("%s: %v", id, err)}, nil
	}
	var down []string
	say := func(c snapshot.Channel, l wire.LinkStatus) {
		if l.Up {
			return
		}
		text := fmt.Sprintf("%s: %s has been down for %v", id, c, milliseconds(l.SinceMS))
		if l.Error != "" {
			text += ": " + l.Error
		}
		down = append(down, text)
	}
	for _, o := range status.Outgoing {
		say(snapshot.Channel{From: id, To: o.To}, o.LinkStatus)
	}
	for _, in := range status.Incoming {
		say(snapshot.Channel{From: in.From, To: id}, in.LinkStatus)
	}
	return down, nil
}

func milliseconds(ms float64) time.Duration {
	return time.Duration(ms * float64(time.Millisecond)).Round(time.Millisecond)
}
