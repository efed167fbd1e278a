package bundled

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chandy/program"
	"chandy/snapshot"
	"chandy/wire"
)

// serviceProgram makes a service in a cluster of three others, n1 to n3.
func serviceProgram(t *testing.T, keys string) program.Program {
	t.Helper()
	return newProgram(t, keys, "n1", "n2", "n3", "service")
}

// startService makes a service and starts it.
func startService(t *testing.T, p *fake, keys string) program.Program {
	t.Helper()
	made := serviceProgram(t, keys)
	made.Start(p)
	return made
}

func newFakeService(channels ...snapshot.ProcessID) *fake { return newFake("service", 1, channels...) }

type exchange struct{ request, reply string }

// exchanges makes requests as a client. They must not be logged.
func exchanges(t *testing.T, made program.Program, p *fake, all []exchange) {
	t.Helper()
	for _, e := range all {
		if got := request(t, made, p, e.request); got != e.reply {
			t.Errorf("%s\n got  %s\n want %s", e.request, got, e.reply)
		}
	}
	if p.log.Len() > 0 || len(p.sent) > 0 {
		t.Errorf("got log %s, sent %s, want neither", &p.log, p.sent)
	}
}

func TestKVRequests(t *testing.T) {
	for _, kind := range []string{"lin-kv", "seq-kv", "lww-kv"} {
		t.Run(kind, func(t *testing.T) {
			p := newFakeService("n1")
			made := startService(t, p, fmt.Sprintf("kind = %q", kind))
			exchanges(t, made, p, []exchange{
				{`{"type":"read","key":1,"msg_id":1}`, `{"type":"error","code":20,"text":"there is no key 1","in_reply_to":1}`},
				{`{"type":"write","key":1,"value":[1, 2.50, {"b":null}],"msg_id":2}`, `{"type":"write_ok","in_reply_to":2}`},
				{`{"type":"read","key":1,"msg_id":3}`, `{"type":"read_ok","value":[1, 2.50, {"b":null}],"in_reply_to":3}`},
				{`{"type":"read","key":"1","msg_id":4}`, `{"type":"error","code":20,"text":"there is no key \"1\"","in_reply_to":4}`},
				{`{"type":"read","key":1.0,"msg_id":5}`, `{"type":"error","code":20,"text":"there is no key 1.0","in_reply_to":5}`},
				{`{"type":"cas","key":1,"from":[1,2.50,{"b":null}],"to":9223372036854775807,"msg_id":6}`, `{"type":"cas_ok","in_reply_to":6}`},
				{`{"type":"cas","key":1,"from":9223372036854775806,"to":0,"msg_id":7}`, `{"type":"error","code":22,"text":"the value is 9223372036854775807, not 9223372036854775806","in_reply_to":7}`},
				{`{"type":"read","key":1,"msg_id":8}`, `{"type":"read_ok","value":9223372036854775807,"in_reply_to":8}`},
				{`{"type":"cas","key":"a","from":0,"to":1,"msg_id":9}`, `{"type":"error","code":20,"text":"there is no key \"a\"","in_reply_to":9}`},
				{`{"type":"cas","key":"a","from":0,"to":1,"create_if_not_exists":false}`, `{"type":"error","code":20,"text":"there is no key \"a\""}`},
				{`{"type":"cas","key":"a","from":0,"to":1,"create_if_not_exists":null}`, `{"type":"error","code":20,"text":"there is no key \"a\""}`},
				{`{"type":"cas","key":"a","from":0,"to":1,"create_if_not_exists":true}`, `{"type":"cas_ok"}`},
				{`{"type":"cas","key":"a","from":0,"to":2,"create_if_not_exists":true}`, `{"type":"error","code":22,"text":"the value is 1, not 0"}`},
				{`{"type":"read","key":"\u0061"}`, `{"type":"read_ok","value":1}`},
				{`{"type":"cas","key":"a","from":1.0,"to":2}`, `{"type":"error","code":22,"text":"the value is 1, not 1.0"}`},

				// any JSON is a key and a value
				{`{"type":"write","key":{"x":[1],"y":2},"value":null}`, `{"type":"write_ok"}`},
				{`{"type":"read","key":{ "y":2, "x":[ 1 ] }}`, `{"type":"read_ok","value":null}`},
				{`{"type":"cas","key":{"y":2,"x":[1]},"from":null,"to":{"b":1,"a":"\u00e9"}}`, `{"type":"cas_ok"}`},
				{`{"type":"cas","key":{"y":2,"x":[1]},"from":{"a":"é","b":1},"to":false}`, `{"type":"cas_ok"}`},
				{`{"type":"write","key":null,"value":""}`, `{"type":"write_ok"}`},
				{`{"type":"read","key":null}`, `{"type":"read_ok","value":""}`},
				{`{"type":"write","key":"\ud800","value":1}`, `{"type":"write_ok"}`},
				{`{"type":"read","key":"\ud801"}`, `{"type":"error","code":20,"text":"there is no key \"\\ud801\""}`},

				// any msg_id, and none
				{`{"type":"read","key":"a","msg_id":"r-7"}`, `{"type":"read_ok","value":1,"in_reply_to":"r-7"}`},
				{`{"type":"read","key":"a","msg_id":12345678901234567890}`, `{"type":"read_ok","value":1,"in_reply_to":12345678901234567890}`},
				{`{"type":"read","key":"a","msg_id":0}`, `{"type":"read_ok","value":1,"in_reply_to":0}`},
				{`{"type":"read","key":"a","msg_id":-1}`, `{"type":"read_ok","value":1,"in_reply_to":-1}`},
				{`{"type":"read","key":"a","msg_id":null}`, `{"type":"read_ok","value":1}`},

				// what makes no sense
				{`{"type":"read","msg_id":1}`, `{"type":"error","code":12,"text":"a read needs a \"key\"","in_reply_to":1}`},
				{`{"type":"write","key":1}`, `{"type":"error","code":12,"text":"a write needs a \"key\" and a \"value\""}`},
				{`{"type":"write","value":1}`, `{"type":"error","code":12,"text":"a write needs a \"key\" and a \"value\""}`},
				{`{"type":"cas","from":1,"to":2}`, `{"type":"error","code":12,"text":"a cas needs a \"key\" and a \"to\""}`},
				{`{"type":"cas","key":"absent","to":2}`, `{"type":"error","code":20,"text":"there is no key \"absent\""}`},
				{`{"type":"cas","key":"left out","to":null,"create_if_not_exists":true}`, `{"type":"cas_ok"}`},
				{`{"type":"cas","key":"left out","to":2}`, `{"type":"cas_ok"}`},
				{`{"type":"cas","key":"left out","to":3}`, `{"type":"error","code":22,"text":"the value is 2, not null"}`},
				{`{"type":"cas","key":1,"from":2}`, `{"type":"error","code":12,"text":"a cas needs a \"key\" and a \"to\""}`},
				{`{"type":"cas","key":1,"from":2,"to":3,"create_if_not_exists":"yes"}`, `{"type":"error","code":12,"text":"\"create_if_not_exists\" must be true or false, not \"yes\""}`},
				{`{"type":"READ","key":1}`, `{"type":"error","code":10,"text":"unknown request \"READ\": there are read, write and cas"}`},
				{`{"type":"ts","msg_id":2}`, `{"type":"error","code":10,"text":"unknown request \"ts\": there are read, write and cas","in_reply_to":2}`},
				{`{"type":7,"msg_id":2}`, `{"type":"error","code":12,"text":"a request is a JSON object with a \"type\"","in_reply_to":2}`},
				{`{"key":1}`, `{"type":"error","code":12,"text":"a request is a JSON object with a \"type\""}`},
				{`[]`, `{"type":"error","code":12,"text":"a request is a JSON object with a \"type\""}`},
				{`{"type":"read`, `{"type":"error","code":12,"text":"a request is a JSON object with a \"type\""}`},
				{``, `{"type":"error","code":12,"text":"a request is a JSON object with a \"type\""}`},
				{"{\"type\":\"write\",\"key\":1,\"value\":\"\xff\"}", `{"type":"error","code":12,"text":"the request is not UTF-8"}`},
				{`{"type":"read","key":` + strings.Repeat("[", 128) + strings.Repeat("]", 128) + `}`, `{"type":"error","code":12,"text":"the request is nested 129 deep, more than 128"}`},
				{`{"type":"write","key":"deep","value":` + strings.Repeat("[", 127) + strings.Repeat("]", 127) + `}`, `{"type":"write_ok"}`},
				{`{"type":"write","key":"deep","value":0}`, `{"type":"write_ok"}`},
			})
			want := `{"entries":[{"key":"\ud800","value":1},{"key":"a","value":1},{"key":"deep","value":0},{"key":"left out","value":2},{"key":1,"value":9223372036854775807},` +
				`{"key":null,"value":""},{"key":{"x":[1],"y":2},"value":false}]}`
			if got := capture(t, made); got != want {
				t.Errorf("state:\n got  %s\n want %s", got, want)
			}
		})
	}
}

