package bundled

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/maelstrom"
	"chandy/snapshot"
)

// startBank makes a bank with channels to p2 and p3 and starts it.
func startBank(t *testing.T, p *fake, keys string) *bank {
	t.Helper()
	b := newProgram(t, "kind = \"bank\"\n"+keys).(*bank)
	b.Start(p)
	return b
}

func TestBankRequests(t *testing.T) {
	p := newFake("p1", 1, "p2", "p3")
	b := startBank(t, p, "transfers_per_second = 1000")
	for _, c := range []struct{ request, reply string }{
		{`{"type":"balance"}`, `{"type":"balance_ok","balance":1000}`},
		{`{"type":"balance","msg_id":0}`, `{"type":"balance_ok","in_reply_to":0,"balance":1000}`},
		{`{"type":"balance","msg_id":9007199254740993,"more":[]}`, `{"type":"balance_ok","in_reply_to":9007199254740993,"balance":1000}`},
		{`{"type":"balance","msg_id":null}`, `{"type":"balance_ok","balance":1000}`},
		{`{"type":"pause","msg_id":-1}`, `{"type":"pause_ok","in_reply_to":-1,"balance":1000}`},
		{`{"type":"transfer","msg_id":3,"to":"p3","amount":400}`, `{"type":"transfer_ok","in_reply_to":3,"balance":600}`},
		{`{"type":"transfer","to":"p3","amount":601}`, `{"type":"error","code":22,"text":"the balance is 600, less than 601"}`},
		{`{"type":"transfer","to":"p3","amount":600}`, `{"type":"transfer_ok","balance":0}`},
		{`{"type":"transfer","to":"p3","amount":1,"msg_id":4}`, `{"type":"error","in_reply_to":4,"code":22,"text":"the balance is 0, less than 1"}`},
		{`{"type":"transfer","to":"p1","amount":1}`, `{"type":"error","code":22,"text":"no channel to \"p1\": there are [p2 p3]"}`},
		{`{"type":"transfer","to":"c1","amount":1}`, `{"type":"error","code":22,"text":"no channel to \"c1\": there are [p2 p3]"}`},
		{`{"type":"transfer","to":"p2"}`, `{"type":"error","code":12,"text":"a transfer needs \"to\" and an \"amount\" above 0"}`},
		{`{"type":"transfer","amount":1}`, `{"type":"error","code":12,"text":"a transfer needs \"to\" and an \"amount\" above 0"}`},
		{`{"type":"transfer","to":"p2","amount":0}`, `{"type":"error","code":12,"text":"a transfer needs \"to\" and an \"amount\" above 0"}`},
		{`{"type":"transfer","to":"p2","amount":-1}`, `{"type":"error","code":12,"text":"a transfer needs \"to\" and an \"amount\" above 0"}`},
		{`{"type":"transfer","to":"p2","amount":1.5,"msg_id":5}`, `{"type":"error","in_reply_to":5,"code":12,"text":"\"amount\" of the request cannot be a JSON number 1.5"}`},
		{`{"type":"transfer","to":7,"amount":1}`, `{"type":"error","code":12,"text":"\"to\" of the request cannot be a JSON number"}`},
		{`{"type":"resume"}`, `{"type":"resume_ok","balance":0}`},
		{`{"type":"close","msg_id":6}`, `{"type":"error","in_reply_to":6,"code":10,"text":"unknown request \"close\": there are balance, transfer, pause and resume"}`},
		{`{"type":7,"msg_id":8}`, `{"type":"error","in_reply_to":8,"code":12,"text":"\"type\" of the request cannot be a JSON number"}`},
		{`{"type":"balance","msg_id":"8"}`, `{"type":"error","code":12,"text":"\"msg_id\" of the request cannot be a JSON string"}`},
		{`{"msg_id":8}`, `{"type":"error","in_reply_to":8,"code":12,"text":"a request is a JSON object with a \"type\""}`},
		{`null`, `{"type":"error","code":12,"text":"a request is a JSON object with a \"type\""}`},
		{`[]`, `{"type":"error","code":12,"text":"a request is a JSON object with a \"type\", not a JSON array"}`},
		{`balance`, `{"type":"error","code":12,"text":"the request is not JSON: invalid character 'b' looking for beginning of value"}`},
		{``, `{"type":"error","code":12,"text":"the request is not JSON: unexpected end of JSON input"}`},
	} {
		if got := request(t, b, p, c.request); got != c.reply {
			t.Errorf("%s\n got  %s\n want %s", c.request, got, c.reply)
		}
	}
	want := []string{`{"type":"transfer","amount":400}`, `{"type":"transfer","amount":600}`}
	if sent := p.take("p3"); !slices.Equal(sent, want) {
		t.Errorf("sent to p3: got %s, want %s", sent, want)
	}
	if got, want := capture(t, b), `{"balance":0,"sent":2,"received":0}`; got != want {
		t.Errorf("state: got %s, want %s", got, want)
	}
	if p.log.Len() > 0 || len(p.sent) > 0 {
		t.Errorf("got log %s, sent %s, want neither for a refused request", &p.log, p.sent)
	}
}

