package saved

import "chandy/snapshot"

// Certify returns the channels of a manifest from the summaries of all parts, sorted, and
// what is wrong with the cut. Nothing is wrong if on every channel
//
//   - both ends counted in the same pair of incarnations,
//   - received <= sent, and the marker had the sender's count,
//   - the halves together cover received+1 … sent.
//
// Each fault names its channel or process.
func Certify(topology *snapshot.Topology, parts []Summary) ([]Channel, []error) { return nil, nil }

// Verify returns what is wrong with a manifest, given what [CheckPart] returned for each of
// its processes: [Certify] for the parts, and the manifest says the same as they do. A part
// that could not be read is left out, and its process is a fault.
func Verify(m *Manifest, parts []Summary) []error { return nil }

// Check returns what is wrong with a manifest itself: an id that is not one, an order that
// is not ascending, a channel of no process, counts that contradict each other.
func (m *Manifest) Check() error { return nil }
