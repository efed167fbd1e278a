package netnode

import (
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
