// Package config reads the cluster file: the processes, their channels and
// addresses, the program, and the settings of the network and of snapshots.
//
// It is strict. Whatever is wrong in a file is reported at once, as [Faults],
// each with its line or its path; a [Cluster] that was returned has no fault and
// has its defaults filled in. The settings of a program are opaque here: each
// program reads its own with [Program.Decode].
//
// To add a key, add a field to one of the types in this file and describe it in
// cluster.toml, which is the reference (a test compares the two). Its tags do
// the rest: toml is the key; default is the value where the key is left out; min
// and max, or oneof, are what it may be.
package config

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"chandy/snapshot"
)

// ProcessesMax is the most processes in one file. Left-out channels grow with
// its square.
const ProcessesMax = 1024

// KindExec is the kind of children in any language: for it a process has a channel
// to itself by default.
const KindExec = "exec"

// Cluster is a cluster file, checked and with its defaults filled in.
type Cluster struct {
	// Name of the cluster, with the characters of a process id. No default,
	// never empty.
	Name string
	// Processes in the order of the file, 1 to ProcessesMax of them. No default.
	Processes []Process
	// Network is the table [network].
	Network Network
	// Snapshot is the table [snapshot].
	Snapshot Snapshot
	// ChannelsNamed tells whether the file names the channels of any process.
	ChannelsNamed bool
	// Path of the file.
	Path string
}

// Dir is the directory of the file, absolute where that can be known. Children of
// KindExec run there.
func (c *Cluster) Dir() string {
	dir := filepath.Dir(c.Path)
	if absolute, err := filepath.Abs(dir); err == nil {
		return absolute
	}
	return dir
}

// Process is one [[process]] of the file.
type Process struct {
	// ID of the process, unique. No default, never empty.
	ID snapshot.ProcessID
	// Address is where the process listens and where its peers dial, host:port,
	// unique. No default, never empty.
	Address string
	// Channels are the receivers of the outgoing channels, in the order of the
	// file. Default: every other process (for KindExec the process itself too).
	// Empty means that it has none.
	Channels []snapshot.ProcessID
	// Program is [program] merged with the program of the process. Its kind has
	// no default and is never empty.
	Program Program
}

// Network is the table [network].
type Network struct {
	// Delay is the emulated transit time of every frame. Default 0, which
	// delays nothing.
	Delay time.Duration `toml:"delay" default:"0s" min:"0s" max:"1h"`
	// Insecure permits addresses that are not loopback, without encryption or
	// authentication. Default false.
	Insecure bool `toml:"insecure" default:"false"`
	// Window is how many bytes of messages a channel may carry beyond what the
	// receiving program has received. Default 1 MiB, never zero.
	Window Size `toml:"window" default:"1MiB" min:"4KiB" max:"1GiB"`
	// OutboxHigh is how full an outbox may be, in bytes, before what a program
	// sends by itself is held back. Default 48 MiB, never zero.
	OutboxHigh Size `toml:"outbox_high" default:"48MiB" min:"64KiB" max:"16GiB"`
	// OutboxLimit is the most that an outbox may hold, in bytes; beyond it the
	// node stops. Default 64 MiB, never zero.
	OutboxLimit Size `toml:"outbox_limit" default:"64MiB" min:"64KiB" max:"16GiB"`
	// OutboxTotal is the most that all outboxes of a node may hold, in bytes;
	// beyond it the node stops. Default 512 MiB, never zero.
	OutboxTotal Size `toml:"outbox_total" default:"512MiB" min:"64KiB" max:"64GiB"`
}

// Snapshot is the table [snapshot].
type Snapshot struct {
	// Timeout is the time after which a snapshot ends as it is. Default 10 s,
	// never zero.
	Timeout time.Duration `toml:"timeout" default:"10s" min:"1ms" max:"24h"`
	// Limit is the number of snapshots that may be in progress at once. Default
	// 16, never zero.
	Limit int `toml:"limit" default:"16" min:"1" max:"4096"`
	// Markers is how markers travel: "ahead" of the messages that are not written
	// yet, or "in-order" in their place between the messages (the textbook rule).
	// Nodes must agree on it. Default "ahead".
	Markers string `toml:"markers" default:"ahead" oneof:"ahead in-order"`
}

// file is the cluster file as it is written.
type file struct {
	Name     string         `toml:"name"`
	Process  []process      `toml:"process"`
	Program  map[string]any `toml:"program"`
	Network  Network        `toml:"network"`
	Snapshot Snapshot       `toml:"snapshot"`
}

// process is one [[process]] as it is written. Channels is nil where the key is
// left out; so is Program.
type process struct {
	ID       snapshot.ProcessID   `toml:"id"`
	Address  string               `toml:"address"`
	Channels []snapshot.ProcessID `toml:"channels"`
	Program  map[string]any       `toml:"program"`
}

// Process returns the process with the given id.
func (c *Cluster) Process(id snapshot.ProcessID) (Process, bool) {
	for _, p := range c.Processes {
		if p.ID == id {
			return p, true
		}
	}
	return Process{}, false
}

// IDs returns the ids of all processes, sorted.
func (c *Cluster) IDs() []snapshot.ProcessID {
	ids := make([]snapshot.ProcessID, 0, len(c.Processes))
	for _, p := range c.Processes {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	return ids
}

// Channels returns every channel of the cluster, sorted.
func (c *Cluster) Channels() []snapshot.Channel {
	var channels []snapshot.Channel
	for _, p := range c.Processes {
		for _, to := range p.Channels {
			channels = append(channels, snapshot.Channel{From: p.ID, To: to})
		}
	}
	slices.SortFunc(channels, snapshot.Channel.Compare)
	return channels
}

// Hash is the SHA-256 of what the nodes of a cluster must agree on. Addresses,
// programs, delays and limits may differ from node to node.
func (c *Cluster) Hash() [32]byte {
	return sha256.Sum256([]byte(c.agreed()))
}

// agreed is the text behind Hash. Neither names nor ids hold a space or an end
// of line, so that no two clusters have one text.
func (c *Cluster) agreed() string {
	var b strings.Builder
	fmt.Fprintf(&b, "chandy/cluster.v1\nname %s\n", c.Name)
	for _, id := range c.IDs() {
		fmt.Fprintf(&b, "process %s\n", id)
	}
	for _, channel := range c.Channels() {
		fmt.Fprintf(&b, "channel %s\n", channel)
	}
	fmt.Fprintf(&b, "markers %s\n", c.Snapshot.Markers)
	return b.String()
}