// A bank keeps the money of a transfer that could not be sent.
func TestBankSendFails(t *testing.T) {
	p := newFake("p1", 1, "p2")
	b := startBank(t, p, "transfers_per_second = 1000")
	p.broken = true
	p.runTo(time.Second, nil)
	if _, refused := b.transfer(nil, maelstrom.Line{Body: []byte(`{"to":"p2","amount":1}`)}); refused == nil || refused.Code != maelstrom.CodeTemporarilyUnavailable {
		t.Errorf("transfer: got refusal %v, want code %d", refused, maelstrom.CodeTemporarilyUnavailable)
	}
	if b.state.Balance != 1000 || b.state.Sent != 0 {
		t.Errorf("got state %+v, want balance 1000, none sent", b.state)
	}
	if !strings.Contains(p.log.String(), "message not sent") {
		t.Errorf("got log %q, want \"message not sent\" in it", &p.log)
	}
}

func TestBankReceive(t *testing.T) {
	p := newFake("p1", 1, "p2")
	b := startBank(t, p, "")
	b.Receive("p2", []byte(`{"type":"transfer","amount":5}`))
	if b.state.Balance != 1005 || b.state.Received != 1 || p.log.Len() > 0 {
		t.Fatalf("got state %+v, log %q, want balance 1005, 1 received, no log", b.state, &p.log)
	}
	before := b.state
	for i, message := range []string{
		``, `null`, `5`, `{}`, `{"type":"transfer"}`, `{"type":"transfer","amount":0}`, `{"type":"transfer","amount":-5}`,
		`{"type":"transfer","amount":1e30}`, `{"type":"transfer","amount":"5"}`, `{"type":"token","amount":5}`,
		`{"type":"balance"}`, fmt.Sprintf(`{"type":"transfer","amount":%d}`, math.MaxInt64-1004), "\xff\x00",
	} {
		b.Receive("p2", []byte(message))
		if b.state != before {
			t.Errorf("%q: got state %+v, want %+v as before", message, b.state, before)
		}
		if b.drops != i+1 {
			t.Errorf("%q: got %d messages dropped, want %d", message, b.drops, i+1)
		}
	}
	if want := "not a transfer"; !strings.Contains(p.log.String(), want) {
		t.Errorf("got log %q, want %q in it", &p.log, want)
	}
	b.Receive("p2", fmt.Appendf(nil, `{"type":"transfer","amount":%d}`, math.MaxInt64-1005))
	if b.state.Balance != math.MaxInt64 {
		t.Errorf("got balance %d, want %d", b.state.Balance, math.MaxInt64)
	}
	if len(p.sent) > 0 {
		t.Errorf("got sent %s, want nothing", p.sent)
	}
}

func TestBankRate(t *testing.T) {
	seed := clustertest.Seed(t)
	for _, c := range []struct {
		keys string
		want int64 // in 10 seconds
	}{
		{"transfers_per_second = 0", 0},
		{"transfers_per_second = 1e-300", 0},
		{"", 100},
		{"transfers_per_second = 0.25", 2},
		{"transfers_per_second = 333.3\nbalance = 100000", 3333},
		{"transfers_per_second = 20000\nbalance = 100000000", 200_000},
		{"balance = 0", 0},
		{"balance = 3\nmax_transfer = 1", 3},
	} {
		p := newFake("p1", seed, "p2", "p3")
		b := startBank(t, p, c.keys)
		late := func() time.Duration { return time.Duration(p.random.Int64N(int64(time.Millisecond))) }
		p.runTo(10*time.Second, late)
		// The last tick was up to 2 ms before the end, or 1 ms after it.
		slack := int64(b.settings.TransfersPerSecond/500) + 1
		if b.state.Sent < c.want-slack || b.state.Sent > c.want+slack {
			t.Errorf("%q: got %d transfers in 10 s, want %d", c.keys, b.state.Sent, c.want)
		}
		if b.state.Sent != int64(len(p.sent["p2"])+len(p.sent["p3"])) {
			t.Errorf("%q: got %d messages, want %d as in the state", c.keys, len(p.sent["p2"])+len(p.sent["p3"]), b.state.Sent)
		}
	}
}

