package netnode

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"chandy/internal/core"
	"chandy/wire"
)

var pings = core.Write{Conn: 1, Frames: []wire.Frame{wire.Ping{}}}

// breakTLS sends a record that package tls cannot decrypt. It answers with an alert, and
// encrypts nothing more.
func breakTLS(t *testing.T, c *conn, there net.Conn) {
	t.Helper()
	go there.Write([]byte("\x17\x03\x03\x00\x20 no record of TLS. no record of TLS"))
	if n, err := c.lower.read(make([]byte, 100)); err == nil {
		t.Fatalf("got %d bytes, want an error", n)
	}
}

// The peer gets the alert, even if a write behind it fails: a write at once (TCP), or one of
// the writing goroutine (the pipe, which has no buffer).
func TestAnAlertArrivesBeforeTheEnd(t *testing.T) {
	connections := map[string]func(*testing.T) (net.Conn, net.Conn){"pipe": pipeEnds, "tcp": tcpEnds}
	for name, connect := range connections {
		for _, behind := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, a write behind it: %t", name, behind), func(t *testing.T) {
				here, there := connect(t)
				c, peer := secured(t, here, there)
				c.client = true // a node would tell the core of the bytes
				c.write(pings)
				c.write(pings)
				breakTLS(t, c, there)
				if behind {
					c.write(pings)
				}
				c.node.work.Go(c.finish)
				peer.SetReadDeadline(time.Now().Add(10 * time.Second))
				if _, err := io.Copy(io.Discard, peer); !isAlert(err) {
					t.Errorf("got error %v, want an alert", err)
				}
				awaitWriting(t, c)
			})
		}
	}
}

// A write that fails ends the writing goroutine, even if an alert could not be written.
func TestAnUnsentAlertEndsWithTheConnection(t *testing.T) {
	here, there := pipeEnds(t)
	c, _ := secured(t, here, there)
	c.client = true
	c.write(pings)
	breakTLS(t, c, there)
	there.Close()
	awaitWriting(t, c)
}

func awaitWriting(t *testing.T, c *conn) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		c.node.work.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("got a writing goroutine that does not end")
	}
}
