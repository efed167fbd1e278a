package core

import (
	"fmt"

	"chandy/internal/printable"
	"chandy/snapshot"
	"chandy/wire"
)

// Identity is whom the certificate of a peer names: a process, or a client with its role.
// The host has checked that it belongs to this cluster. The zero Identity is nobody.
type Identity struct {
	Process snapshot.ProcessID // empty for a client
	Role    wire.ClientRole    // empty for a process
	Name    string             // of the client
}

// Untrusted is the error of a connection that has ended because one side does not trust
// the certificate of the other.
type Untrusted struct{ Err error }

func (e *Untrusted) Error() string { return printable.Text(e.Err.Error()) }

// Unwrap returns Err.
func (e *Untrusted) Unwrap() error { return e.Err }

// mismatch returns why the certificate of a peer does not fit its hello, or an empty text.
// A process must not act as a client: whoever breaks into one node would then take
// snapshots at all others, or restore the cluster. A client must not act as a process.
func (c *Core) mismatch(a Accepted) string {
	h, i := a.Hello, a.Identity
	switch {
	case !c.Cluster.TLS.On():
		return ""
	case h.Role == wire.RoleControl && i.Role == "":
		return fmt.Sprintf("a client said hello with the certificate of process %q: use one of a client", i.Process)
	case h.Role != wire.RoleControl && i.Process == "":
		return fmt.Sprintf("process %q said hello with the certificate of a client", h.From)
	case h.Role != wire.RoleControl && i.Process != h.From:
		return fmt.Sprintf("the certificate is of process %q, and the hello of %q", i.Process, h.From)
	}
	return ""
}

// roleOf returns the role of a client. Without TLS a client may do everything.
func (c *Core) roleOf(a Accepted) wire.ClientRole {
	if !c.Cluster.TLS.On() {
		return wire.ClientAdmin
	}
	return a.Identity.Role
}
