package wire

import (
	"fmt"
	"regexp"
	"strconv"
)

// Codes of a [Refuse]: the reasons why a connection is refused or ended. A peer of a later
// version may send other codes.
const (
	WrongCluster         = "wrong cluster"         // another name of the cluster
	WrongProcess         = "wrong process"         // the listener is not To, or is From itself
	UnknownProcess       = "unknown process"       // From is not in the cluster file, or has no incarnation
	NoSuchChannel        = "no such channel"       // From->To is not in the cluster file
	ConfigurationDiffers = "configuration differs" // another configuration hash
	WrongEpoch           = "wrong epoch"           // an older or a newer epoch
	WrongVersion         = "version"               // no version that both sides speak
	OldIncarnation       = "old incarnation"       // another incarnation of From has replaced this one
	AlreadyConnected     = "already connected"     // another incarnation of From lives
	Busy                 = "busy"                  // a limit is reached; try again later
	Stopping             = "stopping"              // the node is about to end
	IdentityMismatch     = "identity mismatch"     // the certificate names another process, or a client
	TLSRequired          = "tls required"          // the listener speaks only TLS
	NoStore              = "no store"              // the listener takes no part in agreements
	ProtocolViolation    = "protocol violation"    // the peer broke a rule of SPEC.md
)

// Refuse is the last frame before its sender closes the connection. It answers a hello,
// or it says later why the connection ends.
type Refuse struct {
	// Code is the reason for programs.
	Code string
	// Text is the reason for people. It may be empty. Append cuts it to TextMax bytes.
	Text string
}

// Type returns TypeRefuse.
func (Refuse) Type() Type { return TypeRefuse }

// String returns the code and the text.
func (r Refuse) String() string { return fmt.Sprintf("refuse %q: %q", r.Code, r.Text) }

func (r Refuse) append(b []byte) []byte {
	b = appendName(b, "code", r.Code)
	return appendText(b, r.Text)
}

func decodeRefuse(d *decoder) Frame {
	return Refuse{Code: d.name("code"), Text: d.text("text")}
}

var inEpoch = regexp.MustCompile(`is in epoch ([0-9]+)`)

// Epoch returns the epoch of the node that refuses with [WrongEpoch], or 0 if the refusal
// does not name it.
func (r Refuse) Epoch() uint64 {
	named := inEpoch.FindStringSubmatch(r.Text)
	if r.Code != WrongEpoch || named == nil {
		return 0
	}
	epoch, _ := strconv.ParseUint(named[1], 10, 64)
	return epoch
}
