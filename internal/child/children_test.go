package child

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"chandy/internal/config"
)

// The children of the tests are this test program itself. $CHILD names the kind.
func TestMain(m *testing.M) {
	if run, ok := children[os.Getenv("CHILD")]; ok {
		run()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var children = map[string]func(){
	"puppet":   func() { newPuppet().serve() },
	"early":    printsEarly,
	"inquirer": inquirer,
	"odd":      odd,
	"late":     late,
	"deaf":     deaf,
	"mute":     func() { io.Copy(io.Discard, os.Stdin) },
	"flood":    flood,
	"drowned":  drowned,
	"scanner":  scanner,
	"stubborn": stubborn,
	"single":   func() { adder(false) },
	"threads":  func() { adder(true) },
	"token":    token,
	"stuck":    stuck,
	"chatty":   chatty,
	"burst":    burst,
	"asker":    asker,
	"parent":   parent,
	"orphan":   orphan,
	"deserter": deserter,
	"dozer":    dozer,
	"runaway":  runaway,
	"gossip":   gossip,
	"host":     host,
	"holder":   holder,
	"knower":   knower,
}

// said is a message that a child reads.
type said struct {
	Src  string `json:"src"`
	Dest string `json:"dest"`
	Body struct {
		Type      string                     `json:"type"`
		MsgID     json.RawMessage            `json:"msg_id"`
		InReplyTo json.RawMessage            `json:"in_reply_to"`
		NodeID    string                     `json:"node_id"`
		NodeIDs   []string                   `json:"node_ids"`
		Restoring bool                       `json:"restoring"`
		State     json.RawMessage            `json:"state"`
		Path      string                     `json:"path"`
		Lines     []string                   `json:"lines"`
		Text      string                     `json:"text"`
		N         int                        `json:"n"`
		Value     string                     `json:"value"`
		Topology  map[string]json.RawMessage `json:"topology"`
	} `json:"body"`
}

// node has what all children need.
type node struct {
	in  *bufio.Reader
	mu  sync.Mutex // guards out
	out *os.File
	id  string
	all []string
}

func newNode() *node { return &node{in: bufio.NewReader(os.Stdin), out: os.Stdout} }

// read returns the next line. At the end of the input the child exits.
func (n *node) read() (string, said) {
	line, err := n.in.ReadString('\n')
	if err != nil {
		os.Exit(0)
	}
	var m said
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		fmt.Fprintf(os.Stderr, "cannot read %q: %v\n", line, err)
		os.Exit(9)
	}
	return strings.TrimSuffix(line, "\n"), m
}

func (n *node) print(line string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	io.WriteString(n.out, line+"\n")
}

func (n *node) send(dest, body string) {
	n.print(fmt.Sprintf(`{"src":%q,"dest":%q,"body":%s}`, n.id, dest, body))
}

// reply answers a message. More has further members of the body, each after a comma.
func (n *node) reply(m said, kind, more string) {
	n.send(m.Src, fmt.Sprintf(`{"type":%q,"in_reply_to":%s%s}`, kind, m.Body.MsgID, more))
}

// initialise answers init.
func (n *node) initialise() said {
	_, m := n.read()
	n.id, n.all = m.Body.NodeID, m.Body.NodeIDs
	n.reply(m, "init_ok", "")
	return m
}

// puppet does what clients request, and keeps every other line.
type puppet struct {
	*node
	lines   []string
	waiting []said
	state   string // restored
}

func newPuppet() *puppet { return &puppet{node: newNode(), state: "null"} }

func (p *puppet) serve() {
	for {
		line, m := p.read()
		client := len(m.Src) > 1 && strings.Trim(m.Src[1:], "0123456789") == "" && m.Src[0] == 'c'
		switch kind := m.Body.Type; {
		case kind == "init":
			p.id, p.all = m.Body.NodeID, m.Body.NodeIDs
			p.lines = append(p.lines, line)
			p.reply(m, "init_ok", "")
		case kind == "restore":
			p.restore(m)
		case kind == "snapshot":
			text, _ := json.Marshal(p.lines)
			p.reply(m, "snapshot_ok", fmt.Sprintf(`,"state":{"restored":%s,"lines":%s}%s`, p.state, text, os.Getenv("SAYS")))
		case kind == "read":
			p.reply(m, "read_ok", fmt.Sprintf(`,"value":%d`, len(p.lines)))
		case client && kind == "lines":
			text, _ := json.Marshal(p.lines)
			p.reply(m, "lines_ok", `,"lines":`+string(text))
		case client && kind == "await":
			p.waiting = append(p.waiting, m)
		case client && kind == "print":
			for _, line := range m.Body.Lines {
				p.print(line)
			}
			p.reply(m, "print_ok", "")
		case client && kind == "forward" && m.Body.Text != p.id: // the source stays the client
			p.print(strings.Replace(line, `"dest":"`+p.id+`"`, `"dest":"`+m.Body.Text+`"`, 1))
		case kind == "forward":
			p.reply(m, "forward_ok", fmt.Sprintf(`,"by":%q`, p.id))
		case client && kind == "environment":
			text, _ := json.Marshal(os.Environ())
			dir, _ := os.Getwd()
			p.reply(m, "environment_ok", fmt.Sprintf(`,"env":%s,"dir":%q`, text, dir))
		case client && kind == "leave": // after text on stderr
			fmt.Fprint(os.Stderr, m.Body.Text)
			os.Exit(m.Body.N)
		case client && kind == "partial":
			io.WriteString(os.Stdout, m.Body.Text)
			os.Exit(0)
		case client && kind == "close stdout":
			os.Stdout.Close()
		case client && kind == "close stdin":
			os.Stdin.Close()
			select {}
		case kind == "topology":
			p.lines = append(p.lines, line)
			p.reply(m, "topology_ok", "")
		case kind == "never":
		default:
			p.lines = append(p.lines, line)
		}
		p.waiting = slices.DeleteFunc(p.waiting, func(m said) bool {
			if len(p.lines) < m.Body.N {
				return false
			}
			text, _ := json.Marshal(p.lines)
			p.reply(m, "await_ok", `,"lines":`+string(text))
			return true
		})
	}
}

// restore takes a state, unless the state says something else.
func (p *puppet) restore(m said) {
	if m.Body.Path != "" {
		m.Body.State = readState(m.Body.Path)
	}
	if p.state = string(m.Body.State); p.state != `"silent"` {
		p.send("n2", `{"type":"dropped","msg_id":77}`)
	}
	switch p.state {
	case `"bad"`:
		p.reply(m, "error", `,"code":13,"text":"it is bad"`)
	case `"exits"`:
		fmt.Fprintln(os.Stderr, "cannot go on")
		os.Exit(4)
	case `"silent"`:
	case `"asks"`:
		p.send("n2", `{"type":"forward","msg_id":5}`)
	case `"prints text"`:
		p.print("hello")
	case `"prints on"`: // in one write
		p.print(fmt.Sprintf(`{"dest":"c0","body":{"type":"restore_ok","in_reply_to":%s}}`, m.Body.MsgID) + "\n" + `{"dest":"n2","body":{"type":"at once"}}`)
	case `"meets"`: // and then ends by no signal but SIGKILL
		signal.Ignore(syscall.SIGHUP, syscall.SIGTERM)
		awaitTest()
		p.reply(m, "restore_ok", "")
		select {}
	default:
		p.reply(m, "restore_ok", "")
	}
}

// readState reads a state from a file that nobody else can read.
func readState(path string) []byte {
	for _, name := range []string{path, filepath.Dir(path)} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			fmt.Fprintf(os.Stderr, "%s: got %v, %v, want a file that only its owner can read\n", name, info, err)
			os.Exit(10)
		}
	}
	state, err := os.ReadFile(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(10)
	}
	return state
}

