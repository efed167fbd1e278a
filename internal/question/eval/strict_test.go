package eval

import (
	"fmt"
	"strings"
	"testing"

	"github.com/itchyny/gojq"
)

// forms is a document of which every field of the expressions in existing exists.
const forms = `{"a":{"b":1,"c":null,"a b":2,"d":{"e":[1,2,3]}},"n":0,"yes":true,"no":false,"s":"text","key":"b","list":[{"name":"x","v":1},{"name":"y","v":2}],"id":9007199254740993}`

// existing lists expressions of which every field exists in forms. They compare no null.
var existing = []string{
	".", ".a", ".a.b", ".a?", ".a.b?", ".a?.b", ".a??", ".a?.d.e[0]", `.a["b"]`, `.["a"]`, `.["a"].b`, `.["a"]["b"]?`, `."a"`, `.a."a b"`, `.a."a b"?`,
	`.a["a b"]`, `.a.d["e"][1]`, ".a[.key]", ".a.d[\"e\"][.n]", ".list[.n].name", ".a[\"\\(.key)\"]", `."\(.key + "ey" | ltrimstr("bey") | "a")"`,
	"{a}", "{a, n}", "{a: .n}", "{(.s): .n}", `{"a"}`, `{"s": .n}`, `{"\(.s)": 1}`, "{a: .a.b, n: {s}}", ". as $x | {$x}", ".n as $n | {n, $n, m: $n}", "{@base64 \"x\": .n}", `{"a b": 1}."a b"`,
	".a // 0", ".a.c // 0", "(.a | .b) // 0", "(.a.c // .n) // 1", "first(.a.b) // 0", ".a.b // .zz?", "[.list[].v // 0]", ".list[] // 0", "(.a, .n) // 0", "[.a[.key] // 0]",
	"try .a", "try .a.b catch 0", "try error(\"x\") catch .", "try (.s | .[0]) catch \"no\"", "[.list[]?]", "[.s[]?]", "[.n.b?]", "[.n[\"b\"]?]", "[.s[.key]?]", "[.list[].v.x?]",
	"del(.a)", "del(.a.b, .n)", "del(.list[0].v)", "del(.list[] | select(.v == 1))", ".a |= 1", ".a.b += 1", ".a.b -= 1", ".a.b *= 2", ".a.b /= 2", ".a.b %= 2", ".a.c //= 3", ".a = .n",
	".list[].v |= . + 1", "(.list[] | select(.v > 1) | .v) = 9", "(.a, .n) |= 1", ".a[.key] |= 7", ".zz = 1", ".zz.y |= 2", "(.list[0], .list[1]).v += 1",
	"path(.a)", "path(.a.b)", "[path(.list[].v)]", "[paths]", "path(.a | .b)", "[path(..)] | length", "path(.a[\"b\"]?)", "path(.a[.key])", "to_entries | length", "[path(.list[] | select(.v == 1).name)]",
	"reduce .list[] as $x (0; . + $x.v)", "reduce .list[].v as $v (.n; . + $v)", "[foreach .list[] as $x (0; . + $x.v)]", "[foreach .list[] as $x (0; . + $x.v; {v: ., n: $x.name})]",
	"[foreach (1, 2) as $x ({t: 0}; .t += $x; .t)]", "reduce .list[] as {name: $n, v: $v} ({}; .[$n] = $v)",
	"def f: .a; f | .b", "def f(g): .a | g; f(.b)", "def f($x): $x + 1; f(.n)", "def f: def g: .n; g; f", "[limit(1; .list[].v)]", "[.list[] | .v] | add", "def fac: if . <= 1 then 1 else . * (. - 1 | fac) end; 5 | fac",
	`"\(.a.b) and \(.s)"`, `"\(.list[].v)"`, `@base64 "\(.s)"`, "@json", `@sh "\(.s)"`, "@text",
	"[.. | .name?]", "[..] | length", "[.. | numbers]", "[.list[] | .name]", ".list[0:1]", ".list[.n:]", ".list[1:2]", ".s[1:2]", ".list[:-1]", ".list[0:1][0].v", ".list[0:1]?", ".a.d.e[1:] | .[0]",
	". as {a: $x} | $x", ". as {a: {b: $x}} | $x", ". as {$n} | $n", `. as {"s": $x} | $x`, ". as {(\"n\"): $x} | $x", ". as [$x] ?// $x | 1", ". as {list: [{v: $x}, $y]} | [$x, $y.v]", ".list[] as {v: $x} | $x", ". as [$x] ?// {n: $x} | $x",
	".a.b == 1", ".a.b != .n", ".a.b < 2", ".a.b <= 1", ".a.b > .n", ".a.b >= 2", "[(1, 2) == (1, 3)]", "[(1, 2) < (2, 1)]", "[.list[].v == (1, 2)]", ".a.c == null", "null == .a", ".a.c != null", ".list == .list", ".a.d == {e: [1, 2, 3]}",
	".s == \"text\"", ".yes == true", "(.a.b == 1) == (.n == 0)", "[.list[] | select(.v == 2)]", ".id == 9007199254740993", ".id == 9007199254740992", ".id + 0", ".n + 1 == 1 and .yes", ".n == 0 or error", ".no and error",
	".yes | not", ".yes and .no", "[(.yes, .no) and (.yes, .no)]", "[(.yes, .no) or (.yes, .no)]", "if .yes then .n else .s end", "if .no then 1 elif .yes then 2 else 3 end", "if .no then 1 end | .n", "[if .yes, .no then 1 else 2 end]", "all(.list[]; .v > 0)",
	"any(.list[]; .v > 1)", "[.list[].v > 1] | any", "[.list[].v > 1] | all", ".list | any(.v > 5)", ".list | all(.v > 0)", "[true, false] | (any, all)",
	"-.n", "-(.a.b)", "-.a.b + 1", ".a.b as $x | .n as $y | $x + $y", "label $out | .list[] | .v, break $out", "[label $f | .list[] | if .v == 1 then ., break $f else . end]", "[.a, .n] | .[0].b",
	"[.[]] | length", "[.list[]][0].v", ".list | map(.v) | add", ".list | sort_by(.v) | .[0].name", ".list | group_by(.name) | length", ".list | map(select(.name == \"x\")) | length", "with_entries(.value |= 1)", "[.list[] | has(\"v\")]", "keys", ".a | has(\"zz\")",
	"[.list[] | .v | tostring]", "[range(3)]", "input_line_number", "$__loc__", "\"a\" as $x | .[$x]", ".[\"a\", \"n\"]", "[.list[0, 1].v]", "getpath([\"a\", \"b\"])", "[.list[] | {name, v}] | .[0].name", "(.a).b", "(.a | .d).e[0]", ".a | .d | .e | first", "[first(.list[]), last(.list[])] | map(.v)",
	"isvalid(.a)", "[splits(\"x\")?]", ".s | test(\"te\")", "[.s | match(\"t\"; \"g\").offset]", ".s | capture(\"(?<x>t)\").x", ".s | sub(\"t\"; \"T\")", "[.list[] | .v] | (min, max)", "walk(.)", "tojson | fromjson | .n", "[limit(3; repeat(1))]", "[.n | while(. < 3; . + 1)]", ".n | until(. > 3; . + 1)", "[recurse | numbers] | length",
	"..|.name? // empty", "[.list[] | .name as $n | {($n): .v}] | add", "{} | .x = 1 | .x", "{a: 1} | .a", "[{x: 1}] | .[0].x",
}

