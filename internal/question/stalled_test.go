package question

import (
	"fmt"
	"strings"
	"testing"
)

// open returns the members of a process that is idle and has not answered requests: each is
// the process that asked and the msg_id, such as "p1 7".
func open(requests ...string) string {
	return `"state":{},"idle":true,` + openOnly(requests...)
}

func openOnly(requests ...string) string {
	var all []string
	for _, r := range requests {
		from, id, _ := strings.Cut(r, " ")
		all = append(all, fmt.Sprintf(`{"from":%q,"msg_id":%s,"since_ms":1500}`, from, id))
	}
	return fmt.Sprintf(`"open":[%s],"open_total":%d`, strings.Join(all, ","), len(all))
}

const (
	settled    = `"state":{},"settled":"idle","printed_before_reply":0,"unanswered":0,`
	request7   = `{"body":{"type":"take","msg_id":7}}`
	answer7    = `{"body":{"type":"take_ok","in_reply_to":7}}`
	answer7and = `{"body":{"type":"take_ok","in_reply_to":7,"msg_id":8}}`
)

func TestStalledFindsWhoWaits(t *testing.T) {
	two := []string{"p1->p2", "p2->p1"}
	circle := []string{"p1->p2", "p2->p3", "p3->p4", "p4->p5", "p5->p1"}
	const p1ForP2 = "p1 waits for p2: request 7, open for 1.5s"
	for _, c := range []struct {
		name     string
		of       parts
		channels []string
		want     string
	}{
		{"no requests", parts{"p1": open(), "p2": open()}, two, "no"},
		{"five in a circle, from open requests alone", parts{
			"p1": settled + openOnly("p5 1"), "p2": settled + openOnly("p1 2"), "p3": settled + openOnly("p2 3"),
			"p4": settled + openOnly("p3 4"), "p5": settled + openOnly("p4 5")}, circle,
			"yes: p1 -> p2 -> p3 -> p4 -> p5 -> p1, p1 waits for p2: request 2, open for 1.5s, p2 waits for p3: request 3, open for 1.5s, " +
				"p3 waits for p4: request 4, open for 1.5s, p4 waits for p5: request 5, open for 1.5s, p5 waits for p1: request 1, open for 1.5s"},
		{"five in a circle, one of them busy", parts{
			"p1": open("p5 1"), "p2": open("p1 2"), "p3": `"state":{},"idle":false,` + openOnly("p2 3"),
			"p4": open("p3 4"), "p5": open("p4 5")}, circle, "no"},
		{"a chain", parts{"p1": open(), "p2": open("p1 7")}, two, "yes: " + p1ForP2},
		{"a chain that ends in a busy process", parts{"p1": open(), "p2": `"state":{},"idle":false,` + openOnly("p1 7")}, two, "no"},
		{"a chain of three that ends in a busy process", parts{"p1": open(), "p2": open("p1 7"), "p3": `"state":{},"idle":false,` + openOnly("p2 7")}, two, "no"},
		{"the process that waits is busy", parts{"p1": `"state":{},"idle":false,` + openOnly(), "p2": open("p1 7")}, two, "no"},
		{"a request in flight", parts{"p1": open(), "p2": open()}, []string{"p1->p2 " + request7, "p2->p1"}, "no"},
		{"a reply in flight", parts{"p1": open(), "p2": open("p1 7")}, []string{"p1->p2", "p2->p1 " + answer7}, "no"},
		{"any message to one of them", parts{"p1": open(), "p2": open("p1 7")}, []string{"p1->p2", "p2->p1", "p3->p2 1"}, "no"},
		{"a message between others", parts{"p1": open(), "p2": open("p1 7"), "p3": open(), "p4": open()}, append(two, "p3->p4 1"), "yes: " + p1ForP2},
		{"a chain beside a moving chain", parts{"p1": open(), "p2": open("p1 7"), "p3": open(), "p4": `"state":{},"idle":false,` + openOnly("p3 7")}, two, "yes: " + p1ForP2},
		{"a client waits", parts{"p1": open("c1 7"), "p2": open()}, two, "no"},
		{"asleep and settled", parts{"p1": settled + openOnly(), "p2": settled + openOnly("p1 7")}, two, "yes: " + p1ForP2},
		{"asleep, but it says that it is not idle", parts{"p1": open(), "p2": settled + `"idle":false,` + openOnly("p1 7")}, two, "no"},
		{"idle unknown", parts{"p1": open(), "p2": `"state":{},` + openOnly("p1 7")}, two, "cannot tell: p1, p2 would be stalled if it were known that p2 does nothing by itself"},
		{"open unknown", parts{"p1": open(), "p2": `"state":{},"idle":true`}, two, "cannot tell: p2 does not say which requests it has not answered"},
		{"open unknown, but it was never asked", parts{"p1": open(), "p2": `"state":{},"idle":true`}, []string{"p1->p2!", "p2->p1"}, "no"},
		{"open unknown, but something comes", parts{"p1": open(), "p2": `"state":{},"idle":true`}, []string{"p1->p2 1", "p2->p1"}, "no"},
		{"open unknown, but busy", parts{"p1": open(), "p2": `"state":{},"idle":false`}, two, "no"},
		{"a truncated list", parts{"p1": open(), "p2": `"state":{},"idle":true,"open":[{"from":"p1","msg_id":7,"since_ms":1}],"open_total":2`}, two,
			"cannot tell: p2 has 2 requests that it has not answered, and the snapshot lists 1 of them"},
		{"partial", parts{"p1": open(), "p2": "missing"}, []string{"p1->p2", "p2->p1 ?"}, "cannot tell: the snapshot is partial: p2: unreachable"},
		{"partial, the process that waits is missing", parts{"p1": open("p2 7"), "p2": "missing"}, []string{"p1->p2"}, "cannot tell: p1, p2 would be stalled if it were known that p2 does nothing by itself"},
		{"partial, others stalled", parts{"p1": open(), "p2": open("p1 7"), "p3": "missing"}, two, "yes: " + p1ForP2},
		{"partial, an unknown channel to one of them", parts{"p1": open(), "p2": open("p1 7"), "p3": "missing"}, append(two, "p3->p2 ?"),
			"cannot tell: the snapshot is partial: p3: unreachable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			of := parts{}
			for id, members := range c.of {
				of[id] = members
			}
			for _, name := range c.channels { // a process that only a channel of the case names
				name, _, _ = strings.Cut(name, " ")
				from, to, _ := strings.Cut(strings.TrimSuffix(name, "!"), "->")
				for _, id := range []string{from, to} {
					if of[id] == "" {
						of[id] = open()
					}
				}
			}
			wantAnswer(t, Stalled(global(t, of, c.channels...)), c.want)
		})
	}
}

