package config

import (
	"fmt"
	"regexp"
	"strconv"
)

// place is the position of a value in a cluster file.
type place struct {
	text   string   // for people, such as process[2] "p3" channels[1]
	keys   []string // keys from the root down to the first array of tables
	inner  []string // keys from there down to the next array of tables
	parent *place   // nil at the root
	outer  int      // index in the outermost array of tables around the value; -1 if there is none
	deep   bool     // another array of tables is around the value
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// root returns the place of the whole file.
func root() place { return place{outer: -1} }

// key returns the place of a key in the table at p.
func (p place) key(name string) place {
	text := name
	if !bareKey.MatchString(name) {
		text = quote(name)
	}
	q := p.child(p.separator() + text)
	switch {
	case p.outer < 0:
		q.keys = append(p.keys[:len(p.keys):len(p.keys)], name)
	case !p.deep:
		q.inner = append(p.inner[:len(p.inner):len(p.inner)], name)
	}
	return q
}

// separator returns the text before a key: nothing at the root, a dot after a key, and
// a space after an element of an array.
func (p place) separator() string {
	switch {
	case p.text == "":
		return ""
	case p.text[len(p.text)-1] == ']' || p.text[len(p.text)-1] == '"':
		return " "
	}
	return "."
}

// index returns the place of an element of the array of plain values at p. Its line is
// the line of the array.
func (p place) index(i int) place {
	return p.child(fmt.Sprintf("[%d]", i))
}

// element returns the place of an element of the array of tables at p. The label, if not
// empty, is shown to people after the index.
func (p place) element(i int, label string) place {
	q := p.index(i)
	if label != "" {
		q.text += " " + quote(label)
	}
	if q.outer < 0 {
		q.outer = i
	} else {
		q.deep = true
	}
	return q
}

func (p place) child(suffix string) place {
	return place{text: p.text + suffix, keys: p.keys, inner: p.inner, parent: &p, outer: p.outer, deep: p.deep}
}

// elementPlace returns the place of an element of either kind of array.
func elementPlace(at place, i int, value any) place {
	table, ok := value.(map[string]any)
	if !ok {
		return at.index(i)
	}
	label, _ := table["id"].(string)
	return at.element(i, label)
}

// quote returns text as messages show it: in quotes, on one line, and cut after 80
// characters.
func quote(text string) string {
	const shown = 80
	if runes := []rune(text); len(runes) > shown {
		return strconv.Quote(string(runes[:shown])) + "…"
	}
	return strconv.Quote(text)
}
