package snapshot

import (
	"encoding/base64"
	"iter"
	"slices"

	"chandy/internal/jsonwalk"
)

// payloadPiece is how many bytes of a payload are checked or written at once, at most.
const payloadPiece = 256 << 10

// payload writes the payload that pieces make together as JSON under name if it can stand
// so, else in base64 under name_base64.
func (w *jsonWriter) payload(name string, pieces ...[]byte) {
	if !w.standsAsJSON(pieces) {
		w.key(name + "_base64")
		w.b = append(w.b, '"')
		w.base64(pieces)
		w.b = append(w.b, '"')
		return
	}
	w.key(name)
	for piece := range cut(pieces) {
		w.payloadJSON(piece)
	}
}

// cut returns pieces in pieces of at most payloadPiece bytes.
func cut(pieces [][]byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, piece := range pieces {
			for part := range slices.Chunk(piece, payloadPiece) {
				if !yield(part) {
					return
				}
			}
		}
	}
}

// payloadJSON writes a piece of a payload that is JSON.
func (w *jsonWriter) payloadJSON(piece []byte) {
	if !w.compact && len(piece) >= flushMin {
		w.flush()
		w.write(piece)
		return
	}
	start := len(w.b)
	w.b = append(w.b, piece...)
	if w.compact {
		// A line end in JSON is always between two tokens, never in a string.
		for i, c := range w.b[start:] {
			if c == '\n' || c == '\r' {
				w.b[start+i] = ' '
			}
		}
	}
	if len(w.b) >= flushMin {
		w.flush()
	}
}

func (w *jsonWriter) base64(pieces [][]byte) {
	if len(pieces) == 1 && len(pieces[0]) < flushMin { // without the memory of an encoder
		w.b = base64.StdEncoding.AppendEncode(w.b, pieces[0])
		return
	}
	encoder := base64.NewEncoder(base64.StdEncoding, collected{w})
	for piece := range cut(pieces) {
		encoder.Write(piece)
	}
	encoder.Close()
}

// collected is an output that collects in w.b.
type collected struct{ w *jsonWriter }

func (c collected) Write(b []byte) (int, error) {
	c.w.b = append(c.w.b, b...)
	if len(c.w.b) >= flushMin {
		c.w.flush()
	}
	return len(b), nil
}

// payloadDepthMax limits how deep a state or payload that stands as JSON nests.
// Readers of JSON have a limit for the whole document: encoding/json stops at 10,000.
const payloadDepthMax = 1000

// standsAsJSON reports whether a state or payload can stand in the document as it is.
// It must be JSON in UTF-8 that nests at most payloadDepthMax deep. White space around
// it would be lost, because a reader cannot tell it from the document's own.
func (w *jsonWriter) standsAsJSON(pieces [][]byte) bool {
	checker := jsonwalk.Checker{DepthMax: payloadDepthMax}
	for piece := range cut(pieces) {
		if checker.Add(piece); checker.Failed() {
			return false
		}
		if len(piece) == payloadPiece {
			if w.write(nil); w.err != nil { // nobody reads the document any more
				return false
			}
		}
	}
	return checker.Valid()
}
