package eval

import (
	"slices"

	"github.com/itchyny/gojq"
)

// In jq, .balnce is null if there is no such field, and null == 90 is false. So a misspelt
// field would give the answer no. This file rewrites an expression:
//
//   - .name becomes _field("name"), which fails if the value is an object without that key.
//     In .name? and .name // 0, in try .name, and on the left side of an assignment, the
//     author says that the field may be absent. These stay as they are.
//   - . as {name: $x} becomes _demand(_field("name")) as {name: $x}.
//   - at_most_one(f) becomes _seen("at_most_one(f)"; at_most_one(f)), and so do the other words
//     that have a witness. It notes the value and the witness.
//   - a == b becomes _compare("=="; a; b), and so do the other comparisons. It fails if one
//     of the values is null or their types differ. A comparison in which null is written
//     stays as it is.
//
//   - A condition fails unless it is true or false: see strict_condition.go.
//
// A failure counts even if the expression catches it: see [asked.fail].

// witnessed holds the words that have a witness.
var witnessed = map[string]bool{
	"total": true, "each": true, "same": true, "at_most_one": true, "exactly_one": true, "subset": true,
	"deadlocked": true, "deadlocked_any": true, "terminated": true, "stalled": true,
}

// strict rewrites a query and everything in it.
func strict(q *gojq.Query) {
	if q == nil {
		return
	}
	for _, d := range q.FuncDefs {
		strict(d.Body)
	}
	switch {
	case q.Term != nil:
		strictTerm(q.Term)
	case q.Right == nil:
	case q.Patterns != nil:
		q.Left = strictPatterns(q.Left, q.Patterns...)
		strict(q.Right)
	case q.Op == gojq.OpAlt || assigns(q.Op):
		optional(q.Left)
		strict(q.Right)
	case compares(q.Op) && !isNull(q.Left) && !isNull(q.Right):
		strict(q.Left)
		strict(q.Right)
		*q = gojq.Query{FuncDefs: q.FuncDefs, Term: call("_compare", text(q.Op.String()), q.Left, q.Right)}
	default:
		strict(q.Left)
		strict(q.Right)
		if q.Op == gojq.OpAnd || q.Op == gojq.OpOr {
			q.Left, q.Right = condition(q.Left), condition(q.Right)
		}
	}
}

func strictAll(all []*gojq.Query) {
	for _, q := range all {
		strict(q)
	}
}

// optional rewrites a query whose result may be absent: the fields that it consists of stay
// as they are. What is in arguments and brackets is strict.
func optional(q *gojq.Query) {
	switch {
	case q == nil:
	case q.Term != nil:
		optionalTerm(q.Term)
	case q.Patterns != nil:
		q.Left = strictPatterns(q.Left, q.Patterns...)
		optional(q.Right)
	case q.Right != nil && (q.Op == gojq.OpPipe || q.Op == gojq.OpAlt):
		optional(q.Left)
		optional(q.Right)
	default:
		strict(q)
	}
}

func optionalTerm(t *gojq.Term) {
	if t.Type == gojq.TermTypeQuery {
		optional(t.Query)
	} else {
		strictParts(t)
	}
	for _, s := range t.SuffixList {
		strictIndex(s.Index)
	}
}

// strictTerm rewrites a term. A suffix cannot be a call, so a.b becomes (a | _field("b")).
func strictTerm(t *gojq.Term) {
	strictParts(t)
	suffixes := t.SuffixList
	t.SuffixList = nil
	if name, ok := field(t.Index); ok && t.Type == gojq.TermTypeIndex {
		if mayBeAbsent(suffixes) {
			// The question mark holds for this field alone.
			t.SuffixList, suffixes = suffixes[:1], suffixes[1:]
		} else {
			*t = *call("_field", text(name))
		}
	}
	for len(suffixes) > 0 {
		s := suffixes[0]
		suffixes = suffixes[1:]
		strictIndex(s.Index)
		name, ok := field(s.Index)
		switch {
		case mayBeAbsent(suffixes):
			last := &gojq.Term{Type: gojq.TermTypeIdentity, SuffixList: []*gojq.Suffix{s, suffixes[0]}}
			if s.Index != nil && !ok {
				// The index may depend on the value before this term, so it stays in its place.
				t.SuffixList = append(t.SuffixList, s, suffixes[0])
			} else {
				*t = *pipe(t, last)
			}
			suffixes = suffixes[1:]
		case ok:
			*t = *pipe(t, call("_field", text(name)))
		default:
			t.SuffixList = append(t.SuffixList, s)
		}
	}
}

