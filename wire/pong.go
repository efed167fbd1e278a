package wire

import "fmt"

// Pong answers a [Ping].
type Pong struct {
	// Nonce is the nonce of the Ping.
	Nonce uint64
}

// Type returns TypePong.
func (Pong) Type() Type { return TypePong }

// String returns the nonce.
func (p Pong) String() string { return fmt.Sprintf("pong %d", p.Nonce) }

func (p Pong) append(b []byte) []byte { return appendUint(b, p.Nonce) }

func decodePong(d *decoder) Frame { return Pong{Nonce: d.uint("nonce")} }
