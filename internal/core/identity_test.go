package core

import (
	"strings"
	"testing"
	"time"

	"chandy/internal/config"
	"chandy/wire"
)

// secured returns the core of p1 in a cluster with TLS, in epoch 1.
func secured(t *testing.T) *Core {
	t.Helper()
	c := newCore(mesh(t, 3, config.Definition{TLS: config.TLS{CA: "a", Cert: "b", Key: "c"}}), "p1")
	c.Step(0, []Event{Begin{Epoch: 1, Program: &stub{silent: true}}})
	return c
}

// Each cell: the certificate of a peer, and the role in its hello. A process must not act
// as another one or as a client, and a client must not act as a process.
func TestTheCertificateMustFitTheHello(t *testing.T) {
	for _, test := range []struct {
		name                       string
		identity                   Identity
		channel, assembly, control bool
	}{
		{"p2", Identity{Process: "p2"}, true, true, false},
		{"p3", Identity{Process: "p3"}, false, false, false},
		{"p1 itself", Identity{Process: "p1"}, false, false, false},
		{"status", Identity{Role: wire.ClientStatus, Name: "p2"}, false, false, true},
		{"snapshot", Identity{Role: wire.ClientSnapshot, Name: "p2"}, false, false, true},
		{"call", Identity{Role: wire.ClientCall, Name: "p2"}, false, false, true},
		{"admin", Identity{Role: wire.ClientAdmin, Name: "p2"}, false, false, true},
		{"nobody", Identity{}, false, false, false},
	} {
		for role, want := range map[wire.Role]bool{wire.RoleChannel: test.channel, wire.RoleAssembly: test.assembly, wire.RoleControl: test.control} {
			c := secured(t)
			a := fromP2(c, -1, role, "i").(Accepted)
			a.Identity = test.identity
			effects := c.Step(1, []Event{a})
			refusals := written[wire.Refuse](effects, -1)
			switch {
			case want && len(refusals) > 0, want && len(written[wire.Welcome](effects, -1)) != 1 && role != wire.RoleAssembly:
				t.Errorf("%s, %v: got the refusals %v, want a welcome", test.name, role, refusals)
			case !want && (len(refusals) != 1 || refusals[0].Code != wire.IdentityMismatch):
				t.Errorf("%s, %v: got the refusals %v, want one with the code %s", test.name, role, refusals, wire.IdentityMismatch)
			}
		}
	}
}

// A request beyond the role of its client gets an error that names the role that is needed.
func TestARequestNeedsItsRole(t *testing.T) {
	for role, may := range map[wire.ClientRole][3]bool{
		wire.ClientStatus: {true, false, false}, wire.ClientSnapshot: {true, true, false}, wire.ClientCall: {true, false, true}, wire.ClientAdmin: {true, true, true},
	} {
		for i, request := range []wire.Control{wire.StatusRequest{}, wire.InitiateRequest{}, wire.CallRequest{Request: []byte("{}")}} {
			c := secured(t)
			a := fromP2(c, -9, wire.RoleControl, "").(Accepted)
			a.Identity.Role, a.Hello.From = role, ""
			c.Step(1, []Event{a})
			forbidden := false
			for _, r := range control(c, 2, request) {
				if r.Kind == wire.KindError && strings.Contains(string(r.Body), wire.CodeForbidden) {
					forbidden = strings.Contains(string(r.Body), "needs a certificate with the role "+string(wire.Needs(request)))
				}
			}
			if forbidden == may[i] {
				t.Errorf("%s, %T: got forbidden %t, want %t", role, request, forbidden, !may[i])
			}
		}
	}
}

// Only a client that may call sends large requests: others could otherwise make a node hold
// them, and what it holds for its clients is shared.
func TestOnlyACallMayBeLarge(t *testing.T) {
	for role, want := range map[wire.ClientRole]int{
		wire.ClientStatus: wire.StatusRequestMax, wire.ClientSnapshot: wire.SmallRequestMax, wire.ClientCall: wire.FrameMax, wire.ClientAdmin: wire.FrameMax,
	} {
		c := secured(t)
		a := fromP2(c, -9, wire.RoleControl, "").(Accepted)
		a.Identity.Role, a.Hello.From = role, ""
		if got := only[Accept](c.Step(1, []Event{a}))[0]; got.Conn != -9 || got.Longest != want {
			t.Errorf("%s: got %+v, want frames of up to %d bytes", role, got, want)
		}
	}
}

// Clients with the same certificate have a quarter of the places at most, so that others find one.
func TestClientsOfOneCertificateAreBounded(t *testing.T) {
	c := secured(t)
	connect := func(conn ConnID, i Identity) []wire.Refuse {
		a := fromP2(c, conn, wire.RoleControl, "").(Accepted)
		a.Identity, a.Hello.From = i, ""
		return written[wire.Refuse](c.Step(c.now, []Event{a}), conn)
	}
	one, other := Identity{Role: wire.ClientStatus, Name: "one"}, Identity{Role: wire.ClientStatus, Name: "other"}
	for n := range ConnID(sessionsOfOneMax) {
		if refused := connect(-1-n, one); len(refused) > 0 {
			t.Fatalf("client %d: got %v, want no refusal", n+1, refused)
		}
	}
	if refused := connect(-2000, one); len(refused) != 1 || refused[0].Code != wire.Busy || !strings.Contains(refused[0].Text, `"one"`) {
		t.Errorf("client %d of one certificate: got %v, want a refusal (%s) that names it", sessionsOfOneMax+1, refused, wire.Busy)
	}
	if refused := connect(-2001, other); len(refused) > 0 {
		t.Errorf("a client with another certificate: got %v, want no refusal", refused)
	}
	c.Step(c.now, []Event{Closed{Conn: -1}})
	if refused := connect(-2002, one); len(refused) > 0 {
		t.Errorf("another client, after one has gone: got %v, want no refusal", refused)
	}
}

// A new incarnation has 5 s from the beginning of its connection, not from its hello.
func TestATakeoverEndsWithTheConnectionsTime(t *testing.T) {
	c, _ := started(t)
	c.Step(1, []Event{fromP2(c, -1, wire.RoleChannel, "a")})
	c.Step(2, []Event{Closed{Conn: -1}})
	a := fromP2(c, -2, wire.RoleChannel, "b").(Accepted)
	a.Waited = 4 * time.Second
	c.Step(3, []Event{a})
	for _, test := range []struct {
		at   time.Duration
		open bool
	}{{time.Second, true}, {time.Second + 3, false}} {
		c.Step(test.at, nil)
		if got := c.conns[-2] != nil; got != test.open {
			t.Errorf("after %v: got open %t, want %t", test.at, got, test.open)
		}
	}
}

// The status says when the certificate ends.
func TestStatusHasTheEndOfTheCertificate(t *testing.T) {
	c, _ := started(t)
	if got := c.status().Certificate; got != nil {
		t.Errorf("without TLS: got %+v, want none", got)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c.Wall, c.CertificateEnds = func() time.Time { return now }, func() time.Time { return now.Add(time.Hour) }
	if got := c.status().Certificate; got == nil || got.LeftMS != 3600e3 || got.EndsAt != "2026-01-01T01:00:00Z" {
		t.Errorf("got %+v, want 3600000 ms until 2026-01-01T01:00:00Z", got)
	}
}
