package eval

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/itchyny/gojq"

	"chandy/internal/question"
	"chandy/snapshot"
)

// words returns the words that are written in Go. Each closure reads e.asked, because the
// compiled code outlives an evaluation.
func (e *Expression) words() []gojq.CompilerOption {
	one := func(name string, args int, f func(a *asked, in any, args []any) any) gojq.CompilerOption {
		return gojq.WithFunction(name, args, args, func(in any, args []any) any { return f(e.asked, in, args) })
	}
	return []gojq.CompilerOption{
		one("_root", 0, func(a *asked, _ any, _ []any) any { return a.root }),
		one("_whole", 0, (*asked).whole),
		one("_states", 0, (*asked).states),
		one("_in_flight", 0, (*asked).inFlight),
		one("_channel", 2, (*asked).channel),
		one("_name", 0, func(_ *asked, in any, _ []any) any { return messageName(in) }),
		one("_absent", 1, (*asked).absent),
		one("_compare", 3, (*asked).compare),
		one("_only", 1, (*asked).only),
		one("_number", 1, func(a *asked, in any, args []any) any { return a.want(in, args[0], "number", "a number") }),
		one("_boolean", 1, func(a *asked, in any, args []any) any { return a.want(in, args[0], "boolean", "true or false") }),
		one("_truth", 0, (*asked).truth),
		one("_value", 1, (*asked).value),
		one("_waits", 0, (*asked).waits),
		one("_witness", 0, (*asked).witness),
		one("_note", 1, (*asked).note),
		one("_terminated", 0, func(a *asked, _ any, _ []any) any { return a.property(question.Terminated) }),
		one("_stalled", 0, func(a *asked, _ any, _ []any) any { return a.property(question.Stalled) }),
		one("_deadlocked", 1, (*asked).deadlocked),
	}
}

// fail records that the question cannot be answered, and why. That holds even if the
// expression catches the error: a misspelt field must not give an answer.
func (a *asked) fail(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if a.failure == nil {
		a.failure = err
	}
	return err
}

// whole returns its input, unless parts of the snapshot are missing.
func (a *asked) whole(in any, _ []any) any {
	if len(a.missing) > 0 {
		return a.fail("the snapshot is partial: %s", strings.Join(a.missing, ", "))
	}
	return in
}

// states returns an object from the id of each process whose part came to its state.
func (a *asked) states(any, []any) any {
	all := map[string]any{}
	for id, p := range object(object(a.root)["processes"]) {
		process := object(p)
		if why, ok := process["state_error"]; ok {
			return a.fail("%s has no state: %v", id, why)
		}
		if _, ok := process["state_base64"]; ok {
			return a.fail("the state of %s is not JSON", id)
		}
		all[id] = process["state"]
	}
	return all
}

// inFlight returns the messages in flight on all channels whose state is known.
func (a *asked) inFlight(any, []any) any {
	all := []any{}
	for _, c := range array(object(a.root)["channels"]) {
		channel := object(c)
		for _, m := range array(channel["messages"]) {
			message := object(m)
			one := map[string]any{"from": channel["from"], "to": channel["to"], "seq": message["seq"], "payload": message["payload"]}
			if _, ok := message["payload_base64"]; ok {
				return a.fail("the payload of %s is not JSON", messageName(one))
			}
			all = append(all, one)
		}
	}
	return all
}

// messageName names a message in flight, for people.
func messageName(in any) string {
	m := object(in)
	return fmt.Sprintf("message %v on %v->%v", m["seq"], m["from"], m["to"])
}

// channel returns its input if there is a channel between two processes.
func (a *asked) channel(in any, args []any) any {
	for _, c := range array(object(in)["channels"]) {
		if channel := object(c); channel["from"] == args[0] && channel["to"] == args[1] {
			return in
		}
	}
	return a.fail("there is no channel %v->%v", args[0], args[1])
}

