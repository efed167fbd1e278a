package wire

import "fmt"

// Ping checks that the other side is there, which must answer with a [Pong].
type Ping struct {
	// Nonce comes back in the Pong.
	Nonce uint64
}

// Type returns TypePing.
func (Ping) Type() Type { return TypePing }

// String returns the nonce.
func (p Ping) String() string { return fmt.Sprintf("ping %d", p.Nonce) }

func (p Ping) append(b []byte) []byte { return appendUint(b, p.Nonce) }

func decodePing(d *decoder) Frame { return Ping{Nonce: d.uint("nonce")} }
