package core

import (
	"fmt"
	"slices"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// taken is a snapshot that has ended at its assembler. It counts as a result until it is
// written to its client.
type taken struct {
	*result
	*snapshot.Global
	size     int // of the JSON, about
	inFlight int
	reply    wire.EndReply
	save     *wire.SaveReply // nil unless the snapshot was to be saved
}

// end returns the body of the end reply.
func (t *taken) end() []byte {
	t.reply.Saved = t.save
	return mustJSON(t.reply)
}

// take assembles what has come of a snapshot, which must have been released. It may run off
// the loop.
func (a *assembling) take(r *result, elapsed time.Duration, why func(snapshot.ProcessID) (snapshot.Reason, string)) *taken {
	g := a.collector.Assemble(elapsed, why)
	for i := range g.Missing {
		addWait(g, &g.Missing[i])
	}
	end := endReply(g)
	return &taken{result: r, Global: g, size: g.Room(), inFlight: end.InFlight, reply: end}
}

func endReply(g *snapshot.Global) wire.EndReply {
	end := wire.EndReply{
		ID: g.ID, Status: g.Status(), Processes: len(g.Processes), Channels: len(g.Channels),
		Missing: []string{}, Unknown: []string{}, ElapsedMS: milliseconds(g.Elapsed),
	}
	for _, m := range g.Missing {
		end.Missing = append(end.Missing, m.String())
	}
	for _, c := range g.Channels {
		if c.Known { // also if the messages themselves are only in the store
			end.Known++
			end.InFlight += int(c.Sent - c.Received)
		} else {
			end.Unknown = append(end.Unknown, c.Channel.String())
		}
	}
	if g.Complete() {
		end.Last = g.Last()
	}
	for _, r := range g.Restarts() {
		end.Restarts = append(end.Restarts, r.String())
	}
	end.Missing, end.Unknown, end.Restarts = shorten(end.Missing), shorten(end.Unknown), shorten(end.Restarts)
	return end
}

// shorten keeps the first 50 of many lines, and the first 400 bytes of each, for people.
// The snapshot has them all. So an end reply fits its frame, although peers have written
// parts of the lines, and JSON can make six bytes of one.
func shorten(lines []string) []string {
	const most, bytes = 50, 400
	kept := slices.Clip(lines[:min(most, len(lines))])
	for i := range kept {
		kept[i] = cut(kept[i], bytes)
	}
	if more := len(lines) - len(kept); more > 0 {
		kept = append(kept, fmt.Sprintf("and %d more", more))
	}
	return kept
}

// addWait adds how long a process waited for a marker that did not come.
func addWait(g *snapshot.Global, m *snapshot.Missing) {
	if m.Reason != snapshot.MarkerNotCome || m.Detail != "" {
		return
	}
	for _, p := range g.Processes {
		if p.ID == m.Channel.To {
			m.Detail = fmt.Sprintf("%s waited %v for it", p.ID, (g.Elapsed - p.RecordedAfter).Round(time.Millisecond))
		}
	}
}
