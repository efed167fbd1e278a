package examples_test

import (
	"encoding/json"
	"fmt"
	"slices"

	"chandy/internal/clustertest"
)

// tokenRing has exactly one token, and its tickets are numbered one after the other.
func tokenRing() child {
	held, passed := false, false
	return child{
		folder: "token-ring", command: []string{"python3", "ring.py"}, calls: 8,
		call: func(ids []string, i int) (string, string) { return ids[2*i%len(ids)], `{"type":"ticket"}` },
		answered: func(i int, reply []byte) error {
			if r := clustertest.JSON[struct{ Ticket int }](reply); r.Ticket != i+1 {
				return fmt.Errorf("ticket %d instead of %d", r.Ticket, i+1)
			}
			return nil
		},
		faults: func(s *clustertest.Snapshot, begun int) (faults []error) {
			type token struct {
				Type        string
				Hop, Ticket int
			}
			var tokens []token
			newest := 0
			for _, state := range states[struct {
				Token *token
				Hop   int
			}](s) {
				newest = max(newest, state.Hop)
				if state.Token != nil {
					tokens, held = append(tokens, *state.Token), true
				}
			}
			for _, c := range s.Channels {
				for _, b := range bodies[token](c) {
					if b.Type == "token" {
						tokens, passed = append(tokens, b), true
					}
				}
			}
			switch {
			case len(tokens) != 1:
				faults = append(faults, fmt.Errorf("%d tokens: %v", len(tokens), tokens))
			case tokens[0].Hop < newest || tokens[0].Ticket > begun+1:
				faults = append(faults, fmt.Errorf("the token %v, after %d hops and %d calls", tokens[0], newest, begun))
			}
			return faults
		},
		shows: func(*clustertest.Snapshot) bool { return held && passed },
	}
}

// broadcast has no effect without its cause, and nothing is lost: what a neighbour
// has not acknowledged is there or on its way to it.
func broadcast() child {
	const calls = 20
	return child{
		folder: "broadcast", command: []string{"node", "broadcast.js"}, calls: calls,
		call: func(ids []string, i int) (string, string) {
			return ids[i%len(ids)], fmt.Sprintf(`{"type":"broadcast","message":%d}`, i)
		},
		answered: isOK("broadcast_ok"),
		faults: func(s *clustertest.Snapshot, begun int) (faults []error) {
			fault := func(format string, a ...any) { faults = append(faults, fmt.Errorf(format, a...)) }
			all := states[gossiper](s)
			for id, state := range all {
				for _, m := range state.Seen {
					if origin := fmt.Sprintf("n%d", m%len(all)+1); m >= begun || !slices.Contains(all[origin].Seen, m) {
						fault("%s has seen %d, which %s has not been told", id, m, origin)
					}
				}
			}
			for _, c := range s.Channels {
				from, to := all[string(c.Channel.From)], all[string(c.Channel.To)]
				var coming []int
				for _, b := range bodies[gossip](c) {
					coming = append(coming, b.Messages...)
				}
				for _, m := range coming {
					if !slices.Contains(from.Seen, m) {
						fault("%d comes from %s, which has not seen it", m, c.Channel.From)
					}
				}
				for _, m := range from.Seen {
					there, unacked := slices.Contains(to.Seen, m), slices.Contains(from.Unacked[string(c.Channel.To)], m)
					if !there && (!unacked || !slices.Contains(coming, m)) {
						fault("%s has seen %d, %s has not, and it is not on its way", c.Channel.From, m, c.Channel.To)
					}
				}
			}
			return faults
		},
		shows: func(s *clustertest.Snapshot) bool {
			for _, state := range states[gossiper](s) {
				if len(state.Seen) < calls || len(state.Unacked) > 0 {
					return false
				}
			}
			return true
		},
	}
}

type gossiper struct {
	Seen    []int
	Unacked map[string][]int
}

type gossip struct {
	Type     string // gossip or gossip_ok
	Messages []int
}

// bankInGo neither makes nor loses money.
func bankInGo() child {
	moved := false
	return child{
		folder: "bank-go", command: []string{"go", "run", "bank.go"}, calls: 12,
		call: func(ids []string, i int) (string, string) {
			return ids[i%len(ids)], fmt.Sprintf(`{"type":"transfer","to":%q,"amount":%d}`, ids[(i+1)%len(ids)], i+1)
		},
		answered: isOK("transfer_ok"),
		faults: func(s *clustertest.Snapshot, _ int) (faults []error) {
			var sum int64
			for id, state := range states[struct{ Balance int64 }](s) {
				if sum += state.Balance; state.Balance < 0 {
					faults = append(faults, fmt.Errorf("%s has %d", id, state.Balance))
				}
			}
			for _, c := range s.Channels {
				for _, b := range bodies[struct{ Amount int64 }](c) {
					sum, moved = sum+b.Amount, true
				}
			}
			if want := int64(1000 * len(s.Processes)); sum != want {
				faults = append(faults, fmt.Errorf("the money is %d instead of %d", sum, want))
			}
			return faults
		},
		shows: func(*clustertest.Snapshot) bool { return moved },
	}
}

func isOK(kind string) func(int, []byte) error {
	return func(_ int, reply []byte) error {
		var r struct{ Type string }
		if err := json.Unmarshal(reply, &r); err != nil || r.Type != kind {
			return fmt.Errorf("no %s: %w", kind, err)
		}
		return nil
	}
}
