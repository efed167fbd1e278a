package verify

import "fmt"

// Report is what a snapshot holds and what is wrong with it.
type Report struct {
	ID, Cluster, Status           string
	Processes, Channels, Messages int
	// Bytes is the size of all payloads: as they stand in the document, those in
	// base64 decoded.
	Bytes int64
	// Faults is in the order of the document, what spans several places last. At
	// most faultsMax are kept; a last one counts the others.
	Faults []Fault
	// Missing has a line for each entry of the key: "p3: unreachable: …".
	Missing []string
}

// Fault is one thing that is wrong.
type Fault struct {
	Where string // "p1->p2", "p3", the path of what has no name ("channels[2]"), or empty: the document
	Seq   uint64 // the message; 0: none
	What  string
}

// faultsMax bounds what a damaged document can make us keep.
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

// Consistent tells that nothing in the document speaks against its cut. A partial
// snapshot can be consistent.
func (r *Report) Consistent() bool { return len(r.Faults) == 0 }

// OK tells that the snapshot is complete and its cut proven consistent.
func (r *Report) OK() bool { return r.Status == complete && r.Consistent() }
