package snapshot_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"chandy/internal/channel"
	"chandy/snapshot"
)

// TestScenarioOutbox plays testdata/outbox/*.txt, stories in which messages wait in
// outboxes, connections break, and markers may go ahead. The channels are the real
// ones. The commands are described below.
func TestScenarioOutbox(t *testing.T) {
	snapshot.PlayFiles(t, "testdata/outbox/*.txt", func() func(string) ([]string, error) { return new(outboxStory).command })
}

// outboxStory is a story that is being played.
type outboxStory struct {
	rule  channel.Rule
	graph []string // until the first command that is not about the graph
	*machines
}

// outboxCommands are the commands, each with the names of its arguments: P and Q are
// processes, and "P Q" is the channel from P to Q.
var outboxCommands = map[string]struct {
	args string
	play func(s *outboxStory, args []string) ([]string, error)
}{
	// markers ahead, markers in-order: the rule for markers.
	"markers": {"RULE", (*outboxStory).markers},
	// channel p1 p2: there is a channel p1->p2.
	"channel": {"FROM TO", (*outboxStory).addChannel},
	// mesh p1 p2 …: there is a channel from each to every other.
	"mesh": {"TEXT", (*outboxStory).mesh},
	// state p1 …: from now on the state of p1 is this text.
	"state": {"P TEXT", (*outboxStory).state},
	// send p1 p2 …: the program of p1 sends this text to p2. It waits in the outbox.
	"send": {"P Q TEXT", (*outboxStory).send},
	// write p1 p2: p1 writes the next frame of channel p1->p2 to the connection.
	"write": {"P Q", (*outboxStory).write},
	// deliver p1 p2: the first frame on the way arrives.
	"deliver": {"P Q", (*outboxStory).deliver},
	// swap p1 p2: a fault: the first two frames on the way change places.
	"swap": {"P Q", (*outboxStory).swap},
	// acknowledge p1 p2: p1 learns how far channel p1->p2 has come at p2.
	"acknowledge": {"P Q", (*outboxStory).acknowledge},
	// disconnect p1 p2: the connection of channel p1->p2 breaks; what is on the way is
	// lost. connect p1 p2: there is a new one.
	"disconnect": {"P Q", (*outboxStory).disconnect},
	"connect":    {"P Q", (*outboxStory).connect},
	// receive p1 p2: the program of p2 receives the next message of channel p1->p2.
	"receive": {"P Q", (*outboxStory).receive},
	// show p1 p2: what is where on channel p1->p2.
	"show": {"P Q", (*outboxStory).show},
	// run: everything is written and arrives, channel by channel.
	"run": {"", (*outboxStory).run},
	// initiate p1 S: p1 initiates S. The first initiator is the assembler.
	"initiate": {"P SNAPSHOT", (*outboxStory).initiate},
	// delay p1: the next captures at p1 are finished by the command recorded.
	"delay":    {"P", (*outboxStory).delay},
	"recorded": {"P", (*outboxStory).recorded},
	// snapshot S: the snapshot that is assembled of what has come. If it is complete, the
	// certificate must hold.
	"snapshot": {"SNAPSHOT", (*outboxStory).snapshot},
}

// command plays one line. An error is a mistake in the story.
func (s *outboxStory) command(text string) ([]string, error) {
	words := strings.Fields(text)
	one, ok := outboxCommands[words[0]]
	if !ok {
		return nil, errors.New("no such command")
	}
	names, args := strings.Fields(one.args), words[1:]
	if open := strings.HasSuffix(one.args, "TEXT"); len(args) < len(names) || len(args) > len(names) && !open {
		return nil, fmt.Errorf("usage: %s %s", words[0], one.args)
	}
	if graph := []string{"markers", "channel", "mesh"}; s.machines == nil && !slices.Contains(graph, words[0]) {
		var err error
		if s.machines, err = newMachines(s.rule, snapshot.Graph(strings.Join(s.graph, " "))); err != nil {
			return nil, err
		}
	}
	for i, name := range names {
		if (name == "P" || name == "Q") && s.hosts[snapshot.ProcessID(args[i])] == nil {
			return nil, fmt.Errorf("no process %s", args[i])
		}
	}
	if strings.HasPrefix(one.args, "P Q") && s.line(args) == nil {
		return nil, fmt.Errorf("no channel %s->%s", args[0], args[1])
	}
	return one.play(s, args)
}

func (s *outboxStory) line(args []string) *line {
	return s.lines[snapshot.Channel{From: snapshot.ProcessID(args[0]), To: snapshot.ProcessID(args[1])}]
}

func (s *outboxStory) host(args []string) *machine { return s.hosts[snapshot.ProcessID(args[0])] }

func (s *outboxStory) markers(args []string) ([]string, error) {
	rule, ok := map[string]channel.Rule{"ahead": channel.Ahead, "in-order": channel.InOrder}[args[0]]
	if !ok {
		return nil, errors.New("neither ahead nor in-order")
	}
	s.rule = rule
	return nil, nil
}

func (s *outboxStory) addChannel(args []string) ([]string, error) {
	s.graph = append(s.graph, args[0]+"->"+args[1])
	return nil, nil
}

