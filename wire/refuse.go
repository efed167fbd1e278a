package wire

import "fmt"

// Why a connection is refused or ended: the codes of a Refuse. A peer of a
// later version may send others.
const (
	WrongCluster         = "wrong cluster"         // another name of the cluster
	WrongProcess         = "wrong process"         // another process listens here
	UnknownProcess       = "unknown process"       // From is not in the cluster file
	NoSuchChannel        = "no such channel"       // From->To is not in the cluster file
	ConfigurationDiffers = "configuration differs" // another configuration hash
	WrongEpoch           = "wrong epoch"           // an older or a newer epoch
	WrongVersion         = "version"               // no version that both speak
	OldIncarnation       = "old incarnation"       // a later one of From, or of To, is known
	AlreadyConnected     = "already connected"     // the channel has a living connection
	Busy                 = "busy"                  // a limit is reached; try again later
	Stopping             = "stopping"              // the node is about to end
	ProtocolViolation    = "protocol violation"    // the peer broke a rule of SPEC.md
)

// Refuse is the last frame before its sender closes the connection: the answer
// to a hello, or, later on, the reason for the end.
type Refuse struct {
	// Code is one of the codes, for programs.
	Code string
	// Text is the same in full, for people. It may be empty; Append cuts it to
	// TextMax bytes.
	Text string
}

// Type returns TypeRefuse.
func (Refuse) Type() Type { return TypeRefuse }

// String returns code and text.
func (r Refuse) String() string { return fmt.Sprintf("refuse %q: %q", r.Code, r.Text) }

func (r Refuse) append(b []byte) []byte {
	b = appendName(b, "code", r.Code)
	return appendText(b, r.Text)
}

func decodeRefuse(d *decoder) Frame {
	return Refuse{Code: d.name("code"), Text: d.text("text")}
}
