package core

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/snapshot"
	"chandy/wire"
)

// fromNewP2 returns the event that a new incarnation of p2 has connected to p1.
func fromNewP2(c *Core, conn ConnID) Event {
	return fromP2(c, conn, wire.RoleChannel, snapshot.Incarnation(strings.Repeat("n", int(-conn))))
}

// At most four connections of one process may be about to take over. One more is refused
// as busy, until one of the others has ended. Until a connection is admitted, its frames
// have the limit of a hello.
func TestTakeoversAreBounded(t *testing.T) {
	c, _ := started(t)
	c.Step(1, []Event{fromP2(c, -1, wire.RoleChannel, "a")})
	for conn := ConnID(-2); conn >= -5; conn-- {
		effects := c.Step(2, []Event{fromNewP2(c, conn)})
		if refused := written[wire.Refuse](effects, conn); len(refused) > 0 {
			t.Fatalf("takeover %d: got %v, want no refusal", -conn-1, refused)
		}
		if probes, accepts := only[Probe](effects), only[Accept](effects); len(probes) != 1 || len(accepts) != 0 {
			t.Errorf("takeover %d: got %v and %v, want a Probe and no Accept", -conn-1, probes, accepts)
		}
	}
	refused := written[wire.Refuse](c.Step(3, []Event{fromNewP2(c, -6)}), -6)
	if len(refused) != 1 || refused[0].Code != wire.Busy {
		t.Errorf("takeover 5: got %v, want a refusal (%s)", refused, wire.Busy)
	}
	c.Step(4, []Event{Closed{Conn: -3}})
	if refused := written[wire.Refuse](c.Step(5, []Event{fromNewP2(c, -7)}), -7); len(refused) > 0 {
		t.Errorf("another takeover, after one had ended: got %v, want no refusal", refused)
	}
	// The known incarnation does not answer. The first one that answers takes over, and no
	// takeover is left when the others have given up.
	effects := c.Step(5+takeoverWait, []Event{Arrived{-2, []wire.Frame{wire.Pong{}}}})
	if accepts := only[Accept](effects); len(accepts) != 1 || accepts[0].Conn != -2 {
		t.Errorf("after a second without an answer: got %v, want connection -2 accepted", accepts)
	}
	c.Step(5+HelloTimeout, nil)
	if got := c.Holdings(); got["takeovers"] != 0 || got["takeovers of one"] != 0 {
		t.Errorf("after %v: got holdings %v, want no takeovers", HelloTimeout, got)
	}
}

// An answer to a ping that was sent before a takeover began proves nothing: its sender may
// have died since. An answer to a later ping keeps the new incarnation out.
func TestOnlyNewPongsKeepATakeoverOut(t *testing.T) {
	for _, late := range []bool{true, false} {
		c, _ := started(t)
		c.Step(1, []Event{fromP2(c, -1, wire.RoleChannel, "a")})
		var pings []wire.Ping
		now := time.Duration(0)
		for len(pings) == 0 && now < DeadAfter {
			now += keepAliveEvery
			pings = written[wire.Ping](c.Step(now, nil), -1)
		}
		asked := written[wire.Ping](c.Step(now+1, []Event{fromP2(c, -2, wire.RoleChannel, "b")}), -1)
		if !late {
			pings = asked
		}
		if len(pings) != 1 {
			t.Fatalf("late %v: got the pings %v, want one", late, pings)
		}
		c.Step(now+2, []Event{Arrived{-1, []wire.Frame{wire.Pong(pings[0])}}})
		accepted := len(only[Accept](c.Step(now+3, []Event{Arrived{-2, []wire.Frame{wire.Pong{}}}})))
		accepted += len(only[Accept](c.Step(now+1+takeoverWait, nil)))
		if got := accepted == 1; got != late {
			t.Errorf("pong of an earlier ping: %v; got taken over %v, want %v", late, got, late)
		}
	}
}

// Refusals of one peer are logged once a minute, whatever their codes.
func TestRefusalsAreLoggedOnceAMinute(t *testing.T) {
	c, _ := started(t)
	var log bytes.Buffer
	c.log = zerolog.New(&log)
	conn := ConnID(-1)
	for now := time.Duration(0); now < 3*time.Minute; now += 10 * time.Millisecond {
		wrong := fromP2(c, conn, wire.RoleChannel, "i").(Accepted)
		switch conn % 3 {
		case 0:
			wrong.Hello.Epoch = 2
		case -1:
			wrong.Hello.Incarnation = ""
		case -2:
			wrong.Hello.ConfigHash[0] ^= 1
		}
		c.Step(now, []Event{wrong})
		conn--
	}
	if got := strings.Count(log.String(), "connection refused"); got != 3 {
		t.Errorf("log lines about %d refusals in 3 minutes: got %d, want 3\n%s", -conn-1, got, log.String())
	}
}
