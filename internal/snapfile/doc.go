// Package snapfile makes documents of saved snapshots, and saved snapshots of documents. A
// document is the JSON that initiate prints, see docs/snapshot.md.
package snapfile