func TestTSORequests(t *testing.T) {
	p := newFakeService("n1")
	made := startService(t, p, `kind = "lin-tso"`)
	exchanges(t, made, p, []exchange{
		{`{"type":"ts","msg_id":1}`, `{"type":"ts_ok","ts":0,"in_reply_to":1}`},
		{`{"type":"ts"}`, `{"type":"ts_ok","ts":1}`},
		{`{"type":"read","key":1,"msg_id":"a"}`, `{"type":"error","code":10,"text":"unknown request \"read\": there is ts","in_reply_to":"a"}`},
		{`{"msg_id":3}`, `{"type":"error","code":12,"text":"a request is a JSON object with a \"type\"","in_reply_to":3}`},
		{`{"type":"ts","more":[]}`, `{"type":"ts_ok","ts":2}`},
	})
	state := capture(t, made)
	if state != `{"next":3}` {
		t.Errorf(`state: got %s, want {"next":3}`, state)
	}
	restored := serviceProgram(t, `kind = "lin-tso"`)
	if err := restore(restored, []byte(state)); err != nil {
		t.Fatal(err)
	}
	restored.Start(p)
	exchanges(t, restored, p, []exchange{{`{"type":"ts"}`, `{"type":"ts_ok","ts":3}`}})

	last := serviceProgram(t, `kind = "lin-tso"`)
	if err := restore(last, []byte(`{"next":9007199254740990}`)); err != nil {
		t.Fatal(err)
	}
	last.Start(p)
	exchanges(t, last, p, []exchange{
		{`{"type":"ts"}`, `{"type":"ts_ok","ts":9007199254740990}`},
		{`{"type":"ts"}`, `{"type":"error","code":11,"text":"there are no more timestamps"}`},
	})
	for _, state := range []string{``, `{}`, `3`, `null`, `{"next":-1}`, `{"next":9007199254740992}`, `{"next":"3"}`} {
		if err := restore(serviceProgram(t, `kind = "lin-tso"`), []byte(state)); err == nil {
			t.Errorf("restore of %s: got no error, want one", state)
		}
	}
}

