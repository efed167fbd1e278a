package snapshot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"chandy/internal/jsonwalk"
)

// jsonReader reads a JSON document from its beginning to its end. The document is
// known to be valid. encoding/json is not used because it takes the last of two equal
// keys, matches keys in any case, and replaces a payload's bytes.
type jsonReader struct {
	b []byte
	i int // where the next value begins, after white space
}

// misfit is the error for a value that does not fit the format.
type misfit struct {
	path string // ".channels[3].sent"; empty for the document
	what string // begins with a verb
}

func (m *misfit) Error() string {
	if m.path == "" {
		return "snapshot " + m.what
	}
	return strings.TrimPrefix(m.path, ".") + ": " + m.what
}

func misfits(format string, a ...any) error { return &misfit{what: fmt.Sprintf(format, a...)} }

// within puts a step of the path in front of the path of an error.
func within(step string, err error) error {
	if m, ok := err.(*misfit); ok {
		m.path = step + m.path
	}
	return err
}

// keys are the members that an object of the format has.
type keys struct{ required, optional []string }

// at returns the name at index i: first the required keys, then the optional ones.
func (k *keys) at(i int) string {
	if i < len(k.required) {
		return k.required[i]
	}
	return k.optional[i-len(k.required)]
}

// find returns the index of a key, or -1. It takes the key as it stands in the JSON.
func (k *keys) find(name []byte) int {
	for i := range len(k.required) + len(k.optional) {
		if string(name) == k.at(i) {
			return i
		}
	}
	return -1
}

// object reads an object of the format. It calls member for each of its keys, and
// member must read the value. Unknown keys are skipped. A known key that is there
// twice, and a required key that is not there, are errors.
func (r *jsonReader) object(k *keys, member func(key string) error) error {
	seen := uint64(0) // bit i stands for key i
	err := r.members(func(name []byte) error {
		i := k.find(name)
		if i < 0 {
			r.raw()
			return nil
		}
		key := k.at(i)
		if seen&(1<<i) != 0 {
			return within("."+key, misfits("is there twice"))
		}
		seen |= 1 << i
		if err := member(key); err != nil {
			return within("."+key, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, key := range k.required {
		if seen&(1<<i) == 0 {
			return misfits("has no %q", key)
		}
	}
	return nil
}

// members reads an object with any keys. It calls member for each one, and member must
// read the value. The name is valid until member returns.
func (r *jsonReader) members(member func(name []byte) error) error {
	if r.b[r.i] != '{' {
		return misfits("is %s, not an object", r.kind())
	}
	r.skip(1)
	for r.b[r.i] != '}' {
		name := r.quoted()
		r.skip(1) // the colon
		if err := member(name); err != nil {
			return err
		}
		if r.b[r.i] == ',' {
			r.skip(1)
		}
	}
	r.skip(1)
	return nil
}

// array reads an array. It calls element for each element, and element must read it.
func (r *jsonReader) array(element func(i int) error) error {
	if r.b[r.i] != '[' {
		return misfits("is %s, not an array", r.kind())
	}
	r.skip(1)
	for n := 0; r.b[r.i] != ']'; n++ {
		if err := element(n); err != nil {
			return within("["+strconv.Itoa(n)+"]", err)
		}
		if r.b[r.i] == ',' {
			r.skip(1)
		}
	}
	r.skip(1)
	return nil
}

// skip moves n bytes forward, and then to the next byte that is not white space.
func (r *jsonReader) skip(n int) { r.i = jsonwalk.SkipSpace(r.b, r.i+n) }

// raw reads one value of any kind and returns its bytes.
func (r *jsonReader) raw() []byte {
	end, _ := jsonwalk.SkipValue(r.b, r.i)
	raw := r.b[r.i:end:end]
	r.skip(len(raw))
	return raw
}

// quoted reads a string and returns what it stands for. The result is a slice of the
// document if the string has no escapes.
func (r *jsonReader) quoted() []byte {
	raw := r.raw()
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		panic("bug: a string that is not JSON: " + err.Error())
	}
	return []byte(s)
}

// kind names the kind of the next value.
func (r *jsonReader) kind() string {
	switch r.b[r.i] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f', 'n':
		return string(r.raw())
	}
	return "a number"
}

// null reads a null, and reports whether the next value was one.
func (r *jsonReader) null() bool {
	if r.b[r.i] != 'n' {
		return false
	}
	r.raw()
	return true
}

// text reads a string.
func (r *jsonReader) text(to *string) error {
	if r.b[r.i] != '"' {
		return misfits("is %s, not a string", r.kind())
	}
	*to = string(r.quoted())
	return nil
}

// name reads a string that is not empty.
func (r *jsonReader) name(to *string) error {
	err := r.text(to)
	if err == nil && *to == "" {
		return misfits("is empty")
	}
	return err
}

// literal reads a number as it stands.
func (r *jsonReader) literal() (string, error) {
	if c := r.b[r.i]; c != '-' && (c < '0' || c > '9') {
		return "", misfits("is %s, not a number", r.kind())
	}
	return string(r.raw()), nil
}

// truth reads true or false.
func (r *jsonReader) truth(to *bool) error {
	if c := r.b[r.i]; c != 't' && c != 'f' {
		return misfits("is %s, not true or false", r.kind())
	}
	*to = r.raw()[0] == 't'
	return nil
}
