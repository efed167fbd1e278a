package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"chandy/snapshot"
)

// Parse checks the text of a cluster file. The path appears in messages, and its
// directory is [Cluster.Dir]; the file need not exist. Parse returns all faults at once,
// as [*Faults]. A syntax error comes alone, because the text after it cannot be read.
func Parse(path string, text []byte) (*Cluster, error) { return parseText(path, text, false) }

// parseText is Parse. With unsecured, any address is permitted.
func parseText(path string, text []byte, unsecured bool) (*Cluster, error) {
	fs := faults{unsecured: unsecured}
	if len(text) > fileMax {
		fs.add(root(), "the file is too large: a cluster file has at most %d bytes", fileMax)
		return nil, fs.err(path)
	}
	if line := tooDeep(string(text)); line > 0 {
		return nil, &Faults{Path: path, List: []Fault{{Line: line, Text: fmt.Sprintf("more than %d keys, arrays or tables lie in each other", deepMax)}}}
	}
	var tree map[string]any
	if _, err := toml.Decode(string(text), &tree); err != nil {
		return nil, &Faults{Path: path, List: []Fault{syntaxFault(string(text), err)}}
	}
	fs.lines = &lines{text: string(text)}
	return fs.build(path, tree)
}

// syntaxFault turns an error of the TOML parser into a fault of one line, in lower case.
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
	if strings.HasPrefix(text, "key 'process' ") {
		text += ": write [[process]] for each process"
	}
	return Fault{Line: parse.Position.Line, Column: column(file, parse.Position), Text: text}
}

// column returns the column of a position in characters, from 1. The column that the
// parser counts is wrong at the start of a line. column returns 0 if the offset of the
// position is not on its line.
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

// checkDefinition reports the faults of values that have the right type.
func (fs *faults) checkDefinition(d Definition) {
	at := root()
	fs.checkName(at.key("name"), d.Name)
	fs.checkOutboxes(at.key("network"), d.Network, d.Limits.Memory)
	fs.checkTLS(at.key("tls"), d.TLS, d.Network.Insecure)
	switch n := len(d.Processes); {
	case n == 0:
		fs.add(at.key("process"), "is missing: write at least one [[process]]")
	case n > ProcessesMax:
		fs.add(at.key("process"), "there are %d: a cluster has at most %d", n, ProcessesMax)
		return
	}
	ids := make(map[snapshot.ProcessID]int)
	addresses := make(map[string]int)
	for i, p := range d.Processes {
		at := processPlace(i, p)
		fs.checkID(at.key("id"), p.ID, i, ids)
		fs.checkAddress(at.key("address"), p.Address, fs.unsecured || d.Network.Insecure || d.TLS.On(), i, addresses)
		fs.checkProgram(at.key("program"), p.Program, d.Program)
	}
	for i, p := range d.Processes {
		fs.checkChannels(processPlace(i, p).key("channels"), p.Channels, ids)
	}
}

func processPlace(i int, p ProcessDefinition) place {
	return root().key("process").element(i, string(p.ID))
}

func (fs *faults) checkName(at place, name string) {
	if name == "" {
		fs.add(at, `is missing: give the cluster one, such as name = "bank"`)
		return
	}
	// A name has the characters of an id. It may be an id that is kept for clients.
	id := snapshot.ProcessID(name)
	if err := id.Check(); err != nil && !(id.IsClient() && len(id) <= snapshot.ProcessIDMax) {
		fs.add(at, "%w", err)
	}
}

