package command

import (
	"errors"
	"io"

	"github.com/urfave/cli/v2"

	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/wire"
)

// saving is what the flags of initiate say about saving the snapshot.
type saving struct {
	*initiator
	on    bool
	name  string
	light bool // no document comes
}

// saving reads the flags. A name that a saved snapshot has already is refused before
// anything is taken.
func (i *initiator) saving(c *cli.Context) (saving, error) {
	s := saving{initiator: i, on: c.Bool("save") || c.IsSet("name"), name: c.String("name"), light: c.Bool("no-document")}
	if s.light {
		if !s.on {
			return s, fail(exitUsage, "", "--no-document needs --save")
		}
		for _, flag := range []string{"summary", "compact", "journal", "assert"} {
			if c.IsSet(flag) {
				return s, fail(exitUsage, "", "--%s needs the document, and --no-document asks for none", flag)
			}
		}
	}
	if !c.IsSet("name") {
		return s, nil
	}
	if err := saved.CheckName(s.name); err != nil {
		return s, fail(exitUsage, "", "--name %q: %w", s.name, err)
	}
	entries, err := storeOf(i.cluster).List()
	if err != nil {
		return s, nil // only the nodes need the store
	}
	for _, e := range entries {
		if e.Name == s.name && e.State != store.Failed {
			return s, fail(exitUsage, "choose another one; or chandy remove --force "+s.name, "the name %s belongs to snapshot %s", s.name, e.ID)
		}
	}
	return s, nil
}

// document returns the destination of the document.
func (s saving) document(to destination) destination {
	if s.light {
		return direct{io.Discard} // none comes; the line about it goes to the other destination
	}
	return to
}

// outcome says on stderr what became of the saving, and without a document prints a line
// about the snapshot. It returns an error if the snapshot is not saved.
func (s saving) outcome(end wire.EndReply, to destination) error {
	switch {
	case !s.on:
		return nil
	case end.Saved == nil:
		return fail(exitUnknown, "", "the node does not say whether the snapshot is saved: it may be of an older version")
	case end.Saved.Error != "":
		return fail(exitNo, "", "not saved: %w", errors.New(end.Saved.Error))
	}
	name := ""
	if end.Saved.Name != "" {
		name = " (" + end.Saved.Name + ")"
	}
	printLine(s.Stderr, "chandy: saved as %s%s: number %d, %s", end.ID, name, end.Saved.Number, size(int(end.Saved.Bytes)))
	for _, why := range end.Saved.NotRestorable {
		printLine(s.Stderr, "chandy: warning: cannot be restored: %s", why)
	}
	if !s.light {
		return nil
	}
	err := writeJSON(to, s.listed(end), "")
	if err == nil {
		err = to.finish()
	}
	if err != nil {
		return fail(exitUnknown, "", "%w", err)
	}
	return nil
}

// listed returns the saved snapshot as an element of a list. If the store cannot be read
// from here, it has what the reply has.
func (s saving) listed(end wire.EndReply) listed {
	if entries, err := storeOf(s.cluster).List(); err == nil {
		for _, e := range entries {
			if e.ID == end.ID {
				return listedOf(e)
			}
		}
	}
	inFlight := uint64(end.InFlight)
	return listed{
		ID: end.ID, Name: end.Saved.Name, Number: end.Saved.Number, StartedAt: startedAt(end.ID), Processes: end.Processes,
		InFlight: &inFlight, Bytes: int64(end.Saved.Bytes), Pinned: end.Saved.Name != "", State: store.Saved,
	}
}
