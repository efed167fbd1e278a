// Package config makes a [Cluster]: the processes, their channels and addresses, the
// program, and the settings of the network and of snapshots. [Load] and [Parse] read a
// cluster file. [Build] takes a [Definition] written in code. Both ways share one
// check.
//
// The check is strict. It reports all faults at once, as [Faults], each with its line
// or its path. A Cluster that was returned has no fault, and its defaults are filled
// in. The settings of a program are opaque here: each program reads its own with
// [Program.Decode].
//
// To add a key, add a field to [Definition], [ProcessDefinition], [Network] or
// [Snapshot], and describe it in cluster.toml, which is the reference (a test compares
// the two). The tags of the field do the rest: toml is the key, default is the value
// if the key is left out, and min and max, or oneof, limit the value. Zero means left
// out in code, so a field whose default is not zero must not permit zero.
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

// ProcessesMax is the largest number of processes in a cluster. The number of
// channels grows with its square if none are named.
const ProcessesMax = 1024

// KindExec is the kind of a child process in any language. A process of this kind has
// a channel to itself by default.
const KindExec = "exec"

// Cluster is a cluster without faults and with its defaults filled in. It must not be
// modified, and is then safe for concurrent use.
type Cluster struct {
	// Name of the cluster, with the characters of a process id. Never empty.
	Name string
	// Processes in the order of the file: 1 to ProcessesMax.
	Processes []Process
	// Network is the table [network].
	Network Network
	// Snapshot is the table [snapshot].
	Snapshot Snapshot
	// Limits is the table [limits].
	Limits Limits
	// TLS is the table [tls].
	TLS TLS
	// ChannelsNamed reports whether the file names the channels of any process.
	ChannelsNamed bool
	// Path of the file; empty for a text without one, and for a cluster that was built in
	// code.
	Path string
	// Text is the text of a file that cannot be read a second time, such as a pipe. Nil for
	// any other file.
	Text []byte

	lines *lines // nil if there is no file
}

// Dir returns the directory of the file. For a pipe, and if Path is empty, it returns the
// working directory. It is absolute unless the working directory is unknown. Children of
// KindExec and the binaries of Program.NodeCommand run there.
func (c *Cluster) Dir() string {
	dir := filepath.Dir(c.Path)
	if c.Text != nil {
		dir = "."
	}
	if absolute, err := filepath.Abs(dir); err == nil {
		return absolute
	}
	return dir
}

// StorePath returns the path of the folder where snapshots are saved.
func (c *Cluster) StorePath() string {
	if filepath.IsAbs(c.Snapshot.Store) {
		return c.Snapshot.Store
	}
	return filepath.Join(c.Dir(), c.Snapshot.Store)
}

// Process is one process of a [Cluster].
type Process struct {
	// ID of the process, unique and never empty.
	ID snapshot.ProcessID
	// Address is where the process listens and where its peers dial it: host:port,
	// unique and never empty.
	Address string
	// Channels are the receivers of the outgoing channels, in the order of the file.
	// Never nil; empty means that the process has no outgoing channel.
	Channels []snapshot.ProcessID
	// Program is [program] merged with the program of the process.
	Program Program
}

// Network is the table [network]. A field that is zero in a [Definition] has its
// default.
type Network struct {
	// Delay is the emulated transit time of every frame, from 0 to 1 hour. Default 0:
	// no delay.
	Delay time.Duration `toml:"delay" default:"0s" min:"0s" max:"1h"`
	// Insecure permits addresses that are not loopback without TLS, and so without
	// encryption or authentication. Default false.
	Insecure bool `toml:"insecure" default:"false"`
	// Window is how many bytes of messages a channel may carry beyond what the
	// receiving program has received, from 4 KiB to 1 GiB. It is less where the windows
	// of all incoming channels would have more than a quarter of Limits.Memory. Default
	// 1 MiB; zero means the default.
	Window Size `toml:"window" default:"1MiB" min:"4KiB" max:"1GiB"`
	// OutboxHigh is the high-water mark of an outbox, in bytes, from 64 KiB to 16 GiB.
	// Above it the node holds back the timers of its program, the requests of clients
	// and the output of a child. It must be less than OutboxLimit. Default 48 MiB; zero
	// means the default.
	OutboxHigh Size `toml:"outbox_high" default:"48MiB" min:"64KiB" max:"16GiB"`
	// OutboxLimit is how many bytes an outbox may hold, from 64 KiB to 16 GiB. The
	// node stops if one holds more. It must be at most OutboxTotal. Default 64 MiB; zero
	// means the default.
	OutboxLimit Size `toml:"outbox_limit" default:"64MiB" min:"64KiB" max:"16GiB"`
	// OutboxTotal is how many bytes all outboxes of a node together may hold, from
	// 64 KiB to 64 GiB. The node stops if they hold more. Default 512 MiB; zero means
	// the default.
	OutboxTotal Size `toml:"outbox_total" default:"512MiB" min:"64KiB" max:"64GiB"`
	// OutboxTotalHigh is the high-water mark of all outboxes of a node together, in
	// bytes, from 32 KiB to 64 GiB. Above it the node holds back what OutboxHigh holds
	// back, and refuses new snapshots. It must be less than OutboxTotal. Default half of
	// OutboxTotal; zero means the default.
	OutboxTotalHigh Size `toml:"outbox_total_high" min:"32KiB" max:"64GiB"`
}

