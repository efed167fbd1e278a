package sim

import (
	"encoding/json"
	"errors"
	"fmt"

	"chandy/internal/saved"
	"chandy/snapshot"
	"chandy/wire"
)

// promised is a saved snapshot of which a client was told.
type promised struct {
	id            snapshot.ID
	epoch, number uint64
}

// checkPromises reads back each snapshot of which a client was told since the last call. Its
// parts prove the cut, and have what the program conserves. No recovery has undone it.
func (r *runner) checkPromises() error {
	var waiting []*asked
	for _, one := range r.saves {
		switch {
		case !one.ended:
			waiting = append(waiting, one)
		case one.refused == "":
			var end wire.EndReply
			if err := json.Unmarshal(one.end, &end); err != nil {
				return fmt.Errorf("end reply %q: %w", one.end, err)
			}
			if end.Saved == nil || end.Saved.Error != "" {
				continue
			}
			if err := r.checkPromise(end.ID); err != nil {
				return fmt.Errorf("%s is saved: %w", end.ID, err)
			}
		}
	}
	r.saves = waiting
	for _, id := range r.savedToStop {
		if err := r.checkPromise(id); err != nil {
			return fmt.Errorf("%s is saved before a process stops: %w", id, err)
		}
		r.result.SavedToStop++
	}
	r.savedToStop = nil
	for _, p := range r.told {
		for _, l := range r.lines.epochs {
			if l.commit.Kind == saved.Recovery && l.commit.Ends == p.epoch && (l.parent < p.epoch || l.base < p.number) {
				return fmt.Errorf("a recovery from epoch %d to %q, number %d of epoch %d, undoes %s, number %d, which is saved",
					p.epoch, l.commit.Snapshot, l.base, l.parent, p.id, p.number)
			}
		}
	}
	return nil
}

func (r *runner) checkPromise(id snapshot.ID) error {
	s := r.reader()
	m, _, err := s.Manifest(id)
	var removed interface{ Gone() bool }
	switch {
	case errors.As(err, &removed) && removed.Gone(): // by retention, meanwhile
		return nil
	case err != nil:
		return err
	case !m.Restorable(): // a program had not started in an epoch that was held, and had no state
		return nil
	}
	r.told = append(r.told, promised{id, m.Epoch, m.Number})
	r.result.Promised++
	var parts []*saved.Part
	var summaries []saved.Summary
	for _, p := range m.Processes {
		part, summary, err := readPart(s, m, p.ID)
		if err != nil {
			return err
		}
		parts, summaries = append(parts, part), append(summaries, summary)
	}
	if faults := saved.Verify(m, summaries); len(faults) > 0 {
		return errors.Join(faults...)
	}
	g, err := saved.Document(m, parts)
	if err != nil {
		return err
	}
	sum, err := conserved(g)
	if want := r.atStart(); err == nil && r.lines.exact && sum != want {
		err = fmt.Errorf("money or tokens: got %d, want %d", sum, want)
	}
	return err
}
