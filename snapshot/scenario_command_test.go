package snapshot

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// story is a scenario that is being played.
type story struct {
	graph strings.Builder // until the first command that is not about it
	*cluster
}

// command plays one line. What it prints begins with what happened, if that is not
// in the line; then come the effects that the Recorders returned, in order. An
// error is a mistake in the story.
func (s *story) command(line string) (printed []string, err error) {
	words := strings.Fields(line)
	name, args := words[0], words[1:]
	one, ok := commands[name]
	switch {
	case !ok:
		return nil, errors.New("no such command")
	case len(args) < one.args || len(args) > one.args && !one.text:
		return nil, fmt.Errorf("%d arguments, want %d", len(args), one.args)
	case !one.graph && s.cluster == nil:
		s.cluster = newCluster(graph(s.graph.String()))
	case one.graph && s.cluster != nil:
		return nil, errors.New("comes too late")
	}
	if !one.graph {
		for i := range one.ids {
			if !s.topology.Has(ProcessID(args[i])) {
				return nil, fmt.Errorf("no process %s", args[i])
			}
		}
	}
	return one.play(s, args)
}

// command is one that stories know. Its first ids arguments name processes; with
// text, more words than args are allowed.
type command struct {
	args, ids   int
	text, graph bool
	play        func(s *story, args []string) ([]string, error)
}

var commands map[string]command

func init() {
	commands = map[string]command{
		// processes p1 p2 …: these exist. A channel brings its processes, too.
		"processes": {text: true, graph: true, play: addGraph(func(args []string) string { return strings.Join(args, " ") })},
		// channel p1 p2: there is a channel p1->p2.
		"channel": {args: 2, graph: true, play: addGraph(func(args []string) string { return args[0] + "->" + args[1] })},
		// mesh p1 p2 …: there is a channel from each to every other.
		"mesh": {args: 2, text: true, graph: true, play: addGraph(meshOf)},
		// state p1 …: from now on the state of p1 is this text.
		"state": {args: 1, ids: 1, text: true, play: (*story).state},
		// send p1 p2 …: p1 sends this text to p2.
		"send": {args: 2, ids: 2, text: true, play: (*story).send},
		// deliver p1 p2: the head of channel p1->p2 arrives, a message in the inbox.
		"deliver": {args: 2, ids: 2, play: (*story).deliver},
		// receive p2 p1: the program of p2 receives the next message of p1.
		"receive": {args: 2, ids: 2, play: (*story).receive},
		// initiate p1 S: p1 initiates S. The first initiator is the assembler.
		"initiate": {args: 2, ids: 1, play: (*story).initiate},
		// capture delayed p1: p1 finishes captures by the command recorded; capture now p1.
		"capture": {args: 2, play: (*story).capture},
		// recorded p1: the capture of p1 is finished.
		"recorded": {args: 1, ids: 1, play: (*story).recorded},
		// run: everything on the wires arrives, channel by channel.
		"run": {play: (*story).run},
		// abandon p1 S: p1 abandons S.
		"abandon": {args: 2, ids: 1, play: (*story).abandon},
		// lose p1 S: what p1 reported of S so far is lost on its way to the assembler.
		"lose": {args: 2, ids: 1, play: (*story).lose},
		// timeout: the time of every snapshot so far is over, everywhere.
		"timeout": {play: (*story).timeout},
		// stop p1: nothing arrives at p1 any more, and it does nothing.
		"stop": {args: 1, ids: 1, play: (*story).stop},
		// restart p1: p1 begins a new life. meet p1 p2: they hear of each other.
		"restart": {args: 1, ids: 1, play: (*story).restart},
		"meet":    {args: 2, ids: 2, play: (*story).meet},
		// snapshot S: what is assembled of S now.
		"snapshot": {args: 1, play: (*story).snapshot},
	}
}

func TestScenarioCommandsAreInTheDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range commands {
		if page := string(text); !strings.Contains(page, "`"+name+" ") && !strings.Contains(page, "`"+name+"`") {
			t.Errorf("docs/scenarios.md: got nothing about the command %s, want a line", name)
		}
	}
}

func addGraph(words func(args []string) string) func(*story, []string) ([]string, error) {
	return func(s *story, args []string) ([]string, error) {
		s.graph.WriteString(words(args) + " ")
		return nil, nil
	}
}

func meshOf(args []string) string {
	var all []string
	for _, from := range args {
		for _, to := range args {
			if from != to {
				all = append(all, from+"->"+to)
			}
		}
	}
	return strings.Join(all, " ")
}

func (s *story) state(args []string) ([]string, error) {
	s.states[ProcessID(args[0])] = strings.Join(args[1:], " ")
	return nil, nil
}

func (s *story) send(args []string) ([]string, error) {
	ch, err := s.channel(args)
	if err == nil && s.stopped[ch.From] {
		err = fmt.Errorf("%s is stopped", ch.From)
	}
	if err == nil {
		s.cluster.send(ch.From, ch.To, []byte(strings.Join(args[2:], " ")))
	}
	return nil, err
}

