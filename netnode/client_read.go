package netnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	// silenceMax is how long a node may send nothing while it owes a client progress.
	silenceMax = 10 * time.Second
	// lastLook is the last part of silenceMax. It begins with a look at what has come.
	lastLook = time.Second
)

// ErrSilent is the error of a client whose node sent no byte for so long that it must have
// ended or hang.
var ErrSilent = fmt.Errorf("the node sent nothing for %v", silenceMax)

// answers reads from the socket of a client.
type answers struct {
	net.Conn
	ctx     context.Context // of the request
	watched bool            // silence of the node is an error
	begun   bool            // data of the reply has come
	last    time.Time       // when the last read ended
	pause   time.Duration   // longest time without a read since the request
}

// begin must be called before each request.
func (a *answers) begin(ctx context.Context, watched bool) {
	a.ctx, a.watched, a.begun, a.last, a.pause = ctx, watched, false, time.Now(), 0
}

// Read counts bytes as life, not frames: a large frame can take long on a slow network.
//
// A process that was stopped wakes with its deadline over and, if the node lives, with data
// in the socket. A read with a new deadline returns the data at once. So Read gives the
// node up only after a second look, and begins anew if it has slept through a deadline.
func (a *answers) Read(b []byte) (int, error) {
	a.pause = max(a.pause, time.Since(a.last))
	defer func() { a.last = time.Now() }()
	if !a.watched {
		return a.Conn.Read(b)
	}
	for _, limit := range []time.Duration{silenceMax - lastLook, lastLook} {
		for slept := true; slept; {
			begun := time.Now()
			a.SetReadDeadline(begun.Add(limit))
			if a.ctx.Err() != nil { // the deadline of bind, which comes afterwards otherwise
				return 0, os.ErrDeadlineExceeded
			}
			n, err := a.Conn.Read(b)
			if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || a.ctx.Err() != nil {
				a.noteSleep(time.Since(begun) - limit)
				return n, err
			}
			slept = a.noteSleep(time.Since(begun) - limit)
		}
	}
	return 0, ErrSilent
}

// noteSleep notes that a read with a deadline has ended late after it. It reports whether
// the process must have been stopped.
func (a *answers) noteSleep(late time.Duration) bool {
	if late < lastLook {
		return false
	}
	a.pause = max(a.pause, late)
	return true
}

// explain says more about an error while a reply comes.
func (a *answers) explain(err error) error {
	ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
	switch {
	case !ended || !a.begun:
		return err
	case a.pause >= clientPatience-lastLook:
		return fmt.Errorf("the node gave this client up, which read nothing for %v (a node waits %v)", a.pause.Round(time.Second), clientPatience)
	}
	return errors.New("the connection ended in the middle of the reply: the node has ended, or lost the connection")
}
