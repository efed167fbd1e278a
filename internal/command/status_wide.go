package command

import (
	"fmt"

	"chandy/snapshot"
	"chandy/wire"
)

func (t tables) wideProcesses(s clusterStatus) {
	table := t.table("PROCESS", "ADDRESS", "STATE", "UPTIME", "PID", "MEMORY", "INCARNATION", "PROGRAM")
	eachProcess(table, s, func(p processStatus) []any {
		return []any{ago(p.Status.UptimeMS), p.Status.PID, size(p.Status.Memory.Used), p.Status.Incarnation, p.Status.Program}
	})
}

// wideChannels prints a line for each end of a channel at a reachable process.
func (t tables) wideChannels(s clusterStatus) {
	out := t.table("CHANNEL", "SENDER", "SINCE", "SENT", "ACKED", "OUTBOX", "RECONNECTS", "RESENT", "VIOLATIONS", "RESETS", "DISCARDED", "LAST ERROR")
	for _, p := range s.Processes {
		if p.Status == nil {
			continue
		}
		for _, o := range p.Status.Outgoing {
			out.row(snapshot.Channel{From: p.Process, To: o.To}, upOrDown(o.Up), ago(o.SinceMS), o.Sent, o.Acked, queue(o.Outbox),
				o.Reconnects, o.Resent, o.Violations, o.Resets, o.Discarded, lastError(o.LinkStatus))
		}
	}
	out.flush()
	in := t.table("CHANNEL", "RECEIVER", "SINCE", "ARRIVED", "RECEIVED", "INBOX", "RECONNECTS", "DUPLICATES", "VIOLATIONS", "RESETS", "DISCARDED", "LAST ERROR")
	for _, p := range s.Processes {
		if p.Status == nil {
			continue
		}
		for _, i := range p.Status.Incoming {
			in.row(snapshot.Channel{From: i.From, To: p.Process}, upOrDown(i.Up), ago(i.SinceMS), i.Arrived, i.Received, queue(i.Inbox),
				i.Reconnects, i.Duplicates, i.Violations, i.Resets, i.Discarded, lastError(i.LinkStatus))
		}
	}
	in.flush()
}

func upOrDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

func lastError(l wire.LinkStatus) string {
	if l.Error == "" {
		return "-"
	}
	return fmt.Sprintf("%s (%v ago)", l.Error, ago(l.ErrorAgoMS))
}

// queue formats the size of an outbox or an inbox: messages, and bytes if any.
func queue(q wire.Queue) string {
	if q.Messages == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s)", q.Messages, size(q.Bytes))
}
