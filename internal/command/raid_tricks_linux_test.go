package command

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"

	"chandy/netnode"
	"chandy/wire"
)

// trick is what a raider does with its connection. Plain ones go to the node without TLS.
type trick struct {
	name  string
	plain bool
	do    func(*raid, *stranger)
}

var tricks = []trick{
	{"silence", false, func(_ *raid, s *stranger) { s.awaitEnd("silence") }},
	{"drips", false, func(r *raid, s *stranger) { s.drip(r.clientHello) }},
	{"a record of 64 KiB", false, func(_ *raid, s *stranger) { s.say("a record of 64 KiB", []byte{22, 3, 1, 0xff, 0xff, 1}) }},
	{"a handshake of 16 MiB", false, func(_ *raid, s *stranger) {
		s.say("a handshake of 16 MiB", append([]byte{22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff}, make([]byte, 16<<10-4)...))
	}},
	{"HTTP", false, func(_ *raid, s *stranger) { s.say("HTTP", []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")) }},
	{"TLS to a plain port", true, func(r *raid, s *stranger) { s.say("TLS to a plain port", r.clientHello) }},
	{"plain text to a TLS port", false, func(_ *raid, s *stranger) { s.say("plain text", wire.Append(nil, s.hello(wire.RoleControl, "", s.id))) }},
	{"a replay", false, func(r *raid, s *stranger) { s.say("a replay", r.recorded) }},
	{"a replay to a plain port", true, func(r *raid, s *stranger) { s.say("a replay", r.recorded) }},
	{"half a client hello", false, func(r *raid, s *stranger) { s.say("half a client hello", r.clientHello[:len(r.clientHello)/2]) }},
	{"a client hello", false, func(r *raid, s *stranger) { s.say("a client hello", r.clientHello) }},
	{"no certificate", false, func(r *raid, s *stranger) {
		c := tls.Client(s.Conn, &tls.Config{InsecureSkipVerify: true})
		c.Handshake()
		c.Write(wire.Append(nil, s.hello(wire.RoleControl, "", s.id)))
		io.Copy(io.Discard, c)
	}},
	{"no last flight", false, func(r *raid, s *stranger) {
		c := tls.Client(&halted{Conn: s.Conn, writes: 1}, r.lowest())
		c.SetDeadline(time.Now().Add(strangerPatience))
		c.Handshake()
		s.awaitEnd("no last flight")
	}},
	{"no hello", false, func(r *raid, s *stranger) {
		tls.Client(s.Conn, r.lowest()).Handshake()
		s.awaitEnd("no hello")
	}},
	{"half a hello", false, func(r *raid, s *stranger) {
		c := tls.Client(s.Conn, r.lowest())
		hello := wire.Append(nil, s.hello(wire.RoleControl, "", s.id))
		c.Write(hello[:len(hello)/2])
		s.awaitEnd("half a hello")
	}},
	{"a node's hello from a client", false, func(r *raid, s *stranger) {
		c := tls.Client(s.Conn, r.lowest())
		c.Write(wire.Append(nil, s.hello(wire.RoleChannel, "p2", s.id)))
		r.wantRefusal(c, wire.IdentityMismatch)
	}},
	{"a frame of 4 GiB", false, func(r *raid, s *stranger) {
		r.welcome(s).Write(header(wire.TypeRequest, 1<<32-1))
		s.awaitEnd("a frame of 4 GiB")
	}},
	{"a request that drips", false, func(r *raid, s *stranger) {
		c := r.welcome(s)
		c.Write(header(wire.TypeRequest, wire.MessageMax))
		for range 40 {
			c.Write(make([]byte, 512))
			pause(r.ctx, 20*time.Millisecond)
		}
	}},
	{"a request of 16 MiB", false, func(r *raid, s *stranger) {
		c := r.welcome(s)
		c.Write(header(wire.TypeRequest, wire.MessageMax))
		for range wire.MessageMax >> 16 {
			if _, err := c.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
		if s.ctx.Err() == nil {
			s.fail("a request of 16 MiB for the lowest role: got no error, want the connection to end")
		}
	}},
	{"a quiet client", false, func(r *raid, s *stranger) {
		r.welcome(s)
		pause(r.ctx, 5*time.Second)
	}},
	{"forbidden requests", false, func(r *raid, s *stranger) {
		c := r.welcome(s)
		for i := range 200 {
			body, _ := wire.EncodeControl(wire.InitiateRequest{})
			c.Write(wire.Append(nil, wire.Request{Number: uint64(i), Body: body}))
		}
		reader := wire.NewReader(c, wire.FrameMax)
		for range 200 {
			f, err := reader.Read()
			if err != nil { // there was no room for it
				return
			}
			if reply, ok := f.(wire.Reply); !ok || reply.Kind != wire.KindError {
				r.fail("a snapshot for the lowest role: got %v, want an error reply", f)
			}
		}
	}},
	{"requests, and no reading", false, func(r *raid, s *stranger) {
		c := r.welcome(s)
		body, _ := wire.EncodeControl(wire.StatusRequest{})
		c.SetWriteDeadline(time.Now().Add(5 * time.Second))
		for err := error(nil); err == nil && r.ctx.Err() == nil; {
			_, err = c.Write(wire.Append(nil, wire.Request{Number: 1, Body: body}))
		}
	}},
	{"a late certificate of 256 KiB", false, func(r *raid, s *stranger) { s.lateCertificate(r) }},
	{"key updates before the hello", false, func(r *raid, s *stranger) { s.updateKeys(r, false) }},
	{"key updates of a client", false, func(r *raid, s *stranger) { s.updateKeys(r, true) }},
}

// lowest is the TLS of a client with the lowest role.
func (r *raid) lowest() *tls.Config {
	own, err := tls.LoadX509KeyPair(r.dir+"/client/status.crt", r.dir+"/client/status.key")
	if err != nil {
		r.fail("%v", err)
	}
	return &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{own}}
}

// welcome returns the connection of a client with the lowest role, once it is welcome.
func (r *raid) welcome(s *stranger) *tls.Conn {
	c := tls.Client(s.Conn, r.lowest())
	c.Write(wire.Append(nil, s.hello(wire.RoleControl, "", s.id)))
	wire.NewReader(&bytewise{c}, wire.AnswerMax).Read() // busy, perhaps
	return c
}

// bytewise reads nothing ahead.
type bytewise struct{ io.Reader }

func (b *bytewise) Read(p []byte) (int, error) { return b.Reader.Read(p[:1]) }

func (r *raid) wantRefusal(c net.Conn, code string) {
	f, err := wire.NewReader(c, wire.AnswerMax).Read()
	if refuse, ok := f.(wire.Refuse); err == nil && (!ok || refuse.Code != code) {
		r.fail("got %v, want a refusal with the code %s", f, code)
	}
}

// drip sends one byte after the other until the node ends the connection.
func (s *stranger) drip(b []byte) {
	for _, one := range b {
		if _, err := s.Write([]byte{one}); err != nil {
			return
		}
		pause(s.ctx, 50*time.Millisecond)
	}
	s.awaitEnd("drips")
}

// halted drops all writes but the first ones.
type halted struct {
	net.Conn
	writes int
}

func (m *halted) Write(b []byte) (int, error) {
	if m.writes--; m.writes < 0 {
		return len(b), nil
	}
	return m.Conn.Write(b)
}

// record records what an honest client sends.
func (r *raid) record() {
	network := &recorder{}
	client, err := netnode.DialClient(r.ctx, r.cluster, "p1", network)
	if err != nil {
		r.t.Fatal(err)
	}
	defer client.Close()
	r.clientHello = bytes.Clone(network.conn.first)
	if err := client.AwaitUp(r.ctx); err != nil {
		r.t.Fatal(err)
	}
	r.recorded = network.conn.all.Bytes()
}

// recorder is a network that records what is written to its last connection.
type recorder struct {
	netnode.TCP
	conn *recorded
}

type recorded struct {
	net.Conn
	first []byte
	all   bytes.Buffer
}

func (n *recorder) Dial(ctx context.Context, address string) (net.Conn, error) {
	c, err := n.TCP.Dial(ctx, address)
	n.conn = &recorded{Conn: c}
	return n.conn, err
}

func (c *recorded) Write(b []byte) (int, error) {
	if c.first == nil {
		c.first = bytes.Clone(b)
	}
	c.all.Write(b)
	return c.Conn.Write(b)
}