// printsEarly prints before it has read init.
func printsEarly() {
	p := newPuppet()
	p.print(`{"src":"?","dest":"n2","body":{"type":"early"}}`)
	p.serve()
}

// inquirer asks the nodes in $ASK, and answers init after their replies.
func inquirer() {
	p := newPuppet()
	line, m := p.read()
	p.lines = append(p.lines, line)
	p.id = m.Body.NodeID
	for i, asked := range strings.Fields(os.Getenv("ASK")) {
		p.send(asked, fmt.Sprintf(`{"type":"forward","msg_id":%d}`, i))
		line, _ := p.read()
		p.lines = append(p.lines, line)
	}
	p.reply(m, "init_ok", "")
	p.serve()
}

// odd prints $TEXT in place of the answer to init.
func odd() {
	newNode().read()
	io.WriteString(os.Stdout, os.Getenv("TEXT"))
	select {}
}

// late answers init when the test, which listens at $ADDRESS, writes a byte.
func late() {
	p := newPuppet()
	line, m := p.read()
	p.lines = append(p.lines, line)
	p.id = m.Body.NodeID
	p.send("n2", `{"type":"early"}`)
	awaitTest()
	p.reply(m, "init_ok", "")
	p.serve()
}

// awaitTest connects to the test at $ADDRESS and waits for a byte. The connection stays open
// while the child runs.
func awaitTest() {
	c, err := net.Dial("tcp", os.Getenv("ADDRESS"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(8)
	}
	fmt.Fprintln(c, os.Getpid())
	io.ReadFull(c, make([]byte, 1))
	met = append(met, c)
}

var met []net.Conn // kept, so that the garbage collector closes none

// deaf answers init, connects to the test, and reads nothing until the test writes a byte.
func deaf() {
	p := newPuppet()
	p.initialise()
	awaitTest()
	p.serve()
}

// flood prints without end and never reads.
func flood() {
	n := newNode()
	n.initialise()
	for i := 0; ; i++ {
		n.send("n2", fmt.Sprintf(`{"type":"flood","n":%d,"pad":%q}`, i, strings.Repeat("x", 1000)))
	}
}

// drowned prints requests to an unknown process, and never reads the refusals.
func drowned() {
	n := newNode()
	n.initialise()
	for i := 1; i <= 100_000; i++ {
		n.send("nobody", fmt.Sprintf(`{"type":"flood","msg_id":%d}`, i))
	}
	n.send("n2", `{"type":"done"}`)
	select {}
}

// scanner exits with an error when it reads a line over 65,535 bytes.
func scanner() {
	p := newPuppet()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var m said
		json.Unmarshal(lines.Bytes(), &m)
		if m.Body.Type == "init" {
			p.id = m.Body.NodeID
			p.reply(m, "init_ok", "")
		} else {
			p.send("n2", fmt.Sprintf(`{"type":"length","n":%d}`, len(lines.Bytes())))
		}
	}
	fmt.Fprintln(os.Stderr, lines.Err())
	os.Exit(7)
}

