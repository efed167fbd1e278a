package netnode

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"time"

	"chandy/internal/config"
	"chandy/internal/core"
	"chandy/internal/printable"
	"chandy/snapshot"
	"chandy/wire"
)

// Client is a control connection to one node. It makes one request at a time and is not
// safe for concurrent use.
//
// The methods return the cause of ctx if ctx is done first. A [*wire.ErrorReply] means that
// the node refused the request; the Client can still be used. After any other error it
// must be closed.
type Client struct {
	tcp    net.Conn // under the socket; its deadlines hold for both
	socket *answers
	reader *wire.Reader
	number uint64
	role   wire.ClientRole // of its certificate; [wire.ClientAdmin] without TLS
}

// DialClient connects to the node of a process, at the address of the process in the
// cluster. It waits until the node accepts the client or ctx is done. While the node is
// busy, it tries again; it does not retry after any other error. A nil network is not
// allowed; use [TCP], or the Network of the nodes. The error wraps a [*Refused] if the node
// refused, also if ctx was done before a busy node had room. The caller must close the
// Client.
func DialClient(ctx context.Context, cluster *Cluster, id snapshot.ProcessID, network Network) (*Client, error) {
	p, ok := cluster.Process(id)
	if !ok {
		return nil, fmt.Errorf("no process %q in cluster %q", id, cluster.Name)
	}
	secured, err := clientSecurity(cluster)
	if err != nil {
		return nil, err
	}
	var busy *Refused
	for wait := busyWaitMin; ; wait = min(2*wait, busyWaitMax) {
		c, err := dialOnce(ctx, cluster, p, network, secured)
		var refused *Refused
		switch {
		case errors.As(err, &refused) && refused.Code == wire.Busy:
			busy = refused
		case err != nil && busy != nil && (ctx.Err() != nil || os.IsTimeout(err)): // the network may notice first
			return nil, busy
		default:
			return c, err
		}
		select {
		case <-time.After(wait/2 + rand.N(wait/2)):
		case <-ctx.Done():
			return nil, busy
		}
	}
}

// A client waits a random time between two attempts to reach a busy node: between half of
// busyWaitMin and all of it the first time, and twice as long each further time.
const (
	busyWaitMin = 10 * time.Millisecond
	busyWaitMax = 500 * time.Millisecond
)

func dialOnce(ctx context.Context, cluster *Cluster, p config.Process, network Network, secured *security) (*Client, error) {
	connection, err := network.Dial(ctx, p.Address)
	if err != nil {
		return nil, err
	}
	beOfClient(connection)
	socket := &answers{Conn: connection}
	c := &Client{tcp: connection, socket: socket, reader: wire.NewReader(socket, wire.AnswerMax), role: wire.ClientAdmin}
	defer c.bind(ctx)()
	if err := c.secure(secured, p.ID); err != nil {
		socket.Close()
		return nil, c.because(ctx, err)
	}
	if err := c.sendHello(cluster, p.ID); err != nil {
		socket.Close()
		return nil, c.because(ctx, err)
	}
	c.reader.SetLimit(wire.FrameMax)
	return c, nil
}

// secure makes the TLS handshake, if there is TLS.
func (c *Client) secure(s *security, to snapshot.ProcessID) error {
	if s == nil {
		return nil
	}
	secured, err := s.dial(c.tcp, to)
	switch {
	case err == errHungUp:
		return &Refused{wire.Busy, err.Error()}
	case err != nil:
		return cmp.Or[error](untrusted(err), err)
	}
	c.socket.Conn, c.role = secured, s.source.Material().Role
	return nil
}

// untrusted returns the refusal of a client if one side does not trust the other, or nil.
func untrusted(err error) error {
	var u *core.Untrusted
	if errors.As(explainAlert(err), &u) {
		return &Refused{wire.IdentityMismatch, u.Error()}
	}
	return nil
}

// Refused is the error of a client whose connection the node refused.
type Refused struct {
	Code string // for programs: one of the codes of [wire.Refuse], or a later one
	Text string // for people
}

// Error returns the text, on one line and printable.
func (e *Refused) Error() string { return printable.Text(e.Text) }

// sendHello says hello and waits for the welcome.
func (c *Client) sendHello(cluster *Cluster, id snapshot.ProcessID) error {
	hello := wire.Hello{
		Role: wire.RoleControl, VersionMin: wire.Version, VersionMax: wire.Version,
		Cluster: cluster.Name, ConfigHash: cluster.Hash(), To: id,
	}
	// A busy node refuses before it has read the hello. It has closed the connection then,
	// so the write may fail, but the refusal can be read.
	_, unsent := c.socket.Write(wire.Append(nil, hello))
	f, err := c.reader.Read()
	switch {
	case untrusted(err) != nil:
		return untrusted(err)
	case cluster.TLS.On() && hungUp(err):
		return &Refused{wire.Busy, errHungUp.Error()}
	case err != nil && unsent != nil:
		return fmt.Errorf("say hello to %s: %w", id, unsent)
	case err != nil:
		return fmt.Errorf("read the answer of %s: %w", id, err)
	}
	switch f := f.(type) {
	case wire.Welcome:
		if f.Version != wire.Version || f.Incarnation == "" {
			return fmt.Errorf("%s answered a hello with a bad welcome: version %d, incarnation %q", id, f.Version, f.Incarnation)
		}
		return nil
	case wire.Refuse:
		if f.Code == wire.ConfigurationDiffers {
			f.Text += cluster.Compare(f.Text)
		}
		return &Refused{f.Code, f.Text}
	}
	return fmt.Errorf("%s answered a hello with %s", id, f.Type())
}

