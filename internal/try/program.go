package try

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// program returns the [program] of a cluster file with the settings that were found.
func (t *trial) program() string {
	var b strings.Builder
	b.WriteString("[program]\nkind = \"exec\"\n")
	command := make([]string, len(t.Command))
	for i, argument := range t.Command {
		command[i] = quoted(argument)
	}
	fmt.Fprintf(&b, "command = [%s]\n", strings.Join(command, ", "))
	if len(t.Env) > 0 {
		var pairs []string
		for _, name := range slices.Sorted(maps.Keys(t.Env)) {
			pairs = append(pairs, quoted(name)+" = "+quoted(t.Env[name]))
		}
		fmt.Fprintf(&b, "env = { %s }\n", strings.Join(pairs, ", "))
	}
	if t.state != "" {
		text := quoted(t.state)
		if strings.Contains(t.state, `"`) && !strings.ContainsFunc(t.state, func(r rune) bool { return r == '\'' || r < ' ' || r == 0x7f }) {
			text = "'" + t.state + "'"
		}
		fmt.Fprintf(&b, "state = %s\n", text)
	}
	if t.topology != "" {
		fmt.Fprintf(&b, "topology = %q\n", t.topology)
	}
	if t.SettleTimeout > 0 {
		fmt.Fprintf(&b, "settle_timeout = %q\n", t.SettleTimeout)
	}
	if t.Pace {
		b.WriteString("pace = true\n")
	}
	if t.LineLimit > 0 {
		fmt.Fprintf(&b, "line_limit = \"%dB\"\n", t.LineLimit)
	}
	if t.restoreBy != "" {
		fmt.Fprintf(&b, "restore_by = %q\n", t.restoreBy)
	}
	if t.badLines {
		b.WriteString("on_bad_line = \"drop\"\n")
	}
	return b.String()
}

// quoted returns s as a string in TOML. It uses JSON, whose strings are valid TOML but for
// an unescaped DEL.
func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic("bug: a string cannot be encoded as JSON: " + err.Error())
	}
	return strings.ReplaceAll(strings.TrimSpace(b.String()), "\x7f", `\u007f`)
}
