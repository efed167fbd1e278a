package child

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"chandy/program"
)

// asking is the setting for an inquirer that asks the processes named.
func asking(ids string) string {
	return with(fmt.Sprintf("env = { CHILD = \"inquirer\", GORACE = %q, ASK = %q }", atOnce, ids))
}

// A child may ask a service and another process before it answers init. It receives their
// replies, and nothing else before its answer, even if other messages come first.
func TestChildAsksBeforeItAnswersInit(t *testing.T) {
	c := newCluster(t, file(3, "puppet", "", asking("n3 n2 nobody")))
	c.Start("n2", "n3")
	sent := []string{`{"dest":"n1","body":{"type":"a"}}`, `{"dest":"n1","body":{"type":"b","msg_id":9}}`}
	c.print("n2", sent...)
	c.Start("n1")
	c.Up()
	c.print("n2", `{"dest":"n1","body":{"type":"c"}}`)
	want := []string{
		`{"src":"n3","dest":"n1","body":{"type":"forward_ok","in_reply_to":0,"by":"n3"}}`,
		`{"src":"n2","dest":"n1","body":{"type":"forward_ok","in_reply_to":1,"by":"n2"}}`,
		`{"src":"nobody","dest":"n1","body":{"type":"error","code":1,"text":"there is no process \"nobody\"","in_reply_to":2}}`,
		sent[0], sent[1], `{"dest":"n1","body":{"type":"c"}}`,
	}
	if got := c.await("n1", len(want)); !slices.Equal(got, want) {
		t.Errorf("n1: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A snapshot does not wait for a child that waits for a reply, because the reply does not
// come before the capture has ended.
func TestCaptureDoesNotWaitForAChildThatWaits(t *testing.T) {
	c := newCluster(t, file(2, "puppet", "state = \"snapshot\"\n"+unhurried, asking("n2")))
	x := c.made("n1")
	c.Host("n1", x)
	c.Status("n1") // its loop runs
	fault := make(chan string, 1)
	for asked := make(chan bool); ; {
		x.process.Do(func() {
			asks := len(x.early.open) > 0
			if asks {
				x.Capture(func(s program.State) { fault <- s.Error })
			}
			asked <- asks
		})
		if <-asked {
			break
		}
	}
	c.Start("n2") // its reply is what n1 waits for
	if got := c.await("n1", 1); !strings.Contains(got[0], "forward_ok") {
		t.Errorf("n1: got %q, want the reply of n2", got)
	}
	if got := <-fault; got != "n1 has not answered init yet" {
		t.Errorf("got the state error %q, want that init is not answered", got)
	}
}

// An error about a child that does not answer says what it has printed. The test waits until
// it does.
func TestSilenceIsExplained(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "it has printed nothing (does it flush its output?)",
		`{"src":"n1","dest":"c0","body":`: "it has printed 31 bytes without a line end",
		`{"dest":"c0","body":{"type":"init_ok","in_reply_to":1.0}}` + "\n":  "it has printed in_reply_to 1.0 where 1 was asked",
		`{"dest":"c0","body":{"type":"init_ok"}}` + "\n":                    "it has printed no in_reply_to where 1 was asked",
		`{"dest":"c1","body":{"type":"init_ok","in_reply_to":1}}` + "\n{":   "it has printed 1 bytes without a line end",
		`{"dest":"c1","body":{"type":"init_ok","in_reply_to":1}}` + "\n":    "it has printed 1 lines, and none is this reply to c0",
		`{"dest":"n1","body":{"type":"read","msg_id":0}}` + "\n":            `it waits for the reply of "n1" to its request with the msg_id 0`,
		"\xef\xbb\xbf" + `{"dest":"c0","body":{"type":"init_ok"}}` + "\r\n": "it has printed no in_reply_to where 1 was asked",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			odd := with(fmt.Sprintf("env = { CHILD = \"odd\", GORACE = %q, TEXT = %q }", atOnce, text))
			c := newCluster(t, file(1, "puppet", "", odd))
			x := c.made("n1")
			c.Host("n1", x)
			c.Status("n1") // its loop runs
			var got string
			for said := make(chan string); got != want; {
				x.process.Do(func() {
					if x.child == nil {
						said <- "no child"
					} else {
						said <- x.silence()
					}
				})
				if now := <-said; now != got {
					got = now
					t.Logf("got %q, want %q", got, want)
				}
			}
		})
	}
}
