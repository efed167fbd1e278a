package agreement

import (
	"errors"
	"fmt"
	"slices"

	"chandy/internal/explore"
	"chandy/internal/saved"
	"chandy/snapshot"
)

const processesMax = 3

// scope bounds what an exploration goes through. The numbers count for the whole.
type scope struct {
	name      string
	processes []snapshot.ProcessID
	options   Options
	orders    []order // each may be given once, at any moment
	saved     []savedSnapshot
	before    []saved.Decision // that lie in the store at the beginning
	endings   []saved.Ending   // the same
	noStore   bool             // there is no store at the beginning
	unmounted []int            // processes that see no store until it is mounted

	crashes, losses, copies int // copies are messages that arrive twice
	storeFails, loadFails   int
	early                   int // deadlines that ring while something else can happen
	saves, removes, resumes int
	lateHellos              int
	minutes                 int  // that pass after a commit
	slowStore               bool // readings and creations are answered later than they happen
	brisk                   bool // hellos and loads come at once
	hooks                   *hooks
}

type order struct {
	process int
	Order
}

// hooks are where a planted fault changes what the product does.
type hooks struct {
	// reading changes what a process reads.
	reading func(a *Agent, r *saved.Reading)
	// before and after change the agent at a step. After may also change its effects.
	before func(a *Agent, e event, m Message)
	after  func(a *Agent, e event, m Message, todo []Effect) []Effect
	// message changes a message before it is received.
	message func(a *Agent, m Message) Message
	// heardEpoch changes the epoch of a hello.
	heardEpoch func(a *Agent, epoch uint64) uint64
	deaf       bool // no process learns of an epoch by a hello
	overwrite  bool // decisions overwrite
	careless   bool // the remover checks and then deletes
	hasty      bool // manifests are created at any moment
}

// local is the state of one process.
type local struct {
	*scope
	process int
	life    uint8
	agent   *Agent
	blind   bool // sees no store, since it is not mounted

	alarms  uint8 // set, by name
	loading bool
	loaded  bool
	load    Proposal // of the last Load

	epoch  uint64 // that was adopted
	role   Role
	held   bool
	doomed bool
	saving snapshot.ID
	ops    []operation // that the store has not answered
	given  uint8       // orders
	ended  uint8       // orders
}

// operation is a request to the store.
type operation struct {
	kind   opKind
	arg    uint32 // number of a decision; or the number of an epoch
	id     snapshot.ID
	makes  bool // a creation makes the store if it is absent
	done   bool
	result uint32 // number of a reading or a decision
	no     bool   // result of keeps
}

type opKind uint8

const (
	reads opKind = iota
	creates
	keeps
	runs
	saves
)

func (k opKind) String() string {
	return [...]string{"reading", "decision", "keep", "run", "manifest"}[k]
}

// packet is a message on its way.
type packet struct {
	from, to uint8
	message  uint32
}

// network is the messages on their way, and what dead processes have asked of the store.
type network struct {
	packets []packet
	orphans []operation
}

func (l *local) id() snapshot.ProcessID { return l.processes[l.process] }

func incarnation(id snapshot.ProcessID, life uint8) snapshot.Incarnation {
	return snapshot.Incarnation(fmt.Sprintf("%s.%d", id, life))
}

func lifeOf(i snapshot.Incarnation) byte { return i[len(i)-1] }

func (l *local) incarnation() snapshot.Incarnation { return incarnation(l.id(), l.life) }

func (l *local) clone() *local {
	c := *l
	c.agent = &Agent{}
	explore.Copy(c.agent, l.agent)
	c.ops = slices.Clone(l.ops)
	return &c
}

