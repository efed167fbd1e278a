package verify

import "fmt"

// Report summarizes a snapshot and lists its faults.
type Report struct {
	ID, Cluster, Status           string
	Processes, Channels, Messages int
	Reset                         int // channels that began anew because a process restarted
	// Bytes is the size of all payloads: JSON as written in the document, base64
	// decoded.
	Bytes int64
	// Faults is in the order of the document. Faults that concern several places come
	// last. If there are more than faultsMax, a last entry counts the ones left out.
	Faults []Fault
	// Missing has a line for each entry of the key: "p3: unreachable: …".
	Missing []string

	processes, channels []string // that the document names, for Compare
}

// Fault is one fault of a snapshot.
type Fault struct {
	Where string // "p1->p2", "p3", a path ("channels[2]") if there is no name, or empty for the document
	Seq   uint64 // number of the message; zero means none
	What  string
}

// faultsMax bounds the memory that a damaged document can cost.
const faultsMax = 100

func (f Fault) String() string {
	s := f.What
	if f.Seq != 0 {
		s = fmt.Sprintf("message %d: %s", f.Seq, s)
	}
	if f.Where != "" {
		s = f.Where + ": " + s
	}
	return s
}

// Consistent reports whether the document has no fault, so that nothing contradicts its
// cut. A partial snapshot can be consistent.
func (r *Report) Consistent() bool { return len(r.Faults) == 0 }

// OK reports whether the snapshot is complete and its cut is proven consistent.
func (r *Report) OK() bool { return r.Status == complete && r.Consistent() }
