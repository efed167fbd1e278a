package command

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

const (
	// strangersMax is how many connections of strangers are open at once, apart from those
	// that stay.
	strangersMax = 24
	// stayersMax is how many connections of strangers stay until their deadline. They take
	// places of early connections, of which a node has 256, and large requests, of which a
	// node reads 4.
	stayersMax = 40
	// strangersPerSecond is how many connections come, apart from those that stay. Half an
	// hour then has more than 500,000.
	strangersPerSecond = 330
	// strangerPatience is how long a node may take to end a connection: the deadline of a
	// hello, and as long as a fault can stop the node.
	strangerPatience = 30 * time.Second
)

// stranger is a hostile connection to a node.
type stranger struct {
	net.Conn
	*victim
	reader *wire.Reader
	random *rand.Rand
}

// dial connects to a node from a random address of this machine. Connections from one
// address would run out of ports, because each keeps its port for a minute after its end.
func (v *victim) dial(ctx context.Context, r *rand.Rand) (*stranger, error) {
	d := net.Dialer{
		LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(r.IntN(4)), byte(2+r.IntN(200)))},
		Timeout:   strangerPatience,
	}
	c, err := d.DialContext(ctx, "tcp", v.address)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(strangerPatience))
	return &stranger{c, v, wire.NewReader(c, wire.AnswerMax), r}, nil
}

// awaitEnd waits until the node ends the connection, as it must.
func (s *stranger) awaitEnd(name string) {
	asked := s.ask()
	if s.stopped.Load() { // it would take long
		return
	}
	if _, err := io.Copy(io.Discard, s.Conn); errors.Is(err, os.ErrDeadlineExceeded) && asked.mustHold() {
		s.fail("%s: got no end of the connection by %s within %v, want an end", name, s.id, strangerPatience)
	}
}

// say writes bytes and waits for the end of the connection.
func (s *stranger) say(name string, b []byte) {
	s.Write(b)
	s.awaitEnd(name)
}

// header returns a header that announces a payload.
func header(t wire.Type, length uint32) []byte {
	b := wire.Append(nil, wire.Ping{Nonce: 1})[:wire.HeaderSize]
	b[3] = byte(t)
	binary.BigEndian.PutUint32(b[4:], length)
	return b
}

// welcomed says the hello of a client and reports whether the node has welcomed it.
func (s *stranger) welcomed() bool {
	s.Write(wire.Append(nil, s.hello(wire.RoleControl, "", s.id)))
	f, err := s.reader.Read()
	return err == nil && f.Type() == wire.TypeWelcome
}

// asks says the hello of a client and sends requests, without waiting for the welcome.
func (s *stranger) asks(bodies ...string) {
	b := wire.Append(nil, s.hello(wire.RoleControl, "", s.id))
	for i, body := range bodies {
		b = wire.Append(b, wire.Request{Number: uint64(i), Body: []byte(body)})
	}
	s.Write(b)
}

// anyFrame returns a correct frame that is no hello.
func (s *stranger) anyFrame() []byte {
	message := snapshot.Batch{First: 1}
	message.Append([]byte("{}"))
	frames := []wire.Frame{
		wire.Welcome{Version: wire.Version, Incarnation: "stranger"}, wire.Data{Batch: message},
		wire.Marker{Ordinal: 1, Snapshot: "forged", Assembler: "p1", TimeLeft: time.Hour}, wire.Ack{}, wire.Ping{}, wire.Pong{},
		wire.Chunk{Snapshot: "forged", Process: "p1", Bytes: [][]byte{[]byte("forged")}}, wire.Join{Snapshot: "forged", Assembler: "p1", TimeLeft: time.Hour},
		wire.Outcome{Snapshot: "forged", Status: wire.StatusUnknown}, wire.Request{Number: 1, Body: []byte("{}")}, wire.Reply{Number: 1, Kind: wire.KindEnd},
	}
	return wire.Append(nil, frames[s.random.IntN(len(frames))])
}

// strangers open connections until ctx is done.
func (a *attack) strangers(ctx context.Context, all *sync.WaitGroup) {
	tickets := make(chan bool, strangersMax)
	all.Go(func() {
		const each = 10 * time.Millisecond
		every := time.NewTicker(each)
		defer every.Stop()
		begun, n := time.Now(), 0
		for {
			select {
			case now := <-every.C:
				for due := int(now.Sub(begun).Seconds() * strangersPerSecond); n < due; n++ {
					select {
					case tickets <- true:
					case <-ctx.Done():
					}
				}
			case <-ctx.Done():
				close(tickets)
				return
			}
		}
	})
	for i := range strangersMax {
		all.Go(func() {
			r := a.random("stranger", i)
			for some := offences(); <-tickets; {
				a.offend(ctx, r, some)
			}
		})
	}
	for i := range stayersMax {
		all.Go(func() {
			r := a.random("stayer", i)
			for some := stays(); ctx.Err() == nil; {
				a.offend(ctx, r, some)
			}
		})
	}
}

// offend does one of some offences to a node that listens.
func (a *attack) offend(ctx context.Context, r *rand.Rand, offences []offence) {
	v := a.nodes[r.IntN(len(a.nodes))]
	one := pick(r, offences)
	if !v.up.Load() || v.stopped.Load() {
		pause(ctx, 5*time.Millisecond)
		return
	}
	q := v.ask()
	s, err := v.dial(a.ctx, r)
	switch {
	case err == nil:
		stop := context.AfterFunc(ctx, func() { s.Close() })
		one.do(s)
		stop()
		s.Close()
		a.count("strangers", 1)
		a.count("strangers: "+one.name, 1)
	case ctx.Err() == nil && q.mustHold():
		a.fail("stranger: got error %v from %s, want a connection", err, v.id)
	}
}