// A paused bank sends nothing, and does not catch up afterwards.
func TestBankPause(t *testing.T) {
	p := newFake("p1", 1, "p2")
	b := startBank(t, p, "transfers_per_second = 1000")
	request(t, b, p, `{"type":"pause"}`)
	p.runTo(time.Minute, nil)
	if b.state.Sent != 0 {
		t.Errorf("paused: got %d transfers, want none", b.state.Sent)
	}
	request(t, b, p, `{"type":"resume"}`)
	p.runTo(time.Minute+100*time.Millisecond, nil)
	if b.state.Sent < 98 || b.state.Sent > 101 {
		t.Errorf("100 ms after the pause: got %d transfers, want 98 to 101", b.state.Sent)
	}
}

func TestBankWithoutChannels(t *testing.T) {
	p := newFake("p1", 1)
	b := startBank(t, p, "")
	p.runTo(time.Minute, nil)
	if got := request(t, b, p, `{"type":"transfer","to":"p1","amount":1}`); !strings.Contains(got, `"code":22`) {
		t.Errorf("got reply %s, want code 22", got)
	}
	if len(p.timers) > 0 || b.state.Balance != 1000 {
		t.Errorf("got %d timers, balance %d, want none, 1000", len(p.timers), b.state.Balance)
	}
}

// A bank makes the same choices with the same seed. Another process, or another seed of the
// node, makes others.
func TestBankSeed(t *testing.T) {
	run := func(id snapshot.ProcessID, node uint64, keys string) string {
		p := newFake(id, node, "p2", "p3")
		startBank(t, p, keys)
		p.runTo(5*time.Second, nil)
		return fmt.Sprintf("%s %s", p.sent["p2"], p.sent["p3"])
	}
	if run("p1", 1, "seed = 7") != run("p1", 2, "seed = 7") {
		t.Error("same seed: got two different runs, want equal ones")
	}
	if run("p1", 1, "seed = 7") == run("p4", 1, "seed = 7") {
		t.Error("two processes: got equal runs, want different ones")
	}
	if run("p1", 1, "") == run("p1", 2, "") {
		t.Error("two seeds of the node: got equal runs, want different ones")
	}
}

func TestBankCaptureRestore(t *testing.T) {
	p := newFake("p1", 1, "p2")
	b := startBank(t, p, "")
	b.Receive("p2", []byte(`{"type":"transfer","amount":5}`))
	request(t, b, p, `{"type":"transfer","to":"p2","amount":9}`)
	request(t, b, p, `{"type":"pause"}`)
	state := capture(t, b)
	if want := `{"balance":996,"sent":1,"received":1,"paused":true}`; state != want {
		t.Errorf("state: got %s, want %s", state, want)
	}

	made := newProgram(t, `kind = "bank"`)
	for _, wrong := range []string{``, `null`, `{}`, `[]`, `{"balance":-1}`, `{"balance":"5"}`, `{"balance":5,"paused":1}`, `{"tokens":1}`} {
		if err := restore(made, []byte(wrong)); err == nil || !strings.Contains(err.Error(), "state of a bank") {
			t.Errorf("restore of %q: got error %v, want one with \"state of a bank\"", wrong, err)
		}
		const fresh = `{"balance":1000,"sent":0,"received":0}`
		if got := capture(t, made); got != fresh {
			t.Errorf("after restore of %q: got state %s, want %s", wrong, got, fresh)
		}
	}
	if err := restore(made, []byte(state)); err != nil {
		t.Fatal(err)
	}
	q := newFake("p1", 1, "p2")
	made.Start(q)
	q.runTo(time.Minute, nil)
	if got := capture(t, made); got != state {
		t.Errorf("restored: got state %s, want %s", got, state)
	}
}

func TestBankSettings(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{`balance = -1`, "balance: must be from 0 to 8796093022208, not -1"},
		{`balance = 8796093022209`, "balance: must be from 0 to 8796093022208, not 8796093022209"},
		{`balance = 1.5`, "balance: must be an integer, not a float"},
		{`max_transfer = 0`, "max_transfer: must be from 1 to 8796093022208, not 0"},
		{`transfers_per_second = -0.1`, "transfers_per_second: must be from 0 to 1000000, not -0.1"},
		{`transfers_per_second = 1000001`, "transfers_per_second: must be from 0 to 1000000, not 1000001"},
		{`transfers_per_second = inf`, "transfers_per_second: must be a finite number, not +Inf"},
		{`seed = "x"`, "seed: must be an integer, not a string"},
		{`balanse = 1`, `unknown key "balanse": did you mean "balance"?`},
		{"balance = -1\nmax_transfer = 0", "balance: must be from 0 to 8796093022208, not -1\nmax_transfer: must be from 1 to 8796093022208, not 0"},
	} {
		if _, err := bundled(settings(t, "kind = \"bank\"\n"+c.keys), nil); err == nil || err.Error() != c.want {
			t.Errorf("%s\n got  %v\n want %s", c.keys, err, c.want)
		}
	}
}