func TestWaitsAreUnansweredRequests(t *testing.T) {
	for _, c := range []struct {
		name     string
		of       parts
		channels []string
		want     string
	}{
		{"none", parts{"p1": plain, "p2": plain}, []string{"p1->p2"}, ""},
		{"an open request", parts{"p1": open("p2 7"), "p2": open()}, nil, "p2 waits for p1: request 7, open for 1.5s"},
		{"an open request of a client", parts{"p1": open("c12 7"), "p2": open()}, nil, ""},
		{"an open request that has a text as its id", parts{"p1": open(`p2 "a"`), "p2": open()}, nil, `p2 waits for p1: request "a", open for 1.5s`},
		{"its answer in flight", parts{"p1": open("p2 7"), "p2": open()}, []string{"p1->p2 " + answer7}, ""},
		{"an answer that is a request too", parts{"p1": open("p2 7"), "p2": open()}, []string{"p1->p2 " + answer7and}, ""},
		{"the answer to another", parts{"p1": open("p3 7"), "p2": open(), "p3": open()}, []string{"p1->p2 " + answer7}, "p3 waits for p1: request 7, open for 1.5s"},
		{"the answer of another", parts{"p1": open("p2 7"), "p2": open(), "p3": open()}, []string{"p3->p2 " + answer7}, "p2 waits for p1: request 7, open for 1.5s"},
		{"the answer to another request", parts{"p1": open("p2 6"), "p2": open()}, []string{"p1->p2 " + answer7}, "p2 waits for p1: request 6, open for 1.5s"},
		{"a request in flight", parts{"p1": open(), "p2": open()}, []string{"p1->p2 " + request7}, "p1 waits for p2: request 7 is on its way"},
		{"the body of a bundled program", parts{"p1": open(), "p2": open()}, []string{`p1->p2 {"type":"take","msg_id":7}`}, "p1 waits for p2: request 7 is on its way"},
		{"a message without an id", parts{"p1": open(), "p2": open()}, []string{`p1->p2 {"body":{"type":"tell"}} {"type":"tell"} 1 null [1] "msg_id"`}, ""},
		{"ids that mean none", parts{"p1": open(), "p2": open()},
			[]string{`p1->p2 {"body":{"msg_id":null}} {"body":{"msg_id":0}} {"body":{"msg_id":-1}}`}, ""},
		{"a request with an answer id that means none", parts{"p1": open(), "p2": open()},
			[]string{`p1->p2 {"body":{"msg_id":7,"in_reply_to":null}}`}, "p1 waits for p2: request 7 is on its way"},
		{"the order is by who waits", parts{"p1": open("p2 1"), "p2": open("p1 2"), "p10": open("p2 3"), "p1-a": open("p2 4")}, nil,
			"p1 waits for p2: request 2, open for 1.5s; p2 waits for p1: request 1, open for 1.5s; p2 waits for p1-a: request 4, open for 1.5s; p2 waits for p10: request 3, open for 1.5s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, w := range Waits(global(t, c.of, c.channels...)) {
				got = append(got, w.String())
			}
			if all := strings.Join(got, "; "); all != c.want {
				t.Errorf("got %q, want %q", all, c.want)
			}
		})
	}
}
