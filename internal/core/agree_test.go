package core

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/agreement"
	"chandy/internal/config"
	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/internal/store/storetest"
	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// counter counts the requests of clients. Its state is the count.
type counter struct {
	process program.Process
	n       int
	closed  *int
}

func (p *counter) Start(process program.Process) { p.process = process }

func (p *counter) Receive(from snapshot.ProcessID, _ []byte) {
	p.n++
	p.process.Send(from, []byte(strconv.Itoa(p.n)))
}

func (p *counter) Capture(done func(program.State)) {
	done(program.State{Bytes: []byte(strconv.Itoa(p.n))})
}

func (p *counter) Restore(state []byte, done func(error)) {
	n, err := strconv.Atoi(string(state))
	p.n = n
	done(err)
}

func (p *counter) Close() error { *p.closed++; return nil }

// restorable is a cluster of cores that share a store. The test is their host.
type restorable struct {
	t       *testing.T
	now     time.Duration
	config  *config.Cluster
	memory  *storetest.Memory
	cores   map[snapshot.ProcessID]*Core
	down    map[snapshot.ProcessID]bool
	events  map[snapshot.ProcessID][]Event
	there   map[side]side
	last    ConnID // of the accepted connections
	lives   int
	replies []wire.Reply
	closed  int // programs
	program func() program.Program
	hook    func(snapshot.ProcessID, Effect) bool // if non-nil, may carry out an effect in place of carryOut
	faults  func(storetest.Operation) *storetest.Fault
	log     zerolog.Logger
}

// side is one side of a connection.
type side struct {
	at   snapshot.ProcessID
	conn ConnID
}

func newRestorable(t *testing.T, n int, options agreement.Options) *restorable {
	h := emptyRestorable(t, n)
	h.program = func() program.Program { return &counter{closed: &h.closed} }
	for _, id := range h.config.IDs() {
		h.start(id, options)
	}
	h.run(10 * time.Second)
	return h
}

// emptyRestorable returns a cluster of which no node has started.
func emptyRestorable(t *testing.T, n int) *restorable {
	return &restorable{
		t: t, config: mesh(t, n, config.Definition{}), memory: &storetest.Memory{},
		cores: map[snapshot.ProcessID]*Core{}, down: map[snapshot.ProcessID]bool{},
		events: map[snapshot.ProcessID][]Event{}, there: map[side]side{},
	}
}

func (h *restorable) start(id snapshot.ProcessID, options agreement.Options) {
	h.startWith(id, &Agreement{Options: options}, func() (program.Program, error) { return h.program(), nil })
}

func (h *restorable) startWith(id snapshot.ProcessID, a *Agreement, newProgram func() (program.Program, error)) {
	h.lives++
	h.cores[id] = New(Options{
		Cluster: h.config, ID: id, Incarnation: snapshot.Incarnation(fmt.Sprint(id, ".", h.lives)), Log: h.log,
		Rand: rand.New(rand.NewPCG(1, 1)), Wall: func() time.Time { return time.Unix(0, 0).Add(h.now).UTC() },
		Do:         func(f func()) { h.happened(id, Called{f}) },
		Store:      store.New(h.memory.Open(h.faults), "t"),
		NewProgram: newProgram,
		Agreement:  a,
	})
	h.down[id], h.events[id] = false, []Event{Called{func() {}}}
}

// crash ends a node at once.
func (h *restorable) crash(id snapshot.ProcessID) {
	h.down[id] = true
	for _, one := range slices.SortedFunc(maps.Keys(h.there), func(a, b side) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.conn, b.conn)) }) {
		if one.at == id {
			h.happened(h.there[one].at, Closed{Conn: h.there[one].conn})
		}
	}
}

func (h *restorable) happened(at snapshot.ProcessID, e Event) {
	if !h.down[at] {
		h.events[at] = append(h.events[at], e)
	}
}

// run lets time pass, and makes the steps that are due.
func (h *restorable) run(d time.Duration) {
	for until := h.now + d; ; {
		for slices.ContainsFunc(h.config.IDs(), h.step) {
		}
		next := h.next(until)
		if next == h.now {
			return
		}
		h.now = next
	}
}

// next returns the time of the next step that is due, at most until.
func (h *restorable) next(until time.Duration) time.Duration {
	for id, c := range h.cores {
		if at, ok := c.Next(); ok && !h.down[id] {
			until = min(until, at)
		}
	}
	return until
}

