package config

import (
	"fmt"
	"regexp"
	"strconv"
)

// place is where a value stands in a TOML file.
type place struct {
	text   string   // for people, such as process[2] "p3" channels[1]
	keys   []string // from the root down; those after an array of tables are left out
	parent *place   // nil at the root
	outer  int      // index in the outermost array of tables around it; -1 without one
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// root is the place of the whole file.
func root() place { return place{outer: -1} }

// key is the place of a key in the table at p.
func (p place) key(name string) place {
	text := name
	if !bareKey.MatchString(name) {
		text = quote(name)
	}
	q := p.child(p.separator() + text)
	if p.outer < 0 {
		q.keys = append(p.keys[:len(p.keys):len(p.keys)], name)
	}
	return q
}

// separator is what stands before a key: nothing at the root, a dot after a key,
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

// index is the place of an element of the array of plain values at p. It is
// found where the array is.
func (p place) index(i int) place {
	return p.child(fmt.Sprintf("[%d]", i))
}

// element is the place of an element of the array of tables at p. The label,
// which may be empty, tells people which one it is.
func (p place) element(i int, label string) place {
	q := p.index(i)
	if label != "" {
		q.text += " " + quote(label)
	}
	if q.outer < 0 {
		q.outer = i
	}
	return q
}

func (p place) child(suffix string) place {
	return place{text: p.text + suffix, keys: p.keys, parent: &p, outer: p.outer}
}

// elementPlace is the place of an element of either kind of array.
func elementPlace(at place, i int, value any) place {
	table, ok := value.(map[string]any)
	if !ok {
		return at.index(i)
	}
	label, _ := table["id"].(string)
	return at.element(i, label)
}

// quote gives text as it is shown in a message: in quotes, on one line, cut if
// it is long.
func quote(text string) string {
	const shown = 80
	if runes := []rune(text); len(runes) > shown {
		return strconv.Quote(string(runes[:shown])) + "…"
	}
	return strconv.Quote(text)
}