func (s *outboxStory) mesh(args []string) ([]string, error) {
	s.graph = append(s.graph, snapshot.MeshOf(args))
	return nil, nil
}

func (s *outboxStory) state(args []string) ([]string, error) {
	s.host(args).state = strings.Join(args[1:], " ")
	return nil, nil
}

func (s *outboxStory) send(args []string) ([]string, error) {
	l, text := s.line(args), strings.Join(args[2:], " ")
	l.sent = append(l.sent, text)
	l.out.Send([]byte(text))
	return nil, nil
}

func (s *outboxStory) write(args []string) ([]string, error) {
	f, ok := s.line(args).write()
	if !ok {
		return nil, errors.New("there is nothing to write")
	}
	return []string{f.String()}, nil
}

func (s *outboxStory) deliver(args []string) ([]string, error) {
	l := s.line(args)
	if len(l.way) == 0 {
		return nil, errors.New("there is nothing on the way")
	}
	return s.arrival(l), nil
}

func (s *outboxStory) arrival(l *line) []string {
	f, effects, err := s.machines.deliver(l)
	if err != nil {
		return []string{f.String(), "refused: " + err.Error()}
	}
	return append([]string{f.String()}, rendered(effects)...)
}

func (s *outboxStory) swap(args []string) ([]string, error) {
	way := s.line(args).way
	if len(way) < 2 {
		return nil, errors.New("fewer than two frames are on the way")
	}
	way[0], way[1] = way[1], way[0]
	return nil, nil
}

func (s *outboxStory) acknowledge(args []string) ([]string, error) {
	l := s.line(args)
	at := l.in.Acknowledge()
	return []string{fmt.Sprintf("message %d has arrived, marker %d was processed", at.Arrived, at.Marker)}, l.out.Acknowledge(at)
}

func (s *outboxStory) disconnect(args []string) (printed []string, err error) {
	for _, f := range s.line(args).disconnect() {
		printed = append(printed, "lost: "+f.String())
	}
	return printed, nil
}

func (s *outboxStory) connect(args []string) ([]string, error) {
	if s.line(args).up {
		return nil, errors.New("there is a connection")
	}
	return nil, s.line(args).connect()
}

func (s *outboxStory) receive(args []string) ([]string, error) {
	l := s.line(args)
	if s.hosts[l.To].recorder.Capturing() {
		return []string{"nothing: the state is being captured"}, nil
	}
	payload, ok := l.in.Receive()
	if !ok {
		return nil, errors.New("there is nothing to receive")
	}
	return []string{fmt.Sprintf("%d:%s", l.in.Received(), payload)}, nil
}

func (s *outboxStory) show(args []string) ([]string, error) {
	l := s.line(args)
	var outbox []string
	for i, text := range l.sent[l.out.Acked():] {
		outbox = append(outbox, fmt.Sprintf("%d:%s", int(l.out.Acked())+i+1, text))
	}
	printed := []string{fmt.Sprintf("sent %d, acknowledged %d, outbox [%s]", l.out.Sent(), l.out.Acked(), strings.Join(outbox, " "))}
	for _, f := range l.way {
		printed = append(printed, "on the way: "+f.String())
	}
	var inbox []string
	for _, b := range l.in.Inbox() {
		inbox = append(inbox, b.String())
	}
	return append(printed, fmt.Sprintf("arrived %d, received %d, inbox [%s]", l.in.Arrived(), l.in.Received(), strings.Join(inbox, " "))), nil
}

func (s *outboxStory) run([]string) (printed []string, err error) {
	for more := true; more; {
		more = false
		for _, l := range s.sorted() {
			for _, ok := l.write(); ok; _, ok = l.write() {
			}
			for ; len(l.way) > 0; more = true {
				lines := s.arrival(l)
				printed = append(printed, l.Channel.String()+": "+lines[0])
				for _, line := range lines[1:] {
					printed = append(printed, "  "+line)
				}
			}
		}
	}
	return printed, nil
}

func (s *outboxStory) initiate(args []string) ([]string, error) {
	effects, err := s.machines.initiate(s.host(args).id, snapshot.ID(args[1]))
	return rendered(effects), err
}

func (s *outboxStory) delay(args []string) ([]string, error) {
	s.host(args).delayed = true
	return nil, nil
}

func (s *outboxStory) recorded(args []string) ([]string, error) {
	if !s.host(args).recorder.Capturing() {
		return nil, errors.New("its state is not being captured")
	}
	return rendered(s.host(args).record()), nil
}

func (s *outboxStory) snapshot(args []string) ([]string, error) {
	if s.snapshots[snapshot.ID(args[0])] == nil {
		return nil, errors.New("was never initiated")
	}
	g, err := s.global(snapshot.ID(args[0]))
	if err != nil {
		return nil, err
	}
	if g.Complete() {
		err = snapshot.CheckProven(g)
	}
	return strings.Split(strings.TrimRight(g.String(), "\n"), "\n"), err
}

func rendered(effects []snapshot.Effect) (lines []string) {
	for _, e := range effects {
		lines = append(lines, e.String())
	}
	return lines
}