func (h *restorable) step(at snapshot.ProcessID) bool {
	c, events := h.cores[at], h.events[at]
	if due, ok := c.Next(); h.down[at] || len(events) == 0 && !c.More() && !(ok && due <= h.now) {
		return false
	}
	h.events[at] = nil
	for _, e := range c.Step(h.now, events) {
		h.carryOut(at, e)
	}
	return true
}

func (h *restorable) carryOut(at snapshot.ProcessID, e Effect) {
	if h.hook != nil && h.hook(at, e) {
		return
	}
	switch e := e.(type) {
	case Dial:
		if h.down[e.To] {
			h.happened(at, Dialled{Conn: e.Conn, Err: errClosed})
			return
		}
		h.last--
		here, there := side{at, e.Conn}, side{e.To, h.last}
		h.there[here], h.there[there] = there, here
		h.happened(at, Dialled{Conn: e.Conn})
	case Write:
		for _, f := range e.Frames {
			h.wrote(at, e.Conn, f)
		}
	case Close:
		if other, ok := h.there[side{at, e.Conn}]; ok {
			h.happened(other.at, Closed{Conn: other.conn})
		}
	case Background:
		result := e.Work()
		h.happened(at, Called{func() { e.Then(result) }})
	case Stream:
		h.happened(at, Called{func() { e.Then(nil) }})
	case Exit:
		h.t.Errorf("%s exits: %v", at, e.Err)
	}
}

func (h *restorable) wrote(at snapshot.ProcessID, conn ConnID, f wire.Frame) {
	other, ok := h.there[side{at, conn}]
	switch f := f.(type) {
	case wire.Reply:
		h.replies = append(h.replies, f)
	case wire.Hello:
		h.happened(other.at, Accepted{Conn: other.conn, Hello: f})
	default:
		if ok {
			h.happened(other.at, Arrived{other.conn, []wire.Frame{f}})
		}
	}
}

// ask sends a request to a node, lets time pass, and returns the replies.
func (h *restorable) ask(at snapshot.ProcessID, request wire.Control, wait time.Duration) []wire.Reply {
	h.t.Helper()
	body, err := wire.EncodeControl(request)
	if err != nil {
		h.t.Fatal(err)
	}
	h.last--
	h.replies = nil
	h.happened(at, Accepted{Conn: h.last, Hello: wire.Hello{
		VersionMin: wire.Version, VersionMax: wire.Version, Role: wire.RoleControl, Cluster: "t", To: at,
	}})
	h.happened(at, Arrived{h.last, []wire.Frame{wire.Request{Number: 1, Body: body}}})
	h.run(wait)
	return h.replies
}

// call lets the program of a process count, and returns the count.
func (h *restorable) call(at snapshot.ProcessID) string {
	h.t.Helper()
	var text string
	for _, r := range h.ask(at, wire.CallRequest{Request: []byte("{}")}, time.Second) {
		text += string(r.Body)
	}
	return text
}

