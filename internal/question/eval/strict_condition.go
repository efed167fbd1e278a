package eval

import "github.com/itchyny/gojq"

// In jq, every value but false and null counts as true. So all(states[]; .balance) would be
// yes, where a comparison was forgotten. This file makes conditions fail that are neither true
// nor false: the operands of "and" and "or", the input of "not", and what if, select, any and
// all ask.

// condition returns a query that fails unless its value is true or false.
func condition(q *gojq.Query) *gojq.Query {
	return &gojq.Query{Left: q, Op: gojq.OpPipe, Right: &gojq.Query{Term: call("_truth")}}
}

// strictCall rewrites a call whose argument or input is a condition.
func strictCall(t *gojq.Term) {
	f := *t.Func
	asks := f.Name == "select" || f.Name == "any" || f.Name == "all"
	var input *gojq.Term
	switch last := len(f.Args) - 1; {
	case asks && last >= 0:
		t.Func.Args[last] = condition(f.Args[last])
		return
	case f.Name == "not" && last < 0:
		input = call("_truth")
	case asks && f.Name != "select":
		input = call("map", &gojq.Query{Term: call("_truth")})
	default:
		return
	}
	t.Type, t.Func = gojq.TermTypeQuery, nil
	t.Query = &gojq.Query{Left: &gojq.Query{Term: input}, Op: gojq.OpPipe, Right: &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc, Func: &f}}}
}
