package diagram

import (
	"fmt"
	"io"
	"strings"

	"chandy/internal/printable"
	"chandy/snapshot"
)

// Dot writes a topology as a directed graph with the given name. It draws a frame around
// each strongly connected component of more than one process.
func Dot(w io.Writer, name string, t *snapshot.Topology) error {
	return dot(w, name, t, func(snapshot.Channel) string { return "" })
}

// DotSnapshot writes the topology of a snapshot. Each channel says how many messages are in
// flight on it.
func DotSnapshot(w io.Writer, d *Document) error {
	var ids []snapshot.ProcessID
	for _, p := range d.Processes {
		ids = append(ids, p.ID)
	}
	for _, m := range d.Missing {
		if m.Process != "" {
			ids = append(ids, m.Process)
		}
	}
	var channels []snapshot.Channel
	labels := map[snapshot.Channel]string{}
	for _, c := range d.Channels {
		channels = append(channels, c.Channel)
		n := uint64(0)
		for _, b := range c.Messages {
			n += uint64(b.Count)
		}
		switch {
		case !c.Known:
			labels[c.Channel] = ` [label="?", style=dotted]`
		case n > 0:
			labels[c.Channel] = fmt.Sprintf(` [label="%s", color="#0072b2", fontcolor="#0072b2", penwidth=2]`, thousands(n))
		}
	}
	return dot(w, d.Cluster, snapshot.NewTopology(ids, channels), func(c snapshot.Channel) string { return labels[c] })
}

func dot(w io.Writer, name string, t *snapshot.Topology, attributes func(snapshot.Channel) string) error {
	p := &printer{w: w}
	p.printf("digraph %s {\n", dotText(name))
	cluster := 0
	for _, component := range t.Components() {
		if len(component) == 1 {
			p.printf("  %q\n", component[0])
			continue
		}
		cluster++
		p.printf("  subgraph cluster_%d {\n", cluster)
		for _, id := range component {
			p.printf("    %q\n", id)
		}
		p.printf("  }\n")
	}
	for _, c := range t.Channels {
		p.printf("  %q -> %q%s\n", c.From, c.To, attributes(c))
	}
	p.printf("}\n")
	return p.err
}

// dotText quotes a text for Graphviz.
func dotText(text string) string {
	return `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(printable.Text(text)) + `"`
}

// printer writes to w until the first error, which it keeps.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, a ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, a...)
	}
}
