package command

import (
	"fmt"
	"strings"

	"chandy/internal/printable"
	"chandy/wire"
)

// history prints from which snapshots the processes go on, and what was saved. It prints
// nothing about a cluster that runs from its initial state and saves nothing.
func (t tables) history(s clusterStatus) {
	var epochs []string
	processes := map[string][]string{}
	for _, p := range s.Processes {
		if p.Reachable && (p.Status.Epoch > 1 || p.Status.Held) {
			text := epochText(p.Status)
			if processes[text] == nil {
				epochs = append(epochs, text)
			}
			processes[text] = append(processes[text], string(p.Process))
		}
	}
	if len(epochs) > 0 {
		printExact(t.out, "\n")
	}
	for _, text := range epochs {
		printLine(t.out, "%s: %s", text, strings.Join(processes[text], ", "))
	}
	if r := lastRecovery(s); r != nil {
		printLine(t.out, "%s, %v ago", printable.Text(r.Text()), ago(r.AgoMS))
	}
	for _, p := range s.Processes {
		if p.Reachable && p.Status.Saves != nil {
			printLine(t.out, "%s %s", p.Process, savesText(p.Status.Saves))
		}
	}
}

// lastRecovery returns the last recovery of the current epoch, with the messages that it
// undid at all processes. It returns nil if the epoch began otherwise.
func lastRecovery(s clusterStatus) (all *wire.RecoveredStatus) {
	epoch := uint64(0)
	for _, p := range s.Processes {
		if !p.Reachable || p.Status.Recovered == nil || p.Status.Epoch < epoch {
			continue
		}
		r := *p.Status.Recovered
		if all != nil && p.Status.Epoch == epoch {
			r.Messages += all.Messages
			r.UndoneMS = max(r.UndoneMS, all.UndoneMS)
			r.AgoMS = min(r.AgoMS, all.AgoMS)
		}
		all, epoch = &r, p.Status.Epoch
	}
	return all
}

// epochText returns the epoch of a process, where it began, and whether it is held.
func epochText(s *wire.ProcessStatus) string {
	base := "from its initial state"
	if s.Base != "" {
		base = "from snapshot " + printable.Text(string(s.Base))
	}
	text := fmt.Sprintf("epoch %d, %s", s.Epoch, base)
	switch {
	case s.HeldBy != "":
		text += fmt.Sprintf(", held because %s stops: until it is back, or chandy resume", printable.Text(string(s.HeldBy)))
	case s.Held:
		text += ", held until chandy resume"
	}
	return text
}

func savesText(s *wire.SavesStatus) string {
	text := "has saved no snapshot"
	if s.Last != "" {
		text = fmt.Sprintf("has saved %s %v ago, and the store has %s", printable.Text(string(s.Last)), ago(s.AgoMS), size(int(s.StoreBytes)))
	}
	if s.Failures > 0 {
		text += fmt.Sprintf("; %s since: %s", count(s.Failures, "failure", "failures"), printable.Text(s.Error))
	}
	return text
}