// stubborn ignores the end of its input and SIGTERM.
func stubborn() {
	signal.Ignore(syscall.SIGTERM)
	p := newPuppet()
	p.initialise()
	awaitTest()
	select {}
}

// adder adds up the numbers that it receives, and answers each request. With threads, each
// line has a goroutine of its own, which first works or sleeps.
func adder(threads bool) {
	n := newNode()
	n.initialise()
	var mu sync.Mutex
	sum := 0
	work := func(m said) {
		mu.Lock()
		defer mu.Unlock()
		switch m.Body.Type {
		case "add":
			sum += m.Body.N
			if m.Body.MsgID != nil {
				n.reply(m, "add_ok", "")
			}
		case "snapshot":
			n.reply(m, "snapshot_ok", fmt.Sprintf(`,"state":%d`, sum))
		}
	}
	for {
		_, m := n.read()
		if !threads {
			work(m)
			continue
		}
		go func() {
			switch {
			case m.Body.Type != "add":
			case m.Body.N%2 == 0:
				spin(time.Duration(m.Body.N%7) * 40 * time.Microsecond)
			case m.Body.MsgID == nil: // asleep, but never for as long as idleFor
				for range 10 {
					time.Sleep(1500 * time.Microsecond)
				}
			default: // asleep for longer than idleFor
				time.Sleep(12 * time.Millisecond)
			}
			work(m)
		}()
	}
}

