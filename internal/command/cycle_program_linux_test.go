package command

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"chandy/internal/clustertest"
	"chandy/snapshot"
)

func conservedBank() conserved {
	return conserved{
		name: "bank", processes: []string{"p1", "p2", "p3"}, short: 10,
		file: "[program]\nkind = \"bank\"\ntransfers_per_second = 500\n",
		ask:  func(snapshot.ProcessID, string, int) string { return `{"type":"balance"}` },
		holds: func(_ *cycles, s *clustertest.Snapshot, _ uint64) error {
			return conserves(s, "balance", "amount", 3000)
		},
	}
}

func conservedToken() conserved {
	return conserved{
		name: "token", processes: []string{"p1", "p2", "p3"},
		file: "[program]\nkind = \"token\"\nholder = \"p1\"\nhold = \"1ms\"\n",
		ask:  func(snapshot.ProcessID, string, int) string { return `{"type":"tokens"}` },
		holds: func(_ *cycles, s *clustertest.Snapshot, _ uint64) error {
			return conserves(s, "tokens", "", 1)
		},
	}
}

// conserves checks the sum over a key of the states and a key of the messages. An empty key
// means that each message counts as 1.
func conserves(s *clustertest.Snapshot, ofState, ofMessage string, want int64) error {
	sum := int64(0)
	for _, state := range clustertest.States[map[string]any](s) {
		n, _ := state[ofState].(float64)
		sum += int64(n)
	}
	for _, c := range s.Channels {
		for _, payload := range clustertest.Payloads(c) {
			n := 1.0
			if ofMessage != "" {
				n = clustertest.JSON[map[string]any](payload)[ofMessage].(float64)
			}
			sum += int64(n)
		}
	}
	if sum != want {
		return fmt.Errorf("got a sum of %d, want %d\n%s", sum, want, s)
	}
	return nil
}

const tallyTable = `[program]
kind = "exec"
command = ["tally"]
state = "snapshot"
settle = "none"
topology = "none"
env = { GORACE = "atexit_sleep_ms=0" }
`

func conservedChildren(t *testing.T) conserved {
	return conserved{
		name: "children", short: 10, file: tallyTable,
		processes: []string{"n1\n" + tallyCommand(t, "python3", "tally.py"), "n2\n" + tallyCommand(t, "node", "tally.js"), "n3"},
		ask:       addKey,
		holds:     func(c *cycles, s *clustertest.Snapshot, at uint64) error { return c.checkTallies(s, at) },
	}
}

// addKey returns a request of a tally.
func addKey(_ snapshot.ProcessID, key string, after int) string {
	return fmt.Sprintf(`{"type":"add","key":%q,"after":%d}`, key, after)
}

func tallyOf(p *snapshot.ProcessState) tallyState {
	return clustertest.JSON[tallyState](p.State.Bytes)
}

// talliesOf returns the states of the tallies in a snapshot.
func talliesOf(s *clustertest.Snapshot) map[snapshot.ProcessID]tallyState {
	states := map[snapshot.ProcessID]tallyState{}
	for i, p := range s.Processes {
		if strings.HasPrefix(string(p.ID), "n") {
			states[p.ID] = tallyOf(&s.Processes[i])
		}
	}
	return states
}

// checkTallies checks that each message is in exactly one place, and where the keys are.
func (c *cycles) checkTallies(s *clustertest.Snapshot, at uint64) error {
	states, keys := talliesOf(s), map[snapshot.ProcessID][]string{}
	for id, state := range states {
		keys[id] = state.Keys
	}
	for _, ch := range s.Channels {
		from, ok := states[ch.Channel.From]
		to, both := states[ch.Channel.To]
		if !ok || !both || ch.Channel.From == ch.Channel.To {
			continue
		}
		var got, want []string
		for _, payload := range clustertest.Payloads(ch) {
			got = append(got, fmt.Sprint(clustertest.JSON[tallyLine](payload).Body.Number))
		}
		for n := to.Received[ch.Channel.From] + 1; n <= from.Sent[ch.Channel.To]; n++ {
			want = append(want, fmt.Sprint(n))
		}
		if strings.Join(got, " ") != strings.Join(want, " ") || ch.Received != to.Received[ch.Channel.From] {
			return fmt.Errorf("%s: got the messages %v after %d, want %v after %d", ch.Channel, got, ch.Received, want, to.Received[ch.Channel.From])
		}
	}
	if err := c.line.checkKeys(at, keys); err != nil {
		return err
	}
	return c.line.checkPlaces(at, states)
}

// conservedServices has children that ask a store to count for them, one by one, and clients
// of the services.
func conservedServices() conserved {
	return conserved{
		name: "services", file: strings.Replace(tallyTable, `["tally"]`, `["tally", "lin-kv"]`, 1),
		processes: []string{"n1", "n2", "lin-kv program = { kind = \"lin-kv\" }", "lin-tso program = { kind = \"lin-tso\" }"},
		ask: func(to snapshot.ProcessID, key string, after int) string {
			switch to {
			case "lin-kv":
				return fmt.Sprintf(`{"type":"write","key":%q,"value":%q}`, key, key)
			case "lin-tso":
				return `{"type":"ts"}`
			}
			return addKey(to, key, after)
		},
		holds: func(c *cycles, s *clustertest.Snapshot, at uint64) error {
			if err := c.checkTallies(s, at); err != nil {
				return err
			}
			if err := c.checkStore(s, at); err != nil {
				return err
			}
			return c.checkOracle(s, at)
		},
	}
}

// checkStore checks the keys of clients in lin-kv, and what it has counted for children.
func (c *cycles) checkStore(s *clustertest.Snapshot, at uint64) error {
	var state struct {
		Entries []struct {
			Key   string          `json:"key"`
			Value json.RawMessage `json:"value"`
		} `json:"entries"`
	}
	if err := json.Unmarshal(s.Process("lin-kv").State.Bytes, &state); err != nil {
		return err
	}
	keys := map[snapshot.ProcessID][]string{"lin-kv": nil}
	for _, e := range state.Entries {
		if !strings.HasPrefix(e.Key, "n") {
			keys["lin-kv"] = append(keys["lin-kv"], e.Key)
			continue
		}
		child := tallyOf(s.Process(snapshot.ProcessID(e.Key)))
		if n := clustertest.JSON[uint64](e.Value); n < child.Answered || n > child.Asked {
			return fmt.Errorf("lin-kv: got a count of %d for %s, want %d to %d", n, e.Key, child.Answered, child.Asked)
		}
	}
	return c.line.checkKeys(at, keys)
}

// checkOracle checks that no timestamp was returned twice in the history that is left.
func (c *cycles) checkOracle(s *clustertest.Snapshot, at uint64) error {
	next := clustertest.JSON[struct{ Next int64 }](s.Process("lin-tso").State.Bytes).Next
	seen := map[int64]bool{}
	return c.line.answered(at, func(r *request) error {
		if r.at != "lin-tso" || c.line.judge(r) != fateDone {
			return nil
		}
		if seen[r.reply.TS] || r.reply.TS >= next {
			return fmt.Errorf("lin-tso: got the timestamp %d, returned before: %v, want one below %d, once", r.reply.TS, seen[r.reply.TS], next)
		}
		seen[r.reply.TS] = true
		return nil
	})
}