func TestStrictChangesNoValueWhereFieldsExist(t *testing.T) {
	for _, text := range existing {
		want := plain(t, text)
		if got := query(t, text, []byte(forms), false); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if got := query(t, text, []byte(forms), true); got != want {
			t.Errorf("%s, loose: got %s, want %s", text, got, want)
		}
	}
}

// plain returns what gojq says by itself, in the form of query.
func plain(t *testing.T, text string) string {
	q, err := gojq.Parse(text)
	if err != nil {
		return "syntax: " + err.Error()
	}
	code, err := gojq.Compile(q)
	if err != nil {
		return "syntax: " + err.Error()
	}
	root, err := decode([]byte(forms))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for v := range values(code.Run(root)) {
		if err, ok := v.(error); ok {
			return "cannot tell: " + err.Error()
		}
		b, err := gojq.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(b))
	}
	return strings.Join(all, " ")
}

func TestAbsentFieldIsAnError(t *testing.T) {
	for _, c := range []string{
		".zz", ".a.zz", ".zz?.a // .zz", `.["zz"]`, `.a["zz"]`, `."zz"`, `.a."z z"`, ".list[0].zz", ".list[].zz", ".a?.zz", ".zz.b?", ".zz[0]?", ".zz[]?", `.zz["b"]?`, ".zz[1:2]", ".list[0:1][0].zz",
		"{zz}", `{"zz"}`, "{a: .zz}", "{(.zz): 1}", `{"\(.zz)": 1}`, "[.zz]", "-.zz", `"\(.zz)"`, `@sh "\(.zz)"`, ".a[.zz]", ".a[.zz]?", "(.a[.zz]) // 0", ".list[.zz:]", ".list[0:.zz]", "try (.zz == 1)", "try ([.zz])", "(.zz == 1)?", "([.zz])?",
		"del(.a[.zz])", "del(.zz)", "path(.zz)", "[paths(.zz)]", ".a |= .zz", ".a = .zz", ".a[.zz] = 1", ".a // .zz | .zz", ".a.c // .zz", "first(.zz) // 0", "(.zz == 1) // 0",
		"reduce .zz as $x (0; .)", "reduce .list[] as $x (.zz; .)", "reduce .list[] as $x (0; . + $x.zz)", "foreach .zz as $x (0; .)", "foreach .list[] as $x (0; .; $x.zz)", "foreach .list[] as $x (0; $x.zz)",
		"def f: .zz; f", "def f(g): g; f(.zz)", "def f: def g: .zz; g; f", "def f: .zz; try f", "def f: .zz; f // 0", "if .zz then 1 else 2 end", "if .no then 1 elif .zz then 1 else 2 end", "if .yes then .zz else 2 end", "if .no then .zz else .zz end",
		"label $out | .zz, break $out", ".zz as $x | 1", ".list | map(.zz)", ".list | sort_by(.zz)", ".list | any(.zz)", "any(.list[]; .zz == 1)", "[.list[] | select(.zz == 1)]", ".list | group_by(.zz)", "[limit(1; .zz)]", "[.. | objects | .zz]", "try error(.zz) catch 1", "try error catch .zz",
		". as {zz: $x} | 1", ". as {$zz} | 1", `. as {"zz": $x} | 1`, ". as {a: {zz: $x}} | 1", ". as {list: [{zz: $x}]} | 1", "reduce .list[] as {zz: $x} (0; .)", "foreach .list[] as {zz: $x} (0; .)", ". as {a: {b: $x}, list: [{v: $y}, {zz: $z}]} | 1",
		"error(.zz)?", "[.list[] | {zz}]", "{a: 1} | .zz", ".zz == null", "null == .zz",
	} {
		got := query(t, c, []byte(forms), false)
		if !strings.HasPrefix(got, "cannot tell: ") || !strings.Contains(got, "has no field \"z") {
			t.Errorf("%s: got %q, want cannot tell: … has no field \"zz\"", c, got)
		}
	}
}

