package question

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"chandy/snapshot"
)

// parts holds the members of processes besides their incarnations, by id. A process whose
// members are "missing" is missing.
type parts map[string]string

// global decodes a snapshot of parts and channels. A channel is its name and the payloads in
// flight, or a question mark if its state is missing: "p1->p2 {} {}". Five messages were
// received on it before, or none if an exclamation mark follows the name: "p1->p2!".
func global(t *testing.T, of parts, channels ...string) *snapshot.Global {
	t.Helper()
	var processes, missing []string
	status := "complete"
	for _, id := range slices.Sorted(maps.Keys(of)) {
		if of[id] == "missing" {
			missing = append(missing, fmt.Sprintf(`{"process":%q,"reason":"unreachable","detail":""}`, id))
			status = "partial"
		} else {
			processes = append(processes, fmt.Sprintf(`%q:{%s,"incarnation":"i","recorded_after_ms":0,"completed_after_ms":1}`, id, of[id]))
		}
	}
	var all []string
	for _, c := range channels {
		name, payloads, _ := strings.Cut(c, " ")
		from, to, _ := strings.Cut(strings.TrimSuffix(name, "!"), "->")
		received := 5
		if strings.HasSuffix(name, "!") {
			received = 0
		}
		counts := fmt.Sprintf(`"sent":null,"received":%d,"messages":null`, received)
		if payloads != "?" {
			var messages []string
			for i, p := range strings.Fields(payloads) {
				messages = append(messages, fmt.Sprintf(`{"seq":%d,"payload":%s}`, received+1+i, p))
			}
			counts = fmt.Sprintf(`"sent":%d,"received":%d,"messages":[%s]`, received+len(messages), received, strings.Join(messages, ","))
		}
		all = append(all, fmt.Sprintf(`{"from":%q,"to":%q,"incarnations":["i","i"],%s}`, from, to, counts))
	}
	text := fmt.Sprintf(`{"format":"chandy/snapshot.v1","id":"S","cluster":"c","epoch":1,"status":%q,"initiators":["p1"],
		"started_at":"2026-11-22T07:35:25Z","elapsed_ms":1,"processes":{%s},"channels":[%s],"missing":[%s]}`,
		status, strings.Join(processes, ","), strings.Join(all, ","), strings.Join(missing, ","))
	g, err := snapshot.Decode([]byte(text))
	if err != nil {
		t.Fatalf("decode the snapshot of the test: %v\n%s", err, text)
	}
	return g
}

// wantAnswer compares an answer with "yes: WITNESS, WITNESS", "no" or "cannot tell: WHY".
func wantAnswer(t *testing.T, got Answer, want string) {
	t.Helper()
	text := got.Verdict.String()
	if more := append(got.Witness, got.Why); got.Verdict == Unknown || len(got.Witness) > 0 {
		text += ": " + strings.TrimSuffix(strings.Join(more, ", "), ", ")
	}
	if text != want {
		t.Errorf("got %q, want %q", text, want)
	}
}
