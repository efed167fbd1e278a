package examples_test

import (
	"fmt"
	"slices"

	"chandy/internal/clustertest"
)

// tokenRing has exactly one token, and its tickets have consecutive numbers.
func tokenRing() child {
	held, passed := false, false
	return child{
		folder: "token-ring", command: []string{"python3", "ring.py"}, calls: 8,
		call: func(ids []string, i int) (string, string) { return ids[2*i%len(ids)], `{"type":"ticket"}` },
		answered: func(i int, reply []byte) error {
			if r := clustertest.JSON[struct{ Ticket int }](reply); r.Ticket != i+1 {
				return fmt.Errorf("got ticket %d, want %d", r.Ticket, i+1)
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
				faults = append(faults, fmt.Errorf("got tokens %v, want one", tokens))
			case tokens[0].Hop < newest || tokens[0].Ticket > begun+1:
				faults = append(faults, fmt.Errorf("got token %v, want hop %d or later, ticket %d or earlier", tokens[0], newest, begun+1))
			}
			return faults
		},
		shows: func(*clustertest.Snapshot) bool { return held && passed },
	}
}

// broadcast has no effect without its cause, and loses nothing. A value that a neighbour has not
// acknowledged has arrived there or is in flight.
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
						fault("got %d seen by %s, want it seen by %s, its origin, after its call", m, id, origin)
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
						fault("%s: got %d in flight, want it seen by the sender", c.Channel, m)
					}
				}
				for _, m := range from.Seen {
					there, unacked := slices.Contains(to.Seen, m), slices.Contains(from.Unacked[string(c.Channel.To)], m)
					if !there && (!unacked || !slices.Contains(coming, m)) {
						fault("%s: got %d lost, want it seen by the receiver, or unacknowledged and in flight", c.Channel, m)
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
					faults = append(faults, fmt.Errorf("%s: got balance %d, want 0 or more", id, state.Balance))
				}
			}
			for _, c := range s.Channels {
				for _, b := range bodies[struct{ Amount int64 }](c) {
					sum, moved = sum+b.Amount, true
				}
			}
			if want := int64(1000 * len(s.Processes)); sum != want {
				faults = append(faults, fmt.Errorf("got sum %d, want %d", sum, want))
			}
			return faults
		},
		shows: func(*clustertest.Snapshot) bool { return moved },
	}
}

func isOK(kind string) func(int, []byte) error {
	return func(_ int, reply []byte) error {
		if got := clustertest.JSON[struct{ Type string }](reply).Type; got != kind {
			return fmt.Errorf("got a reply of type %q, want %s", got, kind)
		}
		return nil
	}
}
