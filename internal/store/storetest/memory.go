// Package storetest has the objects of a store in memory, with faults. The simulation and
// tests use it.
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"chandy/internal/store"
)

// Memory is the place where objects lie. Nodes reach it through [Memory.Open]. It is safe
// for concurrent use, and the zero value is ready.
type Memory struct {
	mu      sync.Mutex
	objects map[string]object
}

// object is the content that readers see and the content that a crash of every machine
// leaves; nil means no object. They differ after an operation that crashed, until somebody
// reads the object.
type object struct{ seen, durable []byte }

// Lose is a crash of every machine: what was not durable is lost.
func (m *Memory) Lose() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, o := range m.objects {
		m.objects[name] = object{o.durable, o.durable}
	}
}

// Clone returns a copy.
func (m *Memory) Clone() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Memory{objects: maps.Clone(m.objects)}
}

// Names returns the names of all objects, sorted.
func (m *Memory) Names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := slices.Collect(maps.Keys(m.objects))
	names = slices.DeleteFunc(names, func(name string) bool { return m.objects[name].seen == nil })
	slices.Sort(names)
	return names
}

// Content returns the content of an object, or nil if there is none.
func (m *Memory) Content(name string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.objects[name].seen)
}

// Set sets the content of an object; nil removes it.
func (m *Memory) Set(name string, content []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.set(name, content, true)
}

func (m *Memory) set(name string, content []byte, durable bool) {
	if m.objects == nil {
		m.objects = map[string]object{}
	}
	o := m.objects[name]
	o.seen = content
	if durable {
		o.durable = content
	}
	m.objects[name] = o
}

// Moment is when an operation fails.
type Moment byte

// The moments. A Create, Put or Delete that fails Visible has been done, but a crash of
// every machine can undo it. One that fails After has been done, and only its answer is
// lost. The other operations fail without having an effect.
const (
	Before Moment = iota
	Visible
	After
)

// Fault is what happens to an operation.
type Fault struct {
	Moment Moment
	Err    error // what the operation returns
}

// Operation is an operation on an object.
type Operation struct {
	Number int    // 1, 2, 3 … at this node
	Kind   string // "get", "put", "write", "create", "list", "delete" or "clean"
	Name   string // of the object, or the prefix
}

func (o Operation) String() string { return fmt.Sprintf("%d: %s %s", o.Number, o.Kind, o.Name) }

// ErrCrashed is what every operation returns at a node that has crashed.
var ErrCrashed = errors.New("crashed")

// Objects is how one node reaches a Memory. A write to an object that is being put is an
// operation of its own, of kind "write".
type Objects struct {
	memory *Memory
	// Plan, if non-nil, is called before each operation and returns what happens to it; nil
	// means that it succeeds. It may block, so that a test chooses the order of operations.
	Plan func(Operation) *Fault

	mu     sync.Mutex
	number int
}

var _ store.Objects = (*Objects)(nil)

// Open returns the objects as a node reaches them.
func (m *Memory) Open(plan func(Operation) *Fault) *Objects { return &Objects{memory: m, Plan: plan} }

// CrashAt returns a plan by which a node crashes in its k-th operation.
func CrashAt(k int, moment Moment) func(Operation) *Fault {
	return func(o Operation) *Fault {
		switch {
		case o.Number < k:
			return nil
		case o.Number == k:
			return &Fault{moment, ErrCrashed}
		}
		return &Fault{Before, ErrCrashed}
	}
}

// Operations returns how many operations there were.
func (o *Objects) Operations() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.number
}

func (o *Objects) String() string { return "memory" }

// next plans the next operation.
func (o *Objects) next(kind, name string) *Fault {
	o.mu.Lock()
	o.number++
	op := Operation{o.number, kind, name}
	o.mu.Unlock()
	if o.Plan == nil {
		return nil
	}
	return o.Plan(op)
}

// change makes a change, as far as the fault lets it.
func (o *Objects) change(kind, name string, change func(durable bool) error) error {
	fault := o.next(kind, name)
	if fault != nil && fault.Moment == Before {
		return fault.Err
	}
	o.memory.mu.Lock()
	defer o.memory.mu.Unlock()
	err := change(fault == nil || fault.Moment == After)
	if fault != nil {
		return fault.Err
	}
	return err
}

// Get opens an object.
func (o *Objects) Get(name string) (io.ReadCloser, error) {
	if fault := o.next("get", name); fault != nil {
		return nil, fault.Err
	}
	content := o.memory.look(name)
	if content == nil {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

// look returns the content of an object, which is durable from then on.
func (m *Memory) look(name string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	content := m.objects[name].seen
	if _, ok := m.objects[name]; ok {
		m.set(name, content, true)
	}
	return content
}

// Put makes or replaces an object.
func (o *Objects) Put(name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(writer{o, name, &b}); err != nil {
		return err
	}
	return o.change("put", name, func(durable bool) error {
		o.memory.set(name, append([]byte{}, b.Bytes()...), durable)
		return nil
	})
}

type writer struct {
	o    *Objects
	name string
	b    *bytes.Buffer
}

func (w writer) Write(b []byte) (int, error) {
	if fault := w.o.next("write", w.name); fault != nil {
		return 0, fault.Err
	}
	return w.b.Write(b)
}

// Create makes an object if there is none.
func (o *Objects) Create(name string, content []byte) error {
	return o.change("create", name, func(durable bool) error {
		if there := o.memory.objects[name]; there.seen != nil {
			o.memory.set(name, there.seen, true)
			return fs.ErrExist
		}
		o.memory.set(name, append([]byte{}, content...), durable)
		return nil
	})
}

// List returns the objects below a prefix.
func (o *Objects) List(prefix string) ([]store.Object, error) {
	if fault := o.next("list", prefix); fault != nil {
		return nil, fault.Err
	}
	var objects []store.Object
	for _, name := range o.memory.Names() {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if content := o.memory.look(name); content != nil {
			objects = append(objects, store.Object{Name: name, Bytes: int64(len(content))})
		}
	}
	return objects, nil
}

// Delete removes an object.
func (o *Objects) Delete(name string) error {
	return o.change("delete", name, func(durable bool) error {
		if _, ok := o.memory.objects[name]; ok {
			o.memory.set(name, nil, durable)
		}
		return nil
	})
}

// Clean does nothing: a put that failed leaves nothing.
func (o *Objects) Clean() error {
	if fault := o.next("clean", ""); fault != nil {
		return fault.Err
	}
	return nil
}
