package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/itchyny/gojq"

	"chandy/internal/question"
	"chandy/snapshot"
)

// Document is a snapshot that questions are asked of.
type Document struct {
	text    []byte
	root    any      // in the form of gojq
	missing []string // what is missing, for people
	decoded *snapshot.Global
}

// NewDocument decodes a snapshot, which should have been verified. The text must not be
// modified afterwards.
func NewDocument(text []byte) (*Document, error) {
	root, err := decode(text)
	if err != nil {
		return nil, err
	}
	d := &Document{text: text, root: root}
	for _, m := range array(object(root)["missing"]) {
		missing := object(m)
		name, ok := missing["process"]
		if !ok {
			name = missing["channel"]
		}
		d.missing = append(d.missing, fmt.Sprintf("%v: %v", name, missing["reason"]))
	}
	return d, nil
}

// global returns the snapshot as the words that are written in Go need it.
func (d *Document) global() (*snapshot.Global, error) {
	if d.decoded == nil {
		g, err := snapshot.Decode(d.text)
		if err != nil {
			return nil, err
		}
		d.decoded = g
	}
	return d.decoded, nil
}

// Note is the value of a word in an expression, for people.
type Note struct {
	Word    string   `json:"word"` // as it is written
	Value   string   `json:"value"`
	Witness []string `json:"witness,omitempty"`
}

// Answer is the answer to an expression.
type Answer struct {
	Verdict question.Verdict  `json:"verdict"`
	Why     string            `json:"why,omitempty"`    // if the verdict is Unknown, or No of a partial snapshot
	Values  []json.RawMessage `json:"values,omitempty"` // of Query
	Notes   []Note            `json:"notes,omitempty"`
}

// asked is the evaluation of one expression.
type asked struct {
	*Document
	failure error    // the first reason why there is no answer
	pending []string // witness of the word that was evaluated last
	notes   []Note
}

// Ask evaluates an expression that must be true or false.
func (e *Expression) Ask(ctx context.Context, d *Document) Answer {
	var values []any
	a := e.run(ctx, d, func(v any) bool {
		values = append(values, v)
		return len(values) < 2
	})
	answer := Answer{Notes: a.notes}
	unknown := func(format string, args ...any) Answer {
		answer.Verdict, answer.Why = question.Unknown, fmt.Sprintf(format, args...)
		return answer
	}
	switch {
	case a.failure != nil:
		return unknown("%v", a.failure)
	case len(values) == 0:
		return unknown("the expression has no value")
	case len(values) > 1:
		return unknown("the expression has more than one value: %s, %s, …: all(…) or any(…) makes one of them", short(values[0]), short(values[1]))
	}
	yes, ok := values[0].(bool)
	switch {
	case !ok:
		return unknown("the value is %s, not true or false", short(values[0]))
	case len(d.missing) == 0 && yes:
		answer.Verdict = question.Yes
	case len(d.missing) == 0:
		answer.Verdict = question.No
	case !yes && e.monotone:
		answer.Verdict, answer.Why = question.No, "the snapshot is partial, but what is missing cannot change the answer"
	default:
		return unknown("the snapshot is partial: %s", list(d.missing))
	}
	return answer
}

// valuesMax is how many bytes of JSON the values of a query may have together.
const valuesMax = 64 << 20

// Query evaluates an expression and returns its values. The verdict is Yes if there are
// any, or that there is none is no fault.
func (e *Expression) Query(ctx context.Context, d *Document) Answer {
	var answer Answer
	size := 0
	a := e.run(ctx, d, func(v any) bool {
		b, err := gojq.Marshal(v)
		if size += len(b); err == nil && size > valuesMax {
			err = fmt.Errorf("the values have more than %d MiB", valuesMax>>20)
		}
		if err != nil {
			e.asked.fail("%w", err)
			return false
		}
		answer.Values = append(answer.Values, b)
		return true
	})
	if answer.Notes = a.notes; a.failure != nil {
		answer.Verdict, answer.Why, answer.Values = question.Unknown, a.failure.Error(), nil
		return answer
	}
	answer.Verdict = question.Yes
	return answer
}

// run evaluates the expression and hands its values to f, until f returns false.
func (e *Expression) run(ctx context.Context, d *Document, f func(any) bool) *asked {
	a := &asked{Document: d}
	e.asked = a
	for v := range values(e.code.RunWithContext(ctx, d.root)) {
		if err, ok := v.(error); ok {
			if ctx.Err() != nil {
				err = fmt.Errorf("it took longer than the time that it has (--eval-timeout)")
			}
			a.fail("%w", err)
			break
		}
		if !f(v) {
			break
		}
	}
	return a
}

func values(it gojq.Iter) iter.Seq[any] {
	return func(yield func(any) bool) {
		for v, ok := it.Next(); ok && yield(v); v, ok = it.Next() {
		}
	}
}

// list joins the names of a few, for people.
func list(all []string) string {
	const most = 5
	text := ""
	for i, one := range all {
		switch {
		case i == most:
			return fmt.Sprintf("%s and %d more", text, len(all)-most)
		case i > 0:
			text += ", "
		}
		text += one
	}
	return text
}
