package netnode

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"chandy/internal/core"
	"chandy/snapshot"
	"chandy/wire"
)

// secured returns a connection with TLS, and the other end of it.
func secured(t *testing.T, here, there net.Conn) (*conn, *tls.Conn) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, SessionTicketsDisabled: true,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}
	c := newConn(&Node{}, 1, here)
	peer := tls.Server(there, config)
	var hands sync.WaitGroup
	hands.Go(func() { peer.Handshake() })
	l := newLower(c)
	l.upper = tls.Client(l, config)
	if err := l.upper.Handshake(); err != nil {
		t.Fatal(err)
	}
	hands.Wait()
	l.greeted()
	c.lower = l
	return c, peer
}

const writes = 600

// aside begins a record that stands for one that package tls writes by itself.
const aside = "a record of package tls"

// records reads the records of a peer but for those that begin with aside, which it counts.
type records struct {
	*tls.Conn
	asides int
}

func (r *records) Read(b []byte) (int, error) {
	for {
		n, err := r.Conn.Read(b[:min(len(b), 16<<10)])
		if !strings.HasPrefix(string(b[:n]), aside) {
			return n, err
		}
		r.asides++
	}
}

// Frames of the core reach the peer whole and in their order, however slowly the
// peer reads, and whatever package tls writes by itself between them: an answer to a change of
// keys. No write waits for the peer.
func TestEncryptedFramesArriveInOrder(t *testing.T) {
	connections := map[string]func(*testing.T) (net.Conn, net.Conn){"pipe": pipeEnds, "tcp": tcpEnds}
	for name, connect := range connections {
		for _, asides := range []int{0, writes} {
			t.Run(fmt.Sprintf("%s, %d asides", name, asides), func(t *testing.T) {
				here, there := connect(t)
				c, peer := secured(t, here, there)
				encryptedInOrder(t, c, peer, asides)
			})
		}
	}
}

func encryptedInOrder(t *testing.T, c *conn, peer *tls.Conn, asides int) {
	seed := mathrand.Uint64()
	r := mathrand.New(mathrand.NewPCG(seed, 0))
	var sizes []int
	for range writes {
		sizes = append(sizes, r.IntN(1<<r.IntN(16)))
	}
	write := func(from, to int) {
		for i := from; i < to; i++ {
			b := snapshot.Batch{First: uint64(i + 1)}
			b.Append(make([]byte, sizes[i]))
			c.write(core.Write{Conn: 1, Frames: []wire.Frame{wire.Data{Batch: b}}})
		}
	}
	asideN := func(n int) {
		for range n {
			if err := c.lower.encrypt([]byte(aside)); err != nil {
				t.Errorf("aside: %v (seed %d)", err, seed)
			}
			c.flush() // as the next read does
		}
	}
	// The first half is written while the peer reads nothing.
	var work sync.WaitGroup
	half := make(chan struct{})
	work.Go(func() { write(0, writes/2) })
	work.Go(func() { asideN(asides / 2) })
	go func() {
		work.Wait()
		close(half)
	}()
	select {
	case <-half:
	case <-time.After(10 * time.Second):
		t.Fatalf("got a write that waits for the peer, which reads nothing (seed %d)", seed)
	}
	work.Go(func() { write(writes/2, writes) })
	peer.SetReadDeadline(time.Now().Add(10 * time.Second))
	plain := &records{Conn: peer}
	frames := wire.NewReader(plain, wire.FrameMax)
	for i, size := range sizes {
		f, err := frames.Read()
		if err != nil {
			t.Fatalf("message %d: %v (seed %d)", i+1, err, seed)
		}
		if d, ok := f.(wire.Data); !ok || d.Batch.First != uint64(i+1) || len(d.Batch.Body) < size {
			t.Fatalf("got frame %v, want message %d with %d bytes (seed %d)", f.Type(), i+1, size, seed)
		}
		if i < asides-asides/2 {
			asideN(1)
		}
	}
	work.Wait()
	c.write(core.Write{Conn: 1, Frames: []wire.Frame{wire.Ping{}}})
	if f, err := frames.Read(); err != nil || f.Type() != (wire.Ping{}).Type() {
		t.Errorf("got frame %v, error %v, want a ping (seed %d)", f, err, seed)
	}
	if plain.asides != asides {
		t.Errorf("got %d asides, want %d (seed %d)", plain.asides, asides, seed)
	}
	if c.node.work.Wait(); c.lower.unsent() || c.lower.piece[0] != nil {
		t.Errorf("got bytes that are not written, or their buffer, want none (seed %d)", seed)
	}
}

// asking is a peer that asks for new keys whenever it reads.
type asking struct {
	net.Conn
	l      *lower
	writes int
}

func (a *asking) Write(b []byte) (int, error) {
	if a.l == nil {
		return a.Conn.Write(b) // of the handshake
	}
	if a.writes++; a.writes < 10 {
		a.l.Write([]byte("answer"))
	}
	return len(b), nil
}

// Frames that are ahead do not wait for more than one write, even if package tls has more to
// say after it.
func TestAFlushIsOneWrite(t *testing.T) {
	here, _ := pipeEnds(t)
	peer := &asking{Conn: here}
	c := newConn(&Node{}, 1, peer)
	peer.l = newLower(c)
	peer.l.early = false
	peer.l.Write([]byte("message"))
	if err := peer.l.flush(); err != nil || peer.writes != 1 || !peer.l.unsent() {
		t.Errorf("got %d writes (error: %v), all written: %t, want 1 write, and an answer that is not written", peer.writes, err, !peer.l.unsent())
	}
}

// A connection that is closing writes what is encrypted once more. A peer that goes on asking
// for new keys does not keep it.
func TestAClosingConnectionWritesOnce(t *testing.T) {
	here, there := pipeEnds(t)
	peer := &asking{Conn: here}
	c, _ := secured(t, peer, there)
	peer.l = c.lower
	peer.l.Write([]byte("refusal"))
	c.mu.Lock()
	c.startWriting()
	c.end(true)
	c.mu.Unlock()
	if awaitWriting(t, c); peer.writes != 1 || !c.closed {
		t.Errorf("got %d writes, closed %t, want 1, and closed", peer.writes, c.closed)
	}
}

// A peer that makes package tls answer, and reads nothing, costs a bounded amount of memory.
func TestEncryptedAnswersAreBounded(t *testing.T) {
	here, there := pipeEnds(t)
	c, _ := secured(t, here, there)
	pong := wire.Append(nil, wire.Pong{Nonce: 1})
	bytes, most := 0, encryptedBatches*c.secureBatch()
	for bytes <= 2*most {
		before := bytes
		if c.lower.encrypt(pong) != nil {
			break
		}
		bytes = len(*c.lower.out)
		if bytes <= before {
			t.Fatalf("got %d bytes after %d, want more", bytes, before)
		}
	}
	if bytes <= most || bytes > most+1<<10 {
		t.Errorf("got an error after %d bytes, want it after %d", bytes, most)
	}
}

func pipeEnds(t *testing.T) (here, there net.Conn) {
	here, there = net.Pipe()
	t.Cleanup(func() {
		here.Close()
		there.Close()
	})
	return here, there
}

// tcpEnds returns a connection of which the kernel takes little. With buffers smaller than a
// segment of loopback (64 KiB) each write may wait 200 ms for a window.
func tcpEnds(t *testing.T) (here, there net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if here, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if there, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	here.(*net.TCPConn).SetWriteBuffer(64 << 10)
	there.(*net.TCPConn).SetReadBuffer(64 << 10)
	t.Cleanup(func() {
		here.Close()
		there.Close()
	})
	return here, there
}
