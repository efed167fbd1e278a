package wire

import "fmt"

// Pong answers a Ping.
type Pong struct {
	// Nonce is that of the Ping.
	Nonce uint64
}

// Type is TypePong.
func (Pong) Type() Type { return TypePong }

// String gives the nonce.
func (p Pong) String() string { return fmt.Sprintf("pong %d", p.Nonce) }

func (p Pong) append(b []byte) []byte { return appendUint(b, p.Nonce) }

func decodePong(d *decoder) Frame { return Pong{Nonce: d.uint("nonce")} }
