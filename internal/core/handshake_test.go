package core

import (
	"strings"
	"testing"
	"time"

	"chandy/internal/config"
	"chandy/snapshot"
	"chandy/wire"
)

// A peer that connects before the core has made its first step is dialled once, like
// any other. A second connection would replace the first, whichever arrives first.
func TestAcceptedBeforeStart(t *testing.T) {
	c := newCores(t)[0]
	effects := c.Step(0, []Event{Begin{Epoch: 1, Program: &stub{}}, fromP2(c, -1, wire.RoleChannel, "i")})
	if got := len(only[Dial](effects)); got != 1 {
		t.Errorf("got %d dials, want 1", got)
	}
}

// A connection that took over is used like any other. Frames in the same batch as the
// answer that admitted it arrive, and the deadline for that answer ends nothing.
func TestTakeoverStays(t *testing.T) {
	c, _ := started(t)
	c.Step(1, []Event{fromP2(c, -1, wire.RoleChannel, "a")})
	c.Step(2, []Event{Closed{Conn: -1}})
	c.Step(3, []Event{fromP2(c, -2, wire.RoleChannel, "b")})
	if _, deciding := c.conns[-2].handler.(*takeover); !deciding {
		t.Fatalf("handler of the second connection: got %T, want a takeover", c.conns[-2].handler)
	}
	batch := snapshot.Batch{First: 1}
	batch.Append([]byte("m"))
	c.Step(4, []Event{Arrived{-2, []wire.Frame{wire.Pong{}, wire.Data{Batch: batch}}}})
	if got := c.epoch.in[0].receiver.Arrived(); got != 1 {
		t.Errorf("messages that arrived after the answer: got %d, want 1", got)
	}
	for now := time.Second; now < 2*HelloTimeout; now += time.Second {
		c.Step(now, []Event{Arrived{-2, []wire.Frame{wire.Pong{}}}})
	}
	if got := c.epoch.in[0].conn; got != -2 {
		t.Errorf("connection of the channel: got %d (%v), want -2", got, c.epoch.in[0].stats.lastErr)
	}
}

// A peer may refuse on any connection at any time: it closes the connection with the
// reason, and is no violation that would be answered.
func TestRefusalEndsAnyConnection(t *testing.T) {
	refusal := wire.Refuse{Code: wire.ProtocolViolation, Text: "message 7 came after 3"}
	for name, open := range map[string]func(c *Core) ConnID{
		"channel from a peer": func(c *Core) ConnID {
			c.Step(1, []Event{fromP2(c, -1, wire.RoleChannel, "i")})
			return -1
		},
		"assembly from a peer": func(c *Core) ConnID {
			c.Step(1, []Event{fromP2(c, -1, wire.RoleAssembly, "i")})
			return -1
		},
		"takeover by a peer": func(c *Core) ConnID {
			c.Step(1, []Event{fromP2(c, -1, wire.RoleChannel, "a"), fromP2(c, -2, wire.RoleChannel, "b")})
			return -2
		},
		"control": func(c *Core) ConnID {
			control(c, 1, wire.StatusRequest{})
			return -9
		},
		"channel to a peer": func(c *Core) ConnID {
			conn := c.epoch.out[0].conn
			c.Step(1, []Event{Dialled{Conn: conn}})
			return conn
		},
	} {
		c, _ := started(t)
		conn := open(c)
		effects := c.Step(2, []Event{Arrived{conn, []wire.Frame{refusal}}})
		if answers := written[wire.Refuse](effects, conn); len(answers) > 0 {
			t.Errorf("%s: got the answers %v, want none", name, answers)
		}
		if closed := only[Close](effects); len(closed) != 1 || closed[0].Conn != conn {
			t.Errorf("%s: got the effects %v, want connection %d closed", name, effects, conn)
		}
		if got := c.epoch.in[0].stats.violations + c.epoch.out[0].stats.violations; got != 0 {
			t.Errorf("%s: got %d violations counted, want 0", name, got)
		}
	}
}

// A refusal repeats names from a hello, and a connection shows the reason for which it
// was refused. Both are printable.
func TestRefusalIsPrintable(t *testing.T) {
	const name, want = "a\x1b\n\u202e", `a\x1b\x0a\u202e`
	c, _ := started(t)
	hello := fromP2(c, -1, wire.RoleChannel, "i").(Accepted)
	hello.Hello.To = name
	refusals := written[wire.Refuse](c.Step(1, []Event{hello}), -1)
	if want := "this is p1, not " + want + ": "; len(refusals) != 1 || !strings.HasPrefix(refusals[0].Text, want) {
		t.Errorf("got the refusals %q, want one that begins with %q", refusals, want)
	}
	if got, want := (refusedError{wire.Refuse{Code: name, Text: name}}).Error(), "refused: "+want+": "+want; got != want {
		t.Errorf("got the error %q, want %q", got, want)
	}
}

