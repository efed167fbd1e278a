package sim

import (
	"bytes"
	"errors"
	"fmt"

	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/snapshot"
	"chandy/wire"
)

// checkSaved reads a saved snapshot back and compares it with its document.
func (r *runner) checkSaved(t *asked, s *wire.SaveReply) error {
	if s.Error != "" {
		if r.restarts > 0 && r.lines == nil {
			return nil
		}
		return fmt.Errorf("got the error %s, want the snapshot saved", s.Error)
	}
	g, err := snapshot.Decode(t.text)
	if err != nil {
		return err
	}
	from := r.reader()
	m, _, err := from.Manifest(g.ID)
	if err != nil {
		return err
	}
	var parts []*saved.Part
	var summaries []saved.Summary
	for _, p := range g.Processes {
		part, summary, err := readPart(from, m, p.ID)
		if err != nil {
			return err
		}
		if want := bytes.Join(p.State.Slices(), nil); !bytes.Equal(part.State.Bytes, want) || part.State.Error != p.State.Error {
			return fmt.Errorf("%s: got the state %s, want %s", p.ID, part.State, p.State)
		}
		parts, summaries = append(parts, part), append(summaries, summary)
	}
	if faults := saved.Verify(m, summaries); len(faults) > 0 {
		return errors.Join(faults...)
	}
	if err := sameChannels(g, parts); err != nil {
		return err
	}
	r.result.Saved++
	r.lastSaved = g.ID
	return nil
}

func readPart(s *store.Store, m *saved.Manifest, id snapshot.ProcessID) (*saved.Part, saved.Summary, error) {
	body, err := s.OpenPart(m.ID, id)
	if err != nil {
		return nil, saved.Summary{}, err
	}
	defer body.Close()
	part, err := saved.ReadPart(body, m, id)
	if err != nil {
		return nil, saved.Summary{}, err
	}
	again, err := s.OpenPart(m.ID, id)
	if err != nil {
		return nil, saved.Summary{}, err
	}
	defer again.Close()
	summary, err := saved.CheckPart(again, m, id)
	return part, summary, err
}

// sameChannels returns an error unless the parts have the channel states of the document.
func sameChannels(g *snapshot.Global, parts []*saved.Part) error {
	for _, c := range g.Channels {
		var in, out []snapshot.Batch
		for _, p := range parts {
			for _, o := range p.Out {
				if p.Process == c.Channel.From && o.To == c.Channel.To {
					out = o.Messages
				}
			}
			for _, i := range p.In {
				if p.Process == c.Channel.To && i.From == c.Channel.From {
					in = i.Messages
				}
			}
		}
		joined, err := snapshot.Join(c.Received, c.Sent, in, out)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Channel, err)
		}
		if got, want := payloads(joined), payloads(c.Messages); got != want {
			return fmt.Errorf("%s: got the messages %s, want %s", c.Channel, got, want)
		}
	}
	return nil
}

func payloads(batches []snapshot.Batch) (text string) {
	for _, b := range batches {
		for seq, payload := range b.All() {
			text += fmt.Sprintf("%d %q ", seq, payload)
		}
	}
	return text
}
