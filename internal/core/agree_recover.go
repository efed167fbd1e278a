package core

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"chandy/internal/agreement"
	"chandy/internal/saved"
	"chandy/snapshot"
	"chandy/wire"
)

// recovery is what people are told about recoveries.
type recovery struct {
	target  snapshot.ID    // where a recovery would go, when the store was last read
	blocked string         // why it does not, or empty
	noStore bool           // there was none when it was last read
	last    saved.Decision // the commit that was adopted last
	heldAt  time.Time      // when the program was held because a process stopped or restarted; zero if it was not
	// ranOn is the last epoch that a client has resumed after a process had stopped.
	ranOn  uint64
	done   *recovered // the last recovery; nil if there was none
	notice *timer     // of the next line in the log while one goes on
}

// recovered is a recovery that has ended at this process.
type recovered struct {
	wire.RecoveredStatus
	at time.Duration
}

const (
	recoveryNotice = 3 * time.Second // until the log says that a recovery goes on
	crashWithin    = time.Minute     // of a restore: a process that ends then may be in a loop
	recoveryRepeat = time.Minute     // between two such lines
)

// recovering returns where a recovery goes and what it waits for, or an empty text if there
// is none.
func (g *agreeing) recovering() string {
	if g == nil {
		return ""
	}
	is, absent := g.agent.Recovering()
	if !is {
		return ""
	}
	text := "recovering to "
	switch {
	case g.recovery.blocked != "":
		return "the recovery waits for chandy restore: " + g.recovery.blocked
	case g.recovery.target != "":
		text += string(g.recovery.target)
		if at, ok := nameTime(string(g.recovery.target)); ok {
			text += fmt.Sprintf(" (%v ago)", max(0, g.core.Wall().Sub(at).Truncate(time.Second)))
		}
	case g.agent.Epoch() == agreement.FirstEpoch:
		text = "begins when all processes are there"
		if g.recovery.noStore {
			text += " (there is no store yet)"
		}
	default:
		text += "the initial state"
	}
	if absent != "" {
		text += ", waits for " + absent
	}
	return text
}

// noteReading takes from what the store says where a recovery would go.
func (g *agreeing) noteReading(r saved.Reading) {
	g.recovery.target, g.recovery.blocked = agreement.Target(r), agreement.Blocked(r, g.older)
	g.recovery.noStore = r.Store == ""
	if r.Run && r.Commit != nil {
		g.recovery.ranOn = r.Commit.Number
	}
}

// heldSince notes when the program was held, unless it was held before.
func (r *recovery) heldSince(now time.Time) {
	if r.heldAt.IsZero() {
		r.heldAt = now
	}
}

// hold holds the program because a process has restarted.
func (g *agreeing) hold(because snapshot.ProcessID) {
	c := g.core
	c.log.Warn().Str("peer", string(because)).Msg("process restarted: the program is held until the cluster has rolled back")
	g.recovery.heldSince(c.Wall())
	c.epoch.hold()
	offLoop(c, func() answer { // the last reading may be older than the newest snapshot
		r, err := c.Store.Reading()
		return answer{reading: r, err: err}
	}, func(a answer) {
		if a.err == nil {
			g.noteReading(a.reading)
		}
	})
	g.noticeLater(recoveryNotice)
}

// noticeLater logs after a while that a recovery still goes on.
func (g *agreeing) noticeLater(after time.Duration) {
	g.recovery.notice.cancel()
	g.recovery.notice = g.core.after(after, func() {
		if text := g.recovering(); text != "" && !g.core.stopping {
			g.core.log.Warn().Msg(text)
			g.noticeLater(recoveryRepeat)
		}
	})
}

