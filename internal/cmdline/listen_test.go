package cmdline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// someNode is a node that does nothing.
type someNode struct{}

func (someNode) Addr() net.Addr            { return nil }
func (someNode) StopNow()                  {}
func (someNode) Run(context.Context) error { return nil }

var errNoName = fmt.Errorf("p1 cannot listen: %w", &net.OpError{Op: "listen", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "p1.bank"}})

// The name of a node may resolve only some time after its start.
func TestNodeWaitsUntilItsNameResolves(t *testing.T) {
	for _, c := range []struct {
		name     string
		resolves time.Duration // after which the name resolves
		then     error         // the error afterwards
		stop     time.Duration // after which the node is stopped; 0 means never
		took     time.Duration
		want     error
		lines    int // logged
	}{
		{"at once", 0, nil, 0, 0, nil, 0},
		{"later", 3 * time.Second, nil, 0, 3 * time.Second, nil, 1},
		{"too late", time.Hour, nil, 0, resolveTimeout, errNoName, 1},
		{"later, in use", time.Second, syscall.EADDRINUSE, 0, time.Second, syscall.EADDRINUSE, 1},
		{"in use", 0, syscall.EADDRINUSE, 0, 0, syscall.EADDRINUSE, 0},
		{"stopped", time.Hour, nil, 1200 * time.Millisecond, 1200 * time.Millisecond, context.Canceled, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.stop > 0 {
					time.AfterFunc(c.stop, cancel)
				}
				begun := time.Now()
				var log strings.Builder
				n, err := listen(ctx, zerolog.New(&log), "p1", func() (Node, error) {
					switch {
					case time.Since(begun) < c.resolves:
						return nil, errNoName
					case c.then != nil:
						return nil, c.then
					}
					return someNode{}, nil
				})
				if took := time.Since(begun); took != c.took || !errors.Is(err, c.want) || (n != nil) != (c.want == nil) {
					t.Errorf("got %v, error %v, after %v; want error %v after %v", n, err, took, c.want, c.took)
				}
				if lines := strings.Count(log.String(), "\n"); lines != c.lines {
					t.Errorf("got %d lines in the log, want %d: %s", lines, c.lines, log.String())
				}
			})
		})
	}
}
