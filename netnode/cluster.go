package netnode

import "chandy/internal/config"

// Cluster is a checked cluster with its defaults filled in, from [LoadCluster],
// [ParseCluster] or [NewCluster]. It must not be modified, and is then safe for concurrent use.
//
// Its fields are Name and Processes; each process has an ID, an Address, Channels (the
// receivers of its outgoing channels) and a Program, whose settings Program.Decode
// reads. Process(id) returns one process, and IDs and Channels list all of them.
type Cluster = config.Cluster

// LoadCluster reads a cluster file. An empty path means $CHANDY_CLUSTER, else
// ./cluster.toml, as for the command chandy. The error lists all faults of the file.
func LoadCluster(path string) (*Cluster, error) { return config.Load(config.Find(path)) }

// ParseCluster checks the text of a cluster file, for tests and for a file that is
// embedded in a binary. The error lists all faults of the text. Paths in the text are
// relative to the working directory.
func ParseCluster(text string) (*Cluster, error) { return config.Parse("", []byte(text)) }

// NewCluster makes a cluster without a file. The checks and the defaults are the same
// as for a file, and two clusters with the same contents accept each other's nodes. The
// error lists all faults, each with its place, such as process[1] "p2" address.
// NewCluster copies c.
func NewCluster(c ClusterConfig) (*Cluster, error) { return config.Build(c) }

// ClusterConfig describes a cluster to [NewCluster]. A zero field is left out. The fields
// are:
//
//	Name      string          // required; nodes of clusters with different names refuse each other
//	Processes []ProcessConfig // required: 1 to 1024
//	Program   map[string]any  // kind and settings of the program of all processes; nil means kind "go"
//	Network   NetworkConfig   // zero means the defaults
//	Snapshot  SnapshotConfig  // zero means the defaults
//	Limits    LimitsConfig    // zero means the defaults
//	TLS       TLSConfig       // zero means no TLS
//
// A setting of a program is a string, a boolean, a number, a time.Duration, or a slice or
// map of those. A program that its caller passes to [New] needs no kind and no settings.
type ClusterConfig = config.Definition

// ProcessConfig describes one process. The fields are:
//
//	ID       snapshot.ProcessID   // required, unique
//	Address  string               // required, unique: host:port where the process listens
//	Channels []snapshot.ProcessID // receivers of outgoing channels; nil means every other process, empty means none
//	Program  map[string]any       // with a kind it replaces the Program of the cluster, otherwise single settings of it
type ProcessConfig = config.ProcessDefinition

// NetworkConfig has the settings of connections and channels. Zero means the default.
// The fields are:
//
//	Delay       time.Duration // emulated transit time of every frame, at most 1 hour; default 0: none
//	Insecure    bool          // permits addresses that are not loopback without TLS, and so without encryption; default false
//	Window      bytes         // of messages on a channel that the program has not received; default 1 MiB
//	OutboxHigh  bytes         // high-water mark of an outbox; default 48 MiB
//	OutboxLimit bytes         // in one outbox; the node stops beyond it; default 64 MiB
//	OutboxTotal bytes         // in all outboxes of a node; the node stops beyond it; default 512 MiB
//	OutboxTotalHigh bytes     // high-water mark of all outboxes; default half of OutboxTotal
type NetworkConfig = config.Network

// SnapshotConfig has the settings of snapshots. Zero means the default. The fields are:
//
//	Timeout time.Duration // time after which a snapshot ends as partial, 1 ms to 24 hours; default 10 s
//	Limit   int           // snapshots in progress at once, 1 to 4096; default 16
//	Markers string        // "ahead" of queued messages or "in-order"; all nodes must agree; default "ahead"
//	Journal int           // last events that a node keeps, -1 to 1048576; -1 means none; default 4096
//	Store   string        // folder where snapshots are saved, the same for all nodes; default ".chandy/store"
//	Every   time.Duration // the nodes save a snapshot by themselves; default 0: never
//	Keep    int           // saved snapshots that are kept; default 10
type SnapshotConfig = config.Snapshot

// LimitsConfig has the limits of a node. Zero means the default. The fields are:
//
//	Memory bytes // in outboxes, inboxes, recordings and parts of snapshots; default 1 GiB
type LimitsConfig = config.Limits

// TLSConfig names files with certificates and keys, in PEM. Relative paths are relative to
// the working directory. The fields are:
//
//	CA         string // certificates of the CAs
//	Cert       string // certificate of a process; {id} becomes its id
//	Key        string // its key
//	ClientCert string // certificate of clients; $CHANDY_CERT goes before it
//	ClientKey  string // its key; $CHANDY_KEY goes before it
type TLSConfig = config.TLS
