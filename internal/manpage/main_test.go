//go:build unix

package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

func TestAHelpTextBecomesRoff(t *testing.T) {
	const text = `Prints 'x'.
.dots and \ stay.

      --at ID     start there;
                  repeatable
      -o FILE     write it

example:
  chandy x |
    jq "."

end
`
	const want = `.PP
Prints \(aqx\(aq.
\&.dots and \e stay.
.TP
.B \-\-at ID
start there;
repeatable
.TP
.B \-o FILE
write it
.PP
example:
.PP
.nf
  chandy x |
    jq \(dq.\(dq
.fi
.PP
end
`
	if got := roff(text); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestThePageHasEveryFlagOfEveryCommand(t *testing.T) {
	got, err := page("v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	about, err := help()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range commands(about) {
		text, err := help(name)
		if err != nil {
			t.Fatal(err)
		}
		_, section, found := strings.Cut(got, "\n.SS chandy "+name)
		if !found {
			t.Errorf("got no section for %s, want one", name)
		}
		section, _, _ = strings.Cut(section, "\n.SS ")
		for _, flag := range regexp.MustCompile(`(?m)^ {6}(-\S+)`).FindAllStringSubmatch(text, -1) {
			if !strings.Contains(section, "\n.B "+escape(flag[1])) {
				t.Errorf("%s: got no entry for %s, want one:\n%s", name, flag[1], section)
			}
		}
	}
	for _, want := range []string{`"chandy v1.2.3"`, ".SS chandy initiate [flags]\n", ".SS chandy try [flags] \\-\\- COMMAND [ARG...]\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("got no %q, want it in the page:\n%s", want, got)
		}
	}
}

func TestGroffHasNoWarning(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is not installed")
	}
	text, err := page("v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(groff, "-man", "-Tutf8", "-ww")
	c.Stdin = strings.NewReader(text)
	var warnings strings.Builder
	c.Stderr = &warnings
	if err := c.Run(); err != nil || warnings.Len() > 0 {
		t.Errorf("got %v and the warnings %q, want none", err, warnings.String())
	}
}
