// Package store keeps saved snapshots, and the decisions which of them the cluster goes back
// to. docs/store.md has the format.
//
// [Objects] is where the bytes lie: a folder, later an object store. [Store] is everything
// that chandy does with them. No other code touches the objects.
//
// Where to find what:
//
//   - objects.go, folder.go, disk.go, pipeline.go: the objects, and the folder;
//   - store.go, names.go, errors.go: a store, the names of its objects, and how it fails;
//   - take.go, save.go, read.go: numbers, parts, manifests, abandoning;
//   - list.go, find.go: what is there;
//   - decide.go: decisions;
//   - remove.go, prune.go: fates, and what frees space.
package store
