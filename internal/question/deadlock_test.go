package question

import (
	"testing"

	"chandy/snapshot"
)

// ids returns process ids.
func ids(all ...snapshot.ProcessID) []snapshot.ProcessID { return all }

const plain = `"state":{}`

func TestDeadlockedFindsCircle(t *testing.T) {
	four := parts{"p1": plain, "p2": plain, "p3": plain, "p4": plain}
	mesh := []string{"p1->p2", "p2->p1", "p2->p3", "p3->p1"}
	for _, c := range []struct {
		name     string
		of       parts
		channels []string
		waits    waiting
		want     string
	}{
		{"nobody waits", four, mesh, waiting{}, "no"},
		{"nobody waits, with empty lists", four, mesh, waiting{"p1": nil, "p2": nil}, "no"},
		{"a chain", four, mesh, waiting{"p1": ids("p2"), "p2": ids("p3")}, "no"},
		{"two", four, mesh, waiting{"p1": ids("p2"), "p2": ids("p1")}, "yes: p1 -> p2 -> p1"},
		{"oneself", four, mesh, waiting{"p3": ids("p3")}, "yes: p3 -> p3"},
		{"a circle behind a chain", four, mesh, waiting{"p1": ids("p2"), "p2": ids("p3"), "p3": ids("p4"), "p4": ids("p2")}, "yes: p2 -> p3 -> p4 -> p2"},
		{"the second wait of a process", four, mesh, waiting{"p1": ids("p4", "p2"), "p2": ids("p1")}, "yes: p1 -> p2 -> p1"},
		{"the first of two circles", four, mesh, waiting{"p3": ids("p4"), "p4": ids("p3"), "p1": ids("p2"), "p2": ids("p1")}, "yes: p1 -> p2 -> p1"},
		{"two processes wait for a third", four, mesh, waiting{"p1": ids("p3"), "p2": ids("p3")}, "no"},

		{"a message against the circle", four, []string{"p1->p2", "p2->p1 1"}, waiting{"p1": ids("p2"), "p2": ids("p1")},
			"cannot tell: p1 -> p2 -> p1 wait for each other, but what one of them waits for may be on its way: message 6 on p2->p1"},
		{"a message along the circle of three", four, []string{"p1->p2 1", "p2->p3", "p3->p1"},
			waiting{"p1": ids("p2"), "p2": ids("p3"), "p3": ids("p1")}, "yes: p1 -> p2 -> p3 -> p1"},
		{"a message from outside", four, []string{"p3->p1 1"}, waiting{"p1": ids("p2"), "p2": ids("p1")}, "yes: p1 -> p2 -> p1"},
		{"a message against one of two circles", four, []string{"p2->p1 1"},
			waiting{"p1": ids("p2"), "p2": ids("p1"), "p3": ids("p4"), "p4": ids("p3")}, "yes: p3 -> p4 -> p3"},

		{"partial, no circle", parts{"p1": plain, "p2": "missing"}, nil, waiting{}, "cannot tell: the snapshot is partial: p2: unreachable"},
		{"partial, a circle", parts{"p1": plain, "p2": plain, "p3": "missing"}, []string{"p1->p2", "p2->p1", "p3->p1 ?"},
			waiting{"p1": ids("p2"), "p2": ids("p1")}, "yes: p1 -> p2 -> p1"},
		{"partial, a circle over an unknown channel", parts{"p1": plain, "p2": plain, "p3": "missing"}, []string{"p1->p2", "p2->p1! ?"},
			waiting{"p1": ids("p2"), "p2": ids("p1")},
			"cannot tell: p1 -> p2 -> p1 wait for each other, but what one of them waits for may be on its way: p2->p1 is unknown"},
		{"an unknown process", four, mesh, waiting{"p1": ids("p9")}, `cannot tell: p1 waits for "p9", which is no process of the cluster`},
		{"a client", four, mesh, waiting{"p1": ids("c1")}, `cannot tell: p1 waits for "c1", which is no process of the cluster`},
		{"a missing process is known", parts{"p1": plain, "p2": "missing"}, nil, waiting{"p1": ids("p2")}, "cannot tell: the snapshot is partial: p2: unreachable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantAnswer(t, Deadlocked(global(t, c.of, c.channels...), c.waits), c.want)
		})
	}
}

func TestDeadlockedAnyFindsKnot(t *testing.T) {
	four := parts{"p1": plain, "p2": plain, "p3": plain, "p4": plain}
	for _, c := range []struct {
		name     string
		of       parts
		channels []string
		waits    waiting
		want     string
	}{
		{"nobody waits", four, nil, waiting{"p1": nil}, "no"},
		{"two", four, nil, waiting{"p1": ids("p2"), "p2": ids("p1")}, "yes: p1 waits for p2, p2 waits for p1"},
		{"a circle with a way out", four, nil, waiting{"p1": ids("p2", "p3"), "p2": ids("p1")}, "no"},
		{"a way out far away", four, nil, waiting{"p1": ids("p2"), "p2": ids("p3"), "p3": ids("p1", "p4")}, "no"},
		{"a knot of three", four, nil, waiting{"p1": ids("p3", "p2"), "p2": ids("p3"), "p3": ids("p1")},
			"yes: p1 waits for p2, p3, p2 waits for p3, p3 waits for p1"},
		{"a chain into a knot", four, nil, waiting{"p1": ids("p2"), "p2": ids("p2")}, "yes: p1 waits for p2, p2 waits for p2"},
		{"a message releases", four, []string{"p2->p1 1"}, waiting{"p1": ids("p2"), "p2": ids("p1")},
			"cannot tell: p1, p2 wait only for each other, but what one of them waits for may be on its way: message 6 on p2->p1"},
		{"a message to a process that does not wait for it does not", four, []string{"p1->p2 1"},
			waiting{"p1": ids("p2"), "p2": ids("p3"), "p3": ids("p1")}, "yes: p1 waits for p2, p2 waits for p3, p3 waits for p1"},
		{"a message from outside does not", four, []string{"p4->p1 1"}, waiting{"p1": ids("p2"), "p2": ids("p1")},
			"yes: p1 waits for p2, p2 waits for p1"},
		{"a message to one knot of two", four, []string{"p2->p1 1"}, waiting{"p1": ids("p2"), "p2": ids("p1"), "p3": ids("p4"), "p4": ids("p3")},
			"yes: p3 waits for p4, p4 waits for p3"},
		{"partial", parts{"p1": plain, "p2": "missing"}, nil, waiting{"p1": ids("p2")}, "cannot tell: the snapshot is partial: p2: unreachable"},
		{"partial, a knot", parts{"p1": plain, "p2": plain, "p3": "missing"}, nil, waiting{"p1": ids("p2"), "p2": ids("p1")},
			"yes: p1 waits for p2, p2 waits for p1"},
		{"an unknown process", four, nil, waiting{"p2": ids("")}, `cannot tell: p2 waits for "", which is no process of the cluster`},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantAnswer(t, DeadlockedAny(global(t, c.of, c.channels...), c.waits), c.want)
		})
	}
}
