package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// evaluate is the argument that makes this program the process of an Evaluator.
const evaluate = "evaluate"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == evaluate {
		if err := Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// parts holds the members of processes besides their incarnations, by id. A process whose
// members are "missing" is missing.
type parts map[string]string

// document returns the text of a snapshot. A channel is its name and the messages in flight,
// or a question mark if its state is missing. A message is a payload, or base64:TEXT.
func document(of parts, channels ...string) []byte {
	var processes, missing, all []string
	status := "complete"
	for _, id := range slices.Sorted(maps.Keys(of)) {
		if of[id] == "missing" {
			missing = append(missing, fmt.Sprintf(`{"process":%q,"reason":"unreachable","detail":""}`, id))
			status = "partial"
		} else {
			processes = append(processes, fmt.Sprintf(`%q:{%s,"incarnation":"i","recorded_after_ms":0,"completed_after_ms":1}`, id, of[id]))
		}
	}
	for _, c := range channels {
		name, payloads, _ := strings.Cut(c, " ")
		from, to, _ := strings.Cut(name, "->")
		counts := `"sent":null,"received":5,"messages":null`
		if payloads != "?" {
			var messages []string
			for i, p := range strings.Fields(payloads) {
				key := "payload"
				if text, ok := strings.CutPrefix(p, "base64:"); ok {
					key, p = "payload_base64", fmt.Sprintf("%q", text)
				}
				messages = append(messages, fmt.Sprintf(`{"seq":%d,%q:%s}`, 6+i, key, p))
			}
			counts = fmt.Sprintf(`"sent":%d,"received":5,"messages":[%s]`, 5+len(messages), strings.Join(messages, ","))
		}
		all = append(all, fmt.Sprintf(`{"from":%q,"to":%q,"incarnations":["i","i"],%s}`, from, to, counts))
	}
	return fmt.Appendf(nil, `{"format":"chandy/snapshot.v1","id":"S","cluster":"c","epoch":1,"status":%q,"initiators":["p1"],
		"started_at":"2026-11-22T07:35:25Z","elapsed_ms":1,"processes":{%s},"channels":[%s],"missing":[%s]}`,
		status, strings.Join(processes, ","), strings.Join(all, ","), strings.Join(missing, ","))
}

// cluster is a snapshot of three processes with two messages in flight. p1 and p2 wait for
// each other. It holds 3000 units of money, one token and one leader.
func cluster() []byte {
	return document(parts{
		"p1": `"state":{"balance":990,"role":"leader","term":3,"token":false,"committed":[1],"proposed":[1,2],"queue":[],"peer":null,"waiting_for":["p2"]},"idle":true`,
		"p2": `"state":{"balance":1000,"role":"follower","term":3,"token":false,"committed":[1,2],"proposed":[],"queue":["a"],"peer":null,"waiting_for":["p1"]},"idle":true`,
		"p3": `"state":{"balance":1000,"role":"follower","term":3,"token":false,"committed":[],"proposed":[3],"queue":[],"peer":null,"waiting_for":[]},"idle":false`,
	}, `p1->p2 {"type":"transfer","amount":4,"token":false} {"type":"transfer","amount":6,"token":true}`,
		"p1->p3", "p2->p1", "p2->p3", "p3->p1", "p3->p2")
}

// ask returns the answer to an expression as text: "yes", "no", "cannot tell: WHY", or
// "syntax: WHAT".
func ask(t *testing.T, expression string, text []byte, loose bool) string {
	t.Helper()
	a, err := answer(t, expression, text, loose)
	if err != nil {
		return "syntax: " + err.Error()
	}
	if a.Why != "" {
		return a.Verdict.String() + ": " + a.Why
	}
	return a.Verdict.String()
}

func answer(t *testing.T, expression string, text []byte, loose bool) (Answer, error) {
	t.Helper()
	d, err := NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Compile(expression, loose)
	if err != nil {
		return Answer{}, err
	}
	return e.Ask(context.Background(), d), nil
}

// query returns the values of an expression as JSON, or the reason why there are none.
func query(t *testing.T, expression string, text []byte, loose bool) string {
	t.Helper()
	d, err := NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Compile(expression, loose)
	if err != nil {
		return "syntax: " + err.Error()
	}
	a := e.Query(context.Background(), d)
	if a.Why != "" {
		return a.Verdict.String() + ": " + a.Why
	}
	return joinValues(a.Values)
}

func joinValues(all []json.RawMessage) string {
	var texts []string
	for _, v := range all {
		texts = append(texts, string(v))
	}
	return strings.Join(texts, " ")
}
