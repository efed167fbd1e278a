package eval

import (
	"fmt"
	"strings"
	"testing"
)

func TestWordsAnswer(t *testing.T) {
	for _, c := range []struct{ expression, want string }{
		{"states.p1.balance", "990"},
		{"states | keys", `["p1","p2","p3"]`},
		{"in_flight", `{"from":"p1","payload":{"amount":4,"token":false,"type":"transfer"},"seq":6,"to":"p2"} ` +
			`{"from":"p1","payload":{"amount":6,"token":true,"type":"transfer"},"seq":7,"to":"p2"}`},
		{"[in_flight] | length == 0", "false"},
		{`[in_flight("p1"; "p2")] | length`, "2"},
		{`[in_flight("p2"; "p1")] | length`, "0"},
		{`in_flight("p1"; "p9")`, "cannot tell: there is no channel p1->p9"},
		{"total(.balance; .amount)", "3000"},
		{"total(.balance; .amount) == 3000", "true"},
		{"total(.balance; empty)", "2990"},
		{"total(.balance | select(. > 990); empty)", "2000"},
		{"each(.balance >= 0)", "true"},
		{"each(.balance > 990)", "false"},
		{"same(.term)", "true"},
		{"same(.role)", "false"},
		{`at_most_one(.role == "leader")`, "true"},
		{`at_most_one(.role == "follower")`, "false"},
		{`at_most_one(.role == "none")`, "true"},
		{`exactly_one(.token; .token)`, "true"},
		{`exactly_one(.role == "leader"; .type == "token")`, "true"},
		{`exactly_one(.role == "leader"; .token)`, "false"},
		{`exactly_one(.token; .type == "token")`, "false"},
		{`exactly_one(.token; .type == "transfer")`, "false"},
		{"subset(.committed[]; .proposed[])", "true"},
		{"subset(.proposed[]; .committed[])", "false"},
		{"deadlocked", "true"},
		{"deadlocked(.waiting_for)", "true"},
		{"deadlocked(.peer)", "false"},
		{`deadlocked(if .role == "leader" then "p2" else null end)`, "false"},
		{"deadlocked_any(.waiting_for)", "cannot tell: p1, p2 wait only for each other, but what one of them waits for may be on its way: messages 6 to 7 on p1->p2"},
		{"deadlocked_any(.peer)", "false"},
		{"terminated", "false"},
		{"stalled", "cannot tell: p1 does not say which requests it has not answered"},
		{".processes.p1.state | states.p2.balance", "1000"}, // a word is about the whole snapshot
	} {
		want := c.want
		if c.expression == "deadlocked" || c.expression == "deadlocked(.waiting_for)" {
			want = "cannot tell: p1 -> p2 -> p1 wait for each other, but what one of them waits for may be on its way: messages 6 to 7 on p1->p2"
		}
		if got := query(t, c.expression, cluster(), false); got != want {
			t.Errorf("%s: got %s, want %s", c.expression, got, want)
		}
	}
}

func TestDeadlockIsAYesOnceNothingIsOnItsWay(t *testing.T) {
	text := document(parts{"p1": `"state":{"waiting_for":["p2"]}`, "p2": `"state":{"waiting_for":"p1"}`}, "p1->p2", "p2->p1")
	for _, expression := range []string{"deadlocked", "deadlocked(.waiting_for)", "deadlocked_any(.waiting_for)"} {
		if got := ask(t, expression, text, false); got != "yes" {
			t.Errorf("%s: got %s, want yes", expression, got)
		}
		if got := ask(t, expression+" | not", text, false); got != "no" {
			t.Errorf("%s | not: got %s, want no", expression, got)
		}
	}
}

func TestDeadlockedNeedsItsField(t *testing.T) {
	text := document(parts{"p1": `"state":{"waiting_for":null}`, "p2": `"state":{"x":1}`}, "p1->p2", "p2->p1")
	if got, want := ask(t, "deadlocked", text, false), `cannot tell: p2 has no field "waiting_for"; it has x`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := ask(t, "deadlocked(.waiting_for?)", text, false); got != "no" {
		t.Errorf("deadlocked(.waiting_for?): got %q, want no", got)
	}
}

// wordCalls has a call of each word that looks at the states with f, and what it says of a
// state in which f is null.
var wordCalls = []string{
	"total(.x; 0)", "each(.x)", "same(.x)", "at_most_one(.x)", "exactly_one(.x; false)", "subset(.x; 1)", "subset(1; .x)",
}

