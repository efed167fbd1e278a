package diagram

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
)

var rewrite = flag.Bool("rewrite", false, "write the pictures of docs/read-a-cut.md")

// figures are the pictures of docs/read-a-cut.md, of scenarios in snapshot/testdata. A cut that
// names two snapshots takes each process from another one, and is wrong.
var figures = []struct {
	file, scenario string
	cut            map[string]string // snapshot of each process
	real           bool
}{
	{"token-in-p1", "token", map[string]string{"p1": "S1", "p2": "S1"}, false},
	{"token-on-its-way", "token", map[string]string{"p1": "S2", "p2": "S2"}, false},
	{"token-in-p2", "token", map[string]string{"p1": "S3", "p2": "S3"}, false},
	{"token-on-its-way-back", "token", map[string]string{"p1": "S4", "p2": "S4"}, false},
	{"two-tokens", "token", map[string]string{"p1": "S1", "p2": "S3"}, false},
	{"never-occurred", "never-occurred", map[string]string{"p1": "S", "p2": "S"}, false},
	{"never-occurred-as-it-happened", "never-occurred", map[string]string{"p1": "S", "p2": "S"}, true},
}

func TestPicturesOfThePaperAreTheOnesOfTheScenarios(t *testing.T) {
	for _, f := range figures {
		text, err := os.ReadFile("../../snapshot/testdata/" + f.scenario + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		s := NewStory(read(t, scenarioDocument(t, string(text), f.cut)), Options{})
		p := s.Layout()
		if f.real {
			p = s.LayoutReal()
		}
		if wrong := f.cut["p1"] != f.cut["p2"]; s.wrong() > 0 != wrong {
			t.Errorf("%s: got %d red arrows, want some: %v", f.file, s.wrong(), wrong)
		}
		for _, fault := range boundsFaults(p) {
			t.Errorf("%s: got %s", f.file, fault)
		}
		path := filepath.Join("../../docs/pictures", f.file+".svg")
		if *rewrite {
			if err := os.WriteFile(path, []byte(drawn(t, p)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if old, err := os.ReadFile(path); err != nil || string(old) != drawn(t, p) {
			t.Errorf("%s: got another picture, want the one in the file (%v): go test ./internal/diagram -run Paper -rewrite", path, err)
		}
	}
}

var (
	scenarioRecorded = regexp.MustCompile(`report to \S+ for (\S+): (\S+) recorded `)
	scenarioState    = regexp.MustCompile(`^  (\S+): state (.*)$`)
	scenarioChannel  = regexp.MustCompile(`^  (\S+)->(\S+): sent (\d+), received (\d+), in flight \[(.*)\]$`)
)

// scenarioDocument returns the snapshot document of a cut of a scenario. Its journals have what
// the program sent and received. The line of the file is the time.
func scenarioDocument(t *testing.T, text string, cut map[string]string) []byte {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	processes, journals := object{}, object{}
	sent, events, recorded := map[string]int{}, map[string][]object{}, map[string]float64{}
	sentAt, receivedAt := map[string]string{}, map[string]string{} // by channel, from the snapshot of each end
	flight := map[string]string{}
	var order []string
	block := "" // snapshot whose lines follow
	for n, line := range strings.Split(text, "\n") {
		at := float64(n)
		w := strings.Fields(line)
		note := func(process, kind, peer string, seq any) {
			one := object{"kind": kind, "at_ms": at}
			if peer != "" {
				one["peer"], one["seq"], one["bytes"], one["type"] = peer, seq, 1, w[len(w)-1]
			}
			events[process] = append(events[process], one)
		}
		switch m := scenarioRecorded.FindStringSubmatch(line); {
		case len(w) == 0:
			block = ""
		case m != nil && cut[m[2]] == m[1]:
			recorded[m[2]] = at
			note(m[2], "recorded", "", 0)
		case w[0] == "send" && len(w) == 4:
			sent[w[1]+w[2]]++
			note(w[1], "sent", w[2], sent[w[1]+w[2]])
		case w[0] == "receive":
			var seq int
			fmt.Sscanf(strings.Split(text, "\n")[n+1], " %d:", &seq)
			note(w[1], "received", w[2], seq)
		case w[0] == "snapshot" && line[0] == 's':
			block = w[1]
		}
		if m := scenarioState.FindStringSubmatch(line); m != nil && block == cut[m[1]] {
			state, _ := json.Marshal(m[2])
			processes[m[1]] = object{"state": json.RawMessage(state), "incarnation": "i" + m[1], "recorded_after_ms": 0, "completed_after_ms": nil}
		}
		if m := scenarioChannel.FindStringSubmatch(line); m != nil {
			key := m[1] + " " + m[2]
			if block == cut[m[1]] {
				sentAt[key] = m[3]
				order = append(order, key)
			}
			if block == cut[m[2]] {
				receivedAt[key], flight[key] = m[4], m[5]
			}
		}
	}
	for process, all := range events {
		for _, e := range all {
			e["at_ms"] = e["at_ms"].(float64) - recorded[process]
		}
		journals[process] = object{"recorded_at": begin.Add(time.Duration(recorded[process]) * time.Millisecond), "events": all, "omitted": 0}
	}
	document, err := json.Marshal(object{"format": snapshot.Format, "id": "paper", "cluster": "paper", "epoch": 1, "status": "complete",
		"initiators": []string{"p1"}, "started_at": begin, "elapsed_ms": 1, "processes": processes, "channels": scenarioChannels(order, sentAt, receivedAt, flight), "missing": []any{}, "journal": journals})
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// scenarioChannels returns the channels of a document, by "p1 p2".
func scenarioChannels(order []string, sent, received, flight map[string]string) []any {
	channels := []any{}
	for _, key := range order {
		from, to, _ := strings.Cut(key, " ")
		messages := []object{}
		for _, one := range strings.Fields(flight[key]) {
			var seq int
			_, payload, _ := strings.Cut(one, ":")
			fmt.Sscanf(one, "%d:", &seq)
			messages = append(messages, object{"seq": seq, "payload_base64": []byte(payload)})
		}
		channels = append(channels, object{"from": from, "to": to, "incarnations": []string{"i" + from, "i" + to},
			"sent": json.Number(sent[key]), "received": json.Number(received[key]), "messages": messages})
	}
	return channels
}
