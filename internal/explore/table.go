package explore

// Table numbers values by their encodings, from 0, so that a state can hold a
// number in place of a value.
type Table[T any] struct {
	All     []T // by number
	numbers map[string]uint32
}

// Number returns the number of the value with the given encoding. It calls value if
// the encoding is new.
func (t *Table[T]) Number(key []byte, value func() T) uint32 {
	if number, ok := t.numbers[string(key)]; ok {
		return number
	}
	text := string(key) // value may change key
	v := value()
	if t.numbers == nil {
		t.numbers = map[string]uint32{}
	}
	number := uint32(len(t.All))
	t.numbers[text] = number
	t.All = append(t.All, v)
	return number
}

// Memo holds what was computed for keys of which there are few: it is a list.
type Memo[K comparable, V any] struct {
	list []memo[K, V]
}

type memo[K comparable, V any] struct {
	key   K
	value V
}

// Find returns the value for a key, nil if there is none. The pointer is valid until
// the next Add.
func (m *Memo[K, V]) Find(key K) *V {
	for i := range m.list {
		if m.list[i].key == key {
			return &m.list[i].value
		}
	}
	return nil
}

// Add adds the value for a new key, and returns it as Find does.
func (m *Memo[K, V]) Add(key K, value V) *V {
	m.list = append(m.list, memo[K, V]{key, value})
	return &m.list[len(m.list)-1].value
}
