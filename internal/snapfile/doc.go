// Package snapfile makes documents of saved snapshots, and saved snapshots of documents. A
// document is the JSON that initiate prints, see docs/snapshot.md.
//
// Where to find what:
//
//   - saved.go, document.go: a saved snapshot, checked, and its document;
//   - derive.go, draft.go, parts.go: a saved snapshot that is made from another one or from
//     a document;
//   - edit.go, same.go: what an edit may change;
//   - fit.go: whether a snapshot fits the cluster file.
package snapfile
