package command

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"chandy/internal/clustertest"
	"chandy/internal/config"
	"chandy/wire"
)

// runningNode is a node that a test runs in this process.
type runningNode struct {
	stderr *output
	stdin  *io.PipeWriter // its end stops the node
	code   chan int
}

func startNode(t *testing.T, cluster, format string) runningNode {
	stdin, end := io.Pipe()
	n := runningNode{newOutput(), end, make(chan int, 1)}
	t.Cleanup(func() { end.Close() })
	t.Cleanup(func() { signal.Reset(syscall.SIGPIPE) }) // which a node ignores
	go func() {
		n.code <- Main([]string{"chandy", "node", "--until-eof", "--cluster", cluster, "--log-format", format, "--log-level", "trace", "p1"}, stdin, io.Discard, n.stderr)
		n.stderr.end()
	}()
	return n
}

// stop ends the node and returns its log and exit code.
func (n runningNode) stop(t *testing.T) (log string, code int) {
	t.Helper()
	n.stdin.Close()
	select {
	case code = <-n.code:
	case <-time.After(patience):
		t.Fatalf("got a node that runs %v after the end of its stdin, with the log %s", patience, n.stderr)
	}
	return n.stderr.String(), code
}

// hostilePeer is process p2 of a cluster whose p1 is a node.
type hostilePeer struct {
	t       *testing.T
	cluster *config.Cluster
}

// listen answers each hello of p1 with a refusal, except the second: it is welcomed, and
// then refused.
func (p hostilePeer) listen(l net.Listener) {
	refuse := wire.Append(nil, filled(wire.Refuse{}))
	welcome := wire.Append(nil, filled(wire.Welcome{Version: wire.Version, Epoch: 1}))
	for n := 0; ; n++ {
		socket, err := l.Accept()
		if err != nil {
			return
		}
		answer := refuse
		if n == 1 {
			answer = append(welcome, refuse...)
		}
		go func() {
			defer socket.Close()
			if _, err := wire.NewReader(socket, wire.FrameMax).Read(); err == nil {
				socket.Write(answer)
				io.Copy(io.Discard, socket)
			}
		}()
	}
}

func (p hostilePeer) hello(role wire.Role) wire.Hello {
	h := wire.Hello{
		Role: role, VersionMin: wire.Version, VersionMax: wire.Version, Cluster: "bank", Epoch: 1, ConfigHash: p.cluster.Hash(),
		From: "p2", To: "p1", Incarnation: hostile,
	}
	if role == wire.RoleControl {
		h.From, h.Incarnation = "", ""
	}
	return h
}

// say writes bytes on a new connection to p1 and waits until p1 closes it.
func (p hostilePeer) say(bytes []byte) {
	p.t.Helper()
	socket, err := net.Dial("tcp", p.cluster.Processes[0].Address)
	if err != nil {
		p.t.Fatal(err)
	}
	defer socket.Close()
	socket.SetDeadline(time.Now().Add(10 * time.Second))
	socket.Write(bytes) // p1 may close the connection first
	if _, err := io.Copy(io.Discard, socket); err != nil && strings.Contains(err.Error(), "timeout") {
		p.t.Fatalf("got %v after %q, want the end of the connection", err, bytes)
	}
}

// damaged returns a frame with bytes that are not UTF-8 in place of some hostile text.
func damaged(frame []byte) []byte {
	frame = []byte(strings.Replace(string(frame), forged, "\xff"+forged[1:], 1))
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(crc32.Checksum(frame[:8], table), table, frame[wire.HeaderSize:])
	binary.BigEndian.PutUint32(frame[8:], sum)
	return frame
}

// attack says everything that a stranger, a client and a peer can say.
func (p hostilePeer) attack() {
	p.say([]byte(hostile + notUTF8))
	for _, role := range []wire.Role{wire.RoleChannel, wire.RoleAssembly, wire.RoleControl} {
		for _, change := range []func(h *wire.Hello){
			func(h *wire.Hello) { h.Cluster = hostile }, func(h *wire.Hello) { h.From, h.Incarnation = hostile, hostile },
			func(h *wire.Hello) { h.To = hostile }, func(h *wire.Hello) { h.Peer, h.To = hostile, "p2" },
		} {
			h := p.hello(role)
			change(&h)
			again := wire.Append(nil, p.hello(role)) // ends a connection that was accepted
			p.say(append(wire.Append(nil, h), again...))
			p.say(damaged(wire.Append(nil, h)))
		}
		hello := wire.Append(nil, p.hello(role))
		for _, f := range append(hostileFrames(p.t), wire.Marker{Ordinal: 1, Snapshot: hostile, Assembler: "p2", TimeLeft: time.Millisecond}) {
			frame := wire.Append(nil, f)
			p.say(append(append(hello[:len(hello):len(hello)], frame...), hello...))
			p.say(append(append(hello[:len(hello):len(hello)], damaged(frame)...), hello...))
		}
	}
	control := wire.Append(nil, p.hello(wire.RoleControl))
	for _, body := range []string{`{"type":"%s"}`, `{"type":"initiate","at":["%s"]}`, `{"type":"call","request":{"type":"%s"}}`, `{"type":"call","request":"%s"}`, "%s"} {
		request := wire.Request{Number: 1, Body: fmt.Appendf(nil, body, jsonText(hostile))}
		p.say(append(wire.Append(control, request), control...))
	}
}

// Whatever peers, clients and strangers say, a log and a table show it escaped.
func TestWhatPeersSayIsLoggedEscaped(t *testing.T) {
	for _, format := range []string{"json", "console"} {
		t.Run(format, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			path := writeFile(t, "cluster.toml", fmt.Sprintf(
				"name = \"bank\"\n[[process]]\nid = \"p1\"\naddress = \"127.0.0.1:%s\"\n[[process]]\nid = \"p2\"\naddress = %q\n[program]\nkind = \"bank\"\n", clustertest.FreePort(), l.Addr()))
			cluster, err := config.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			p := hostilePeer{t, cluster}
			go p.listen(l)
			n := startNode(t, path, format)
			n.stderr.await(t, "node started")
			n.stderr.await(t, "refused, trying again")
			n.stderr.await(t, "channel down")
			p.attack()
			stdout, _, _ := runPrinted(t, "", "status", "--cluster", path)
			_, stderr, _ := runData(t, "", "initiate", "--cluster", path, "--timeout", "100ms")
			if !strings.Contains(stdout, forged) || !strings.Contains(stderr, forged) {
				t.Errorf("got %q from chandy status and %q from initiate, want the refusal of p2 in both", stdout, stderr)
			}
			log, code := n.stop(t)
			if code != exitYes {
				t.Errorf("got exit code %d, want %d; log: %s", code, exitYes, log)
			}
			checkPrinted(t, "log", log)
			for _, message := range []string{"refused, trying again", "connection refused: ", "message dropped", "protocol violation"} {
				if !logged(log, message) {
					t.Errorf("got the log %s, want hostile text with %q", log, message)
				}
			}
		})
	}
}

// logged reports whether a line of a log has both a message and hostile text.
func logged(log, message string) bool {
	for line := range strings.Lines(log) {
		if strings.Contains(line, message) && strings.Contains(line, forged) {
			return true
		}
	}
	return false
}
