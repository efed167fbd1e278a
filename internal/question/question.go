// Package question answers questions about a global snapshot: whether the computation has
// terminated, whether processes wait for each other, and for whom. The functions are pure.
//
// These properties are stable: once true, they stay true while nobody interferes from
// outside. So if one is true of the recorded state, it is true now. If it is false of the
// recorded state, it was false when the snapshot began (Chandy & Lamport 1985, section 5).
package question

import (
	"fmt"
	"strings"

	"chandy/snapshot"
)

// Verdict is one of three answers, never one of two.
type Verdict int

// The verdicts. The zero value is Unknown.
const (
	Unknown Verdict = iota
	No
	Yes
)

// String returns the verdict for people.
func (v Verdict) String() string { return [...]string{"cannot tell", "no", "yes"}[v] }

// Answer is the answer to a question.
type Answer struct {
	Verdict Verdict
	Why     string   // why it is Unknown
	Witness []string // what shows it: processes, channels or messages, for people
}

func unknown(format string, a ...any) Answer {
	return Answer{Verdict: Unknown, Why: fmt.Sprintf(format, a...)}
}

// processes returns all processes of a snapshot, also those whose part did not come.
func processes(g *snapshot.Global) map[snapshot.ProcessID]bool {
	all := map[snapshot.ProcessID]bool{}
	for _, p := range g.Processes {
		all[p.ID] = true
	}
	for _, c := range g.Channels {
		all[c.Channel.From], all[c.Channel.To] = true, true
	}
	for _, m := range g.Missing {
		if m.Process != "" {
			all[m.Process] = true
		}
	}
	return all
}

// missing says what is missing of a partial snapshot, for people.
func missing(g *snapshot.Global) string {
	var all []string
	for _, m := range g.Missing {
		name := string(m.Process)
		if name == "" {
			name = m.Channel.String()
		}
		all = append(all, fmt.Sprintf("%s: %s", name, m.Reason))
	}
	return "the snapshot is partial: " + few(all)
}

// few joins the first texts of a list, and says how many more there are.
func few[T any](all []T) string {
	const most = 5
	var texts []string
	for i, one := range all {
		if i == most {
			return fmt.Sprintf("%s and %d more", strings.Join(texts, ", "), len(all)-most)
		}
		texts = append(texts, fmt.Sprint(one))
	}
	return strings.Join(texts, ", ")
}
