package command

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"

	"chandy/snapshot"
	"chandy/wire"
)

// fill sets every empty string in a value to hostile and gives every empty slice one
// element.
func fill(v reflect.Value) {
	switch {
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case v.Kind() == reflect.String && v.Len() == 0:
		v.SetString(hostile)
	case v.Kind() == reflect.Slice && v.Len() == 0 && v.Type().Elem().Kind() == reflect.Uint8:
		v.SetBytes([]byte(hostile + notUTF8))
	case v.Kind() == reflect.Slice && v.Len() == 0:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	}
}

func filled[V any](v V) V {
	fill(reflect.ValueOf(&v).Elem())
	return v
}

// hostileFrames returns a frame of every type, with hostile text in every field that can
// have it.
func hostileFrames(t *testing.T) []wire.Frame {
	message := snapshot.Batch{First: 1}
	message.Append([]byte(hostile + notUTF8))
	proposal := wire.Proposal{Number: 2, Ends: 1, Kind: wire.KindByHand, Base: hostile, Manifest: strings.Repeat("0", 64)}
	frames := []wire.Frame{
		filled(wire.Hello{Role: wire.RoleChannel}), filled(wire.Welcome{Version: wire.Version}), filled(wire.Refuse{}),
		wire.Data{Batch: message}, filled(wire.Marker{Ordinal: 1}), wire.Ack{}, wire.Ping{}, wire.Pong{}, filled(wire.Chunk{}), filled(wire.Join{}),
		filled(wire.Outcome{Status: wire.StatusUnknown}), filled(wire.Request{}), filled(wire.Reply{Kind: wire.KindEnd}),
		filled(wire.Propose{Proposal: proposal}), filled(wire.Vote{Proposal: proposal}), wire.Look{}, wire.Stage{Stage: wire.Fetched},
		wire.Fragment{Number: 1, Size: wire.MessageMax, Bytes: []byte(hostile + notUTF8)},
	}
	types := map[wire.Type]bool{}
	for _, f := range frames {
		types[f.Type()] = true
	}
	for typ := wire.TypeHello; typ.String() != fmt.Sprintf("type %d", typ); typ++ {
		if !types[typ] {
			t.Errorf("got no frame of type %s, want one of every type", typ)
		}
	}
	return frames
}

// impostor listens where a node should, welcomes clients, and answers a request with the
// frames that answer returns. If first is not empty, it is all that a client gets.
type impostor struct {
	first    string
	answer   func(number uint64) []wire.Frame
	commands [][]string // that a test runs; nil means clientCommands
	keeps    bool       // keep a status request with wait, as a node does whose channels are down
}

// listen returns the path of a cluster file in which the impostor is the node of p1.
func (i impostor) listen(t *testing.T) (cluster string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			socket, err := listener.Accept()
			if err != nil {
				return
			}
			go i.talk(socket)
		}
	}()
	return writeFile(t, "cluster.toml", fmt.Sprintf("name = \"bank\"\n[[process]]\nid = \"p1\"\naddress = %q\n[program]\nkind = \"bank\"\n", listener.Addr()))
}

func (i impostor) talk(socket net.Conn) {
	defer socket.Close()
	r := wire.NewReader(socket, wire.FrameMax)
	if _, err := r.Read(); err != nil {
		return
	}
	if i.first != "" {
		io.WriteString(socket, i.first)
		return
	}
	socket.Write(wire.Append(nil, filled(wire.Welcome{Version: wire.Version})))
	for {
		f, err := r.Read()
		request, ok := f.(wire.Request)
		if err != nil || !ok {
			return
		}
		if c, err := wire.DecodeControl(request.Body); i.keeps && err == nil && c == (wire.StatusRequest{Wait: true}) {
			continue
		}
		for _, one := range i.answer(request.Number) {
			socket.Write(wire.Append(nil, one))
		}
	}
}

// clientCommands are the commands that talk to a node.
var clientCommands = [][]string{
	{"status"}, {"initiate", "--timeout", "1s"}, {"initiate", "--wait", "--timeout", "100ms"}, {"call", "--timeout", "1s"},
}