// save saves a snapshot, and returns what a request to restore it names.
func (h *restorable) save() wire.RestoreRequest {
	h.t.Helper()
	replies := h.ask("p1", wire.InitiateRequest{Save: true, Light: true}, 10*time.Second)
	var end wire.EndReply
	if len(replies) == 0 || json.Unmarshal(replies[len(replies)-1].Body, &end) != nil || end.Saved == nil || end.Saved.Error != "" {
		h.t.Fatalf("got the replies %q, want a saved snapshot", replies)
	}
	_, sha256, err := h.store().Manifest(end.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return wire.RestoreRequest{Snapshot: end.ID, Manifest: sha256}
}

func (h *restorable) store() *store.Store { return store.New(h.memory.Open(nil), "t") }

// restore restores a snapshot, and returns the kinds and bodies of the replies.
func (h *restorable) restore(at snapshot.ProcessID, r wire.RestoreRequest) (texts []string) {
	h.t.Helper()
	for _, reply := range h.ask(at, r, 10*time.Second) {
		text := fmt.Sprintf("%v %s", reply.Kind, reply.Body)
		cut, _, _ := strings.Cut(text, `,"elapsed_ms"`)
		texts = append(texts, cut)
	}
	return texts
}

func (h *restorable) expect(what string, got, want any) {
	h.t.Helper()
	if !reflect.DeepEqual(got, want) {
		h.t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// epochs returns the epoch of each process.
func (h *restorable) epochs() (all []uint64) {
	for _, id := range h.config.IDs() {
		all = append(all, h.cores[id].epochNumber())
	}
	return all
}

// counted returns a cluster that has counted to 3 when it was saved, and to 4 since.
func counted(t *testing.T, n int) (*restorable, wire.RestoreRequest) {
	h := newRestorable(t, n, agreement.Options{})
	h.expect("the first epochs", h.epochs(), slices.Repeat([]uint64{1}, n))
	for range 3 {
		h.call("p1")
	}
	r := h.save()
	h.expect("the count before the restore", h.call("p1"), "4")
	return h, r
}

func TestRestoreGoesBackEverywhere(t *testing.T) {
	h, r := counted(t, 2)
	got := h.restore("p2", r)
	slices.Sort(got[:len(got)-1])
	want := []string{}
	for _, id := range []string{"p1", "p2"} {
		for _, stage := range []string{"fetched", "loaded", "refilled", "running", "verified"} {
			want = append(want, fmt.Sprintf(`progress {"process":%q,"stage":%q,"messages":0`, id, stage))
		}
	}
	h.expect("the replies", got, append(want, `end {"epoch":2`))
	h.expect("the epochs", h.epochs(), []uint64{2, 2})
	h.expect("the count", h.call("p1"), "4")
	h.expect("closed programs", h.closed, 2)
	for _, id := range h.config.IDs() {
		if c := h.cores[id]; !c.epoch.allUp {
			t.Errorf("%s in epoch 2: got a channel that is down, want all up", id)
		}
	}
	h.restore("p1", r)
	h.expect("the epochs after another restore", h.epochs(), []uint64{3, 3})
}

func TestDryRunChangesNothing(t *testing.T) {
	h, r := counted(t, 2)
	before := h.memory.Names()
	r.DryRun = true
	got := h.restore("p1", r)
	h.expect("the end", got[len(got)-1], `end {"epoch":0,"votes":[{"process":"p1","no":""},{"process":"p2","no":""}]`)
	h.expect("the objects in the store", h.memory.Names(), before)
	h.expect("the epochs", h.epochs(), []uint64{1, 1})
	h.expect("the count", h.call("p1"), "5")
	h.expect("closed programs", h.closed, 2)
	for _, id := range h.config.IDs() {
		if c := h.cores[id]; c.agree.loading != nil {
			t.Errorf("%s: got an instance after a dry run, want none", id)
		}
	}
}

func TestHeldEpochRunsWhenItIsResumedAnywhere(t *testing.T) {
	h, r := counted(t, 2)
	r.Hold = true
	h.restore("p1", r)
	h.expect("the epochs", h.epochs(), []uint64{2, 2})
	h.expect("the reply while held", h.call("p1"), "")
	h.ask("p2", wire.ResumeRequest{}, 5*time.Second)
	h.expect("the count after the one that waited", h.call("p1"), "5")
	replies := h.ask("p2", wire.ResumeRequest{}, time.Second)
	h.expect("resumed twice", string(replies[0].Body), `{"code":"not held","text":"p2 is not held"}`)
}

// 1,024 requests wait until the epoch runs. One more is refused by name.
func TestResumeRequestsAreBounded(t *testing.T) {
	for _, waiting := range []int{resumingMax - 1, resumingMax} {
		h, r := counted(t, 2)
		r.Hold = true
		h.restore("p1", r)
		h.cores["p2"].agree.resuming = make([]waiter, waiting)
		for i := range waiting {
			h.cores["p2"].agree.resuming[i].session = &session{ended: true}
		}
		refused := false
		for _, one := range h.ask("p2", wire.ResumeRequest{}, 5*time.Second) {
			refused = refused || strings.Contains(string(one.Body), "1024 requests wait until the epoch of p2 runs")
		}
		if refused != (waiting == resumingMax) {
			t.Errorf("one more request to resume than %d: got refused %t, want %t", waiting, refused, waiting == resumingMax)
		}
	}
}

func TestRestoreEndsWithTheReasonOfAVoter(t *testing.T) {
	h, r := counted(t, 2)
	for _, name := range h.memory.Names() {
		if strings.HasSuffix(name, "parts/p2") {
			part := slices.Clone(h.memory.Content(name))
			part[0] ^= 1
			h.memory.Set(name, part)
		}
	}
	got := h.restore("p1", r)
	text := got[len(got)-1]
	if !strings.HasPrefix(text, `error {"code":"not restored","text":"aborted by p1: p2 votes no:`) || !strings.Contains(text, "corrupt") {
		t.Errorf("got %s, want the corrupt part of p2", text)
	}
	h.expect("the epochs", h.epochs(), []uint64{1, 1})
	h.expect("the count", h.call("p1"), "5")
}

func TestRestoreRefusesAnotherManifest(t *testing.T) {
	h, r := counted(t, 2)
	r.Manifest = strings.Repeat("0", 64)
	got := h.restore("p1", r)
	if text := got[len(got)-1]; !strings.Contains(text, "votes no: the manifest of "+string(r.Snapshot)+" has the sha256") {
		t.Errorf("got %s, want that the manifest differs", text)
	}
	h.expect("the epochs", h.epochs(), []uint64{1, 1})
}

func TestRestoreOfABadRequestIsRefused(t *testing.T) {
	h := newRestorable(t, 2, agreement.Options{})
	hash := strings.Repeat("0", 64)
	for want, r := range map[string]wire.RestoreRequest{
		`"snapshot\" is missing`: {Manifest: hash}, "has the manifest": {Snapshot: "a"}, "hexadecimal digits": {Snapshot: "a", Manifest: hash[1:]},
		"has 256 bytes": {Snapshot: snapshot.ID(strings.Repeat("a", 256)), Manifest: hash},
	} {
		if got := h.restore("p1", r); len(got) != 1 || !strings.HasPrefix(got[0], `error {"code":"bad request"`) || !strings.Contains(got[0], want) {
			t.Errorf("got %q, want one bad request with %q", got, want)
		}
	}
}

func TestNodeWithoutStoreRefusesProposals(t *testing.T) {
	c, _ := started(t)
	refused := written[wire.Refuse](c.Step(1, []Event{fromP2(c, -1, wire.RoleAgreement, "i")}), -1)
	if len(refused) != 1 || refused[0].Code != wire.NoStore {
		t.Errorf("got %v, want a refusal with code %q", refused, wire.NoStore)
	}
	for _, request := range []wire.Control{wire.RestoreRequest{Snapshot: "a"}, wire.ResumeRequest{}} {
		if r := control(c, 2, request); len(r) != 1 || !strings.Contains(string(r[0].Body), "p1 has no store") {
			t.Errorf("%s: got %v, want that there is no store", wire.RequestType(request), r)
		}
	}
}

// slow is a counter whose Restore ends when the test says so.
type slow struct {
	*counter
	restores *[]func(error)
}

func (p slow) Restore(_ []byte, done func(error)) { *p.restores = append(*p.restores, done) }

func TestLateRestoreOfADroppedInstanceDoesNotCount(t *testing.T) {
	h, r := counted(t, 2)
	var restores []func(error)
	fast := h.program
	h.program = func() program.Program { return slow{fast().(*counter), &restores} }
	r.TimeoutMS = 1000
	h.restore("p1", r)
	h.expect("the decision", mustRead(h).Decided, uint64(2))
	h.expect("the epochs after the deadline", h.epochs(), []uint64{1, 1})
	r.TimeoutMS = 60000
	h.restore("p1", r)
	h.expect("restores that have begun", len(restores), 4)
	for i, done := range restores {
		if i < 2 {
			done(errClosed)
		} else {
			done(nil)
		}
		h.run(time.Second)
	}
	h.expect("the epochs", h.epochs(), []uint64{3, 3})
}

func TestRestoreNamesWhomItHasNotHeard(t *testing.T) {
	h, r := counted(t, 3)
	h.crash("p3")
	r.TimeoutMS = 2000
	h.expect("the replies", h.restore("p1", r), []string{`error {"code":"not restored","text":"not heard in time: p3"}`})
	h.expect("the decisions", mustRead(h).Decided, uint64(1))
}

// A node that starts later follows the store, and one that learns of the epoch only by a
// refusal does as well.
func TestNodesFollowTheNewestEpoch(t *testing.T) {
	h, r := counted(t, 2)
	h.crash("p2")
	h.run(time.Second)
	d := saved.Decision{
		Number: 2, Verdict: saved.Commit, Kind: saved.ByHand, Ends: 1, Snapshot: r.Snapshot, Manifest: r.Manifest, By: "p2",
		Voters: []saved.Node{{Process: "p1", Incarnation: "an old one"}, {Process: "p2", Incarnation: "p2.2"}},
	}
	if _, mine, err := h.store().Decide(d); err != nil || !mine {
		t.Fatal(mine, err)
	}
	h.start("p2", agreement.Options{})
	h.run(2 * time.Second)
	h.expect("the epochs", h.epochs(), []uint64{2, 2})
	h.expect("the count of a process that no commit lists", h.call("p1"), "1")
}

func mustRead(h *restorable) saved.Reading {
	r, err := h.store().Reading()
	switch {
	case isAbsent(err):
		return saved.Reading{Decided: 1}
	case err != nil:
		h.t.Fatal(err)
	}
	return r
}
