package config

import "chandy/snapshot"

// Definition is a cluster as its author writes it, in a file or in code. The zero
// value of a field means that it is left out.
type Definition struct {
	// Name of the cluster, with the characters of a process id. Required.
	Name string `toml:"name"`
	// Processes are 1 to ProcessesMax processes. Required.
	Processes []ProcessDefinition `toml:"process"`
	// Program is what every process runs: its kind or its node_command, and its
	// settings. In a file one of the two is required, here or in each process; the
	// default of the kind is KindGo. A value is a string, a boolean, a number, a time.Duration, a Size, or a
	// slice or map of those.
	Program map[string]any `toml:"program"`
	// Network has the settings of connections and channels. A field that is zero has
	// its default.
	Network Network `toml:"network"`
	// Snapshot has the settings of snapshots. A field that is zero has its default.
	Snapshot Snapshot `toml:"snapshot"`
	// Limits has the limits of a node. A field that is zero has its default.
	Limits Limits `toml:"limits"`
	// TLS has the files with certificates and keys. The zero value means no TLS.
	TLS TLS `toml:"tls"`
}

// ProcessDefinition is one process of a [Definition].
type ProcessDefinition struct {
	// ID of the process, unique. Required.
	ID snapshot.ProcessID `toml:"id"`
	// Address is where the process listens and where its peers dial it: host:port,
	// unique. Required.
	Address string `toml:"address"`
	// Channels are the receivers of the outgoing channels. Nil means every other
	// process, and the process itself too if its kind is KindExec. An empty slice
	// means none.
	Channels []snapshot.ProcessID `toml:"channels"`
	// Program is what this process runs. With a kind or a node_command it replaces the
	// program of the Definition; otherwise its keys replace single keys there. Nil means
	// the program of the Definition.
	Program map[string]any `toml:"program"`
}
