package child

import (
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/internal/maelstrom"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// Program is the program of kind "exec": one child in any language. A message on a
// channel is a line as the child printed it, without its line end.
//
// All fields belong to the node's loop, except as noted. Before Start they are guarded by
// the lock of gate. Close must be called after the loop has ended, unless the program was
// not started.
type Program struct {
	settings  settings
	spec      Spec
	id        snapshot.ProcessID
	all       []snapshot.ProcessID // the processes of the cluster, sorted
	init      initBody
	topology  []byte // body of the topology message; nil if none is sent
	restoring restoring

	gate     gate                 // orders the events of the child
	process  program.Process      // nil before Start
	channels []snapshot.ProcessID // outgoing, sorted
	log      zerolog.Logger
	dropped  zerolog.Logger // logs dropped lines, 10 a second at most
	drops    int            // lines dropped so far

	starting  sync.WaitGroup // the goroutine that starts the child
	started   *Proc          // set by that goroutine
	child     *Proc          // the same, nil until the loop knows of it
	ready     bool           // the child has answered init, and restore if it was sent
	preparing string         // what it must answer before: init, restore or topology
	arranging bool           // the child has been sent topology and is to answer it
	over      bool           // the node is about to stop; all events are ignored

	calls uint64 // of Receive
	waits bool   // a line to the child is not yet in the pipe
	held  bool   // process.Hold is in effect

	number int                             // last msg_id of a request of the node
	asked  map[string]func(maelstrom.Line) // called with the reply, by msg_id
	timer  *time.Timer                     // time limit of init or restore

	early early // messages before the child is ready

	lines       int      // lines printed so far
	partial     string   // says that the output ended within a line, or empty
	mismatch    string   // says how a reply differed from the reply that the node waits for, or empty
	batches     []*Batch // handled and not yet returned
	returnTimer bool     // a timer is set that returns them

	sent      sent
	toldAsked bool           // the log says that Asked lists only some requests
	unasked   zerolog.Logger // logs dropped replies, once a minute at most
	unknowns  int            // replies dropped so far

	requests   requests
	capture    *capture       // nil if no capture is in progress
	sockets    []string       // inodes of the child's sockets, as last seen
	warned     bool           // the log says that the child has connections of its own
	watching   sync.WaitGroup // goroutines that watch whether the child is idle
	refusals   [][]byte       // error replies to the child, written after the capture
	refusalLen int            // bytes in refusals
}

// own is the sender of the node's own requests. No client has this id.
const own snapshot.ProcessID = "c0"

var (
	_ program.TimedCapturer = (*Program)(nil)
	_ program.Preparer      = (*Program)(nil)
	_ program.Restorer      = (*Program)(nil)
	_ program.Pauser        = (*Program)(nil)
	_ program.OriginTaker   = (*Program)(nil)
	_ program.Asker         = (*Program)(nil)
	_ program.AskedTaker    = (*Program)(nil)
	_ program.Unfinisher    = (*Program)(nil)
)

// New makes the program of process p of the cluster, without starting it. An error lists
// all faults of the program's settings.
func New(cluster *config.Cluster, p config.Process) (*Program, error) {
	s, err := readSettings(p.Program)
	if err != nil {
		return nil, err
	}
	ids := childIDs(cluster)
	topology, err := topologyOf(cluster, ids, s.Topology)
	if err != nil {
		return nil, err
	}
	x := &Program{
		settings: s, id: p.ID, all: cluster.IDs(), asked: map[string]func(maelstrom.Line){},
		preparing: "init", early: early{open: map[string]snapshot.ProcessID{}}, topology: topology,
		init: initBody{Type: "init", NodeID: p.ID, NodeIDs: ids},
	}
	x.spec = Spec{
		Command: s.Command, Dir: cluster.Dir(), Env: s.Env, LineMax: wire.MessageMax, Pace: s.Pace,
		Output:  func(b *Batch) { x.gate.do(func() { x.output(b) }) },
		Errors:  x.stderr,
		Written: func() { x.gate.do(x.written) },
		Ended:   func(e End) { x.gate.do(func() { x.ended(e) }) },
	}
	return x, nil
}

// Start starts the child on another goroutine, or lets it go on after Restore. The process is
// held until the child is ready.
func (x *Program) Start(p program.Process) {
	x.process = p
	x.channels = p.Channels()
	x.log = *p.Log()
	x.dropped = x.log.Sample(&zerolog.BurstSampler{Burst: 10, Period: time.Second})
	x.unasked = x.log.Sample(&zerolog.BurstSampler{Burst: 1, Period: time.Minute})
	x.hold()
	if x.init.Restoring {
		x.resume()
	}
	x.gate.open(p)
	if !x.init.Restoring {
		x.starting.Go(x.startChild)
	}
}

// startChild starts the child, on a goroutine of its own.
func (x *Program) startChild() {
	var started *Proc
	err := x.writeState()
	if err == nil {
		started, err = Start(x.spec)
		x.started = started
	}
	x.gate.do(func() {
		if err != nil {
			x.fail(err)
			return
		}
		x.child = started
		x.begin()
	})
}

// stderr logs a line that the child has printed on stderr.
func (x *Program) stderr(line string) {
	if !x.gate.keepLine(line) {
		x.logStderr(line)
	}
}

func (x *Program) logStderr(line string) { x.log.Info().Str("child", "stderr").Msg(line) }

// Pause stops the child.
func (x *Program) Pause() {
	if x.child != nil {
		x.child.Pause()
	}
}

// Resume lets the child run again.
func (x *Program) Resume() {
	if x.child != nil {
		x.child.Resume()
	}
}

// Close ends the child.
func (x *Program) Close() error {
	if x.process == nil {
		x.closeHeld()
		return nil
	}
	x.starting.Wait()
	if x.started != nil {
		x.started.Close()
		if held, pids := x.started.Held(); held {
			x.log.Warn().Ints("pids", pids).Msg("a process that the child has started runs on outside its process group and holds its output: the node does not wait for it")
		}
	}
	if x.timer != nil {
		x.timer.Stop()
	}
	if x.capture != nil {
		x.capture.stop()
		if x.capture.limit != nil {
			x.capture.limit.Stop()
		}
	}
	x.watching.Wait()
	x.removeState()
	return nil
}

// fail stops the node. Before Start it ends the restore.
func (x *Program) fail(err error) {
	switch {
	case x.over:
		return
	case x.process == nil:
		x.refused(err)
	default:
		x.process.Stop(err)
	}
	x.over = true
}

// ended is called when the child has ended, after its last line.
func (x *Program) ended(e End) {
	if x.startsAgain(e) {
		return
	}
	err := e.Err()
	if x.partial != "" {
		err = fmt.Errorf("%w; %s", err, x.partial)
	}
	x.fail(err)
}