func spin(d time.Duration) {
	for begun := time.Now(); time.Since(begun) < d; {
	}
}

// token passes a token to the next node. Before that it sends a message to itself, so that it
// holds the token for a while.
func token() {
	n := newNode()
	n.initialise()
	next := n.all[(slices.Index(n.all, n.id)+1)%len(n.all)]
	tokens, passed := 0, 0
	for {
		_, m := n.read()
		switch m.Body.Type {
		case "start", "token":
			if m.Body.Type == "start" {
				n.reply(m, "start_ok", "")
			}
			tokens++
			n.send(n.id, `{"type":"go"}`)
		case "go":
			tokens--
			passed++
			n.send(next, `{"type":"token"}`)
		case "snapshot":
			n.reply(m, "snapshot_ok", fmt.Sprintf(`,"state":{"tokens":%d,"passed":%d}`, tokens, passed))
		}
	}
}

// gossip sends every value that is new to it to all others.
func gossip() {
	n := newNode()
	n.initialise()
	known := []string{}
	for {
		_, m := n.read()
		switch m.Body.Type {
		case "broadcast", "gossip":
			if !slices.Contains(known, m.Body.Value) {
				known = append(known, m.Body.Value)
				for _, other := range n.all {
					if other != n.id {
						n.send(other, fmt.Sprintf(`{"type":"gossip","value":%q}`, m.Body.Value))
					}
				}
			}
			if m.Body.Type == "broadcast" {
				n.reply(m, "broadcast_ok", "")
			}
		case "snapshot":
			text, _ := json.Marshal(known)
			n.reply(m, "snapshot_ok", `,"state":`+string(text))
		}
	}
}

// holder restores a child, which is stopped then, and runs until it is killed.
func holder() {
	text := file(1, "puppet", "state = \"snapshot\"\n", with(fmt.Sprintf("env = { CHILD = %q, ADDRESS = %q }", "puppet", os.Getenv("ADDRESS"))))
	cluster, err := config.Parse("cluster.toml", []byte(text))
	if err != nil {
		panic(err)
	}
	x, err := New(cluster, cluster.Processes[0])
	if err != nil {
		panic(err)
	}
	x.Restore([]byte(`"meets"`), func(err error) { fmt.Println("held", x.started.PID(), err) })
	select {}
}

// host starts a stubborn child, and runs until it is killed.
func host() {
	p, err := Start(Spec{
		Command: []string{os.Args[0]}, Env: map[string]string{"CHILD": "stubborn", "ADDRESS": os.Getenv("ADDRESS")},
		LineMax: 1 << 20, Output: func(b *Batch) { b.Return() }, Errors: func(string) {}, Ended: func(End) {},
	})
	if err != nil {
		panic(err)
	}
	p.Write([]byte(`{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}`))
	select {}
}

// knower is a puppet that exits at a message that it does not know, as programs with
// Maelstrom's library for Go do. It does not know topology, which it also prints on stderr.
func knower() {
	p := newPuppet()
	p.initialise()
	if os.Getenv("TALKS") != "" {
		p.send("n2", `{"type":"hello"}`)
	}
	_, m := p.read()
	if m.Body.Type == "topology" {
		fmt.Fprintln(os.Stderr, "No handler for topology")
		if os.Getenv("TALKS") != "" {
			fmt.Fprintln(os.Stdout, "ERROR: no handler for topology")
		}
		os.Exit(1)
	}
	if m.Body.Type == "snapshot" {
		p.reply(m, "snapshot_ok", `,"state":"taken"`)
	} else {
		p.lines = append(p.lines, m.Body.Type)
		p.reply(m, "any_ok", "")
	}
	p.serve()
}