// Initiate takes a snapshot and writes it to out as JSON (chandy/snapshot.v1), indented
// unless compact is set. The process of the node is the assembler and the first initiator;
// at lists the other initiators and may be empty.
//
// The snapshot ends as partial when timeout has passed, which is rounded down to
// milliseconds and is at least one. The EndReply says whether it is complete. A
// [*wire.ErrorReply] means that no snapshot was started and nothing was written. If
// progress is non-nil, Initiate calls it whenever the node reports how far the snapshot is,
// and fails with ErrSilent when nothing at all comes for 5 s.
//
// The node holds the snapshot until the Client has read it, and gives up a Client that reads
// nothing for a minute. Initiate reads no faster than out takes.
//
// The snapshot belongs to the Client. If Initiate returns early, because ctx is done or
// out fails, the snapshot goes on until Close, which cancels it at all processes.
func (c *Client) Initiate(ctx context.Context, at []snapshot.ProcessID, timeout time.Duration, compact bool, out io.Writer, progress func(wire.ProgressReply)) (wire.EndReply, error) {
	return c.InitiateWith(ctx, wire.InitiateRequest{At: at, TimeoutMS: max(1, timeout.Milliseconds()), Compact: compact}, out, progress)
}

// InitiateWith is Initiate with all that a request can ask for. It sets request.Progress
// itself.
func (c *Client) InitiateWith(ctx context.Context, request wire.InitiateRequest, out io.Writer, progress func(wire.ProgressReply)) (wire.EndReply, error) {
	request.Progress = progress != nil
	var end wire.EndReply
	var said func(body []byte)
	if progress != nil {
		said = func(body []byte) {
			var p wire.ProgressReply
			if json.Unmarshal(body, &p) == nil {
				progress(p)
			}
		}
	}
	text, err := c.do(ctx, request, out, said)
	if err == nil {
		err = json.Unmarshal(text, &end)
	}
	return end, err
}

// Status returns the status of the node and of its channels.
func (c *Client) Status(ctx context.Context) (wire.ProcessStatus, error) { return c.status(ctx, false) }

// AwaitUp waits until the program of the node is ready and all channels are up, or ctx is
// done.
func (c *Client) AwaitUp(ctx context.Context) error {
	_, err := c.status(ctx, true)
	return err
}

func (c *Client) status(ctx context.Context, wait bool) (wire.ProcessStatus, error) {
	var text bytes.Buffer
	var status wire.ProcessStatus
	_, err := c.do(ctx, wire.StatusRequest{Wait: wait}, &text, nil)
	if err == nil {
		err = json.Unmarshal(text.Bytes(), &status)
	}
	return status, err
}

// Call hands a request, which is JSON, to the program of the node and returns its reply,
// of at most wire.MessageMax bytes. It waits until the program replies or ctx is done. A
// refusal by the program itself is a reply.
func (c *Client) Call(ctx context.Context, request json.RawMessage) ([]byte, error) {
	var reply bytes.Buffer
	_, err := c.do(ctx, wire.CallRequest{Request: request}, &reply, nil)
	return reply.Bytes(), err
}

// do sends a request and handles the replies to it. It writes data to out and returns the
// body of the end reply. If progress is non-nil, do calls it with the progress that
// comes. It fails with ErrSilent when nothing comes of the progress of an InitiateRequest.
func (c *Client) do(ctx context.Context, request wire.Control, out io.Writer, progress func([]byte)) ([]byte, error) {
	defer c.bind(ctx)()
	initiate, _ := request.(wire.InitiateRequest)
	c.socket.begin(ctx, initiate.Progress) // no other request owes progress at a steady pace
	c.number++
	body, err := wire.EncodeControl(request)
	if err != nil {
		return nil, err
	}
	frame := wire.Append(nil, wire.Request{Number: c.number, Body: body})
	if fault := c.role.Forbids(request); fault != "" && len(frame)-wire.HeaderSize > c.role.RequestMax() {
		// The node would not read it, and could not say why.
		return nil, &wire.ErrorReply{Code: wire.CodeForbidden, Text: fault}
	}
	if _, err := c.socket.Write(frame); err != nil {
		return nil, c.because(ctx, err)
	}
	for {
		f, err := c.reader.Read()
		if err != nil {
			return nil, c.because(ctx, err)
		}
		reply, ok := f.(wire.Reply)
		if refuse, is := f.(wire.Refuse); is {
			return nil, &Refused{refuse.Code, refuse.Text}
		}
		if !ok || reply.Number != c.number {
			return nil, fmt.Errorf("%s is no reply to request %d", f, c.number)
		}
		switch reply.Kind {
		case wire.KindProgress:
			if progress != nil {
				progress(reply.Body)
			}
		case wire.KindData:
			c.socket.begun = true
			if _, err := out.Write(reply.Body); err != nil {
				return nil, err
			}
		case wire.KindEnd:
			return reply.Body, nil
		case wire.KindError:
			var e wire.ErrorReply
			if err := json.Unmarshal(reply.Body, &e); err != nil {
				return nil, fmt.Errorf("read error reply: %w", err)
			}
			return nil, &e
		}
	}
}

// bind makes reads and writes fail once ctx is done, until unbind is called.
func (c *Client) bind(ctx context.Context) (unbind func() bool) {
	c.tcp.SetDeadline(time.Time{})
	return context.AfterFunc(ctx, func() { c.tcp.SetDeadline(time.Unix(1, 0)) })
}

// because returns the cause of ctx if ctx is done, because err is then its consequence.
func (c *Client) because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err = c.socket.explain(err); err == io.EOF {
		return errClosed
	}
	return err
}

var errClosed = errors.New("the peer closed the connection")

// Close closes the connection.
func (c *Client) Close() error { return c.socket.Close() }
