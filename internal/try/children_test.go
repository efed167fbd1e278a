package try

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain is also the main function of the children of the tests. $CHILD lists their ways,
// separated by spaces. Each child prints its process id on stderr first.
func TestMain(m *testing.M) {
	if ways := os.Getenv("CHILD"); ways != "" {
		fmt.Fprintln(os.Stderr, "pid", os.Getpid())
		newKid(strings.Fields(ways)).run()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const electing = 300 * time.Millisecond // how long a kid that elects is unavailable

// kid is a child of the tests. Without ways it is a correct program that knows broadcast.
// Each way changes its behaviour.
type kid struct {
	ways     []string
	in       *bufio.Reader
	mu       sync.Mutex
	seen     []int
	arranged bool      // topology has come
	log      []int     // messages of the key "1"
	asked    int       // how often its state was asked for
	told     bool      // whether its message "told" to itself has come
	pending  []heard   // requests that wait for "told"
	unacked  []int     // messages to itself that have not come
	nodes    []string  // node_ids of init
	ready    time.Time // when it is available
	count    int       // broadcasts so far
	later    []string  // lines that came before a reply of seq-kv
}

// heard is a line that a kid reads.
type heard struct {
	Src  string
	Body struct {
		Type      string
		Message   int
		Key       json.RawMessage
		ID        json.RawMessage `json:"msg_id"`
		Node      string          `json:"node_id"`
		Nodes     []string        `json:"node_ids"`
		Restoring bool
		State     struct{ Seen []int }
		Path      string
	}
}

func newKid(ways []string) *kid {
	return &kid{ways: ways, in: bufio.NewReader(os.Stdin), seen: []int{}, unacked: []int{}}
}

func (k *kid) is(way string) bool { return slices.Contains(k.ways, way) }

func (k *kid) print(line string) { io.WriteString(os.Stdout, line+"\n") }

func (k *kid) run() {
	if k.is("dies-at-once") {
		fmt.Fprintln(os.Stderr, "no module named \x1b broadcast")
		os.Exit(1)
	}
	if k.is("garbage") {
		k.print("starting up")
	}
	if k.is("stubborn") {
		signal.Ignore(syscall.SIGTERM)
	}
	for {
		line := k.next()
		var h heard
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(9)
		}
		switch {
		case k.is("lossy") && h.Body.Type == "broadcast" && k.in.Buffered() > 0: // it handles only the last of several lines
			k.reply(h, "broadcast_ok", "")
		case k.is("threads"):
			go k.handle(h)
		default:
			k.handle(h)
		}
	}
}

// next returns the next line. At the end of the input it ends the child.
func (k *kid) next() string {
	if len(k.later) > 0 {
		line := k.later[0]
		k.later = k.later[1:]
		return line
	}
	if k.is("selects") && k.in.Buffered() > 0 { // it ignores its buffer until more input has come
		have := make([]byte, k.in.Buffered())
		io.ReadFull(k.in, have)
		var one [1]byte
		if _, err := io.ReadFull(os.Stdin, one[:]); err != nil {
			os.Exit(0)
		}
		k.in = bufio.NewReader(io.MultiReader(strings.NewReader(string(have)+string(one[:])), os.Stdin))
	}
	line, err := k.in.ReadString('\n')
	switch {
	case err != nil && (k.is("ignores-end") || k.is("stubborn")):
		select {}
	case err != nil:
		os.Exit(0)
	case k.is("splits"): // as the readline of Node.js 24 does
		if i := strings.IndexAny(line, "\u2028\u2029"); i >= 0 {
			return line[:i]
		}
	case k.is("short-lines") && len(line) > 65536:
		fmt.Fprintln(os.Stderr, "token too long")
		os.Exit(7)
	}
	return line
}

// reply answers h. more is further members of the body, each after a comma.
func (k *kid) reply(h heard, kind, more string) {
	id := string(h.Body.ID)
	if k.is("replies-wrong") && h.Body.Type != "init" {
		id = "7"
	}
	k.print(fmt.Sprintf(`{"src":"n0","dest":%q,"body":{"type":%q,"in_reply_to":%s%s}}`, h.Src, kind, id, more))
}

func (k *kid) handle(h heard) {
	if k.is("slow") && h.Body.Type == "broadcast" {
		time.Sleep(500 * time.Millisecond) // longer than settle_timeout
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if h.Body.Type == "init" {
		k.nodes = h.Body.Nodes
		k.ready = time.Now().Add(electing)
	} else if k.is("strict") && k.nodes == nil {
		fmt.Fprintln(os.Stderr, "no init before", h.Body.Type)
		os.Exit(6)
	}
	if h.Body.Type == "broadcast" {
		k.count++
	}
	switch kind := h.Body.Type; {
	case kind == "broadcast" && k.is("elects") && time.Now().Before(k.ready):
		k.reply(h, "error", `,"code":11,"text":"no leader"`)
	case kind == "broadcast" && k.is("refuses-third") && k.count == 3:
		k.reply(h, "error", `,"code":13,"text":"not the third"`)
	case kind == "init" && k.is("mute"):
	case kind == "init" && k.is("late"):
		time.Sleep(startPause)
		fmt.Fprintln(os.Stderr, "init")
		k.reply(h, "init_ok", "")
	case kind == "init" && k.is("asks-first"):
		k.print(fmt.Sprintf(`{"src":%q,"dest":"lin-kv","body":{"type":"read","key":"x","msg_id":5}}`, h.Body.Node))
		for !strings.Contains(k.next(), `"src":"lin-kv"`) {
		}
		k.reply(h, "init_ok", "")
	case kind == "init" && k.is("asks-n0-first") && h.Body.Node != "n0":
		k.print(fmt.Sprintf(`{"src":%q,"dest":"n0","body":{"type":"bump","msg_id":5}}`, h.Body.Node))
		for !strings.Contains(k.next(), "bump_ok") {
		}
		k.reply(h, "init_ok", "")
	case kind == "topology" && k.is("needs-topology"):
		k.arranged = true
		k.reply(h, "topology_ok", "")
	case k.is("needs-topology") && kind != "init" && kind != "restore" && !k.arranged:
		k.reply(h, "error", `,"code":11,"text":"no topology yet"`)
	case kind == "send" && k.is("kafka"):
		if _, err := strconv.Atoi(strings.Trim(string(h.Body.Key), `"`)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(4)
		}
		k.log = append(k.log, 1)
		k.reply(h, "send_ok", fmt.Sprintf(`,"offset":%d`, len(k.log)))
	case k.is("says-nothing") && kind != "init":
	case kind == "broadcast" && k.is("asks-peer"): // it answers when n1 has
		k.print(fmt.Sprintf(`{"src":"n0","dest":"n1","body":{"type":"bump","msg_id":%d}}`, h.Body.Message))
		k.pending = append(k.pending, h)
	case kind == "tell": // it passes on the characters as they are; clients escape them
		k.print(`{"src":"n1","dest":"n2","body":{"type":"broadcast","message":2,"msg_id":77,"text":"a` + string(separators) + `b"}}`)
		k.pending = append(k.pending, h)
	case kind == "broadcast_ok":
		k.reply(k.pending[0], "tell_ok", "")
	case kind == "bump_ok":
		k.reply(k.pending[0], "broadcast_ok", "")
		k.pending = k.pending[1:]
	case kind == "error" && k.is("asks-peer"):
	case kind == "init" && k.is("inits-twice"):
		k.reply(h, "init_ok", "")
		k.reply(h, "init_ok", "")
	case kind == "init":
		k.reply(h, "init_ok", "")
	case kind == "add" && k.is("uses-kv"):
		k.print(`{"src":"n0","dest":"seq-kv","body":{"type":"read","key":"x","msg_id":5}}`)
		var others []string
		for line := k.next(); ; line = k.next() {
			if strings.Contains(line, `"src":"seq-kv"`) {
				break
			}
			others = append(others, line)
		}
		k.later = append(others, k.later...)
		k.reply(h, "add_ok", "")
	case kind == "broadcast" && k.is("keeps-unacked"): // its message to itself waits during a snapshot
		k.unacked = append(k.unacked, h.Body.Message)
		if !k.is("late-effect") {
			k.seen = append(k.seen, h.Body.Message)
		}
		k.print(fmt.Sprintf(`{"src":"n0","dest":"n0","body":{"type":"gossip","message":%d}}`, h.Body.Message))
		k.reply(h, "broadcast_ok", "")
	case kind == "gossip":
		k.unacked = k.unacked[1:]
		if k.is("late-effect") {
			k.seen = append(k.seen, h.Body.Message)
		}
	case kind == "broadcast" && k.is("half-done"):
		k.print(`{"src":"n0","dest":"seq-kv","body":{"type":"read","key":"x","msg_id":5}}`)
		k.pending = append(k.pending, h)
	case h.Src == "seq-kv" && k.is("half-done"):
		k.seen = append(k.seen, k.pending[0].Body.Message)
		k.reply(k.pending[0], "broadcast_ok", "")
		k.pending = k.pending[1:]
	case kind == "snapshot" && k.is("stuck") && len(k.pending) > 0:
	case kind == "broadcast" && !k.is("knows-nothing"):
		k.seen = append(k.seen, h.Body.Message)
		k.reply(h, "broadcast_ok", "")
	case kind == "bump":
		k.seen = append(k.seen, len(k.seen))
		k.reply(h, "bump_ok", "")
	case kind == "echo" && k.is("dies-of-echo"):
		os.Exit(5)
	case kind == "echo" && k.is("echoes"):
		k.reply(h, "echo_ok", "")
	case kind == "read" && k.is("reads-peers") && len(k.nodes) > 1:
		k.print(`{"src":"n0","dest":"n1","body":{"type":"bump","msg_id":900}}`)
		for !strings.Contains(k.next(), "bump_ok") {
		}
		k.reply(h, "read_ok", `,"messages":`+k.list())
	case kind == "read" && k.is("falls-back"): // it would use the reply, but does not need it
		k.print(`{"src":"n0","dest":"seq-kv","body":{"type":"read","key":"x","msg_id":900}}`)
		time.Sleep(2 * promptly)
		k.reply(h, "read_ok", `,"messages":`+k.list())
	case kind == "read" && !k.is("knows-nothing"):
		k.reply(h, "read_ok", `,"messages":`+k.list())
	case kind == "snapshot" && k.is("asks-itself") && !k.told:
		k.print(`{"src":"n0","dest":"n0","body":{"type":"told","msg_id":9}}`)
		k.pending = append(k.pending, h)
	case kind == "told":
		k.told = true
		for _, h := range k.pending {
			k.reply(h, "snapshot_ok", `,"state":1`)
		}
	case kind == "snapshot" && !k.is("no-snapshot"):
		more := ""
		if k.is("keeps-unacked") {
			text, _ := json.Marshal(k.unacked)
			more = `,"unacked":` + string(text)
		}
		if k.is("random") {
			more = fmt.Sprintf(`,"at":%d`, time.Now().UnixNano())
		}
		k.reply(h, "snapshot_ok", `,"state":{"seen":`+k.list()+more+`}`)
	case kind == "restore" && k.is("refuses-restore"):
		k.reply(h, "error", `,"code":13,"text":"not me"`)
	case kind == "restore" && k.is("file-only") && h.Body.Path == "":
		k.reply(h, "error", `,"code":10,"text":"only from a file"`)
	case kind == "restore" && (k.is("reads-file") || k.is("file-only")) && h.Body.Path != "":
		text, err := os.ReadFile(h.Body.Path)
		if err == nil {
			err = json.Unmarshal(text, &h.Body.State)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(8)
		}
		k.seen = h.Body.State.Seen
		k.reply(h, "restore_ok", "")
	case kind == "restore":
		if k.seen = h.Body.State.Seen; k.is("restores-wrong") {
			k.seen = k.seen[1:]
		}
		k.reply(h, "restore_ok", "")
	case k.is("exits"):
		if k.is("loud") {
			k.print("what is " + kind)
		}
		fmt.Fprintln(os.Stderr, "what is", kind)
		os.Exit(3)
	case k.is("silent"):
	default:
		k.reply(h, "error", `,"code":10,"text":"what?"`)
	}
}

func (k *kid) list() string {
	if k.is("threads") && k.asked%2 == 0 { // the order changes, as in a set
		slices.Reverse(k.seen)
	}
	k.asked++
	if k.is("constant") {
		return "[]"
	}
	text, _ := json.Marshal(k.seen)
	return string(text)
}