// compare compares two values with the operator args[0].
func (a *asked) compare(_ any, args []any) any {
	left, right := args[1], args[2]
	switch l, r := typeOf(left), typeOf(right); {
	case l == "null" || r == "null":
		return a.fail("null is compared with %s: write null if that is meant, or give another value with //", other(left, right))
	case l != r:
		return a.fail("%s is compared with %s: %s with %s", withArticle(l), withArticle(r), short(left), short(right))
	}
	order := gojq.Compare(left, right)
	switch args[0] {
	case "==":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// withArticle returns the name of a type with its article.
func withArticle(name string) string {
	if strings.ContainsAny(name[:1], "ao") {
		return "an " + name
	}
	return "a " + name
}

func other(left, right any) string {
	if left == nil && right == nil {
		return "null"
	}
	if left == nil {
		left = right
	}
	return short(left)
}

// only returns the element of its input, which must have one.
func (a *asked) only(in any, args []any) any {
	switch all := array(in); len(all) {
	case 0:
		return a.fail("%v: there is no value, where one is needed", args[0])
	case 1:
		return all[0]
	default:
		return a.fail("%v: there are %d values, where one is needed: all(…) or any(…) makes one of them", args[0], len(all))
	}
}

// want returns its input if that has a type. The name says of what it is the value, and wanted
// names the type for people.
func (a *asked) want(in, name any, kind, wanted string) any {
	if typeOf(in) != kind {
		return a.fail("%v: the value is %s, not %s", name, short(in), wanted)
	}
	return in
}

// truth returns its input if that is true or false.
func (a *asked) truth(in any, _ []any) any {
	if typeOf(in) != "boolean" {
		return a.fail("a condition is %s, not true or false: compare it", short(in))
	}
	return in
}

// value returns its input unless that is null.
func (a *asked) value(in any, args []any) any {
	if in == nil {
		return a.fail("%v: the value is null", args[0])
	}
	return in
}

// waits returns the processes that a value names: one, or a list of them. Null names none.
func (a *asked) waits(in any, _ []any) any {
	switch v := in.(type) {
	case nil:
		return []any{}
	case string:
		return []any{v}
	case []any:
		for _, id := range v {
			if _, ok := id.(string); !ok {
				return a.fail("%s is no list of processes", short(in))
			}
		}
		return v
	}
	return a.fail("%s is neither a process nor a list of processes", short(in))
}

func (a *asked) deadlocked(in any, args []any) any {
	waits := map[snapshot.ProcessID][]snapshot.ProcessID{}
	for id, all := range object(in) {
		for _, other := range array(all) {
			waits[snapshot.ProcessID(id)] = append(waits[snapshot.ProcessID(id)], snapshot.ProcessID(other.(string)))
		}
	}
	return a.property(func(g *snapshot.Global) question.Answer {
		if args[0] == "any" {
			return question.DeadlockedAny(g, waits)
		}
		return question.Deadlocked(g, waits)
	})
}

// property asks a question that is written in Go.
func (a *asked) property(ask func(*snapshot.Global) question.Answer) any {
	g, err := a.global()
	if err != nil {
		return a.fail("%w", err)
	}
	answer := ask(g)
	a.pending = answer.Witness
	switch answer.Verdict {
	case question.Yes:
		return true
	case question.No:
		return false
	}
	return a.fail("%s", answer.Why)
}

// witnessMax is how many names a witness has at most: there may be millions of messages.
const witnessMax = 20

// witness keeps the names in its input as the witness of the word that is evaluated.
func (a *asked) witness(in any, _ []any) any {
	a.pending = nil
	for i, name := range array(in) {
		if i == witnessMax {
			a.pending = append(a.pending, fmt.Sprintf("and %d more", len(array(in))-i))
			break
		}
		a.pending = append(a.pending, fmt.Sprint(name))
	}
	return in
}

// notesMax is how many notes an answer has at most.
const notesMax = 20

// note keeps the value of a word, and its witness.
func (a *asked) note(in any, args []any) any {
	note := Note{Word: args[0].(string), Value: short(in), Witness: a.pending}
	a.pending = nil
	known := slices.ContainsFunc(a.notes, func(n Note) bool { return n.Word == note.Word && n.Value == note.Value })
	if !known && len(a.notes) < notesMax {
		a.notes = append(a.notes, note)
	}
	return in
}

func object(v any) map[string]any { m, _ := v.(map[string]any); return m }
func array(v any) []any           { all, _ := v.([]any); return all }

// typeOf returns jq's name of the type of a value.
func typeOf(v any) string { return gojq.TypeOf(v) }

// short returns the beginning of a value as JSON, for people.
func short(v any) string {
	const most = 60
	b, err := gojq.Marshal(v)
	if err != nil {
		return "a value that is not JSON"
	}
	if text := []rune(string(b)); len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(b)
}

// decode converts a snapshot to the form of gojq. Numbers keep all their digits.
func decode(document []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if object(v) == nil {
		return nil, errors.New("not a snapshot: not an object")
	}
	return v, nil
}
