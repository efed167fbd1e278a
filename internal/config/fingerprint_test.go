package config

import (
	"strings"
	"testing"

	"chandy/snapshot"
)

// A refusal with a fingerprint shows what differs, and another text shows nothing.
func TestFingerprintsShowWhatDiffers(t *testing.T) {
	three := func() []ProcessDefinition {
		return []ProcessDefinition{{ID: "p1", Address: "127.0.0.1:1"}, {ID: "p2", Address: "127.0.0.1:2"}, {ID: "p3", Address: "127.0.0.1:3"}}
	}
	build := func(change func(d *Definition)) *Cluster {
		d := Definition{Name: "t", Processes: three()}
		change(&d)
		c, err := Build(d)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	here := build(func(*Definition) {})
	for want, other := range map[string]*Cluster{
		"":                                  build(func(d *Definition) { d.Processes[0].Address = "127.0.0.1:4" }),
		": the processes differ":            build(func(d *Definition) { d.Processes = d.Processes[:2] }),
		": the channels differ":             build(func(d *Definition) { d.Processes[0].Channels = []snapshot.ProcessID{"p2"} }),
		": the markers differ":              build(func(d *Definition) { d.Snapshot.Markers = "in-order" }),
		": the settings of recovery differ": build(func(d *Definition) { d.Snapshot.Recover = "latest" }),
		"channels and the markers differ": build(func(d *Definition) {
			d.Snapshot.Markers, d.Processes[0].Channels = "in-order", []snapshot.ProcessID{"p2"}
		}),
	} {
		got := here.Compare("a different cluster file (fingerprint " + other.Fingerprint() + "): use the same")
		if !strings.HasSuffix(got, want) || (got == "") != (want == "") || want != "" && !strings.Contains(got, here.Fingerprint()) {
			t.Errorf("got %q, want it to end with %q", got, want)
		}
	}
	for _, text := range []string{"", "fingerprint 12-34-56", "fingerprint 0000-0000", here.Fingerprint()} {
		if got := here.Compare(text); got != "" {
			t.Errorf("%q: got %q, want nothing", text, got)
		}
	}
}