func TestWordsFailOnNull(t *testing.T) {
	text := document(parts{"p1": `"state":{"x":null}`, "p2": `"state":{"x":null}`}, `p1->p2 {"x":null}`)
	for _, word := range wordCalls {
		if got := ask(t, word, text, false); !strings.HasPrefix(got, "cannot tell: p1: the value is null") {
			t.Errorf("%s: got %q, want cannot tell: p1: the value is null…", word, got)
		}
	}
	for _, word := range []string{"total(0; .x)", "exactly_one(false; .x)"} {
		if got := ask(t, word, text, false); !strings.HasPrefix(got, "cannot tell: message 6 on p1->p2: the value is null") {
			t.Errorf("%s: got %q, want cannot tell: message 6 on p1->p2: the value is null…", word, got)
		}
	}
}

func TestWordsFailWithoutAJSONState(t *testing.T) {
	for _, c := range []struct{ members, why string }{
		{`"state_base64":"AA=="`, "cannot tell: the state of p2 is not JSON"},
		{`"state":null,"state_error":"asleep"`, "cannot tell: p2 has no state: asleep"},
	} {
		text := document(parts{"p1": `"state":{"x":1,"waiting_for":[]}`, "p2": c.members}, "p1->p2")
		for _, word := range append(wordCalls, "states == {}", "deadlocked", "deadlocked(.x)", "deadlocked_any(.waiting_for)") {
			if got := ask(t, word, text, false); got != c.why {
				t.Errorf("%s: got %q, want %q", word, got, c.why)
			}
		}
	}
}