// A welcome with another version, another epoch or no incarnation is a violation, on a
// channel and on an assembly connection. A welcome of a replaced incarnation ends the
// connection. None of them changes what is known of the peer.
func TestBadWelcomes(t *testing.T) {
	good := wire.Welcome{Version: wire.Version, Epoch: 1, Incarnation: "b"}
	for name, test := range map[string]struct {
		change    func(w *wire.Welcome)
		violation bool
	}{
		"version":         {func(w *wire.Welcome) { w.Version = 2 }, true},
		"epoch":           {func(w *wire.Welcome) { w.Epoch = 2 }, true},
		"no incarnation":  {func(w *wire.Welcome) { w.Incarnation = "" }, true},
		"old incarnation": {func(w *wire.Welcome) { w.Incarnation = "a" }, false},
	} {
		for _, known := range []bool{true, false} {
			for _, role := range []wire.Role{wire.RoleChannel, wire.RoleAssembly} {
				if name == "old incarnation" && !known {
					continue
				}
				c, _ := started(t)
				p2 := c.epoch.peers["p2"]
				if known {
					p2.Meet("a")
					p2.Meet("b")
				}
				before := p2.Incarnation
				conn := c.epoch.out[0].conn
				if role == wire.RoleAssembly {
					c.Step(1, []Event{Called{func() {
						c.epoch.uplink("p2").ship(snapshot.Start{ID: "s", Deadline: time.Minute}, nil)
						conn = c.epoch.uplink("p2").conn
					}}})
				}
				c.Step(2, []Event{Dialled{Conn: conn}})
				welcome := good
				test.change(&welcome)
				effects := c.Step(3, []Event{Arrived{conn, []wire.Frame{welcome}}})
				violations := written[wire.Refuse](effects, conn)
				if got := len(violations) == 1 && violations[0].Code == wire.ProtocolViolation; got != test.violation {
					t.Errorf("%s, role %s, known %v: got the refusals %v, want a violation: %v", name, role, known, violations, test.violation)
				}
				if c.conns[conn] != nil || p2.Incarnation != before {
					t.Errorf("%s, role %s, known %v: got open %v and incarnation %q, want closed and %q",
						name, role, known, c.conns[conn] != nil, p2.Incarnation, before)
				}
			}
		}
	}
}

// A hello without an incarnation, or with one that was replaced, is refused in both roles.
func TestBadIncarnationsInHellos(t *testing.T) {
	for incarnation, want := range map[snapshot.Incarnation]string{"": wire.UnknownProcess, "a": wire.OldIncarnation} {
		for _, role := range []wire.Role{wire.RoleChannel, wire.RoleAssembly} {
			c, _ := started(t)
			p2 := c.epoch.peers["p2"]
			p2.Meet("a")
			p2.Meet("b")
			refused := written[wire.Refuse](c.Step(1, []Event{fromP2(c, -1, role, incarnation)}), -1)
			if len(refused) != 1 || refused[0].Code != want || p2.Incarnation != "b" {
				t.Errorf("incarnation %q, role %s: got %v and then incarnation %q, want a refusal (%s) and b", incarnation, role, refused, p2.Incarnation, want)
			}
		}
	}
}

// A node that is refused because its cluster file differs says which part differs.
func TestANodeSaysHowItsClusterFileDiffers(t *testing.T) {
	other := newCore(mesh(t, 2, config.Definition{Snapshot: config.Snapshot{Markers: "in-order"}}), "p1")
	c, _ := started(t)
	hello := fromP2(c, -1, wire.RoleChannel, "i").(Accepted)
	hello.Hello.ConfigHash = other.hash
	refusals := written[wire.Refuse](c.Step(1, []Event{hello}), -1)
	if len(refusals) != 1 {
		t.Fatalf("got the refusals %v, want one", refusals)
	}
	other.Step(0, []Event{Begin{Epoch: 1, Program: &stub{}}})
	conn := other.epoch.out[0].conn
	other.Step(1, []Event{Dialled{Conn: conn}, Arrived{conn, []wire.Frame{refusals[0]}}})
	if got, want := other.epoch.out[0].stats.lastErr.Error(), "; the one here has "+other.Cluster.Fingerprint()+": the markers differ"; !strings.HasSuffix(got, want) {
		t.Errorf("got the error %q, want it to end with %q", got, want)
	}
}
