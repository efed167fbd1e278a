package verify

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// optional is a value that can be null. If it is absent, or has a fault that is already
// reported, it is neither known nor null.
type optional[T any] struct {
	value T
	known bool
	null  bool
}

// object reads an object with members. If the next value is not an object, object
// reports a fault, skips the value and returns ok = false.
func (c *checker) object(member func(key string) error, required ...string) (ok bool, err error) {
	token, err := c.token()
	if err != nil {
		return false, err
	}
	if token != json.Delim('{') {
		c.fault("is %s, not an object", describe(token))
		return false, c.skipRest(token)
	}
	return true, c.members(member, required...)
}

// members reads an object whose brace has been read. It calls member to read the value
// of each key. A key that comes again is a fault, and its value is skipped.
func (c *checker) members(member func(key string) error, required ...string) error {
	seen := make(map[string]bool, 8)
	for c.json.More() {
		token, err := c.token()
		if err != nil {
			return err
		}
		key := token.(string)
		if seen[key] {
			c.fault("has %s twice", quote(key))
			err = c.skip()
		} else {
			seen[key] = true
			err = member(key)
		}
		if err != nil {
			return err
		}
	}
	if _, err := c.token(); err != nil {
		return err
	}
	for _, key := range required {
		if !seen[key] {
			c.fault("has no %q", key)
		}
	}
	return nil
}

// array reads an array and calls element to read each element. It returns their number,
// or -1 if the value is not an array.
func (c *checker) array(name string, element func(i int) error) (n int, err error) {
	token, err := c.token()
	if err != nil {
		return -1, err
	}
	return c.elements(name, token, element)
}

// elements reads an array whose first token has been read.
func (c *checker) elements(name string, first json.Token, element func(i int) error) (n int, err error) {
	if first != json.Delim('[') {
		c.fault("%s: is %s, not an array", name, describe(first))
		return -1, c.skipRest(first)
	}
	for ; c.json.More(); n++ {
		if err := element(n); err != nil {
			return n, err
		}
	}
	_, err = c.token()
	return n, err
}

// scalar reads a value that is not an array or an object. The token nil is null.
func (c *checker) scalar(name, want string) (token json.Token, ok bool, err error) {
	token, err = c.token()
	if err != nil {
		return nil, false, err
	}
	if _, nested := token.(json.Delim); nested {
		c.fault("%s: is %s, not %s", name, describe(token), want)
		return nil, false, c.skipRest(token)
	}
	return token, true, nil
}

// text reads a string.
func (c *checker) text(name string) (optional[string], error) {
	s, err := c.textOrNull(name)
	if s.null {
		c.fault("%s: is null, not a string", name)
	}
	return s, err
}

func (c *checker) textOrNull(name string) (optional[string], error) {
	token, ok, err := c.scalar(name, "a string")
	if !ok {
		return optional[string]{}, err
	}
	s, isString := token.(string)
	if !isString && token != nil {
		c.fault("%s: is %s, not a string", name, describe(token))
	}
	return optional[string]{value: s, known: isString, null: token == nil}, nil
}

// name reads a string that is a name; see checkName.
func (c *checker) name(name string) (string, error) {
	s, err := c.text(name)
	c.checkName(name, s)
	return s.value, err
}

// checkName checks that a name is not empty and has no replacement character. Half a
// surrogate pair decodes to that character, so that different names would be equal.
func (c *checker) checkName(name string, s optional[string]) {
	switch {
	case s.known && s.value == "":
		c.fault("%s: is empty", name)
	case s.known && strings.ContainsRune(s.value, '\uFFFD'):
		c.fault("%s: is %s, not whole characters", name, quote(s.value))
	}
}

// number reads a whole number. It does not go through a float64, in which 2^53+1
// would become 2^53.
func (c *checker) number(name string) (optional[uint64], error) {
	token, ok, err := c.scalar(name, "a number")
	if !ok {
		return optional[uint64]{}, err
	}
	literal, isNumber := token.(json.Number)
	if !isNumber {
		if token != nil {
			c.fault("%s: is %s, not a number", name, describe(token))
		}
		return optional[uint64]{null: token == nil}, nil
	}
	n, err := strconv.ParseUint(literal.String(), 10, 64)
	if err != nil {
		c.fault("%s: is %s, not a whole number from 0 to %d", name, clip(literal.String()), uint64(math.MaxUint64))
		return optional[uint64]{}, nil
	}
	return optional[uint64]{value: n, known: true}, nil
}

// milliseconds reads a duration.
func (c *checker) milliseconds(name string) (optional[float64], error) {
	ms, err := c.millisecondsOrNull(name)
	if ms.null {
		c.fault("%s: is null, not a number", name)
	}
	return ms, err
}

func (c *checker) millisecondsOrNull(name string) (optional[float64], error) {
	token, ok, err := c.scalar(name, "a number")
	if !ok {
		return optional[float64]{}, err
	}
	literal, isNumber := token.(json.Number)
	if !isNumber {
		if token != nil {
			c.fault("%s: is %s, not a number", name, describe(token))
		}
		return optional[float64]{null: token == nil}, nil
	}
	ms, err := strconv.ParseFloat(literal.String(), 64)
	if err != nil || ms < 0 {
		c.fault("%s: is %s, not a duration", name, clip(literal.String()))
		return optional[float64]{}, nil
	}
	return optional[float64]{value: ms, known: true}, nil
}

// readLength reads a length of time that may be negative.
func (c *checker) readLength(name string) error {
	token, ok, err := c.scalar(name, "a number")
	if _, isNumber := token.(json.Number); ok && !isNumber {
		c.fault("%s: is %s, not a number", name, describe(token))
	}
	return err
}

// describe names the kind of a value by its first token.
func describe(token json.Token) string {
	switch t := token.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return strconv.FormatBool(t)
	case json.Delim:
		if t == '[' {
			return "an array"
		}
		return "an object"
	}
	panic(fmt.Sprintf("bug: token %T", token))
}

func quote(s string) string { return strconv.Quote(clip(s)) }

// clip shortens a text, so that a fault stays readable.
func clip(s string) string {
	const runesMax = 64
	if runes := []rune(s[:min(len(s), 4*runesMax+4)]); len(runes) > runesMax {
		return string(slices.Clip(runes[:runesMax])) + "…"
	}
	return s
}
