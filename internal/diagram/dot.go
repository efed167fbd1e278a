// Package diagram draws: topologies for Graphviz.
package diagram

import (
	"fmt"
	"io"

	"chandy/snapshot"
)

// Dot writes a topology in the language of Graphviz, the strongly connected
// components of more than one process in frames.
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

// printer keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, a ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, a...)
	}
}
