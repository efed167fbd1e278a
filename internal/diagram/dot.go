// Package diagram draws topologies in the language of Graphviz.
package diagram

import (
	"fmt"
	"io"

	"chandy/snapshot"
)

// Dot writes a topology as a directed graph with the given name. It draws a frame around
// each strongly connected component of more than one process.
func Dot(w io.Writer, name string, t *snapshot.Topology) error {
	p := &printer{w: w}
	p.printf("digraph %q {\n", name)
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
		p.printf("  %q -> %q\n", c.From, c.To)
	}
	p.printf("}\n")
	return p.err
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
