// Package saved has what a saved snapshot is made of: the records of a store, and the parts
// of processes. Package store has where they lie; docs/store.md describes both for other
// implementations.
//
// A part is what one process needs to go on alone: its state, its counts, and its halves of
// the channel states. Each node writes its own part. The assembler writes the [Manifest]
// last, and a snapshot without a manifest does not exist.
//
// Where to find what:
//
//   - seal.go: the frame of every record, which shows each changed byte;
//   - manifest.go, records.go: the records;
//   - part.go, index.go, write.go, read.go: a part, and its two directions;
//   - document.go: from parts to the snapshot document, and back;
//   - certify.go: the proof that the parts belong to one consistent cut;
//   - check.go, names.go: what a manifest, an id and a name may contain.
package saved
