package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"chandy/internal/bundled"
	"chandy/internal/config"
	"chandy/program"
)

const (
	childMessages  = 100_000
	childSnapshots = 20
)

// childSpeed measures how many lines a second pass from one child to another, through the
// two nodes that host them, and compares it with a pipe between the same programs.
func childSpeed() Benchmark {
	return Benchmark{
		Name:  "child/messages",
		About: "lines of 70 bytes from one child (a program of kind exec) to another, each an operating-system process; compared with a pipe between the same two programs",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			return compare(ctx, o, []figure{{"child/messages", "messages/s"}},
				func(ctx context.Context) ([]float64, error) { return childRun(ctx, o) },
				func(ctx context.Context) ([]float64, error) { return pipeRun(ctx, o) })
		},
	}
}

// childPause measures how long a snapshot keeps a child from receiving.
func childPause() Benchmark {
	return Benchmark{
		Name:  "child/pause",
		About: "how long a snapshot keeps an idle child from receiving: the node waits until all its threads wait for input, then asks for its state",
		run: func(ctx context.Context, o *Options) ([]Result, error) {
			return compare(ctx, o, []figure{{"child/pause", "ms"}}, func(ctx context.Context) (values []float64, err error) {
				var pauses []float64
				r, err := startChildren(ctx, o, func(d time.Duration) { pauses = append(pauses, float64(d.Nanoseconds())/1e6) })
				if err != nil {
					return nil, err
				}
				client, err := r.client(ctx, 0)
				if err != nil {
					return nil, errors.Join(err, r.stop())
				}
				for range o.messages(childSnapshots) {
					if _, err = take(ctx, client, io.Discard); err != nil {
						break
					}
				}
				client.Close()
				if err = errors.Join(err, r.stop()); err != nil {
					return nil, err
				}
				return []float64{median(pauses)}, nil
			}, nil)
		},
	}
}

// startChildren runs two nodes with a child each. If paused is non-nil, it is called with
// the duration of each capture of the first child.
func startChildren(ctx context.Context, o *Options, paused func(time.Duration)) (*running, error) {
	argument, err := json.Marshal(job{Child: true})
	if err != nil {
		return nil, err
	}
	command := append(o.Self[:len(o.Self):len(o.Self)], string(argument))
	s := shape{processes: 2, program: map[string]any{"kind": config.KindExec, "state": "snapshot", "topology": "none", "command": command}}
	cluster, err := s.cluster()
	if err != nil {
		return nil, err
	}
	var hosted []program.Program
	for _, p := range cluster.Processes {
		one, err := bundled.New(cluster, p)
		if err != nil {
			return nil, err
		}
		hosted = append(hosted, one)
	}
	if paused != nil {
		hosted[0] = &timed{hosted[0], paused}
	}
	return start(ctx, s, func(i int) program.Program { return hosted[i] })
}

// timed calls report with the duration of each capture of its program.
type timed struct {
	program.Program
	report func(time.Duration)
}

func (t *timed) Capture(done func(program.State)) {
	began := time.Now()
	t.Program.Capture(func(s program.State) {
		t.report(time.Since(began))
		done(s)
	})
}

// Close closes the program, which must be an io.Closer.
func (t *timed) Close() error { return t.Program.(io.Closer).Close() }

func childRun(ctx context.Context, o *Options) (values []float64, err error) {
	r, err := startChildren(ctx, o, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	sender, err := r.client(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer sender.Close()
	receiver, err := r.client(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer receiver.Close()
	n := o.messages(childMessages)
	began := time.Now()
	if _, err := sender.Call(ctx, fmt.Appendf(nil, `{"type":"send","n":%d}`, n)); err != nil {
		return nil, err
	}
	if _, err := receiver.Call(ctx, fmt.Appendf(nil, `{"type":"expect","n":%d}`, n)); err != nil {
		return nil, err
	}
	return []float64{float64(n) / time.Since(began).Seconds()}, nil
}

// pipeRun measures the same without nodes: the output of one child is the input of the
// other.
func pipeRun(ctx context.Context, o *Options) (values []float64, err error) {
	argument, err := json.Marshal(job{Child: true})
	if err != nil {
		return nil, err
	}
	from, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer from.Close()
	defer to.Close()
	sender := exec.CommandContext(ctx, o.Self[0], append(o.Self[1:len(o.Self):len(o.Self)], string(argument))...)
	receiver := exec.CommandContext(ctx, o.Self[0], append(o.Self[1:len(o.Self):len(o.Self)], string(argument))...)
	sender.Stdout, receiver.Stdin = to, from
	in, err := sender.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := receiver.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := receiver.Start(); err != nil {
		return nil, err
	}
	if err := sender.Start(); err != nil {
		to.Close()
		return nil, errors.Join(err, receiver.Wait())
	}
	n := o.messages(childMessages)
	began := time.Now()
	fmt.Fprintf(in, `{"src":"c1","dest":"p001","body":{"type":"init","msg_id":1,"node_id":"p001"}}`+"\n"+
		`{"src":"c1","dest":"p001","body":{"type":"send","msg_id":2,"n":%d}}`+"\n", n)
	fmt.Fprintf(to, `{"src":"c1","dest":"p002","body":{"type":"expect","msg_id":1,"n":%d}}`+"\n", n)
	_, err = bufio.NewReader(out).ReadString('\n')
	took := time.Since(began)
	in.Close()
	err = errors.Join(err, sender.Wait())
	to.Close()
	return []float64{float64(n) / took.Seconds()}, errors.Join(err, receiver.Wait())
}

// childLine has the members of a line of the protocol that a child of the benchmarks uses.
type childLine struct {
	Src  string
	Body struct {
		Type   string
		NodeID string `json:"node_id"`
		MsgID  int    `json:"msg_id"`
		N      int
	}
}

// beChild is the program of both children. It sends n messages on the request "send". It
// replies to the request "expect" when n messages have come.
func beChild(stdin io.Reader, stdout io.Writer) error {
	lines, out := bufio.NewScanner(stdin), bufio.NewWriterSize(stdout, 64<<10)
	var me string
	var came, expected int
	var answer func()
	for lines.Scan() {
		var l childLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return err
		}
		reply := func(more string) {
			fmt.Fprintf(out, `{"src":%q,"dest":%q,"body":{"type":"%s_ok","in_reply_to":%d%s}}`+"\n", me, l.Src, l.Body.Type, l.Body.MsgID, more)
		}
		switch l.Body.Type {
		case "init":
			me = l.Body.NodeID
			reply("")
		case "send":
			for range l.Body.N {
				out.WriteString(`{"src":"p001","dest":"p002","body":{"type":"message","text":"hello"}}` + "\n")
			}
			reply("")
		case "message":
			came++
		case "expect":
			expected, answer = l.Body.N, func() { reply("") }
		case "snapshot":
			reply(fmt.Sprintf(`,"state":{"came":%d}`, came))
		}
		if answer != nil && came >= expected {
			answer()
			answer = nil
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return lines.Err()
}