// runClients runs every command that talks to a node. It returns all that they print.
func (i impostor) runClients(t *testing.T) (all string) {
	t.Helper()
	cluster := i.listen(t)
	commands := i.commands
	if commands == nil {
		commands = clientCommands
	}
	for _, command := range commands {
		args := append([]string{command[0], "--cluster", cluster}, command[1:]...)
		if command[0] == "call" {
			args = append(args, "p1", "{}")
		}
		stdout, stderr, _ := runPrinted(t, "", args...)
		all += stdout + stderr
	}
	return all
}

func mustJSON(t *testing.T, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatANodeAnswersIsPrintedEscaped(t *testing.T) {
	reply := func(kind wire.Kind, body []byte) func(uint64) []wire.Frame {
		return func(n uint64) []wire.Frame { return []wire.Frame{wire.Reply{Number: n, Kind: kind, Body: body}} }
	}
	status := mustJSON(t, filled(wire.ProcessStatus{}))
	cases := map[string]impostor{
		"bytes":         {first: hostile + notUTF8},
		"bad JSON":      {answer: reply(wire.KindError, []byte(hostile+notUTF8))},
		"error":         {answer: reply(wire.KindError, mustJSON(t, filled(wire.ErrorReply{})))},
		"error of JSON": {answer: reply(wire.KindError, []byte(`{"code":"limit","text":"`+jsonText(hostile)+notUTF8+`"}`))},
		"reply": { // that is not JSON
			commands: [][]string{{"call"}},
			answer: func(n uint64) []wire.Frame {
				return []wire.Frame{wire.Reply{Number: n, Kind: wire.KindData, Body: []byte(hostile + notUTF8)}, wire.Reply{Number: n, Kind: wire.KindEnd}}
			},
		},
		"end": {answer: reply(wire.KindEnd, mustJSON(t, filled(wire.EndReply{})))},
		"status": { // for the other commands its JSON is data, which they print as it is
			commands: [][]string{{"status"}, {"status", "--wide"}, {"initiate", "--wait", "--timeout", "100ms"}},
			keeps:    true,
			answer: func(n uint64) []wire.Frame {
				return []wire.Frame{wire.Reply{Number: n, Kind: wire.KindData, Body: status}, wire.Reply{Number: n, Kind: wire.KindEnd, Body: []byte("{}")}}
			},
		},
	}
	for _, f := range hostileFrames(t) {
		cases["first "+f.Type().String()] = impostor{first: string(wire.Append(nil, f))}
		cases["then "+f.Type().String()] = impostor{answer: func(uint64) []wire.Frame { return []wire.Frame{f} }}
	}
	// The texts for people must have come that far.
	said := map[string]int{"error": 3, "error of JSON": 3, "reply": 1, "end": 4, "status": 10, "first refuse": 3, "then refuse": 3}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			all := one.runClients(t)
			if got := strings.Count(all, forged); got < said[name] {
				t.Errorf("got hostile text %d times in %q, want it %d times at least", got, all, said[name])
			}
		})
	}
}

// A snapshot and a reply are data: they reach stdout byte for byte.
func TestDataOnStdoutIsExact(t *testing.T) {
	const data = `{"a": "` + "\u202e\u009b\x7f" + `"}`
	cluster := impostor{answer: func(n uint64) []wire.Frame {
		return []wire.Frame{
			wire.Reply{Number: n, Kind: wire.KindData, Body: []byte(data)},
			wire.Reply{Number: n, Kind: wire.KindEnd, Body: []byte(`{"status":"complete"}`)},
		}
	}}.listen(t)
	for _, args := range [][]string{{"initiate", "--cluster", cluster}, {"call", "--cluster", cluster, "p1", "{}"}} {
		stdout, stderr, code := runData(t, "", args...)
		if got := strings.TrimSuffix(stdout, "\n"); got != data || code != exitYes {
			t.Errorf("%s: got %q on stdout and exit code %d, want %q and %d; stderr: %s", args[0], got, code, data, exitYes, stderr)
		}
	}
}