func TestUnknownKind(t *testing.T) {
	const want = `kind: unknown program "kv": there are bank, token, philosophers, diffusing, exec, lin-kv, lin-tso, seq-kv, lww-kv, and node_command for a binary of your own`
	if _, err := bundled(settings(t, `kind = "kv"`), nil); err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

// Random requests, messages and failures never overdraw a bank. Its balance is always the
// initial one plus all that came, minus all that was sent.
func TestBankNeverOverdraws(t *testing.T) {
	random := clustertest.Rand(t)
	p := newFake("p1", random.Uint64(), "p1", "p2", "p3")
	b := startBank(t, p, "balance = 50\ntransfers_per_second = 1000\nmax_transfer = 100")
	want := int64(50)
	for step := range 10_000 {
		p.broken = random.IntN(4) == 0
		amount := random.Int64N(120) - 10
		to := []snapshot.ProcessID{"p1", "p2", "p3", "p4", "c1", "c2", ""}[random.IntN(7)]
		switch random.IntN(6) {
		case 0, 1:
			p.runTo(p.now+time.Duration(random.Int64N(int64(3*time.Millisecond))), nil)
		case 2:
			b.Receive("c1", mustMarshal(map[string]any{"type": "transfer", "to": to, "amount": amount}))
		case 3:
			b.Receive("p2", mustMarshal(transfer{"transfer", amount}))
			want += max(0, amount)
		case 4:
			b.Receive("c1", []byte(`{"type":"`+[]string{"pause", "resume", "resume", "transfer"}[random.IntN(4)]+`","amount":9223372036854775807,"to":"p2"}`))
		case 5:
			b.Receive("p3", []byte(`{"type":"transfer","amount":9223372036854775807}`))
			if b.state.Balance == math.MaxInt64 { // it was empty: undo this transfer
				b.state.Balance = 0
				b.state.Received--
			}
		}
		for _, id := range p.channels {
			for _, message := range p.take(id) {
				want -= amountOf(t, message)
			}
		}
		p.take("c1")
		p.take("c2")
		if b.state.Balance != want || want < 0 {
			t.Fatalf("step %d: got balance %d, want %d, not below 0", step, b.state.Balance, want)
		}
	}
	if b.state.Sent < 100 || b.state.Received < 100 {
		t.Errorf("got state %+v, want 100 or more sent and received", b.state)
	}
}

// Three banks send over channels that keep messages in flight, and are replaced by restored
// ones. The sum of all money is the same at every moment.
func TestBankSum(t *testing.T) {
	random := clustertest.Rand(t)
	ids := []snapshot.ProcessID{"p1", "p2", "p3"}
	processes := map[snapshot.ProcessID]*fake{}
	banks := map[snapshot.ProcessID]*bank{}
	for _, id := range ids {
		processes[id] = newFake(id, random.Uint64(), ids...) // to itself too
		banks[id] = startBank(t, processes[id], "transfers_per_second = 1000\nmax_transfer = 300")
	}
	inFlight := 0
	for step := range 10_000 {
		from, to := ids[random.IntN(3)], ids[random.IntN(3)]
		p := processes[from]
		switch random.IntN(10) {
		case 0:
			p.runTo(p.now+time.Duration(random.Int64N(int64(5*time.Millisecond))), nil)
		case 1:
			banks[from].Receive("c1", mustMarshal(map[string]any{"type": "transfer", "to": to, "amount": random.IntN(500)}))
			p.take("c1")
		case 2:
			state := capture(t, banks[from])
			p.timers = nil
			banks[from] = startBank(t, p, "transfers_per_second = 1000\nmax_transfer = 300")
			if err := restore(banks[from], []byte(state)); err != nil {
				t.Fatal(err)
			}
		default:
			if queue := p.sent[to]; len(queue) > 0 {
				p.sent[to] = queue[1:]
				banks[to].Receive(from, queue[0])
			}
		}
		var sum int64
		for _, id := range ids {
			sum += clustertest.JSON[bankState](capture(t, banks[id])).Balance
			for _, queue := range processes[id].sent {
				inFlight = max(inFlight, len(queue))
				for _, message := range queue {
					sum += amountOf(t, string(message))
				}
			}
		}
		if sum != 3000 {
			t.Fatalf("step %d: got sum %d, want 3000", step, sum)
		}
	}
	if inFlight < 3 {
		t.Errorf("got at most %d messages in flight on a channel, want 3 or more at some time", inFlight)
	}
}

func amountOf(t *testing.T, message string) int64 {
	t.Helper()
	m := clustertest.JSON[transfer](message)
	if m.Type != "transfer" || m.Amount <= 0 {
		t.Fatalf("got message %s, want a transfer", message)
	}
	return m.Amount
}
