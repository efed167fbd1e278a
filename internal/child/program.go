package child

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// Program is the program of kind "exec": one child in any language. Its messages on
// channels are the lines of the child as they were printed, without their ends.
//
// Everything in it belongs to the node's loop, which hears of the child by Do. Close
// may be called once the loop has ended.
type Program struct {
	settings settings
	spec     Spec
	id       snapshot.ProcessID
	all      []snapshot.ProcessID // the processes of the cluster, sorted
	init     initBody
	topology []byte // the body of that message; nil: none is sent
	restored []byte // the state to begin with; nil: none

	process  program.Process
	channels []snapshot.ProcessID // outgoing, sorted
	log      zerolog.Logger
	dropped  zerolog.Logger // for what is dropped: a few lines a second
	drops    int            // so far
	starting sync.WaitGroup
	started  *Proc // set before starting is done

	child   *Proc // nil until it has started
	ready   bool  // it has answered init, and restore
	over    bool  // the node is about to end: what comes counts for nothing
	waits   bool  // a line waits to be written to it
	held    bool  // by process.Hold
	number  int   // the last msg_id of the node's own
	asked   map[string]func(maelstrom.Line)
	timer   *time.Timer // of init and restore
	kept    [][]byte    // lines printed before init_ok
	keptLen int         // bytes in kept
	lines   int         // printed so far
	partial string      // says that the output ended within a line

	requests requests
	owed     []*Batch // handled, and not returned yet
	granting bool     // a timer is to return them
	capture  *capture
	watching sync.WaitGroup // of captures, for the child to sleep
	errors   [][]byte       // lines to be written after the capture
	errorLen int            // bytes in errors
}

// own is the source of what the node itself asks: no client has this id.
const own snapshot.ProcessID = "c0"

var _ program.Program = (*Program)(nil)

// New makes the program of one process of a cluster. Nothing is started. The error
// lists all faults of the settings.
func New(cluster *config.Cluster, p config.Process) (*Program, error) {
	s, err := readSettings(p.Program)
	if err != nil {
		return nil, err
	}
	x := &Program{settings: s, id: p.ID, all: cluster.IDs(), asked: map[string]func(maelstrom.Line){}}
	x.init = initBody{Type: "init", NodeID: p.ID}
	neighbours := map[snapshot.ProcessID][]snapshot.ProcessID{}
	for _, other := range cluster.Processes {
		if other.Program.Kind == config.KindExec {
			x.init.NodeIDs = append(x.init.NodeIDs, other.ID)
		}
	}
	for _, other := range cluster.Processes {
		if other.Program.Kind == config.KindExec {
			neighbours[other.ID] = slices.DeleteFunc(slices.Clone(other.Channels), func(id snapshot.ProcessID) bool {
				return id == other.ID || !slices.Contains(x.init.NodeIDs, id)
			})
		}
	}
	if cluster.ChannelsNamed && s.Topology {
		x.topology = mustJSON(topologyBody{"topology", neighbours})
	}
	x.spec = Spec{
		Command: s.Command, Dir: cluster.Dir(), Env: s.Env, LineMax: wire.MessageMax, Pace: s.Pace,
		Output:  func(b *Batch) { x.process.Do(func() { x.output(b) }) },
		Errors:  func(line string) { x.log.Info().Str("child", "stderr").Msg(line) },
		Written: func() { x.process.Do(x.written) },
		Ended:   func(e End) { x.process.Do(func() { x.ended(e) }) },
	}
	return x, nil
}

// Start starts the child. Until it is ready the process receives nothing.
func (x *Program) Start(p program.Process) {
	x.process = p
	x.channels = p.Channels()
	x.log = *p.Log()
	x.dropped = x.log.Sample(&zerolog.BurstSampler{Burst: 10, Period: time.Second})
	x.hold()
	x.starting.Go(func() {
		started, err := Start(x.spec)
		x.started = started
		p.Do(func() {
			if err != nil {
				x.fail(err)
				return
			}
			x.child = started
			x.begin()
		})
	})
}

