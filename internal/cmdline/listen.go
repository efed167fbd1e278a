package cmdline

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/rs/zerolog"
)

const (
	// resolveTimeout is how long a node waits until the name in its own address resolves.
	// An orchestrator may start a node before it has entered the name.
	resolveTimeout = 15 * time.Second
	resolveEvery   = 500 * time.Millisecond
)

// listen makes a node. While the name in its address does not resolve, listen tries again
// until resolveTimeout has passed or ctx is done. Other errors it returns at once: waiting
// does not mend them.
func listen(ctx context.Context, log zerolog.Logger, id string, node func() (Node, error)) (Node, error) {
	late := time.After(resolveTimeout)
	tick := time.NewTicker(resolveEvery)
	defer tick.Stop()
	for waits := false; ; waits = true {
		n, err := node()
		if err == nil {
			return n, nil
		}
		if !Unresolved(err) {
			return nil, err
		}
		if !waits {
			log.Warn().Err(err).Str("process", id).Stringer("for", resolveTimeout).Msg("the name in the address does not resolve yet, trying again")
		}
		select {
		case <-tick.C:
		case <-late:
			return nil, err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Unresolved reports whether a name did not resolve.
func Unresolved(err error) bool {
	var resolve *net.DNSError
	return errors.As(err, &resolve)
}