func (l *local) append(b []byte) []byte {
	b = append(b, byte(l.process), l.life, l.alarms, byte(l.role), l.given, l.ended)
	b = explore.AppendBool(b, l.blind)
	b = explore.AppendBool(b, l.loading)
	b = explore.AppendBool(b, l.loaded)
	b = explore.Append(b, &l.load)
	b = append(b, byte(l.epoch))
	b = explore.AppendBool(b, l.held)
	b = explore.AppendBool(b, l.doomed)
	b = explore.AppendText(b, l.saving)
	for i := range l.ops {
		o := &l.ops[i]
		b = append(b, byte(o.kind), byte(o.arg), byte(o.arg>>8), byte(o.result), byte(o.result>>8))
		b = explore.AppendText(b, o.id)
		b = explore.AppendBool(b, o.makes)
		b = explore.AppendBool(b, o.done)
		b = explore.AppendBool(b, o.no)
	}
	return explore.Append(b, l.agent)
}

var (
	errStore = errors.New("storage failed")
	errLoad  = errors.New("cannot be loaded")
)

// event is a step of one process.
type event struct {
	kind kind
	arg  uint32
	more uint32
}

type kind uint8

const (
	starts   kind = iota
	receives      // message arg from process more
	happens       // operation arg happens in the store, with the result more
	answers       // operation arg is answered
	fails         // operation arg fails
	isLoaded
	isNotLoaded
	rings  // alarm arg
	hears  // process arg, of which life<<8 and epoch are more
	orders // arg
	resumes
	saveBegins
	mounts // the store
)

// do lets the agent take a step, and returns its effects after the host has obeyed.
func (x *explorer) do(l *local, e event) (found *explore.Finding, sent []packet) {
	a, h := l.agent, l.hooks
	x.lastRead = 0
	var m Message
	if e.kind == receives {
		m = x.messages.All[e.arg]
		if h.message != nil {
			m = h.message(a, m)
		}
	}
	if h.before != nil {
		h.before(a, e, m)
	}
	todo := x.step(l, e, m)
	if h.after != nil {
		todo = h.after(a, e, m, todo)
	}
	for _, effect := range todo {
		if f := x.obey(l, effect, &sent); f != nil && found == nil {
			found = f
		}
	}
	if a.attempt == nil {
		l.alarms &^= 1 << OrderDeadline // it would ring for nothing
	}
	if a.ballot == nil {
		l.alarms &^= 1 << VoteDeadline
	}
	if !a.recovering() {
		l.alarms &^= 1 << Recover
	}
	if found == nil {
		found = x.checkLocal(l, e)
	}
	return found, sent
}

func (x *explorer) step(l *local, e event, m Message) []Effect {
	a := l.agent
	switch e.kind {
	case starts:
		return a.Start()
	case receives:
		return a.Received(l.processes[e.more], m)
	case answers, fails:
		o := l.ops[e.arg]
		l.ops = slices.Delete(l.ops, int(e.arg), int(e.arg)+1)
		return x.answer(l, o, e.kind == fails)
	case isLoaded:
		l.loading, l.loaded = false, true
		return a.Loaded(nil)
	case isNotLoaded:
		l.loading = false
		return a.Loaded(errLoad)
	case rings:
		l.alarms &^= 1 << e.arg
		return a.Rang(AlarmName(e.arg))
	case hears:
		epoch := uint64(e.more & 0xff)
		if l.hooks.heardEpoch != nil {
			epoch = l.hooks.heardEpoch(a, epoch)
		}
		id := l.processes[e.arg]
		return a.Heard(id, incarnation(id, uint8(e.more>>8)), epoch)
	case orders:
		l.given |= 1 << e.arg
		todo, err := a.Restore(l.orders[e.arg].Order)
		if err != nil {
			l.ended |= 1 << e.arg
		}
		return todo
	case resumes:
		todo, _ := a.Resume()
		return todo
	case mounts:
		l.blind = false
	case saveBegins:
		a.SaveBegun()
		l.saving = snapshot.ID(fmt.Sprintf("%s.%d", l.incarnation(), l.epoch))
		l.ops = append(l.ops, operation{kind: saves, arg: uint32(l.epoch), id: l.saving})
	}
	return nil
}