// adopted notes that another epoch has begun, which undoes messages of the old one.
func (g *agreeing) adopted(d saved.Decision, as agreement.Role, undone uint64, base *Base) {
	r, c := &g.recovery, g.core
	before, heldAt := r.last, r.heldAt
	r.last, r.heldAt = d, time.Time{}
	if as == agreement.Joining {
		g.noticeLater(recoveryNotice)
		return
	}
	because := restartedSince(before, d)
	if r.done = nil; d.Kind != saved.Recovery || len(because) == 0 {
		return
	}
	done := &recovered{at: c.now, RecoveredStatus: wire.RecoveredStatus{To: d.Snapshot, Because: because}}
	done.Loop, done.LoopText, done.Skip = loopOf(d.Crashes)
	if !heldAt.IsZero() {
		done.Messages = undone
		if base != nil {
			done.UndoneMS = milliseconds(max(0, heldAt.Sub(base.StartedAt)))
		}
	}
	if base != nil && base.Epoch == d.Ends && r.ranOn != d.Ends { // nothing has run since
		done.Stopped = base.Stopped
	}
	r.done = done
	line := c.log.Warn()
	if done.NothingUndone() {
		line = c.log.Info()
	}
	if found := len(done.Loop) > 0 && !slices.EqualFunc(before.Crashes, d.Crashes, saved.Crash.Same); found { // for chandy up
		line = line.Str("loop", done.LoopText).Str("ways_on", done.WaysOn())
	}
	line.Msg(done.Text())
}

// loopOf returns the processes that end again and again, a text about them, and the first
// message that restore --skip can leave out.
func loopOf(crashes []saved.Crash) (ids []snapshot.ProcessID, text, skip string) {
	ids = agreement.Looping(crashes)
	var texts []string
	for _, one := range crashes {
		switch {
		case !slices.Contains(ids, one.Process):
		case one.Ending == nil:
			texts = append(texts, fmt.Sprintf("%s has ended %d times within a minute of the restore and left no word how", one.Process, one.Count))
		default:
			texts = append(texts, one.Ending.String())
			skip = cmp.Or(skip, one.Ending.Skip())
		}
	}
	return ids, strings.Join(texts, "; "), skip
}

// restartedSince returns the processes that have restarted between two commits, of which the
// second ends the epoch of the first.
func restartedSince(before, d saved.Decision) (all []snapshot.ProcessID) {
	if before.Number != d.Ends {
		return nil
	}
	for _, v := range before.Voters {
		if !slices.Contains(d.Voters, v) {
			all = append(all, v.Process)
		}
	}
	return all
}

// status returns the last recovery for the status, or nil.
func (r *recovery) status(now time.Duration) *wire.RecoveredStatus {
	if r.done == nil {
		return nil
	}
	s := r.done.RecoveredStatus
	s.AgoMS = milliseconds(now - r.done.at)
	return &s
}

// undone returns how many messages of the epoch a base does not have: those that this
// process has sent, and those of processes that have restarted, as far as they arrived here.
func (e *epoch) undone(base *Base) (n uint64) {
	if base == nil {
		base = &Base{Part: &saved.Part{}}
	}
	sent := map[snapshot.Channel]uint64{}
	for _, o := range base.Part.Out {
		sent[snapshot.Channel{From: e.core.self, To: o.To}] = o.Sent
	}
	for _, in := range base.Part.In {
		sent[snapshot.Channel{From: in.From, To: e.core.self}] = in.Sent
	}
	for _, o := range e.out {
		n += beyond(o.sentBefore+o.sender.Sent(), sent[o.channel()])
	}
	for _, in := range e.in {
		n += beyond(in.arrivedBefore, sent[in.channel()])
	}
	return n
}

func beyond(n, cut uint64) uint64 { return n - min(n, cut) }

// nameTime returns the time in a name that NewName made.
func nameTime(name string) (time.Time, bool) {
	text, _, _ := strings.Cut(name, "-")
	if len(text) != len(nameLayout)-1 {
		return time.Time{}, false
	}
	const seconds = len("20060102T150405")
	at, err := time.Parse(nameLayout, text[:seconds]+"."+text[seconds:])
	return at, err == nil
}
