package wire

import "fmt"

// Look says that the store has news about a number: a decision, or that a held epoch runs.
// The receiver reads the store.
type Look struct {
	Number uint64
}

// Type returns TypeLook.
func (Look) Type() Type { return TypeLook }

// String returns the number.
func (l Look) String() string { return fmt.Sprintf("look %d", l.Number) }

func (l Look) append(b []byte) []byte { return appendUint(b, l.Number) }

func decodeLook(d *decoder) Frame { return Look{Number: d.uint("number")} }
