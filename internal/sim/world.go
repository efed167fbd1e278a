package sim

import (
	"container/heap"
	"fmt"
	"hash"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"chandy/internal/agreement"
	"chandy/internal/config"
	"chandy/internal/store"
	"chandy/internal/store/storetest"
	"chandy/snapshot"
)

// world is a cluster, its network and its clock.
type world struct {
	cluster *config.Cluster
	random  *rand.Rand
	now     time.Duration
	queue   eventHeap
	order   uint64
	nodes   map[snapshot.ProcessID]*node
	store   *storetest.Memory // where the nodes save snapshots
	options agreement.Options
	lines   *lines // nil: messages have no numbers

	// ambush counts the steps of restores until a node crashes in one. 0 means none.
	ambush int
	// decisive lets only those steps count that store a decision.
	decisive bool
	crashes  []string // where nodes have crashed in restores
	restarts int
	stops    int // planned ones
	// savedToStop has the snapshots that nodes have saved in order to stop.
	savedToStop []snapshot.ID
	// heldToStop has the last of them of an epoch, while calm is set: the store has had no fault,
	// so that every process can see what is saved, and no client has resumed a process.
	heldToStop map[uint64]snapshot.ID
	calm       bool
	// slow bounds the additional time that work on the store takes. 0 means none.
	slow time.Duration
	// failOdds says that one operation on the store of so many fails. 0 means none.
	failOdds int
	away     time.Duration // until then every operation on the store fails
	err      error         // the first check that has failed in the middle of the run

	partitions []partition

	// latencyMax bounds the time that a frame is in transit.
	latencyMax time.Duration
	// longOdds says that one message of so many is long. 0 means none.
	longOdds int
	// captureMax bounds the time that a program takes to return its state. 0 means none.
	captureMax time.Duration
	steps      int
	trace      hash.Hash64 // hash of all lines of tell
	story      func(string)
}

// event is a function that runs at a time. Events of the same time run in the order in
// which they were planned.
type event struct {
	at    time.Duration
	order uint64
	f     func()
}

func newWorld(seed uint64, cluster *config.Cluster, story func(string)) *world {
	return &world{
		cluster: cluster, random: rand.New(rand.NewPCG(seed, 1)), nodes: map[snapshot.ProcessID]*node{}, heldToStop: map[uint64]snapshot.ID{}, store: &storetest.Memory{},
		trace: fnv.New64a(), story: story,
	}
}

// at plans f for a time.
func (w *world) at(t time.Duration, f func()) {
	w.order++
	heap.Push(&w.queue, event{t, w.order, f})
}

func (w *world) after(d time.Duration, f func()) { w.at(w.now+d, f) }

// fail notes that a check has failed. The run ends.
func (w *world) fail(format string, a ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, a...)
		w.tell("%v", w.err)
	}
}

// reader returns the store as nobody else sees it: to read it makes nothing durable.
func (w *world) reader() *store.Store { return store.New(w.store.Clone().Open(nil), w.cluster.Name) }

// latency returns a random transit time.
func (w *world) latency() time.Duration {
	return time.Duration(w.random.Int64N(int64(w.latencyMax))) + time.Microsecond
}

// run runs the events until a time, and sets the clock to it.
func (w *world) run(until time.Duration) {
	for len(w.queue) > 0 && w.queue[0].at <= until && w.err == nil {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		w.steps++
		e.f()
	}
	w.now = until
}

// tell adds a line to the trace, and calls story with it.
func (w *world) tell(format string, a ...any) {
	line := fmt.Sprintf("%12d ", w.now.Nanoseconds()) + fmt.Sprintf(format, a...)
	w.trace.Write([]byte(line))
	if w.story != nil {
		w.story(line)
	}
}

// wall returns the time of a wall clock. No result may depend on it.
func (w *world) wall() time.Time { return time.Unix(1_700_000_000, 0).Add(w.now) }

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = event{}
	*h = old[:len(old)-1]
	return last
}
