package snapfile

import (
	"errors"
	"fmt"
	"io"

	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/snapshot"
)

// MemoryMax is how many bytes a saved snapshot may need in memory here: the messages and
// the indexes of all parts, and the largest state.
const MemoryMax = 2 << 30

// Saved is a saved snapshot whose manifest and parts were checked. It holds the messages in
// flight, and no state.
type Saved struct {
	*saved.Manifest
	SHA256 string // of the manifest

	store *store.Store
	parts []*saved.Part // in the order of Processes, without the bytes of their states
	err   error         // why a state could not be read later
}

// Open reads a saved snapshot and checks it: each part has its hash and holds exactly what
// belongs to the cut, and the parts together prove the cut. The error is one of those of
// [store.Store], or joins several of type [*saved.CorruptError].
func Open(s *store.Store, id snapshot.ID) (*Saved, error) {
	m, sha256, err := s.Manifest(id)
	if err != nil {
		return nil, err
	}
	if need := memory(m); need > MemoryMax {
		return nil, fmt.Errorf("snapshot %s needs %d MiB of memory, more than %d MiB", id, need>>20, MemoryMax>>20)
	}
	d := &Saved{Manifest: m, SHA256: sha256, store: s}
	var faults []error
	var summaries []saved.Summary
	for _, p := range m.Processes {
		part, err := s.ReadPart(m, p.ID, io.Discard)
		var corrupt *saved.CorruptError
		switch {
		case err == nil:
			d.parts = append(d.parts, part)
			summaries = append(summaries, part.Summary(p.Part))
		case errors.As(err, &corrupt):
			faults = append(faults, err)
		default:
			return nil, err
		}
	}
	if len(faults) == 0 {
		for _, fault := range saved.Verify(m, summaries) {
			faults = append(faults, &saved.CorruptError{Object: "snapshots/" + string(id), Differ: fault.Error()})
		}
	}
	return d, errors.Join(faults...)
}

// memory returns how many bytes Open and WriteJSON take in memory, about.
func memory(m *saved.Manifest) uint64 {
	all, largest := uint64(0), uint64(0)
	for _, p := range m.Processes {
		all += p.Part.Bytes - p.Part.StateBytes
		largest = max(largest, p.Part.StateBytes)
	}
	return all + largest
}

// state returns the state of a part. It is read from the store when it is needed, once for
// each call of Encode.
func (d *Saved) state(part *saved.Part) snapshot.State {
	state := part.State
	if state.Error == "" {
		state.Encode = func(w io.Writer) error {
			_, err := d.store.ReadPart(d.Manifest, part.Process, w)
			if err != nil && d.err == nil {
				d.err = err
			}
			return err
		}
	}
	return state
}
