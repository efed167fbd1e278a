package eval

import (
	"errors"
	"strings"
	"testing"
)

func TestCaretStandsUnderThePlace(t *testing.T) {
	for _, c := range []struct{ expression, line, caret string }{
		{"1 +", "1 +", "   ^"},
		{"", "", "^"},
		{"   ", "   ", "   ^"},
		{"# a comment", "# a comment", "           ^"},
		{".a == = 1", ".a == = 1", "      ^"},
		{".a.b)", ".a.b)", "    ^"},
		{"each(.a", "each(.a", "       ^"},
		{"{a: 1", "{a: 1", "     ^"},
		{`"unterminated`, `"unterminated`, "             ^"},
		{"{foo: 1} | foo", "{foo: 1} | foo", "           ^"},
		{"\"e\u0301\" == )", "\"e\u0301\" == )", "       ^"},
		{"\t.a\t== )", "\t.a\t== )", "\t  \t   ^"},
		{".a == 1\n  and )", "  and )", "      ^"},
		{".a == )\n  and true", ".a == )", "      ^"},
		{".a ==\n", "", "^"},
		{`"wörter" == )`, `"wörter" == )`, "            ^"},
		{`"日本" == )`, `"日本" == )`, "          ^"},
		{"each(.a) and foo(.b)", "each(.a) and foo(.b)", "             ^"},
		{"foot and foo", "foot and foo", "^"},
		{"food and foo", "food and foo", "^"},
		{"$x", "$x", "^"},
		{".foo | foo", ".foo | foo", "       ^"},
		{"1 as $foo | foo", "1 as $foo | foo", "            ^"},
		{`"foo" | foo`, `"foo" | foo`, "        ^"},
		{`import "a" as a; 1`, `import "a" as a; 1`, "^"},
		{`include "a"; 1`, `include "a"; 1`, "^"},
		{"def f: 1;", "def f: 1;", "         ^"},
	} {
		_, err := Compile(c.expression, false)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q: got error %v, want a *SyntaxError", c.expression, err)
			continue
		}
		if got := syntax.Caret(); got[0] != c.line || got[1] != c.caret {
			t.Errorf("%q: got %q, want %q (%v)", c.expression, got, []string{c.line, c.caret}, err)
		}
	}
}

func TestUnknownWordIsNamed(t *testing.T) {
	for _, c := range []struct{ expression, want string }{
		{"foo(.a)", "function not defined: foo/1"},
		{"total(.a)", "total takes two arguments, with a semicolon between: total(.balance; .amount)"},
		{`in_flight("p1", "p2")`, `in_flight takes no argument or two, with a semicolon between: in_flight("p1"; "p2")`},
		{"each", "each takes one argument: each(.balance >= 0)"},
		{"terminated(.a)", "terminated takes no argument"},
		{"deadlocked(.a; .b)", "deadlocked takes no argument or one: deadlocked(f)"},
		{"length(.a)", "function not defined: length/1"},
		{"_compare", "function not defined: _compare/0"},
		{"$x", "variable not defined: $x"},
		{"input", "input(s)/0 is not allowed"},
		{"inputs", "input(s)/0 is not allowed"},
		{"input_filename", "function not defined: input_filename/0"},
		{"debug", "function not defined: debug/0"},
		{"stderr", "function not defined: stderr/0"},
		{"$__prog_args", "variable not defined: $__prog_args"},
	} {
		_, err := Compile(c.expression, false)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got error %v, want %q", c.expression, err, c.want)
		}
	}
}

func TestExpressionReadsNothingFromOutside(t *testing.T) {
	t.Setenv("CHANDY_SECRET", "secret")
	for _, text := range []string{
		"$ENV.CHANDY_SECRET", "env.CHANDY_SECRET", "env | .[\"CHANDY_SECRET\"]", "$ENV[\"CHANDY_SECRET\"]", "getpath([\"env\"])", "[env, $ENV] | tojson", `@sh "\($ENV | tojson)"`,
		"input", "[inputs]", "input_filename", "debug(.)", "\"/etc/passwd\" | modulemeta", "modulemeta", "get_search_list", "ltrimstr(\"x\") | $ENV | tojson",
		`import "/etc/passwd" as $x; $x`, `include "/etc/passwd"; .`, `import "." as m; m::f`, "\"/etc/passwd\" | @sh", `"$(cat /etc/passwd)" | @sh`, "$__loc__.file", "halt_error", "halt", "builtins | length > 0",
		`def f: import "x" as y; 1; f`,
	} {
		got := query(t, text, cluster(), true)
		if strings.Contains(got, "secret") || strings.Contains(got, "root:") {
			t.Errorf("%s: got %s, want nothing from outside", text, got)
		}
	}
}

func TestBadDocumentIsAnError(t *testing.T) {
	for _, text := range []string{"", "{", "[]", "1", "null", "not JSON"} {
		if _, err := NewDocument([]byte(text)); err == nil {
			t.Errorf("%q: got no error, want one", text)
		}
	}
}

func TestValueThatIsNotOneTruthValueIsCannotTell(t *testing.T) {
	for _, c := range []struct{ expression, want string }{
		{"1", "cannot tell: the value is 1, not true or false"},
		{"null", "cannot tell: the value is null, not true or false"},
		{"empty", "cannot tell: the expression has no value"},
		{"true, true", "cannot tell: the expression has more than one value: true, true, …: all(…) or any(…) makes one of them"},
		{"error(\"x\")", "cannot tell: error: x"},
		{"error(null)", "cannot tell: error: null"},
		{"halt", "cannot tell: "},
		{"\"true\"", `cannot tell: the value is "true", not true or false`},
		{"true", "yes"},
		{"false", "no"},
	} {
		if got := ask(t, c.expression, cluster(), false); got != c.want && !(c.want == "cannot tell: " && strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: got %q, want %q", c.expression, got, c.want)
		}
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	text := document(parts{"p1": `"state":{"x":9007199254740993}`, "p2": `"state":{"x":9007199254740992}`})
	for _, c := range []struct{ expression, want string }{
		{"total(.x; 0)", "18014398509481985"},
		{"states.p1.x == states.p2.x", "false"},
		{"same(.x)", "false"},
		{"states.p1.x", "9007199254740993"},
	} {
		if got := query(t, c.expression, text, false); got != c.want {
			t.Errorf("%s: got %s, want %s", c.expression, got, c.want)
		}
	}
}
