package clustertest

import (
	"fmt"
	"strings"
)

// File returns the text of a cluster file with the given processes. Each is an id, or
// an id, a space, and more lines of its table:
//
//	File(rest, "p1", `p2 channels = ["p1"]`)
//
// Rest is the remaining text of the file. The addresses are 127.0.0.1:7101 and so on.
func File(rest string, processes ...string) string {
	text := "name = \"test\"\n"
	for i, p := range processes {
		id, more, _ := strings.Cut(p, " ")
		text += fmt.Sprintf("[[process]]\nid = %q\naddress = \"127.0.0.1:%d\"\n%s\n", id, 7101+i, more)
	}
	return text + rest
}

// IDs returns n ids: p1, p2 and so on if the prefix is p.
func IDs(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(prefix, i+1)
	}
	return all
}
