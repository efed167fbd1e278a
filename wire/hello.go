package wire

import (
	"fmt"

	"chandy/snapshot"
)

// Role is the purpose of a connection.
type Role uint8

// The roles of a connection.
const (
	// RoleChannel carries the messages and markers of the channel From->To.
	RoleChannel Role = 1
	// RoleAssembly carries parts of snapshots from From to the assembler To. It also
	// carries an assembler's requests to an initiator To to join a snapshot.
	RoleAssembly Role = 2
	// RoleControl carries the requests of a client to the node of To.
	RoleControl Role = 3
	// RoleAgreement carries the proposals of From and the votes of To. It belongs to no
	// epoch: it is open to a node of an older or a newer one.
	RoleAgreement Role = 4
)

// String returns the name of the role in SPEC.md.
func (r Role) String() string {
	switch r {
	case RoleChannel:
		return "channel"
	case RoleAssembly:
		return "assembly"
	case RoleControl:
		return "control"
	case RoleAgreement:
		return "agreement"
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// Hello is the first frame of every connection, from the side that dialled. Decode does
// not check the names and the order of the versions: the listener refuses bad ones by a
// code.
type Hello struct {
	Role Role
	// VersionMin and VersionMax are the lowest and the highest version of the protocol
	// that the dialler speaks.
	VersionMin, VersionMax uint8
	// Cluster is the name of the cluster.
	Cluster string
	// Epoch is the epoch of the dialler; 0 for a client, and before the first one.
	Epoch uint64
	// ConfigHash is the hash of everything that the nodes of a cluster must agree on. A
	// client that does not know it sends zeros.
	ConfigHash [32]byte
	// From is the process that dials; empty for a client.
	From snapshot.ProcessID
	// To is the process that the dialler wants to reach.
	To snapshot.ProcessID
	// Incarnation is the incarnation of the dialler; empty for a client.
	Incarnation snapshot.Incarnation
	// Peer is the incarnation of To that the dialler knows; empty if it knows none.
	Peer snapshot.Incarnation
}

// Type returns TypeHello.
func (Hello) Type() Type { return TypeHello }

// String returns all fields but the configuration hash.
func (h Hello) String() string {
	return fmt.Sprintf("hello %s %s->%s (versions %d-%d, cluster %s, epoch %d, incarnation %s, peer %s)",
		h.Role, shown(h.From), shown(h.To), h.VersionMin, h.VersionMax,
		shown(h.Cluster), h.Epoch, shown(h.Incarnation), shown(h.Peer))
}

func (h Hello) append(b []byte) []byte {
	if h.Role < RoleChannel || h.Role > RoleAgreement {
		bug("hello with %s", h.Role)
	}
	b = append(b, byte(h.Role))
	b = appendUint(b, h.VersionMin)
	b = appendUint(b, h.VersionMax)
	b = appendName(b, "cluster", h.Cluster)
	b = appendUint(b, h.Epoch)
	b = append(b, h.ConfigHash[:]...)
	b = appendName(b, "from", h.From)
	b = appendName(b, "to", h.To)
	b = appendName(b, "incarnation", h.Incarnation)
	return appendName(b, "peer", h.Peer)
}

func decodeHello(d *decoder) Frame {
	var h Hello
	h.Role = Role(d.byte("role", byte(RoleChannel), byte(RoleAgreement)))
	h.VersionMin = d.uint8("version min")
	h.VersionMax = d.uint8("version max")
	h.Cluster = d.name("cluster")
	h.Epoch = d.uint("epoch")
	copy(h.ConfigHash[:], d.take("config hash", len(h.ConfigHash)))
	h.From = snapshot.ProcessID(d.name("from"))
	h.To = snapshot.ProcessID(d.name("to"))
	h.Incarnation = snapshot.Incarnation(d.name("incarnation"))
	h.Peer = snapshot.Incarnation(d.name("peer"))
	return h
}