func (s *story) channel(args []string) (Channel, error) {
	ch := Channel{ProcessID(args[0]), ProcessID(args[1])}
	for _, other := range s.topology.Channels {
		if ch == other {
			return ch, nil
		}
	}
	return ch, fmt.Errorf("no channel %s", ch)
}

func (s *story) deliver(args []string) ([]string, error) {
	ch, err := s.channel(args)
	switch {
	case err != nil:
		return nil, err
	case len(s.wires[ch]) == 0:
		return nil, fmt.Errorf("%s is empty", ch)
	case s.stopped[ch.To]:
		return nil, fmt.Errorf("%s is stopped", ch.To)
	case !s.met(ch.From, ch.To), !s.met(ch.To, ch.From):
		return nil, fmt.Errorf("%s and %s have not met", ch.From, ch.To)
	}
	return s.arrival(ch), nil
}

// arrival lets the head of a channel arrive and tells what it was.
func (s *story) arrival(ch Channel) []string {
	head := s.wires[ch][0]
	what := fmt.Sprintf("%d:%s", s.hosts[ch.To].inEnd(ch.From).arrived+1, head.payload)
	if head.marker != nil {
		what = head.marker.String()
	}
	return append([]string{what}, rendered(s.cluster.deliver(ch))...)
}

func (s *story) run([]string) (printed []string, err error) {
	for all := s.busy(); len(all) > 0; all = s.busy() {
		if len(printed) > 1000 {
			return nil, errors.New("goes on for ever")
		}
		lines := s.arrival(all[0])
		printed = append(printed, all[0].String()+": "+lines[0])
		for _, line := range lines[1:] {
			printed = append(printed, indent+line)
		}
	}
	return printed, nil
}

func (s *story) receive(args []string) ([]string, error) {
	ch, err := s.channel([]string{args[1], args[0]})
	h := s.hosts[ch.To]
	switch {
	case err != nil:
		return nil, err
	case s.stopped[ch.To]:
		return nil, fmt.Errorf("%s is stopped", ch.To)
	case h.recorder.Capturing():
		return nil, errors.New("receives nothing while its state is captured")
	case !h.waiting(ch.From):
		return nil, errors.New("the inbox is empty")
	}
	seq, payload := h.receive(ch.From)
	return []string{fmt.Sprintf("%d:%s", seq, payload)}, nil
}

func (s *story) initiate(args []string) ([]string, error) {
	effects, err := s.cluster.initiate(ProcessID(args[0]), ID(args[1]))
	if err != nil {
		return []string{"error: " + err.Error()}, nil
	}
	return rendered(effects), nil
}

func (s *story) capture(args []string) ([]string, error) {
	if args[0] != "delayed" && args[0] != "now" {
		return nil, errors.New("neither delayed nor now")
	}
	id := ProcessID(args[1])
	if !s.topology.Has(id) {
		return nil, fmt.Errorf("no process %s", id)
	}
	s.delayed[id] = args[0] == "delayed"
	return nil, nil
}

func (s *story) recorded(args []string) ([]string, error) {
	id := ProcessID(args[0])
	if !s.hosts[id].recorder.Capturing() {
		return nil, errors.New("its state is not being captured")
	}
	return rendered(s.record(id)), nil
}

func (s *story) abandon(args []string) ([]string, error) {
	s.hosts[ProcessID(args[0])].recorder.Abandon(ID(args[1]))
	return nil, nil
}

func (s *story) lose(args []string) (printed []string, err error) {
	one := s.snapshots[ID(args[1])]
	if one == nil {
		return nil, errors.New("was never initiated")
	}
	one.pieces = slices.DeleteFunc(one.pieces, func(p Piece) bool {
		lost := p.By() == ProcessID(args[0])
		if lost {
			printed = append(printed, "lost: "+p.String())
		}
		return lost
	})
	return printed, nil
}

func (s *story) timeout([]string) (printed []string, err error) {
	for _, id := range s.topology.Processes {
		if s.stopped[id] {
			continue
		}
		for _, start := range s.hosts[id].recorder.Expire(timeout) {
			printed = append(printed, fmt.Sprintf("%s abandons %s", id, start.ID))
		}
	}
	return printed, nil
}

func (s *story) stop(args []string) ([]string, error) {
	s.stopped[ProcessID(args[0])] = true
	return nil, nil
}

func (s *story) restart(args []string) ([]string, error) {
	s.cluster.restart(ProcessID(args[0]))
	return nil, nil
}

func (s *story) meet(args []string) ([]string, error) {
	return rendered(s.cluster.meet(ProcessID(args[0]), ProcessID(args[1]))), nil
}

// snapshot prints a snapshot. A complete one proves itself.
func (s *story) snapshot(args []string) ([]string, error) {
	if s.snapshots[ID(args[0])] == nil {
		return nil, errors.New("was never initiated")
	}
	g := s.global(ID(args[0]))
	if g.Complete() {
		if found := checkProven(g); found != nil {
			return nil, errors.New(found.Text)
		}
	}
	return strings.Split(strings.TrimRight(g.String(), "\n"), "\n"), nil
}

func rendered(effects []Effect) (lines []string) {
	for _, e := range effects {
		lines = append(lines, e.String())
	}
	return lines
}
