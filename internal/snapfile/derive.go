package snapfile

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"chandy/internal/config"
	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/snapshot"
)

// Derivation is a saved snapshot that is made from another one or from a document.
type Derivation struct {
	Store   *store.Store
	Cluster *config.Cluster // which the snapshot must fit
	ID      snapshot.ID     // of the new snapshot; unique
	From    Source
	Edit    string          // an expression in the language of jq; empty means no edit
	Editor  Editor          // for Edit
	Skips   []saved.Skipped // messages in flight that no program shall receive
	Thens   []saved.ThenRequest
}

// Source is what a snapshot is made from: a saved one, or a document.
type Source struct {
	Saved    snapshot.ID // empty for a document
	File     string      // name of the document, for people
	Document []byte      // must be one snapshot, complete and consistent
}

// Derive saves the new snapshot. It has number 0, and returns its manifest and the sha256 of
// the manifest. If Derive fails, it removes what it wrote.
//
// Of a saved snapshot without an edit the parts are copied. Otherwise they are made from the
// document: every message in flight lies with its receiver then. What a document does not
// have stays as it is in a saved snapshot: counts of bytes, and open requests of children.
func (d Derivation) Derive(ctx context.Context) (*saved.Manifest, string, error) {
	draft, err := d.draft(ctx)
	if err != nil {
		return nil, "", err
	}
	if err := draft.extend(d.Skips, d.Thens); err != nil {
		return nil, "", err
	}
	m := &draft.manifest
	by := saved.Node{Process: m.Assembler, Incarnation: m.Process(m.Assembler).Incarnation}
	if err := d.Store.Derive(saved.Taken{Epoch: m.Epoch, ID: m.ID, By: by}); err != nil {
		return nil, "", err
	}
	sha256, err := draft.save(d.Store)
	if err != nil {
		_ = d.Store.Remove(m.ID, true) // pruning removes what stays
		return nil, "", err
	}
	return m, sha256, nil
}

// save writes the parts and the manifest.
func (d *draft) save(s *store.Store) (string, error) {
	var summaries []saved.Summary
	for i, part := range d.parts {
		summary, err := s.PutPart(d.manifest.ID, part.Process, part.Encode)
		if d.from != nil && d.from.err != nil {
			err = d.from.err // else it would be the error of the state
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", part.Process, err)
		}
		d.manifest.Processes[i].Part = summary.Part
		summaries = append(summaries, summary)
	}
	channels, faults := saved.Certify(topology(&d.manifest), summaries)
	if len(faults) > 0 {
		return "", fmt.Errorf("a bug: the parts do not prove the cut: %w", errors.Join(faults...))
	}
	for i := range channels {
		d.manifest.Channels[i].Bytes = channels[i].Bytes
	}
	return s.SaveDerived(&d.manifest)
}

// ParseSkip parses the name of a message, such as p1->p2#119.
func ParseSkip(text string) (saved.Skipped, error) {
	channel, number, _ := strings.Cut(text, "#")
	from, to, _ := strings.Cut(channel, "->")
	s := saved.Skipped{From: snapshot.ProcessID(from), To: snapshot.ProcessID(to)}
	var err error
	if s.Seq, err = strconv.ParseUint(number, 10, 64); err != nil || s.From.Check() != nil || s.To.Check() != nil {
		return s, fmt.Errorf("%q names no message: it must be CHANNEL#NUMBER, such as p1->p2#119", text)
	}
	return s, nil
}