func TestFieldMayBeAbsentWhereTheExpressionSaysSo(t *testing.T) {
	for _, c := range []struct{ expression, want string }{
		{".zz?", "null"}, {".zz // 0", "0"}, {"(.zz) // 0", "0"}, {"(.a | .zz) // 0", "0"}, {".a.zz // 0", "0"}, {".zz.y // 0", "0"}, {".a.zz?", "null"}, {`.["zz"]?`, "null"}, {`.a["zz"]?`, "null"}, {`."zz"?`, "null"},
		{"try .zz", "null"}, {"try .zz.y catch 0", "null"}, {".zz = 1 | .zz", "1"}, {".zz |= 1 | .zz", "1"}, {".zz += 1 | .zz", "1"}, {".zz //= 1 | .zz", "1"}, {".zz.y = 1 | .zz.y", "1"}, {".a.c // .zz?", "null"}, {"(.zz // .yy) // 1", "1"}, {"(.n as $x | .zz) // 0", "0"},
		{"[.. | .zz?] | unique", "[null]"}, {"[.list[] | .zz // 0]", "[0,0]"}, {".zz?.y?", "null"}, {". as [$x] ?// {zz: $x} | $x", "null"}, {". as {zz: $x} ?// [$x] | $x", "null"}, {"has(\"zz\")", "false"}, {".zz? == null", "true"},
	} {
		if got := query(t, c.expression, []byte(forms), false); got != c.want {
			t.Errorf("%s: got %s, want %s", c.expression, got, c.want)
		}
	}
}

