package command

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// offence is something that strangers do.
type offence struct {
	name   string
	weight int
	do     func(s *stranger)
}

// offences returns what takes a moment. Most of it ends when the node closes the
// connection.
func offences() []offence { return slices.Concat(noise(), hellos(), clients()) }

// noise returns what is no hello.
func noise() []offence {
	return []offence{
		{"garbage", 20, func(s *stranger) {
			b := make([]byte, 1+s.random.IntN(4096))
			for i := range b {
				b[i] = byte(s.random.Uint32())
			}
			b[0] &= 0x7f // no magic
			s.say("garbage", append(b, make([]byte, wire.HeaderSize)...))
		}},
		{"HTTP", 5, func(s *stranger) { s.say("HTTP", []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")) }},
		{"TLS", 5, func(s *stranger) {
			s.say("TLS", append([]byte{0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3}, make([]byte, 501)...))
		}},
		{"header of 4 GiB", 5, func(s *stranger) { s.say("header of 4 GiB", header(wire.TypeHello, 1<<32-1)) }},
		{"header of 16 MiB", 5, func(s *stranger) { s.say("header of 16 MiB", header(wire.TypeData, 16<<20)) }},
		{"hello with a wrong bit", 5, func(s *stranger) {
			b := wire.Append(nil, s.hello(wire.RoleChannel, "p1", s.id))
			b[wire.HeaderSize+s.random.IntN(len(b)-wire.HeaderSize)] ^= 1 << s.random.IntN(8)
			s.say("hello with a wrong bit", b)
		}},
		{"frame instead of a hello", 5, func(s *stranger) { s.say("frame instead of a hello", s.anyFrame()) }},
		{"says nothing, and leaves", 10, func(s *stranger) {}},
		{"resets", 10, func(s *stranger) {
			s.Write(wire.Append(nil, s.hello(wire.RoleControl, "", s.id))[:s.random.IntN(20)])
			s.Conn.(*net.TCPConn).SetLinger(0)
		}},
	}
}

// hellos returns the hellos that a node must refuse.
func hellos() []offence {
	refused := func(name string, change func(h *wire.Hello)) offence {
		return offence{"hello with " + name, 4, func(s *stranger) {
			h := s.hello(wire.RoleChannel, "p2", s.id)
			if h.Incarnation == "" || s.id == "p2" {
				h.From, h.Incarnation = "p1", "stranger"
			}
			change(&h)
			s.say(name, wire.Append(nil, h))
		}}
	}
	return []offence{
		refused("another cluster", func(h *wire.Hello) { h.Cluster = "other" }),
		refused("another process", func(h *wire.Hello) { h.To = "p9" }),
		refused("another configuration", func(h *wire.Hello) { h.ConfigHash[0] ^= 1 }),
		refused("another epoch", func(h *wire.Hello) { h.Epoch = 7 }),
		refused("another version", func(h *wire.Hello) { h.VersionMin, h.VersionMax = 2, 3 }),
		refused("an unknown process", func(h *wire.Hello) { h.From = "p9" }),
		refused("no incarnation", func(h *wire.Hello) { h.Incarnation = "" }),
		refused("the process itself", func(h *wire.Hello) { h.From = h.To }),
	}
}

// clients returns what bad clients do.
func clients() []offence {
	return []offence{
		{"client, then garbage", 5, func(s *stranger) {
			if s.welcomed() {
				s.say("client, then garbage", []byte("{\"type\":\"status\"}\r\n\r\n"))
			}
		}},
		{"client, then a frame in a wrong place", 15, func(s *stranger) {
			if s.welcomed() {
				frame := s.anyFrame()
				if wire.Type(frame[3]) != wire.TypeRequest && wire.Type(frame[3]) != wire.TypePing && wire.Type(frame[3]) != wire.TypePong {
					s.say("client, then a frame in a wrong place", frame)
				}
			}
		}},
		{"client, then a bad request", 15, func(s *stranger) {
			bodies := []string{
				`{"type":"initiate","at":["nobody"]}`, `{"type":"initiate","timeout_ms":-9223372036854775808}`, `{"type":"initiate","at":7}`,
				`{"type":"call"}`, `{"type":"none"}`, `[`, ``, strings.Repeat("[", 10000), `{"type":"call","request":` + strings.Repeat("[", 20000) + "}",
			}
			s.asks(bodies[s.random.IntN(len(bodies))])
			s.reader.Read() // the welcome
			s.reader.Read()
		}},
		{"status with wait, and leaves", 15, func(s *stranger) {
			s.asks(`{"type":"status","wait":true}`)
			s.reader.Read() // the welcome
		}},
		{"snapshot, and leaves", 2, func(s *stranger) {
			s.asks(`{"type":"initiate","timeout_ms":3600000,"progress":true}`)
			pause(s.ctx, time.Duration(s.random.IntN(20))*time.Millisecond)
		}},
		{"call without a reply, and leaves", 10, func(s *stranger) {
			s.asks(fmt.Sprintf(`{"type":"call","request":{"type":"ignored","msg_id":"%x%s"}}`, s.random.Uint64(), strings.Repeat("x", 16<<10)))
			s.reader.Read() // the welcome
		}},
		{"20 status requests, and leaves", 5, func(s *stranger) {
			s.asks(slices.Repeat([]string{`{"type":"status"}`}, 20)...)
		}},
		{"large call", 1, func(s *stranger) {
			s.asks(fmt.Sprintf(`{"type":"call","request":{"type":"balance","pad":%q}}`, strings.Repeat("x", 64<<10+s.random.IntN(1<<20))))
			s.reader.Read() // the welcome
			s.reader.Read()
		}},
	}
}

// stays returns what lasts as long as the node allows.
func stays() []offence {
	return []offence{
		{"says nothing", 3, func(s *stranger) { s.awaitEnd("says nothing") }},
		{"hello that drips", 3, func(s *stranger) {
			for _, b := range wire.Append(nil, s.hello(wire.RoleChannel, "p1", s.id)) {
				if _, err := s.Write([]byte{b}); err != nil {
					return
				}
				pause(s.ctx, 150*time.Millisecond)
			}
			s.fail("hello that drips: got no end of the connection by %s, want an end", s.id)
		}},
		{"takeover that does not answer", 3, func(s *stranger) {
			if !s.steady {
				return
			}
			role := []wire.Role{wire.RoleChannel, wire.RoleAssembly}[s.random.IntN(2)]
			h := s.hello(role, s.nodes[s.random.IntN(len(s.nodes))].id, s.id)
			h.Incarnation = snapshot.Incarnation(fmt.Sprintf("stranger-%x", s.random.Uint64()))
			s.say("takeover that does not answer", wire.Append(nil, h))
		}},
		{"client that does not read", 2, func(s *stranger) {
			s.SetWriteDeadline(time.Now().Add(5 * time.Second))
			request := wire.Append(nil, wire.Request{Number: 1, Body: []byte(`{"type":"status"}`)})
			for ok := s.welcomed(); ok; {
				_, err := s.Write(request)
				ok = err == nil
			}
		}},
		{"large request that stops", 1, func(s *stranger) {
			if s.welcomed() {
				s.Write(append(header(wire.TypeRequest, 16<<20), make([]byte, 100<<10)...))
				pause(s.ctx, 3*time.Second)
			}
		}},
		{"client that asks nothing", 1, func(s *stranger) {
			s.welcomed()
			pause(s.ctx, 5*time.Second)
		}},
	}
}

// pick returns one of some offences, with its weight.
func pick(r *rand.Rand, offences []offence) offence {
	sum := 0
	for _, o := range offences {
		sum += o.weight
	}
	n := r.IntN(sum)
	for _, o := range offences {
		if n -= o.weight; n < 0 {
			return o
		}
	}
	panic("unreachable")
}
