package config

import (
	"errors"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"chandy/snapshot"
)

// Parse checks the text of a cluster file. The path is for messages only. What
// is wrong comes as [*Faults], all of it at once; a syntax error comes alone,
// because what follows it cannot be read.
func Parse(path string, text []byte) (*Cluster, error) {
	var fs faults
	if len(text) > fileMax {
		fs.add(root(), "the file has more than %d bytes, too many for a cluster file", fileMax)
		return nil, fs.err(path)
	}
	var tree map[string]any
	if _, err := toml.Decode(string(text), &tree); err != nil {
		return nil, &Faults{Path: path, List: []Fault{syntaxFault(string(text), err)}}
	}
	fs.lines = &lines{text: string(text)}

	var f file
	fs.table(root(), tree, reflect.ValueOf(&f).Elem())
	fs.checkFile(f)
	if err := fs.err(path); err != nil {
		return nil, err
	}
	return f.cluster(path), nil
}

// syntaxFault is what the parser said, as one sentence in our form.
func syntaxFault(file string, err error) Fault {
	var parse toml.ParseError
	if !errors.As(err, &parse) {
		return Fault{Text: err.Error()}
	}
	text := strings.TrimRight(strings.Join(strings.Fields(parse.Message), " "), ".")
	first, size := utf8.DecodeRuneInString(text)
	// "TOML files cannot …" and "EOF" keep their capitals.
	if second, _ := utf8.DecodeRuneInString(text[size:]); !unicode.IsUpper(second) {
		text = string(unicode.ToLower(first)) + text[size:]
	}
	return Fault{Line: parse.Position.Line, Column: column(file, parse.Position), Text: text}
}

// column counts the characters before a position in its line; the parser's own
// count is wrong at the start of a line. It is 0 where the position is not on
// the line that it names.
func column(file string, position toml.Position) int {
	file = strings.TrimPrefix(file, "\ufeff")
	if position.Start < 0 || position.Start > len(file) {
		return 0
	}
	before := file[:position.Start]
	if strings.Count(before, "\n")+1 != position.Line {
		return 0
	}
	return utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:]) + 1
}

// checkFile reports what is wrong in values that have the right type.
func (fs *faults) checkFile(f file) {
	at := root()
	fs.checkName(at.key("name"), f.Name)
	switch n := len(f.Process); {
	case n == 0:
		fs.add(at.key("process"), "is missing: write at least one [[process]]")
	case n > ProcessesMax:
		fs.add(at.key("process"), "there are %d, more than %d", n, ProcessesMax)
		return
	}
	ids := make(map[snapshot.ProcessID]int)
	addresses := make(map[string]int)
	for i, p := range f.Process {
		at := processPlace(i, p)
		fs.checkID(at.key("id"), p.ID, i, ids)
		fs.checkAddress(at.key("address"), p.Address, f.Network.Insecure, i, addresses)
		fs.checkProgram(at.key("program"), p.Program, f.Program)
	}
	for i, p := range f.Process {
		fs.checkChannels(processPlace(i, p).key("channels"), p.Channels, ids)
	}
}

func processPlace(i int, p process) place {
	return root().key("process").element(i, string(p.ID))
}

func (fs *faults) checkName(at place, name string) {
	if name == "" {
		fs.add(at, `is missing: give the cluster one, such as name = "bank"`)
		return
	}
	// A name has the characters of an id. What is kept for clients is a good name.
	id := snapshot.ProcessID(name)
	if err := id.Check(); err != nil && !(id.IsClient() && len(id) <= snapshot.ProcessIDMax) {
		fs.add(at, "%w", err)
	}
}

// checkID also enters the id in ids, which tells the process that has it.
func (fs *faults) checkID(at place, id snapshot.ProcessID, process int, ids map[snapshot.ProcessID]int) {
	if id == "" {
		fs.add(at, `is missing: give the process one, such as id = "p%d"`, process+1)
		return
	}
	if err := id.Check(); err != nil {
		fs.add(at, "%w", err)
	}
	if other, taken := ids[id]; taken {
		fs.add(at, "process[%d] has the same: give each process its own", other)
		return
	}
	ids[id] = process
}

// checkAddress also enters the address in addresses, which tells the process
// that has it.
func (fs *faults) checkAddress(at place, address string, insecure bool, process int, addresses map[string]int) {
	if address == "" {
		fs.add(at, `is missing: give the process one, such as address = "127.0.0.1:%d"`, 7101+process)
		return
	}
	e, err := parseEndpoint(address)
	if err == nil {
		err = e.checkDial()
	}
	if err == nil {
		err = e.checkReach(insecure)
	}
	if err != nil {
		fs.add(at, "%s %w", quote(address), err)
	}
	if e == (endpoint{}) {
		return
	}
	if other, taken := addresses[e.String()]; taken {
		fs.add(at, "%s is that of process[%d] too: give each process its own", quote(address), other)
		return
	}
	addresses[e.String()] = process
}

// checkChannels looks at the channels of one process, given the ids of all.
func (fs *faults) checkChannels(at place, channels []snapshot.ProcessID, ids map[snapshot.ProcessID]int) {
	first := make(map[snapshot.ProcessID]int)
	for i, to := range channels {
		if _, ok := ids[to]; !ok {
			fs.add(at.index(i), "no process has the id %s", quote(string(to)))
		}
		if other, twice := first[to]; twice {
			fs.add(at.index(i), "%s stands at channels[%d] already: a channel exists once", quote(string(to)), other)
			continue
		}
		first[to] = i
	}
}

// cluster fills in what the file leaves out. The file has no fault.
func (f file) cluster(path string) *Cluster {
	c := &Cluster{Name: f.Name, Network: f.Network, Snapshot: f.Snapshot, Path: path}
	for _, p := range f.Process {
		program := newProgram(merge(f.Program, p.Program))
		channels := p.Channels
		if channels == nil {
			channels = f.channelsOf(p.ID, program.Kind)
		} else {
			c.ChannelsNamed = true
		}
		c.Processes = append(c.Processes, Process{ID: p.ID, Address: p.Address, Channels: channels, Program: program})
	}
	return c
}

// channelsOf is where the channels of a process lead that names none.
func (f file) channelsOf(id snapshot.ProcessID, kind string) []snapshot.ProcessID {
	channels := make([]snapshot.ProcessID, 0, len(f.Process))
	for _, p := range f.Process {
		if p.ID != id || kind == KindExec {
			channels = append(channels, p.ID)
		}
	}
	return channels
}