// checkOutboxes checks that an outbox holds the program back before it ends the node, and
// that all outboxes together do too, within the memory of the node.
func (fs *faults) checkOutboxes(at place, n Network, memory Size) {
	if n.OutboxHigh == 0 || n.OutboxLimit == 0 || n.OutboxTotal == 0 || memory == 0 {
		return // a value has a fault already
	}
	if n.OutboxHigh >= n.OutboxLimit {
		fs.add(at.key("outbox_high"), "must be less than outbox_limit (%v), not %v", n.OutboxLimit, n.OutboxHigh)
	}
	if n.OutboxLimit > n.OutboxTotal {
		fs.add(at.key("outbox_limit"), "must be at most outbox_total (%v), not %v", n.OutboxTotal, n.OutboxLimit)
	}
	if n.OutboxTotal > memory {
		fs.add(at.key("outbox_total"), "must be at most limits.memory (%v), not %v", memory, n.OutboxTotal)
	}
	if n.OutboxTotalHigh >= n.OutboxTotal {
		fs.add(at.key("outbox_total_high"), "must be less than outbox_total (%v), not %v", n.OutboxTotal, n.OutboxTotalHigh)
	}
}

// checkID checks an id and enters it in ids, which maps each id to the index of its
// process.
func (fs *faults) checkID(at place, id snapshot.ProcessID, process int, ids map[snapshot.ProcessID]int) {
	if id == "" {
		fs.add(at, `is missing: give the process one, such as id = "p%d"`, process+1)
		return
	}
	if err := id.Check(); err != nil {
		fs.add(at, "%w", err)
	}
	if other, taken := ids[id]; taken {
		fs.add(at, "%s is also the id of process[%d]: give each process its own", quote(string(id)), other)
		return
	}
	ids[id] = process
}

// checkAddress checks an address and enters it in addresses, which maps each address to
// the index of its process.
func (fs *faults) checkAddress(at place, address string, reachable bool, process int, addresses map[string]int) {
	if address == "" {
		fs.add(at, `is missing: give the process one, such as address = "127.0.0.1:%d"`, 7101+process)
		return
	}
	e, err := parseEndpoint(address)
	if err == nil {
		err = e.checkDial()
	}
	if err == nil {
		err = e.checkReach(reachable)
	}
	if err != nil {
		fs.add(at, "%s %w", quote(address), err)
	}
	if e == (endpoint{}) {
		return
	}
	if other, taken := addresses[e.String()]; taken {
		fs.add(at, "%s is also the address of process[%d]: give each process its own", quote(address), other)
		return
	}
	addresses[e.String()] = process
}

// checkChannels checks the channels of one process. The keys of ids are all processes.
func (fs *faults) checkChannels(at place, channels []snapshot.ProcessID, ids map[snapshot.ProcessID]int) {
	first := make(map[snapshot.ProcessID]int)
	for i, to := range channels {
		if _, ok := ids[to]; !ok {
			fs.add(at.index(i), "no process has the id %s: a channel leads to a process of the cluster", quote(string(to)))
		}
		if other, twice := first[to]; twice {
			fs.add(at.index(i), "%s is listed at channels[%d] already: list each receiver once", quote(string(to)), other)
			continue
		}
		first[to] = i
	}
}

// cluster returns the defined cluster, with default channels and merged programs. The
// definition must have no fault.
func (d Definition) cluster(path string) *Cluster {
	c := &Cluster{Name: d.Name, Network: d.Network, Snapshot: d.Snapshot, Limits: d.Limits, TLS: d.TLS, Path: path}
	for _, p := range d.Processes {
		program := newProgram(d.Program, p.Program)
		channels := p.Channels
		if channels == nil {
			channels = d.channelsOf(p.ID, program.Kind)
		} else {
			c.ChannelsNamed = true
		}
		c.Processes = append(c.Processes, Process{ID: p.ID, Address: p.Address, Channels: channels, Program: program})
	}
	return c
}

// channelsOf returns the receivers of a process whose channels are left out.
func (d Definition) channelsOf(id snapshot.ProcessID, kind string) []snapshot.ProcessID {
	channels := make([]snapshot.ProcessID, 0, len(d.Processes))
	for _, p := range d.Processes {
		if p.ID != id || kind == KindExec {
			channels = append(channels, p.ID)
		}
	}
	return channels
}
