package eval

import (
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// strictPatterns rewrites what comes before "as" with patterns: it fails where {name: $x} finds
// no such field. Alternatives (?//) say that fields may be absent.
func strictPatterns(source *gojq.Query, patterns ...*gojq.Pattern) *gojq.Query {
	strict(source)
	for _, p := range patterns {
		strictKeys(p)
	}
	if len(patterns) != 1 {
		return source
	}
	demanded := demands(patterns[0])
	if demanded == nil {
		return source
	}
	return &gojq.Query{Left: source, Op: gojq.OpPipe, Right: &gojq.Query{Term: call("_demand", demanded)}}
}

// strictKeys rewrites the queries that are keys in a pattern.
func strictKeys(p *gojq.Pattern) {
	if p == nil {
		return
	}
	for _, e := range p.Array {
		strictKeys(e)
	}
	for _, o := range p.Object {
		strict(o.KeyQuery)
		if o.KeyString != nil {
			strictAll(o.KeyString.Queries)
		}
		strictKeys(o.Val)
	}
}

// demands returns a query with the value of each field that a pattern names, or nil.
func demands(p *gojq.Pattern) (all *gojq.Query) {
	if p == nil {
		return nil
	}
	add := func(one *gojq.Query) {
		if all == nil {
			all = one
		} else {
			all = &gojq.Query{Left: all, Op: gojq.OpComma, Right: one}
		}
	}
	for i, e := range p.Array {
		if within := demands(e); within != nil {
			at := &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeNumber, Number: strconv.Itoa(i)}}
			element := &gojq.Term{Type: gojq.TermTypeIndex, Index: &gojq.Index{Start: at}}
			add(&gojq.Query{Left: &gojq.Query{Term: element}, Op: gojq.OpPipe, Right: within})
		}
	}
	for _, o := range p.Object {
		name := strings.TrimPrefix(o.Key, "$")
		if o.KeyString != nil && o.KeyString.Queries == nil {
			name = o.KeyString.Str
		}
		if name == "" {
			continue // computed: a null is found where it is compared
		}
		one := &gojq.Query{Term: call("_field", text(name))}
		if within := demands(o.Val); within != nil {
			one = &gojq.Query{Left: one, Op: gojq.OpPipe, Right: within}
		}
		add(one)
	}
	return all
}