func TestWordsFailOnAPayloadThatIsNotJSON(t *testing.T) {
	text := document(parts{"p1": `"state":{"x":1}`, "p2": `"state":{"x":2}`}, `p1->p2 {"x":1} base64:AA==`, "p2->p1")
	for _, word := range []string{"total(.x; .x)", "exactly_one(.x == 1; false)", "[in_flight] == []", `[in_flight("p1"; "p2")] == []`} {
		if got, want := ask(t, word, text, false), "cannot tell: the payload of message 7 on p1->p2 is not JSON"; got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
	for _, word := range []string{"each(.x > 0)", "same(.x) | not", "at_most_one(.x == 1)", "subset(.x; .x)"} {
		if got := ask(t, word, text, false); got != "yes" {
			t.Errorf("%s, which looks at no payload: got %q, want yes", word, got)
		}
	}
}

func TestWordsNeedOneTruthValueForEachState(t *testing.T) {
	text := document(parts{"p1": `"state":{"none":[],"one":[true],"two":[true,true],"n":1}`}, `p1->p1 {"two":[true,true]}`)
	for _, c := range []struct{ f, why string }{
		{".none[]", "p1: there is no value, where one is needed"},
		{".two[]", "p1: there are 2 values, where one is needed: all(…) or any(…) makes one of them"},
		{".n", "p1: the value is 1, not true or false"},
	} {
		for _, form := range []string{"each(%s)", "at_most_one(%s)", "exactly_one(%s; false)"} {
			word := fmt.Sprintf(form, c.f)
			if got := ask(t, word, text, false); got != "cannot tell: "+c.why {
				t.Errorf("%s: got %q, want %q", word, got, "cannot tell: "+c.why)
			}
		}
	}
	if got := ask(t, "each(.one[])", text, false); got != "yes" {
		t.Errorf("each(.one[]): got %q, want yes", got)
	}
	if got, want := ask(t, "exactly_one(false; .two[])", text, false), "cannot tell: message 6 on p1->p1: there are 2 values"; !strings.HasPrefix(got, want) {
		t.Errorf("exactly_one(false; .two[]): got %q, want %s…", got, want)
	}
}

func TestWordsCompareOnlyValuesOfOneType(t *testing.T) {
	text := document(parts{"p1": `"state":{"x":1,"all":[1]}`, "p2": `"state":{"x":"1","all":[2]}`})
	for _, c := range []struct{ word, want string }{
		{"same(.x)", "cannot tell: a number is compared with a string: 1 with \"1\""},
		{"subset(.x; .all[])", "cannot tell: a string is compared with a number: \"1\" with 1"},
		{"subset(.all[]; .x)", "no"}, // 2 is neither 1 nor "1", and there is a number to compare it with
		{"subset(.all[]; empty)", "no"},
		{"subset(empty; .all[])", "yes"},
	} {
		if got := ask(t, c.word, text, false); got != c.want {
			t.Errorf("%s: got %q, want %q", c.word, got, c.want)
		}
	}
}

func TestNotesShowValueAndWitness(t *testing.T) {
	for _, c := range []struct{ expression, want string }{
		{`at_most_one(.role == "follower")`, `at_most_one(.role == "follower") is false: p2, p3`},
		{"each(.balance > 990)", "each(.balance > 990) is false: p1"},
		{"total(.balance; .amount) == 2", "total(.balance; .amount) is 3000"},
		{"same(.role)", `same(.role) is false: p1: "leader", p2: "follower", p3: "follower"`},
		{"subset(.proposed[]; .committed[])", "subset(.proposed[]; .committed[]) is false: p3: 3"},
		{`exactly_one(.role == "leader"; .token)`, `exactly_one(.role == "leader"; .token) is false: p1, message 7 on p1->p2`},
		{"terminated", "terminated is false: messages 6 to 7 on p1->p2"},
		{"same(.term) and (same(.role) | not)", `same(.term) is true: p1: 3, p2: 3, p3: 3; same(.role) is false: p1: "leader", p2: "follower", p3: "follower"`},
		{"same(.term) and same(.term)", "same(.term) is true: p1: 3, p2: 3, p3: 3"},
	} {
		a, err := answer(t, c.expression, cluster(), false)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, n := range a.Notes {
			text := n.Word + " is " + n.Value
			if n.Witness != nil {
				text += ": " + strings.Join(n.Witness, ", ")
			}
			all = append(all, text)
		}
		if got := strings.Join(all, "; "); got != c.want {
			t.Errorf("%s: got the notes %q, want %q", c.expression, got, c.want)
		}
	}
}

func TestLongWitnessIsCut(t *testing.T) {
	a, err := answer(t, "exactly_one(false; true)", document(parts{"p1": `"state":{}`}, "p1->p1"+strings.Repeat(" 1", 1000)), false)
	if err != nil || len(a.Notes) != 1 || len(a.Notes[0].Witness) != 21 || a.Notes[0].Witness[20] != "and 980 more" {
		t.Errorf("got the notes %v and error %v, want 20 messages and 980 more", a.Notes, err)
	}
}

func TestPartialSnapshotIsNeverAYes(t *testing.T) {
	const partly = "cannot tell: the snapshot is partial: p3: unreachable"
	const final = "no: the snapshot is partial, but what is missing cannot change the answer"
	text := document(parts{
		"p1": `"state":{"x":1,"lead":true,"waiting_for":["p2"]},"idle":true,"open":[],"open_total":0`,
		"p2": `"state":{"x":2,"lead":true,"waiting_for":["p1"]},"idle":false,"open":[],"open_total":0`, "p3": "missing",
	}, "p1->p2 {\"lead\":true}", "p2->p1", "p3->p1 ?")
	for _, c := range []struct{ expression, want string }{
		{"true", partly},
		{"false", partly},
		{"each(.x > 0)", partly},
		{"each(.x > 1)", final},
		{"each(.x > 1) | not", partly},
		{"(each(.x > 1))", final},
		{"each(.x > 1) and each(.x > 0)", final},
		{"each(.x > 0) and each(.x > 1)", partly},
		{"each(.x > 0) or each(.x > 1)", partly},
		{"each(.x > 1) and true", partly},
		{"same(.x)", final},
		{"same(.lead)", partly},
		{"at_most_one(.lead)", final},
		{"at_most_one(.x == 1)", partly},
		{"exactly_one(.lead; .lead)", final},
		{"exactly_one(.x == 1; false)", partly},
		{"exactly_one(.x == 9; false)", partly},
		{"terminated", final},
		{"terminated | not", partly},
		{"stalled", partly},
		{"deadlocked", partly},
		{"deadlocked | not", partly},
		{"deadlocked(.x)", "cannot tell: 1 is neither a process nor a list of processes"},
		{"deadlocked_any(.waiting_for)", partly},
		{"total(.x; 0) == 3", partly},
		{"total(.x; 0) == 4", partly},
		{"subset(.x; .x)", partly},
		{"states | length == 2", partly},
		{"[in_flight] | length == 0", partly},
		{`.status == "complete"`, partly},
		{"def each(f): false; each(.x)", partly}, // the word is defined anew
		{"def f: false; each(.x > 1)", partly},
		{"each(states.p1.x > 1)", partly},
		{"each(terminated)", final},
	} {
		got := ask(t, c.expression, text, false)
		if strings.HasPrefix(got, "yes") || got != c.want && !(c.want == partly && strings.HasPrefix(got, "cannot tell: ")) {
			t.Errorf("%s: got %q, want %q", c.expression, got, c.want)
		}
	}
	for _, word := range []string{"states", "in_flight", `in_flight("p1"; "p2")`, "total(.x; 0)", "subset(.x; .x)"} {
		if got := query(t, word, text, false); got != partly {
			t.Errorf("query of %s: got %q, want %q", word, got, partly)
		}
	}
	if got := query(t, ".processes | keys", text, false); got != `["p1","p2"]` {
		t.Errorf("query of what is there: got %s, want the keys", got)
	}
}
