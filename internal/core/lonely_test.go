package core

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/wire"
)

// A node that reaches its peer, and to which no peer connects, warns once. The peer has
// another address for it.
func TestANodeThatNoPeerReachesWarnsOnce(t *testing.T) {
	for name, test := range map[string]struct {
		connects, lost bool // p2 connects; the channel to p2 goes down at once
		want           int
	}{
		"no peer connects":            {want: 1},
		"the peer connects":           {connects: true},
		"the peer is not reached now": {lost: true},
	} {
		c, _ := started(t)
		var log bytes.Buffer
		c.log = zerolog.New(&log)
		for again := range 2 {
			start := time.Duration(again) * time.Minute
			c.Step(start+time.Second, nil) // the next attempt to dial
			conn := c.epoch.out[0].conn
			c.Step(start+time.Second, []Event{Dialled{Conn: conn}, Arrived{conn, []wire.Frame{wire.Welcome{Version: wire.Version, Epoch: 1, Incarnation: "i"}}}})
			if test.connects && again == 0 {
				c.Step(start+2*time.Second, []Event{fromP2(c, -1, wire.RoleChannel, "i")})
			}
			if test.lost {
				c.Step(start+2*time.Second, []Event{Closed{Conn: conn}})
			}
			for now := start + 2*time.Second; now <= start+20*time.Second; now += time.Second {
				c.Step(now, []Event{Arrived{conn, []wire.Frame{wire.Pong{}}}})
			}
			c.Step(start+21*time.Second, []Event{Closed{Conn: c.epoch.out[0].conn}})
		}
		if got := strings.Count(log.String(), "no peer has connected: do they have this address (127.0.0.1:1) in their cluster files?"); got != test.want {
			t.Errorf("%s: got the warning %d times, want %d; the log:\n%s", name, got, test.want, log.String())
		}
	}
}