func TestLooseIsPlainJQ(t *testing.T) {
	for _, text := range []string{".zz", ".a.zz == 90", ".zz == .yy", ".n == .s", ".list | map(.zz)", "{zz}", ".n and .s", ".s | not", "if .n then 1 else 2 end"} {
		if got, want := query(t, text, []byte(forms), true), plain(t, text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestComparisonNeedsTwoValuesOfOneType(t *testing.T) {
	for _, operator := range []string{"==", "!=", "<", "<=", ">", ">="} {
		for _, c := range []struct{ left, right, why string }{
			{".n", ".s", `a number is compared with a string: 0 with "text"`},
			{".s", ".n", `a string is compared with a number: "text" with 0`},
			{".a.c", ".n", "null is compared with 0: "},
			{".n", ".a.c", "null is compared with 0: "},
			{".a.c", ".a.c", "null is compared with null: "},
			{".zz?", "1", "null is compared with 1: "},
			{".yes", "1", "a boolean is compared with a number: true with 1"},
			{".list", ".a", "an array is compared with an object: "},
			{`getpath(["zz"])`, "1", "null is compared with 1: "},
			{".[\"z\" + \"z\"]", "1", "null is compared with 1: "},
		} {
			expression := fmt.Sprintf("%s %s %s", c.left, operator, c.right)
			want := "cannot tell: " + c.why
			if got := ask(t, expression, []byte(forms), false); !strings.HasPrefix(got, want) {
				t.Errorf("%s: got %q, want %s…", expression, got, want)
			}
		}
	}
}

func TestConditionIsTrueOrFalse(t *testing.T) {
	for _, c := range []string{
		".n and .yes", ".yes and .n", ".no or .s", ".a.c or .yes", ".n | not", ".a.c | not", "(.a.c | not) and true", "if .n then 1 else 2 end", "if .no then 1 elif .a then 2 end",
		"select(.n)", "[.list[] | select(.v)] == []", "any(.list[]; .v)", "all(.list[]; .v)", ".list | any(.v)", ".list | all(.name)", "[.n] | any", "[.list[].v] | all", "[.yes, null] | all",
	} {
		if got := ask(t, c, []byte(forms), false); !strings.HasPrefix(got, "cannot tell: a condition is ") {
			t.Errorf("%s: got %q, want cannot tell: a condition is …", c, got)
		}
	}
}

func TestFailureCountsEvenIfTheExpressionCatchesIt(t *testing.T) {
	for _, text := range []string{"try (.a == 1) catch false", "(.a == 1)?, true", "((.zz == 1)?) // true", "try all(.list[]; .zz == 1) catch true", "[.list[] | (.zz | not)?] == []"} {
		if got := ask(t, text, []byte(forms), false); !strings.HasPrefix(got, "cannot tell: ") {
			t.Errorf("%s: got %q, want cannot tell: …", text, got)
		}
	}
}

func TestAbsentFieldNamesPlaceAndNearest(t *testing.T) {
	text := cluster()
	for _, c := range []struct{ expression, want string }{
		{"states.p1.balnce", `p1 has no field "balnce"; nearest: balance`},
		{"each(.balnce == 1)", `p1 has no field "balnce"; nearest: balance`},
		{".chanels", `the snapshot has no field "chanels"; nearest: channels`},
		{".processes.p4", `processes has no field "p4"; nearest: p1`},
		{".processes.p1.stat", `processes.p1 has no field "stat"; nearest: state`},
		{".channels[0].form", `the channel p1->p2 has no field "form"; nearest: from`},
		{"total(.balance; .amuont)", `the payload of message 6 on p1->p2 has no field "amuont"; nearest: amount`},
		{"[in_flight | .payloda]", `an object has no field "payloda"; nearest: payload`},
		{"{} | .x", `an object has no field "x"`},
		{"{u: 1, v: 2} | .quite_another", `an object has no field "quite_another"; it has u, v`},
	} {
		if got, want := ask(t, c.expression, text, false), "cannot tell: "+c.want; got != want {
			t.Errorf("%s: got %q, want %q", c.expression, got, want)
		}
	}
}
