package store

import (
	"fmt"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// FailedError says that the store is unreachable, slow, full or not what it was. Trying
// again may help. It is never a reason to take an older snapshot.
type FailedError struct {
	Doing string // such as "read snapshots/ID/manifest"
	Err   error
}

func (e *FailedError) Error() string { return fmt.Sprintf("storage failed: %s: %v", e.Doing, e.Err) }

// Again reports that another try may succeed.
func (e *FailedError) Again() bool { return true }

// Unwrap returns the cause.
func (e *FailedError) Unwrap() error { return e.Err }

// AbsentError says that there is no store.
type AbsentError struct{ Path string }

func (e *AbsentError) Error() string { return "no store at " + e.Path }

// Absent reports that nothing was ever saved or decided here.
func (e *AbsentError) Absent() bool { return true }

// BusyError says that another snapshot is being saved.
type BusyError struct{ Taken saved.Taken }

func (e *BusyError) Error() string {
	return fmt.Sprintf("snapshot %s (number %d of epoch %d) is being saved by %s", e.Taken.ID, e.Taken.Number, e.Taken.Epoch, e.Taken.By.Process)
}

// Holder returns the snapshot that is being saved.
func (e *BusyError) Holder() saved.Taken { return e.Taken }

// NameError says that another snapshot has the name.
type NameError struct {
	Name string
	ID   snapshot.ID // which has it
}

func (e *NameError) Error() string {
	return fmt.Sprintf("the name %q belongs to snapshot %s", e.Name, e.ID)
}

// NameTaken returns the name.
func (e *NameError) NameTaken() string { return e.Name }

// AbandonedError says that a snapshot can no longer be saved.
type AbandonedError struct {
	ID  snapshot.ID
	Why string
}

func (e *AbandonedError) Error() string {
	return fmt.Sprintf("snapshot %s is abandoned: %s", e.ID, e.Why)
}

// NotFoundError says that there is no such saved snapshot.
type NotFoundError struct {
	Snap string // what was looked for
	Why  string // such as "was removed"; may be empty
}

func (e *NotFoundError) Error() string {
	if e.Why == "" {
		return fmt.Sprintf("no saved snapshot %q", e.Snap)
	}
	return fmt.Sprintf("no saved snapshot %q: it %s", e.Snap, e.Why)
}

// Gone reports that no other try can succeed.
func (e *NotFoundError) Gone() bool { return true }

// HeldError says why a snapshot must not be removed.
type HeldError struct {
	ID  snapshot.ID
	Why string
}

func (e *HeldError) Error() string { return fmt.Sprintf("snapshot %s stays: %s", e.ID, e.Why) }
