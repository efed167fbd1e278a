package snapfile

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"chandy/internal/saved"
	"chandy/snapshot"
)

// draft is a derived snapshot that is not saved yet. Its manifest lacks the sizes of the
// parts.
type draft struct {
	manifest saved.Manifest
	parts    []*saved.Part // in the order of manifest.Processes
	from     *Saved        // nil if it is made from a document
}

func (d Derivation) draft(ctx context.Context) (*draft, error) {
	if d.From.Saved == "" {
		return d.fromDocument(ctx)
	}
	return d.fromSaved(ctx)
}

// fromSaved makes a draft from a saved snapshot.
func (d Derivation) fromSaved(ctx context.Context) (*draft, error) {
	from, err := Open(d.Store, d.From.Saved)
	if err != nil {
		return nil, err
	}
	if err := d.fitsSaved(from); err != nil {
		return nil, err
	}
	n := &draft{manifest: *from.Manifest, from: from}
	m := &n.manifest
	m.Processes, m.Channels, m.Skipped, m.Then = slices.Clone(m.Processes), slices.Clone(m.Channels), slices.Clone(m.Skipped), slices.Clone(m.Then)
	m.ID, m.Number, m.Name, m.Origin = d.ID, 0, "", &saved.Origin{ID: from.ID, Edit: d.Edit}
	if d.Edit == "" {
		for i, p := range from.parts {
			copied := *p
			copied.Snapshot, copied.State, copied.WhyNot = d.ID, from.state(p), m.Processes[i].WhyNot
			n.parts = append(n.parts, &copied)
		}
		return n, nil
	}
	var document bytes.Buffer
	if err := from.WriteJSON(&atMost{&document, d.Editor.Max, d.Editor.Max}, false); err != nil {
		return nil, err
	}
	g, err := d.Editor.edit(ctx, d.Edit, document.Bytes())
	if err != nil {
		return nil, err
	}
	if n.parts, err = saved.Parts(g, d.ID); err != nil {
		return nil, err
	}
	for i, p := range n.parts {
		p.Clients, p.ClientCount, p.Asked, p.WhyNot = from.parts[i].Clients, from.parts[i].ClientCount, from.parts[i].Asked, m.Processes[i].WhyNot
		for k, in := range from.parts[i].In {
			p.In[k].ReceivedBytes = in.ReceivedBytes
			outgoing(n.parts, in.From, p.Process).SentBytes += in.ReceivedBytes
		}
	}
	return n, nil
}

// topology returns the processes and channels of a manifest.
func topology(m *saved.Manifest) *snapshot.Topology {
	var processes []snapshot.ProcessID
	for _, p := range m.Processes {
		processes = append(processes, p.ID)
	}
	var channels []snapshot.Channel
	for _, c := range m.Channels {
		channels = append(channels, c.Channel())
	}
	return snapshot.NewTopology(processes, channels)
}

// outgoing returns the sender's end of a channel, which must be there.
func outgoing(parts []*saved.Part, from, to snapshot.ProcessID) *saved.Outgoing {
	i := slices.IndexFunc(parts, func(p *saved.Part) bool { return p.Process == from })
	o := slices.IndexFunc(parts[i].Out, func(o saved.Outgoing) bool { return o.To == to })
	return &parts[i].Out[o]
}

// fitsSaved returns an error unless a saved snapshot fits the cluster file.
func (d Derivation) fitsSaved(s *Saved) error {
	t := topology(s.Manifest)
	if err := fits(d.Cluster, s.Cluster, t.Processes, t.Channels); err != nil {
		return err
	}
	if s.Config != d.config() { // nothing else is in the hash
		return fmt.Errorf("the snapshot was taken with another rule for markers than %q of the cluster file", d.Cluster.Snapshot.Markers)
	}
	return nil
}

func (d Derivation) config() string {
	hash := d.Cluster.SnapshotHash()
	return hex.EncodeToString(hash[:])
}

// fromDocument makes a draft from a document.
func (d Derivation) fromDocument(ctx context.Context) (*draft, error) {
	g, err := decodeOne(d.From.Document)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.From.File, err)
	}
	n := &draft{manifest: *d.manifestOf(g)}
	t := topology(&n.manifest)
	if err := fits(d.Cluster, g.Cluster, t.Processes, t.Channels); err != nil {
		return nil, fmt.Errorf("%s: %w", d.From.File, err)
	}
	if d.Edit != "" {
		if g, err = d.Editor.edit(ctx, d.Edit, d.From.Document); err != nil {
			return nil, err
		}
	}
	if n.parts, err = saved.Parts(g, d.ID); err != nil {
		return nil, fmt.Errorf("%s: %w", d.From.File, err)
	}
	for i, p := range n.manifest.Processes {
		n.parts[i].WhyNot = p.WhyNot
	}
	return n, nil
}

// extend adds what the program shall not receive, and what it shall receive besides.
func (n *draft) extend(skips []saved.Skipped, thens []saved.ThenRequest) error {
	m := &n.manifest
	for _, s := range skips {
		if slices.Contains(m.Skipped, s) {
			return fmt.Errorf("%s->%s#%d is skipped already", s.From, s.To, s.Seq)
		}
		i := slices.IndexFunc(m.Channels, func(c saved.Channel) bool { return c.From == s.From && c.To == s.To })
		if i < 0 || s.Seq <= m.Channels[i].Received || s.Seq > m.Channels[i].Sent {
			return fmt.Errorf("%s->%s#%d is not in flight in the snapshot", s.From, s.To, s.Seq)
		}
		m.Skipped = append(m.Skipped, s)
	}
	for _, t := range thens {
		var compact bytes.Buffer
		switch {
		case m.Process(t.Process) == nil:
			return fmt.Errorf("a request for %s: the snapshot has no such process", t.Process)
		case json.Compact(&compact, t.Request) != nil:
			return fmt.Errorf("a request for %s is not JSON: %s", t.Process, t.Request)
		}
		m.Then = append(m.Then, saved.ThenRequest{Process: t.Process, Request: compact.Bytes()})
	}
	return nil
}
