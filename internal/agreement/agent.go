package agreement

import (
	"slices"
	"time"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// Times of an [Agent].
const (
	recoveryTimeout = time.Minute     // for the votes on a recovery
	recoverAfter    = 2 * time.Second // before a process proposes that is not the first to do so
	retryAfter      = 200 * time.Millisecond
	pollAfter       = time.Second      // while this process waits for news in the store
	idlePollAfter   = 10 * time.Second // else: a commit of processes that have died may come late
)

// Options are what the processes of a cluster have in common.
type Options struct {
	// Join lets an incarnation that no commit lists wait without a program for the next
	// epoch. Otherwise it begins with its initial state.
	Join bool
	// Recover lets the cluster roll back by itself when a process has restarted. It implies
	// Join.
	Recover bool
	// Start lets this incarnation propose no recovery until it is listed, since somebody is
	// about to propose where the cluster starts. It implies Join.
	Start bool
	// Older lets a recovery go to an older snapshot if newer ones are corrupt. Otherwise a
	// restore by hand must say what to do.
	Older bool
}

// Agent is one incarnation's side of the agreement. It is not safe for concurrent use.
type Agent struct {
	options     Options
	self        snapshot.ProcessID
	incarnation snapshot.Incarnation
	peers       []peer // of every process, this one too, in the order of the topology

	decided uint64         // highest number known to be decided
	commit  saved.Decision // of the epoch that was adopted; Number zero before the first reading
	role    Role
	held    bool
	doomed  bool // a listed process has restarted, and Recover is set

	reading  call
	again    bool       // the reading that was asked for is too old
	creating []creation // at most one of a number
	keeping  call       // of attempt
	running  call       // of commit

	saving  int // manifests of this process that may appear in the store
	ballot  *ballot
	next    *ballot // what this process is asked for while it is bound to a lower number
	attempt *attempt
	alarmed bool // Recover was set and has not rung

	todo []Effect
}

// peer is what is known of a process.
type peer struct {
	id          snapshot.ProcessID
	heard       bool // there is a connection for proposals
	incarnation snapshot.Incarnation
	epoch       uint64 // when it was heard
}

// call is a request to the store.
type call int

const (
	idle call = iota
	asked
	failed // until Retry rings
)

// creation is a decision that this process creates.
type creation struct {
	saved.Decision
	call
	makeStore bool
}

// New returns the Agent of an incarnation that has just started. The processes are all
// of the topology, in its order.
func New(self snapshot.ProcessID, incarnation snapshot.Incarnation, processes []snapshot.ProcessID, o Options) *Agent {
	o.Join = o.Join || o.Recover || o.Start
	a := &Agent{options: o, self: self, incarnation: incarnation}
	for _, id := range processes {
		a.peers = append(a.peers, peer{id: id})
	}
	me := a.peer(self)
	me.heard, me.incarnation = true, incarnation
	return a
}

// Start begins. Nothing runs before the store was read: [Adopt] says in which epoch this
// process is.
func (a *Agent) Start() []Effect {
	a.read()
	return a.effects()
}

// Epoch returns the epoch that was adopted, zero before the first.
func (a *Agent) Epoch() uint64 { return a.commit.Number }

// Attempting reports whether this process proposes something, or would if it had heard from
// every process. The caller then keeps a connection to each of them.
func (a *Agent) Attempting() bool { return a.attempt != nil }

// Heard reports that there is a connection for proposals to a peer, which incarnation the
// peer is, and in which epoch. A late report of a dead incarnation does no harm.
func (a *Agent) Heard(id snapshot.ProcessID, incarnation snapshot.Incarnation, epoch uint64) []Effect {
	p := a.peer(id)
	p.heard = true
	a.met(p, incarnation, epoch)
	a.askAgain(p)
	return a.effects()
}

// Met reports that a peer has said on a connection of a channel which incarnation it is. It
// does not count as heard: a proposal cannot be sent there.
func (a *Agent) Met(id snapshot.ProcessID, incarnation snapshot.Incarnation, epoch uint64) []Effect {
	a.met(a.peer(id), incarnation, epoch)
	return a.effects()
}

func (a *Agent) met(p *peer, incarnation snapshot.Incarnation, epoch uint64) {
	if p.incarnation != incarnation {
		a.forgetVote(p)
	}
	p.incarnation, p.epoch = incarnation, epoch
	a.mentioned(epoch)
	a.doom()
}

// Lost reports that there is no connection with a peer any more. That alone changes
// nothing: the peer may come back with its state.
func (a *Agent) Lost(id snapshot.ProcessID) []Effect {
	a.peer(id).heard = false
	return a.effects()
}

// Mentioned reports that a peer named an epoch. It is not believed: the store is read.
func (a *Agent) Mentioned(epoch uint64) []Effect {
	a.mentioned(epoch)
	return a.effects()
}

func (a *Agent) mentioned(epoch uint64) {
	if epoch > a.Epoch() {
		a.read()
	}
}

// Received takes a message of a peer.
func (a *Agent) Received(from snapshot.ProcessID, m Message) []Effect {
	switch m := m.(type) {
	case Propose:
		a.proposed(from, m)
	case Vote:
		a.voted(from, m)
	case Look:
		if m.Number > a.decided || m.Number == a.Epoch() && a.held {
			a.read()
		}
	}
	return a.effects()
}

// Rang reports that an alarm rang.
func (a *Agent) Rang(name AlarmName) []Effect {
	switch name {
	case OrderDeadline:
		a.orderIsLate()
	case VoteDeadline:
		a.voteIsLate()
	case Retry:
		a.retry()
	case Poll:
		a.read()
	case Recover:
		a.alarmed = false
		if a.recovering() && a.ballot == nil && a.attempt == nil {
			a.attempt = &attempt{Order: Order{Kind: saved.Recovery}}
		}
		a.askWithoutStore()
	}
	return a.effects()
}

func (a *Agent) effects() []Effect {
	a.recover()
	a.gather()
	todo := a.todo
	a.todo = nil
	return todo
}

func (a *Agent) do(e Effect) { a.todo = append(a.todo, e) }

func (a *Agent) peer(id snapshot.ProcessID) *peer {
	i := slices.IndexFunc(a.peers, func(p peer) bool { return p.id == id })
	return &a.peers[i]
}

// tell sends a message to every other process.
func (a *Agent) tell(m Message) {
	for _, p := range a.peers {
		if p.id != a.self {
			a.do(Send{p.id, m})
		}
	}
}
