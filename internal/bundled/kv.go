package bundled

import (
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

// kv is Maelstrom's store of keys and values. Requests take effect at once, in the order
// in which they arrive, so the store is linearizable. Maelstrom's weaker stores are this
// one under other names.
type kv struct {
	service
	settings kvSettings
	index    map[string]int // indices in entries, by key
	entries  []entry        // entries are never removed
	size     int64          // sum of entry.bytes; above DataLimit only after Restore
}

// entry is a key and its value. The bytes of both are never modified, because a captured
// state refers to them.
type entry struct {
	key   string // canonical JSON
	value []byte // JSON as it was written
}

func (e entry) bytes() int64 { return int64(len(e.key)) + int64(len(e.value)) + entryCost }

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
	if key == nil {
		return nil, refuse(maelstrom.CodeMalformedRequest, `a read needs a "key"`)
	}
	i, ok := kv.index[canonical(key)]
	if !ok {
		return nil, noKey(key)
	}
	return append(append(b, `,"value":`...), kv.entries[i].value...), nil
}

func (kv *kv) write(b []byte, l maelstrom.Line) ([]byte, *refusal) {
	key, value := l.Member("key"), l.Member("value")
	if key == nil || value == nil {
		return nil, refuse(maelstrom.CodeMalformedRequest, `a write needs a "key" and a "value"`)
	}
	return b, kv.put(canonical(key), value)
}

// cas (compare and set) sets the value of a key if its present value is "from".
func (kv *kv) cas(b []byte, l maelstrom.Line) ([]byte, *refusal) {
	key, from, to := l.Member("key"), l.Member("from"), l.Member("to")
	if key == nil || from == nil || to == nil {
		return nil, refuse(maelstrom.CodeMalformedRequest, `a cas needs a "key", a "from" and a "to"`)
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
		if value := kv.entries[i].value; canonical(value) != canonical(from) {
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
		more -= kv.entries[i].bytes()
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
		kv.size -= kv.entries[i].bytes()
		kv.entries[i].value = e.value
		return
	}
	kv.index[e.key] = len(kv.entries)
	kv.entries = append(kv.entries, e)
}

func noKey(key []byte) *refusal {
	return refuse(maelstrom.CodeKeyDoesNotExist, "there is no key %s", printable.Start(key, quoteMax))
}

// canonical returns a string that is equal for equal JSON values.
func canonical(value []byte) string { return string(maelstrom.AppendCanonical(nil, value)) }

// Capture copies the list of entries. The copy is written as JSON later, off the loop.
func (kv *kv) Capture(done func(program.State)) {
	entries := slices.Clone(kv.entries)
	size := kv.size
	done(program.State{Encode: func(w io.Writer) error {
		_, err := w.Write(encode(entries, size))
		return err
	}})
}

// encode returns entries as JSON, sorted by key. It sorts the slice in place.
func encode(entries []entry, size int64) []byte {
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
