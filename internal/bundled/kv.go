package bundled

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"chandy/internal/config"
	"chandy/internal/maelstrom"
	"chandy/internal/printable"
	"chandy/program"
	"chandy/snapshot"
)

// kvSettings are the keys of [program] for the kinds "lin-kv", "seq-kv" and
// "lww-kv".
type kvSettings struct {
	// DataLimit is the most bytes that all keys and values may take, with entryCost for
	// each key. Default 256 MiB, never zero. The part of a process in a snapshot can
	// hold twice the maximum.
	DataLimit config.Size `toml:"data_limit" default:"256MiB" min:"1KiB" max:"512MiB"`
}

// entryCost is about how many bytes an entry takes beside its key and its value, for its
// place in index and entries, and for the JSON around it in the state.
const entryCost = 128

// To compare JSON by its value takes more than linear time, on the loop. So what is
// compared is bounded, in bytes:
const (
	keyMax     = 64 << 10  // a key
	compareMax = 256 << 10 // a value that a cas compares, unless both are written alike
)

// kv is Maelstrom's store of keys and values. Requests take effect at once, in the order
// in which they arrive, so the store is linearizable. Maelstrom's weaker stores are this
// one under other names.
type kv struct {
	service
	settings kvSettings
	index    map[string]int // indices in entries, by key
	entries  entries        // never removed
	size     int64          // sum of entry.bytes; above DataLimit only after Restore
}

func newKV(p config.Program, processes []snapshot.ProcessID) (program.Program, error) {
	kv := &kv{service: service{all: processes}, index: map[string]int{}}
	kv.requests = table{{"read", kv.read}, {"write", kv.write}, {"cas", kv.cas}}
	if err := p.Decode(&kv.settings); err != nil {
		return nil, err
	}
	return kv, nil
}

func (kv *kv) read(b []byte, l maelstrom.Line) ([]byte, *refusal) {
	key := l.Member("key")
	switch {
	case key == nil:
		return nil, refuse(maelstrom.CodeMalformedRequest, `a read needs a "key"`)
	case len(key) > keyMax:
		return nil, longKey(key)
	}
	i, ok := kv.index[canonical(key)]
	if !ok {
		return nil, noKey(key)
	}
	return append(append(b, `,"value":`...), kv.entries.at(i).value...), nil
}

func (kv *kv) write(b []byte, l maelstrom.Line) ([]byte, *refusal) {
	key, value := l.Member("key"), l.Member("value")
	switch {
	case key == nil || value == nil:
		return nil, refuse(maelstrom.CodeMalformedRequest, `a write needs a "key" and a "value"`)
	case len(key) > keyMax:
		return nil, longKey(key)
	}
	return b, kv.put(canonical(key), value)
}

// cas (compare and set) sets the value of a key if its present value is "from". A cas
// without "from" expects null, as in Maelstrom: some programs leave out members that are
// null.
func (kv *kv) cas(b []byte, l maelstrom.Line) ([]byte, *refusal) {
	key, from, to := l.Member("key"), l.Member("from"), l.Member("to")
	switch {
	case key == nil || to == nil:
		return nil, refuse(maelstrom.CodeMalformedRequest, `a cas needs a "key" and a "to"`)
	case len(key) > keyMax:
		return nil, longKey(key)
	}
	if from == nil {
		from = []byte("null")
	}
	var create bool
	switch text := string(l.Member("create_if_not_exists")); text {
	case "true":
		create = true
	case "", "false", "null":
	default:
		return nil, refuse(maelstrom.CodeMalformedRequest, `"create_if_not_exists" must be true or false, not %s`, printable.Start([]byte(text), quoteMax))
	}
	name := canonical(key)
	i, exists := kv.index[name]
	if !exists && !create {
		return nil, noKey(key)
	}
	if exists {
		value := kv.entries.at(i).value
		same := bytes.Equal(value, from)
		if !same && max(len(value), len(from)) > compareMax {
			return nil, refuse(maelstrom.CodeMalformedRequest, "the value has %d bytes and \"from\" %d: above %d they are compared only byte by byte, and they differ", len(value), len(from), compareMax)
		}
		if !same && canonical(value) != canonical(from) {
			return nil, refuse(maelstrom.CodePreconditionFailed, "the value is %s, not %s", printable.Start(value, quoteMax), printable.Start(from, quoteMax))
		}
	}
	return b, kv.put(name, to)
}

// put sets the value of a key, or refuses if that would exceed DataLimit. The key must
// be canonical.
func (kv *kv) put(key string, value []byte) *refusal {
	e := entry{key, slices.Clone(value)}
	i, exists := kv.index[key]
	more := e.bytes()
	if exists {
		more -= kv.entries.at(i).bytes()
	}
	if limit := int64(kv.settings.DataLimit); more > 0 && kv.size+more > limit {
		return refuse(maelstrom.CodeTemporarilyUnavailable, "all keys and values would take %d bytes, more than %d (data_limit)", kv.size+more, limit)
	}
	kv.set(e)
	return nil
}

// set adds or replaces an entry.
func (kv *kv) set(e entry) {
	kv.size += e.bytes()
	if i, exists := kv.index[e.key]; exists {
		kv.size -= kv.entries.at(i).bytes()
		kv.entries.set(i, e)
		return
	}
	kv.index[e.key] = kv.entries.count
	kv.entries.add(e)
}

func longKey(key []byte) *refusal {
	return refuse(maelstrom.CodeMalformedRequest, "the key has %d bytes, more than %d", len(key), keyMax)
}

func noKey(key []byte) *refusal {
	return refuse(maelstrom.CodeKeyDoesNotExist, "there is no key %s", printable.Start(key, quoteMax))
}

// canonical returns a string that is equal for equal JSON values.
func canonical(value []byte) string { return string(maelstrom.AppendCanonical(nil, value)) }

// Capture shares the entries. They are written as JSON later, off the loop.
func (kv *kv) Capture(done func(program.State)) {
	chunks, size := kv.entries.share(), kv.size
	state := kv.captured(nil, true)
	state.Encode = func(w io.Writer) error {
		_, err := w.Write(encode(chunks, size))
		return err
	}
	done(state)
}

// encode returns the entries of chunks as JSON, sorted by key.
func encode(chunks []*chunk, size int64) []byte {
	var entries []entry
	for _, c := range chunks {
		entries = append(entries, c.entries...)
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	b := append(make([]byte, 0, size+entryCost), `{"entries":[`...)
	for i, e := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"key":`...)
		b = append(b, e.key...)
		b = append(b, `,"value":`...)
		b = append(b, e.value...)
		b = append(b, '}')
	}
	return append(b, `]}`...)
}

func (kv *kv) Restore(state []byte, done func(error)) { done(kv.restore(state)) }

func (kv *kv) restore(state []byte) error {
	var restored struct {
		Entries *[]struct {
			Key   json.RawMessage `json:"key"`
			Value json.RawMessage `json:"value"`
		} `json:"entries"`
	}
	if err := json.Unmarshal(state, &restored); err != nil {
		return fmt.Errorf("state of a store: %w", err)
	}
	if restored.Entries == nil {
		return errors.New("state of a store without its entries")
	}
	for _, r := range *restored.Entries {
		if r.Key == nil || r.Value == nil {
			return errors.New("state of a store with an entry without a key or a value")
		}
		key := canonical(r.Key)
		if _, twice := kv.index[key]; twice {
			return fmt.Errorf("state of a store with the key %s twice", printable.Start(r.Key, quoteMax))
		}
		kv.set(entry{key, r.Value})
	}
	return nil
}