// mayBeAbsent reports whether suffixes begin with a question mark.
func mayBeAbsent(suffixes []*gojq.Suffix) bool { return len(suffixes) > 0 && suffixes[0].Optional }

// strictParts rewrites the queries within a term, without its suffixes.
func strictParts(t *gojq.Term) {
	strictIndex(t.Index)
	strict(t.Query)
	if t.Func != nil {
		written := t.Func.String()
		strictAll(t.Func.Args)
		if witnessed[t.Func.Name] {
			called := *t.Func
			t.Func = call("_seen", text(written), &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc, Func: &called}}).Func
		}
		strictCall(t)
	}
	if t.Array != nil {
		strict(t.Array.Query)
	}
	if t.Object != nil {
		for _, kv := range t.Object.KeyVals {
			strictKeyValue(kv)
		}
	}
	if t.Str != nil {
		strictAll(t.Str.Queries)
	}
	if t.Unary != nil {
		strictTerm(t.Unary.Term)
	}
	if t.If != nil {
		strictAll([]*gojq.Query{t.If.Cond, t.If.Then, t.If.Else})
		t.If.Cond = condition(t.If.Cond)
		for _, e := range t.If.Elif {
			strictAll([]*gojq.Query{e.Cond, e.Then})
			e.Cond = condition(e.Cond)
		}
	}
	if t.Try != nil {
		optional(t.Try.Body)
		strict(t.Try.Catch)
	}
	if r := t.Reduce; r != nil {
		r.Query = strictPatterns(r.Query, r.Patterns...)
		strictAll([]*gojq.Query{r.Start, r.Update})
	}
	if f := t.Foreach; f != nil {
		f.Query = strictPatterns(f.Query, f.Patterns...)
		strictAll([]*gojq.Query{f.Start, f.Update, f.Extract})
	}
	if t.Label != nil {
		strict(t.Label.Body)
	}
}

// strictKeyValue rewrites a key of an object. {name} means {name: .name}.
func strictKeyValue(kv *gojq.ObjectKeyVal) {
	strict(kv.KeyQuery)
	strict(kv.Val)
	name := kv.Key
	if kv.KeyString != nil {
		strictAll(kv.KeyString.Queries)
		name = kv.KeyString.Str
	}
	constant := kv.KeyString == nil || kv.KeyString.Queries == nil
	if kv.Val == nil && constant && name != "" && name[0] != '$' && name[0] != '@' {
		kv.Val = &gojq.Query{Term: call("_field", text(name))}
	}
}

func strictIndex(i *gojq.Index) {
	if i != nil {
		strict(i.Start)
		strict(i.End)
		if i.Str != nil {
			strictAll(i.Str.Queries)
		}
	}
}

// field returns the name in .name, ."name" and .["name"].
func field(i *gojq.Index) (string, bool) {
	switch {
	case i == nil || i.IsSlice:
		return "", false
	case i.Name != "":
		return i.Name, true
	case i.Str != nil:
		return i.Str.Str, i.Str.Queries == nil
	case i.Start != nil && i.Start.Term != nil && len(i.Start.Term.SuffixList) == 0 && i.Start.Term.Type == gojq.TermTypeString:
		return i.Start.Term.Str.Str, i.Start.Term.Str.Queries == nil
	}
	return "", false
}

func isNull(q *gojq.Query) bool {
	return q.Term != nil && q.Term.Type == gojq.TermTypeNull && len(q.Term.SuffixList) == 0
}

func compares(o gojq.Operator) bool {
	return slices.Contains([]gojq.Operator{gojq.OpEq, gojq.OpNe, gojq.OpGt, gojq.OpLt, gojq.OpGe, gojq.OpLe}, o)
}

func assigns(o gojq.Operator) bool {
	return slices.Contains([]gojq.Operator{gojq.OpAssign, gojq.OpModify, gojq.OpUpdateAdd, gojq.OpUpdateSub,
		gojq.OpUpdateMul, gojq.OpUpdateDiv, gojq.OpUpdateMod, gojq.OpUpdateAlt}, o)
}

func call(name string, args ...*gojq.Query) *gojq.Term {
	return &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: name, Args: args}}
}

func text(s string) *gojq.Query {
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeString, Str: &gojq.String{Str: s}}}
}

// pipe returns the term (a | b). It takes a copy of a.
func pipe(a, b *gojq.Term) *gojq.Term {
	left := *a
	return &gojq.Term{Type: gojq.TermTypeQuery, Query: &gojq.Query{
		Left: &gojq.Query{Term: &left}, Op: gojq.OpPipe, Right: &gojq.Query{Term: b},
	}}
}