// Close ends the child. The loop must have ended.
func (x *Program) Close() error {
	x.starting.Wait()
	if x.started != nil {
		x.started.Close()
	}
	if x.timer != nil {
		x.timer.Stop()
	}
	if x.capture != nil {
		x.capture.stop()
	}
	x.watching.Wait()
	return nil
}

// Receive writes a message to the child, or a client's request.
func (x *Program) Receive(from snapshot.ProcessID, payload []byte) {
	if x.over {
		return
	}
	if from.IsClient() {
		x.request(from, payload)
		return
	}
	l, err := maelstrom.Parse(payload)
	switch {
	case err != nil:
		x.drop(payload, fmt.Errorf("a message of %s: %w", from, err))
	case l.Dest.IsClient():
		x.toClient(payload, l)
	default:
		if l.MsgID != nil {
			x.requests.add(l.Src, l.MsgID)
		} else {
			x.requests.mute = true
		}
		x.deliver(from, payload)
	}
}

// request gives the child a client's request.
func (x *Program) request(client snapshot.ProcessID, body []byte) {
	l, err := maelstrom.ParseBody(body)
	if err != nil {
		x.process.Send(client, maelstrom.ErrorBody(maelstrom.CodeMalformedRequest, "the request is no JSON object"))
		return
	}
	if l.Member("msg_id") == nil {
		l, _ = maelstrom.ParseBody(maelstrom.AddMember(l.Body, "msg_id", []byte("1")))
	}
	x.requests.add(client, l.MsgID)
	x.deliver(client, maelstrom.AppendLine(nil, client, x.id, l.Body))
}

// deliver writes a line of somebody else to the child.
func (x *Program) deliver(from snapshot.ProcessID, line []byte) {
	if limit := int(x.settings.LineLimit); len(line) > limit {
		x.fail(fmt.Errorf("a line of %d bytes came from %s, more than %d (line_limit)", len(line), from, limit))
		return
	}
	x.write(oneLine(line))
}

// oneLine is JSON without line ends, which can stand between its tokens only.
func oneLine(text []byte) []byte {
	if !slices.Contains(text, '\n') {
		return text
	}
	text = slices.Clone(text)
	for i, c := range text {
		if c == '\n' {
			text[i] = ' '
		}
	}
	return text
}

// write writes a line to the child; what does not fit holds the process.
func (x *Program) write(line []byte) {
	if !x.child.Write(line) {
		x.waits = true
		x.hold()
		x.grant() // a child that does not read may wait for its output to be read
	}
}

// written is called when what waited has been written.
func (x *Program) written() {
	if x.child == nil || x.child.Pending() > 0 { // there will be another call
		return
	}
	x.waits = false
	x.hold()
	x.advance()
}

// hold keeps messages in the inbox while the child cannot take them.
func (x *Program) hold() {
	switch want := x.waits || !x.ready; {
	case want && !x.held:
		x.process.Hold()
	case !want && x.held:
		x.process.Release()
	}
	x.held = x.waits || !x.ready
}

// Restore keeps a state that a child has returned. Whether the new child accepts it is
// known only after Start.
func (x *Program) Restore(state []byte, done func(error)) { done(x.restore(state)) }

func (x *Program) restore(state []byte) error {
	if x.settings.State != stateSnapshot {
		return fmt.Errorf("a child takes no state back without state = %q, this one has %q", stateSnapshot, x.settings.State)
	}
	if _, err := maelstrom.ParseBody(fmt.Appendf(nil, `{"state":%s}`, state)); err != nil {
		return errors.New("state of a child: it is no JSON")
	}
	x.restored = slices.Clone(state)
	return nil
}

// fail ends the node.
func (x *Program) fail(err error) {
	if !x.over {
		x.over = true
		x.process.Stop(err)
	}
}

// ended is called when the child has ended, after its last line.
func (x *Program) ended(e End) {
	err := e.Err()
	if x.partial != "" {
		err = fmt.Errorf("%w; %s", err, x.partial)
	}
	x.fail(err)
}