// Snapshot is the table [snapshot]. A field that is zero in a [Definition] has its
// default.
type Snapshot struct {
	// Timeout is when a snapshot ends at the latest, complete or partial: from 1 ms to
	// 24 hours after its start. Default 10 s; zero means the default.
	Timeout time.Duration `toml:"timeout" default:"10s" min:"1ms" max:"24h"`
	// Limit is how many snapshots may be in progress at once, from 1 to 4096. Default
	// 16; zero means the default.
	Limit int `toml:"limit" default:"16" min:"1" max:"4096"`
	// Markers is how markers travel: "ahead" of the messages that are not written
	// yet, or "in-order" in their place between the messages (the textbook rule). All
	// nodes must agree. Default "ahead"; empty means the default.
	Markers string `toml:"markers" default:"ahead" oneof:"ahead in-order"`
	// Journal is how many of its last events a node keeps, for snapshots that ask for
	// them, from 0 to 1048576. Default 4096. In a cluster file 0 means that the node keeps
	// none. In a [Definition] zero means the default, and JournalOff that it keeps none.
	Journal int `toml:"journal" default:"4096" min:"0" max:"1048576"`
	// Store is the folder where snapshots are saved. All nodes must see the same folder. A
	// relative path begins at the folder of the cluster file. It is made when the first
	// snapshot is saved. Default ".chandy/store"; empty means the default.
	Store string `toml:"store" default:".chandy/store"`
	// Every is how often the nodes save a snapshot by themselves, from 0 to 24 hours. Default
	// 0: they save none.
	Every time.Duration `toml:"every" default:"0s" min:"0s" max:"24h"`
	// Keep is how many saved snapshots are kept besides those that have a name and the base
	// of the epoch, from 1 to 1000000. Default 10; zero means the default.
	Keep int `toml:"keep" default:"10" min:"1" max:"1000000"`
	// Recover is where the cluster goes when a process has ended and is back: "latest", the
	// newest saved snapshot, or "off", nowhere: the channels of the process are reset. All
	// nodes must agree. The default is "latest" if Every is set, and "off" otherwise; empty
	// means the default.
	Recover string `toml:"recover" oneof:"latest off"`
	// RecoverCorrupt is what a recovery does if the newest saved snapshots are proved
	// corrupt: "stop", it waits for a restore by hand, or "older", it takes an older
	// snapshot. Default "stop"; empty means the default.
	RecoverCorrupt string `toml:"recover_corrupt" default:"stop" oneof:"stop older"`
	// StopTimeout is how long a node that recovers may take to save a snapshot when it is
	// asked to stop, from 100 ms to 1 hour. Default 10 s; zero means the default.
	StopTimeout time.Duration `toml:"stop_timeout" default:"10s" min:"100ms" max:"1h"`
}

// The values of Snapshot.Recover.
const (
	RecoverLatest = "latest"
	RecoverOff    = "off"
)

// JournalOff in a [Definition] is what 0 is in a cluster file.
const JournalOff = -1

// Limits is the table [limits]. A field that is zero in a [Definition] has its default.
type Limits struct {
	// Memory is how many bytes a node may hold in outboxes, inboxes, recordings and parts
	// of snapshots, from 1 MiB to 1 TiB. Above half of it the node refuses new snapshots.
	// Above it the node ends those for which it holds most. OutboxTotal must be at most
	// Memory. Default 1 GiB; zero means the default.
	Memory Size `toml:"memory" default:"1GiB" min:"1MiB" max:"1024GiB"`
}

// Process returns the process with the given id. It returns false if there is none.
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

// Hash returns the SHA-256 of everything that the nodes of a cluster must agree on.
// Addresses, programs, delays and limits may differ from node to node.
func (c *Cluster) Hash() [32]byte {
	return sha256.Sum256([]byte(c.agreed()))
}

// SnapshotHash returns the SHA-256 of what a saved snapshot depends on. It is Hash without
// recovery, so that a snapshot stays good when recovery is switched on or off.
func (c *Cluster) SnapshotHash() [32]byte {
	return sha256.Sum256([]byte(c.shape()))
}

// Recovers reports whether the cluster goes back to a saved snapshot by itself.
func (c *Cluster) Recovers() bool { return c.Snapshot.Recover == RecoverLatest }

// agreed returns the text that Hash hashes.
func (c *Cluster) agreed() string {
	if c.Recovers() {
		return c.shape() + "recover latest\n"
	}
	return c.shape()
}

// shape returns the text that SnapshotHash hashes. No name or id contains a space or a line
// end, so different clusters have different texts.
func (c *Cluster) shape() string {
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