// answer lets the store answer. If failed, the operation may have happened.
func (x *explorer) answer(l *local, o operation, failed bool) []Effect {
	var err error
	if failed {
		err = errStore
	}
	a := l.agent
	switch o.kind {
	case reads:
		var r saved.Reading
		if !failed {
			r = x.readings.All[o.result]
			x.lastRead = r.Epoch()
			if l.hooks.reading != nil {
				l.hooks.reading(a, &r)
			}
		}
		return a.Read(r, err)
	case creates:
		d := x.decisions.All[o.arg]
		if failed {
			return a.Created(d.Number, saved.Decision{}, err)
		}
		there := x.decisions.All[o.result]
		if there.Verdict == saved.Commit {
			x.lastRead = there.Number
		}
		return a.Created(d.Number, there, nil)
	case keeps:
		if o.no {
			err = ErrRemoved
		}
		return a.Kept(o.id, uint64(o.arg), err)
	case runs:
		return a.RunCreated(uint64(o.arg), err)
	case saves:
		l.saving = ""
		return a.SaveEnded()
	}
	panic("bug: no such operation")
}

// obey carries out an effect.
func (x *explorer) obey(l *local, e Effect, sent *[]packet) *explore.Finding {
	op := func(o operation) { l.ops = append(l.ops, o) }
	switch e := e.(type) {
	case ReadStore:
		op(operation{kind: reads})
	case Keep:
		op(operation{kind: keeps, id: e.Snapshot, arg: uint32(e.Number)})
	case Create:
		op(operation{kind: creates, arg: x.decision(e.Decision), makes: e.MakeStore})
	case CreateRun:
		op(operation{kind: runs, arg: uint32(e.Number)})
	case Load:
		if l.loading || l.loaded {
			return explore.Findingf(checkHost, "%s: load without drop", l.incarnation())
		}
		l.loading, l.load = true, e.Proposal
	case Drop:
		l.loading, l.loaded, l.load = false, false, Proposal{}
	case Adopt:
		return l.adopt(e)
	case Hold:
		l.doomed = true
		for _, v := range l.agent.commit.Voters {
			if v.Process == e.Restarted && lifeOf(v.Incarnation) >= lifeOf(l.agent.peer(e.Restarted).incarnation) {
				return explore.Findingf(checkDoom, "%s holds because %s restarted, and it did not", l.incarnation(), v.Incarnation)
			}
		}
	case Run:
		l.held = false
	case Send:
		if v, ok := e.Message.(Vote); ok && v.No != "" && l.agent.ballot.same(Propose{Proposal: v.Proposal, Dry: v.Dry}) {
			return explore.Findingf(checkEqual, "%s votes no on what it is bound to", l.incarnation())
		}
		to := slices.Index(l.processes, e.To)
		*sent = append(*sent, packet{uint8(l.process), uint8(to), x.message(e.Message)})
	case Alarm:
		l.alarms |= 1 << e.Name
	case Ended:
		for i, o := range l.orders {
			if o.process == l.process && e.Order.Kind == saved.ByHand && o.Order.Snapshot == e.Order.Snapshot && o.Dry == e.Order.Dry {
				l.ended |= 1 << i
			}
		}
	}
	return nil
}

// adopt goes to another epoch as the effect says.
func (l *local) adopt(e Adopt) *explore.Finding {
	d := e.Decision
	switch {
	case d.Number <= l.epoch:
		return explore.Findingf(checkEpoch, "%s goes from epoch %d to %d", l.incarnation(), l.epoch, d.Number)
	case e.As == Listed && !lists(&d, l.id(), l.incarnation()):
		return explore.Findingf(checkListed, "%s runs in epoch %d, whose commit does not list it", l.incarnation(), d.Number)
	case e.As == Listed && (!l.loaded || l.load.Number != d.Number || l.load.Snapshot != d.Snapshot):
		return explore.Findingf(checkLoaded, "%s runs in epoch %d and has not loaded its part", l.incarnation(), d.Number)
	case e.As == Initial && l.options.Join:
		return explore.Findingf(checkListed, "%s begins with its initial state", l.incarnation())
	}
	if e.As == Listed {
		l.loaded, l.load = false, Proposal{}
	}
	l.epoch, l.role, l.held, l.doomed = d.Number, e.As, e.Held, false
	return nil
}