// A request that comes over a channel is a line. The reply goes to its source, or to the
// process whose client is its source. If there is no channel to that process, the reply goes
// back on the channel of the request.
func TestServiceLines(t *testing.T) {
	const read = `"body":{"type":"read","key":1,"msg_id":7}}`
	const reply = `"body":{"type":"read_ok","value":5,"in_reply_to":7}}`
	for name, test := range map[string]struct {
		line string // of n1
		to   snapshot.ProcessID
		want string // empty means that the line is dropped
	}{
		"of the process":              {`{"src":"n1","dest":"service",` + read, "n1", `{"src":"service","dest":"n1",` + reply},
		"with more in it":             {`{"id":3,"src":"n1","dest":"service",` + read, "n1", `{"src":"service","dest":"n1",` + reply},
		"passed on for another":       {`{"src":"n2","dest":"service",` + read, "n2", `{"src":"service","dest":"n2",` + reply},
		"the other has no channel":    {`{"src":"n3","dest":"service",` + read, "n1", `{"src":"service","dest":"n3",` + reply},
		"of nobody":                   {`{"dest":"service",` + read, "n1", `{"src":"service","dest":"n1",` + reply},
		"of somebody unknown":         {`{"src":"x\"","dest":"service",` + read, "n1", `{"src":"service","dest":"x\"",` + reply},
		"for a client of n1":          {`{"src":"c5","dest":"service",` + read, "n1", `{"src":"service","dest":"c5",` + reply},
		"for a client of n2":          {`{"src":"c2","dest":"service",` + read, "n2", `{"src":"service","dest":"c2",` + reply},
		"for one of n3":               {`{"src":"c3","dest":"service",` + read, "n1", `{"src":"service","dest":"c3",` + reply},
		"without msg_id":              {`{"src":"n1","dest":"service","body":{"type":"read","key":1}}`, "n1", `{"src":"service","dest":"n1","body":{"type":"read_ok","value":5}}`},
		"with in_reply_to of none":    {`{"src":"n1","dest":"service","body":{"type":"read","key":1,"msg_id":"a","in_reply_to":null}}`, "n1", `{"src":"service","dest":"n1","body":{"type":"read_ok","value":5,"in_reply_to":"a"}}`},
		"refused":                     {`{"src":"n1","dest":"service","body":{"type":"read","msg_id":7}}`, "n1", `{"src":"service","dest":"n1","body":{"type":"error","code":12,"text":"a read needs a \"key\"","in_reply_to":7}}`},
		"without type":                {`{"src":"n1","dest":"service","body":{}}`, "n1", `{"src":"service","dest":"n1","body":{"type":"error","code":12,"text":"a request is a JSON object with a \"type\""}}`},
		"a reply":                     {`{"src":"n1","dest":"service","body":{"type":"read","key":1,"in_reply_to":7}}`, "", ""},
		"an error":                    {`{"src":"n1","dest":"service","body":{"type":"error","code":10}}`, "", ""},
		"for a client of this one":    {`{"src":"n1","dest":"c4",` + read, "", ""},
		"a body":                      {`{"type":"read","key":1}`, "", ""},
		"no JSON":                     {`read`, "", ""},
		"reply to none that is there": {`{"src":"n1","dest":"service","body":{"type":"error","msg_id":1}}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newFakeService("n1", "n2")
			made := startService(t, p, `kind = "lin-kv"`)
			request(t, made, p, `{"type":"write","key":1,"value":5}`)
			made.Receive("n1", []byte(test.line))
			if test.want == "" {
				if len(p.sent) > 0 || !strings.Contains(p.log.String(), `"dropped":1`) {
					t.Errorf("got sent %s, log %s, want nothing sent, one dropped", p.sent, &p.log)
				}
				return
			}
			if got := p.take(test.to); !slices.Equal(got, []string{test.want}) || len(p.sent) > 0 || p.log.Len() > 0 {
				t.Errorf("sent to %s: got %s, want %s; to others: got %s, want nothing; got log %q, want none", test.to, got, test.want, p.sent, &p.log)
			}
		})
	}
}

// A reply is dropped and logged if there is no channel back, or if the client is gone.
func TestServiceNoWayBack(t *testing.T) {
	p := newFakeService()
	made := startService(t, p, `kind = "lin-kv"`)
	made.Receive("n1", []byte(`{"src":"n1","dest":"service","body":{"type":"write","key":1,"value":2}}`))
	if len(p.sent) > 0 || !strings.Contains(p.log.String(), "reply: message to n1") {
		t.Errorf("no channel: got sent %s, log %s, want nothing sent, a reply to n1 logged", p.sent, &p.log)
	}
	p.broken = true
	made.Receive("c1", []byte(`{"type":"read","key":1}`))
	if len(p.sent) > 0 || !strings.Contains(p.log.String(), `"peer":"c1"`) {
		t.Errorf("no client: got sent %s, log %s, want nothing sent, peer c1 logged", p.sent, &p.log)
	}
}

// A value may fit into the message of a request, and not into the message of a reply.
func TestServiceLongReply(t *testing.T) {
	p := newFakeService("n1")
	p.limit = wire.MessageMax
	made := startService(t, p, `kind = "lin-kv"`)
	write := `{"src":"n1","dest":"service","body":{"type":"write","key":1,"value":"`
	value := strings.Repeat("x", wire.MessageMax-len(write)-len(`"}}`))
	made.Receive("n1", []byte(write+value+`"}}`))
	made.Receive("n1", []byte(`{"src":"n1","dest":"service","body":{"type":"read","key":1,"msg_id":1234567890}}`))
	want := []string{
		`{"src":"service","dest":"n1","body":{"type":"write_ok"}}`,
		`{"src":"service","dest":"n1","body":{"type":"error","code":11,"text":"message to n1: 16777235 bytes, more than 16777216","in_reply_to":1234567890}}`,
	}
	if got := p.take("n1"); !slices.Equal(got, want) {
		t.Errorf("sent: got %.300q, want %q", got, want)
	}
}

func TestServiceSettings(t *testing.T) {
	for keys, want := range map[string]string{
		`kind = "lin-tso"
data_limit = "1GiB"`: `unknown key "data_limit": `,
		`kind = "lin-kv"
data_limit = "1GiB"`: `data_limit: must be from `,
		`kind = "seq-kv"
limit = 3`: `unknown key "limit"`,
	} {
		if _, err := bundled(settings(t, keys), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %s in it", keys, err, want)
		}
	}
}

// The cluster file of the repository and docs/settings.md are the reference. They state every
// setting, its default and its limits.
func TestServiceReference(t *testing.T) {
	for file, heading := range map[string]string{"../../cluster.toml": `# Settings of "lin-kv"`, "../../docs/settings.md": "## lin-kv"} {
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(string(whole), heading)
		prose := strings.Join(strings.Fields(strings.ReplaceAll(text, "\n#", "\n")), " ")
		for _, field := range reflect.VisibleFields(reflect.TypeFor[kvSettings]()) {
			tag := field.Tag
			if !regexp.MustCompile("(?m)^(#   |\\| `)" + tag.Get("toml") + "[ `]").MatchString(text) {
				t.Errorf("%s: got no key %s, want one", file, tag.Get("toml"))
			}
			if want := fmt.Sprintf("%s; from %s to %s", tag.Get("default"), tag.Get("min"), tag.Get("max")); !strings.Contains(prose, want) {
				t.Errorf("%s: got no %q, want it", file, want)
			}
		}
		for _, kind := range []string{"lin-kv", "seq-kv", "lww-kv", "lin-tso"} {
			if !strings.Contains(string(whole), kind) {
				t.Errorf("%s: got no kind %s, want it", file, kind)
			}
		}
	}
}