// stuck answers init. It answers each later request only when the next one comes.
func stuck() {
	n := newNode()
	n.initialise()
	var before *said
	for {
		_, m := n.read()
		if m.Body.Type != "snapshot" {
			continue
		}
		if before != nil {
			n.reply(*before, "snapshot_ok", `,"state":"late"`)
		}
		before = &m
	}
}

// chatty prints three lines before it answers a request for its state, and three afterwards.
func chatty() {
	n := newNode()
	n.initialise()
	sent := 0
	three := func() {
		for range 3 {
			sent++
			n.send("n2", fmt.Sprintf(`{"n":%d}`, sent))
		}
	}
	for {
		_, m := n.read()
		three()
		n.reply(m, "snapshot_ok", fmt.Sprintf(`,"state":%d`, sent))
		three()
	}
}

// asker sends a request to an unknown process before it answers a request for its state. The
// state is how many other lines it has read 20 ms later.
func asker() {
	n := newNode()
	n.initialise()
	var mu sync.Mutex
	told := 0
	for {
		_, m := n.read()
		mu.Lock()
		if m.Body.Type != "snapshot" {
			told++
		} else {
			n.send("nobody", `{"type":"ask","msg_id":1}`)
			time.AfterFunc(20*time.Millisecond, func() {
				mu.Lock()
				defer mu.Unlock()
				n.reply(m, "snapshot_ok", fmt.Sprintf(`,"state":%d`, told))
			})
		}
		mu.Unlock()
	}
}

// burst prints more than fits anywhere before it reads anything.
func burst() {
	n := newNode()
	n.initialise()
	for _, other := range n.all {
		for i := 0; i < 1000 && other != n.id; i++ {
			n.send(other, fmt.Sprintf(`{"n":%d,"pad":%q}`, i, strings.Repeat("x", 2000)))
		}
	}
	var asked *said
	for count := 0; ; {
		_, m := n.read()
		if m.Body.Type == "await" {
			asked = &m
		} else {
			count++
		}
		if asked != nil && count == 1000*(len(n.all)-1) {
			n.reply(*asked, "await_ok", "")
		}
	}
}

// parent starts an orphan, and exits at the end of its input.
func parent() {
	p := newPuppet()
	p.initialise()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "CHILD=orphan")
	if err := c.Start(); err != nil {
		panic(err)
	}
	p.serve()
}

// deserter starts a runaway outside its process group, and exits at the end of its input.
func deserter() {
	p := newPuppet()
	p.initialise()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "CHILD=runaway")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := c.Start(); err != nil {
		panic(err)
	}
	p.serve()
}

// runaway prints until the test closes the connection, and does not notice the end of its
// output.
func runaway() {
	signal.Ignore(syscall.SIGPIPE)
	awaitTest()
	go func() {
		for {
			if _, err := os.Stdout.WriteString("{}\n"); err != nil {
				time.Sleep(time.Millisecond)
			}
		}
	}()
	io.Copy(io.Discard, met[0])
}

// dozer answers init, meets the test, and from then on works for a moment after each sleep of
// 3 ms. It keeps no connection.
func dozer() {
	p := newPuppet()
	p.initialise()
	awaitTest()
	met[0].Close()
	go func() {
		for {
			time.Sleep(3 * time.Millisecond)
		}
	}()
	p.serve()
}

// orphan runs until SIGKILL.
func orphan() {
	signal.Ignore(syscall.SIGTERM, syscall.SIGHUP)
	awaitTest()
	select {}
}
