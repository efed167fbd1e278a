package child

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"chandy/program"
)

// listed returns what Asked returns on the loop.
func (x *Program) listed() []program.AskedRequest {
	all := make(chan []program.AskedRequest)
	x.process.Do(func() { all <- x.Asked() })
	return <-all
}

// Asked lists the requests of the child that have no reply yet, and nothing else that it has
// printed.
func TestAskedListsTheRequestsWithoutAReply(t *testing.T) {
	c := newCluster(t, file(3, "puppet", "", `channels = ["n2"]`, `channels = ["n1"]`, `channels = ["n1"]`))
	x := c.made("n1")
	c.Host("n1", x)
	c.Start("n2", "n3")
	long := strings.Repeat("x", 200)
	c.print("n1",
		`{"dest":"n2","body":{"type":"a","msg_id":"seven"}}`,
		`{"dest":"n2","body":{"type":"a","msg_id":"`+long+`"}}`,
		`{"src":"n1","dest":"n2","body":{"type":"forward","msg_id":8}}`, // n2 answers
		`{"dest":"n2","body":{"type":"a","msg_id":9,"in_reply_to":1}}`,  // a reply
		`{"dest":"n2","body":{"type":"a","msg_id":0}}`,                  // no msg_id
		`{"dest":"n2","body":{"type":"a"}}`,                             //
		`{"src":"c77","dest":"n2","body":{"type":"a","msg_id":10}}`,     // of a client
		`{"dest":"n3","body":{"type":"a","msg_id":11}}`,                 // no channel
		`{"dest":"c3","body":{"type":"a","msg_id":12}}`,                 // to a client
		`{"dest":"n2","body":{"type":"a","msg_id":13}}`,                 //
	)
	c.await("n1", 4) // topology, two errors, and the reply of n2
	want := []program.AskedRequest{{To: "n2", MsgID: `"seven"`}, {To: "n2", MsgID: sentID([]byte(`"` + long + `"`))}, {To: "n2", MsgID: "13"}}
	if got := x.listed(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A restored child that uses the msg_id of a request without a reply again, to the same
// process, would take the late reply for the answer to another request. Its node ends.
func TestAMsgIDFromBeforeTheRestoreIsNotUsedAgain(t *testing.T) {
	long := `"` + strings.Repeat("x", 200) + `"`
	for name, test := range map[string]struct {
		first, again string // printed by n2 and then by n1
		ends         string // the msg_id that ends n1
	}{
		"again":          {``, `{"dest":"n2","body":{"type":"a","msg_id":7}}`, "7"},
		"a long one":     {``, `{"dest":"n2","body":{"type":"a","msg_id":` + long + `}}`, long[:80]},
		"to another":     {``, `{"dest":"n1","body":{"type":"a","msg_id":7}}`, ""},
		"another":        {``, `{"dest":"n2","body":{"type":"a","msg_id":"7"}}`, ""},
		"after a reply":  {`{"dest":"n1","body":{"type":"a_ok","in_reply_to":7}}`, `{"dest":"n2","body":{"type":"a","msg_id":7}}`, ""},
		"after an error": {`{"dest":"n1","body":{"type":"error","code":11,"in_reply_to":7}}`, `{"dest":"n2","body":{"type":"a","msg_id":7}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, file(2, "puppet", "state = \"snapshot\"\n"))
			x := c.made("n1")
			x.TakeAsked([]program.AskedRequest{{To: "n2", MsgID: "7"}, {To: "n2", MsgID: sentID([]byte(long))}})
			if err := c.restored(x, "1"); err != nil {
				t.Fatal(err)
			}
			c.Host("n1", x)
			c.Start("n2")
			if test.first != "" {
				c.print("n2", test.first)
				c.await("n1", 1)
			}
			if test.ends != "" {
				c.Up()
				c.Cast("n1", fmt.Sprintf(`{"type":"print","lines":[%q]}`, test.again))
				c.ends("n1", "the child has sent a request with the msg_id "+test.ends+" to n2, and one with this msg_id from before the restore has no reply yet: the counter of its msg_ids must be part of its state")
				return
			}
			c.print("n1", test.again)
			if got := x.listed(); len(got) < 2 {
				t.Errorf("after the request: got %v listed, want it and what was not answered", got)
			}
		})
	}
}

// With unknown_replies = "drop" a child receives replies to its own requests only. Others are
// counted, and logged once a minute.
func TestUnknownReplies(t *testing.T) {
	reply := func(id int) string { return fmt.Sprintf(`{"dest":"n1","body":{"type":"a_ok","in_reply_to":%d}}`, id) }
	for _, setting := range []string{"deliver", "drop"} {
		c := newCluster(t, file(3, "puppet", "state = \"snapshot\"\nunknown_replies = \""+setting+"\"\n"))
		x := c.made("n1")
		x.TakeAsked([]program.AskedRequest{{To: "n2", MsgID: "7"}})
		if err := c.restored(x, "1"); err != nil {
			t.Fatal(err)
		}
		c.Host("n1", x)
		c.Start("n2", "n3")
		c.print("n1", `{"dest":"n2","body":{"type":"a","msg_id":1}}`, `{"dest":"n2","body":{"type":"a","msg_id":2}}`)
		c.await("n2", 2)
		sent := []string{
			reply(7), reply(9), reply(1), reply(1), // of these n1 has sent 1
			`{"dest":"n1","body":{"type":"error","code":1,"in_reply_to":0}}`, `{"dest":"n1","body":{"type":"no reply"}}`,
		}
		c.print("n2", sent...)
		want := sent
		if setting == repliesDrop {
			want = []string{sent[2], sent[4], sent[5]}
		}
		if got := c.await("n1", len(want)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", setting, got, want)
		}
		c.print("n3", reply(2)) // n2 has passed the request on to n3
		if got := c.await("n1", len(want)+1); got[len(got)-1] != reply(2) {
			t.Errorf("%s: got %q, want the reply of n3 to a request that was passed on", setting, got)
		}
		dropped := make(chan int)
		x.process.Do(func() { dropped <- x.unknowns })
		if n := <-dropped; n != len(sent)-len(want) {
			t.Errorf("%s: got %d replies counted as dropped, want %d", setting, n, len(sent)-len(want))
		}
		if n := strings.Count(c.Log.String(), "that this instance of the child has not sent"); n != min(1, len(sent)-len(want)) {
			t.Errorf("%s: got %d lines in the log, want one if replies were dropped", setting, n)
		}
	}
}

// A program that gives every message a msg_id gets few replies. What is kept of its messages
// is bounded, and a reply is not called unknown once one was forgotten.
func TestRequestsWithoutAReplyAreBounded(t *testing.T) {
	var s sent
	for i := range openMax {
		s.add("n2", fmt.Sprint(i), false)
		if i%2 == 0 && !s.answered("n2", fmt.Sprint(i)) {
			t.Fatalf("reply to request %d: got unknown, want known", i)
		}
	}
	if s.size != openMax/2 || len(s.order) > 2*s.size+64 || s.answered("n2", "0") {
		t.Errorf("got %d open, %d in order, want %d, at most %d, and a second reply that is unknown", s.size, len(s.order), openMax/2, 2*s.size+64)
	}
	for i := range openMax {
		s.add("n2", fmt.Sprint(openMax+i), false)
	}
	if s.size != openMax || !s.answered("n2", "1") {
		t.Errorf("got %d open, want %d, and a reply that may be known", s.size, openMax)
	}
	all := s.newest(askedMax)
	first, last := program.AskedRequest{To: "n2", MsgID: fmt.Sprint(2*openMax - askedMax)}, program.AskedRequest{To: "n2", MsgID: fmt.Sprint(2*openMax - 1)}
	if len(all) != askedMax || all[0] != first || all[askedMax-1] != last {
		t.Errorf("got %d listed, want %d from %v to %v", len(all), askedMax, first, last)
	}
}
