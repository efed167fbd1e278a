package wire

import "fmt"

// ClientRole is what a client may ask of a node. Its certificate names it. A client of a
// cluster without TLS may ask everything.
type ClientRole string

// The roles of clients.
const (
	ClientStatus   ClientRole = "status"   // status
	ClientSnapshot ClientRole = "snapshot" // take snapshots, which have the states of all processes; and status
	ClientCall     ClientRole = "call"     // send requests to programs; and status
	ClientAdmin    ClientRole = "admin"    // everything
)

// ClientRoles lists all roles of clients.
var ClientRoles = []ClientRole{ClientStatus, ClientSnapshot, ClientCall, ClientAdmin}

// Includes reports whether a client with role r may do what needs the role.
func (r ClientRole) Includes(need ClientRole) bool {
	switch r {
	case ClientAdmin:
		return true
	case ClientSnapshot, ClientCall:
		return need == r || need == ClientStatus
	}
	return r == ClientStatus && need == ClientStatus
}

// Needs returns the role that a client needs for a request. A request that is not listed
// here needs [ClientAdmin].
func Needs(request Control) ClientRole {
	switch request.(type) {
	case StatusRequest:
		return ClientStatus
	case InitiateRequest:
		return ClientSnapshot
	case CallRequest:
		return ClientCall
	}
	return ClientAdmin
}

// Forbids returns why a client with role r must not make a request, or an empty text.
func (r ClientRole) Forbids(request Control) string {
	need := Needs(request)
	if r.Includes(need) {
		return ""
	}
	return fmt.Sprintf("%s needs a certificate with the role %s, and this one has the role %s", RequestType(request), need, r)
}

const (
	// SmallRequestMax is the longest payload of a request from a client that may take
	// snapshots and may not call, in bytes.
	SmallRequestMax = 64 << 10
	// StatusRequestMax is the same for a client that may only ask for the status. Such a
	// request fits into the smallest buffer of a [Reader].
	StatusRequestMax = HelloMax
)

// RequestMax returns the longest payload of a request from a client with role r, in bytes. A
// node reads no longer one. Only a call may be large.
func (r ClientRole) RequestMax() int {
	switch {
	case r.Includes(ClientCall):
		return FrameMax
	case r.Includes(ClientSnapshot):
		return SmallRequestMax
	}
	return StatusRequestMax
}
