package saved

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"chandy/snapshot"
)

// Check returns what is wrong with a manifest itself: an id that is not one, an order that
// is not ascending, a channel of no process, counts that contradict each other.
func (m *Manifest) Check() error {
	if err := CheckID(m.ID); err != nil {
		return fmt.Errorf("id %q: %w", m.ID, err)
	}
	if m.Name != "" {
		if err := CheckName(m.Name); err != nil {
			return fmt.Errorf("name %q: %w", m.Name, err)
		}
	}
	if m.Base != "" {
		if err := CheckID(m.Base); err != nil {
			return fmt.Errorf("base %q: %w", m.Base, err)
		}
	}
	switch {
	case !hash.MatchString(m.Config):
		return fmt.Errorf("config_sha256 %q: is no hash", m.Config)
	case m.Epoch == 0:
		return errors.New("epoch 0: epochs begin at 1")
	case (m.Number == 0) != (m.Origin != nil):
		return fmt.Errorf("number %d: only a snapshot that was made from another one has number 0", m.Number)
	case m.Origin != nil && (m.Origin.ID == "") == (m.Origin.File == ""):
		return errors.New("from: needs either an id or a file")
	case !m.has(m.Assembler) || len(m.Initiators) == 0 || slices.ContainsFunc(m.Initiators, func(id snapshot.ProcessID) bool { return !m.has(id) }):
		return errors.New("an assembler or an initiator that is no process")
	}
	for i := range m.Processes {
		if err := m.checkProcess(i); err != nil {
			return fmt.Errorf("process %q: %w", m.Processes[i].ID, err)
		}
	}
	for i := range m.Channels {
		if err := m.checkChannel(i); err != nil {
			return fmt.Errorf("channel %q: %w", m.Channels[i].Channel().String(), err)
		}
	}
	return m.checkExtras()
}

func (m *Manifest) has(id snapshot.ProcessID) bool { return m.Process(id) != nil }

func (m *Manifest) checkProcess(i int) error {
	p := m.Processes[i]
	switch {
	case p.ID.Check() != nil:
		return p.ID.Check()
	case i > 0 && m.Processes[i-1].ID >= p.ID:
		return errors.New("is not in ascending order")
	case p.Incarnation == "":
		return errors.New("has no incarnation")
	case p.Restorable != (p.WhyNot == ""):
		return errors.New("why_not must stand where restorable is false, and only there")
	}
	return p.Part.check()
}

func (m *Manifest) checkChannel(i int) error {
	c := m.Channels[i]
	from, to := m.Process(c.From), m.Process(c.To)
	switch {
	case from == nil || to == nil:
		return errors.New("joins no two processes")
	case i > 0 && compareChannels(m.Channels[i-1], c) >= 0:
		return errors.New("is not in ascending order")
	case c.Incarnations != [2]snapshot.Incarnation{from.Incarnation, to.Incarnation}:
		return fmt.Errorf("was counted with the incarnations %q", c.Incarnations)
	case c.Received > c.Sent || c.InFlight != c.Sent-c.Received:
		return fmt.Errorf("sent %d, received %d, %d in flight", c.Sent, c.Received, c.InFlight)
	}
	return nil
}

// checkExtras checks what a derived snapshot has besides.
func (m *Manifest) checkExtras() error {
	for _, s := range m.Skipped {
		c := snapshot.Channel{From: s.From, To: s.To}
		i := slices.IndexFunc(m.Channels, func(d Channel) bool { return d.Channel() == c })
		if i < 0 || s.Seq <= m.Channels[i].Received || s.Seq > m.Channels[i].Sent {
			return fmt.Errorf("skipped %s#%d: is not in flight", c, s.Seq)
		}
	}
	for _, t := range m.Then {
		if !m.has(t.Process) || !json.Valid(t.Request) {
			return fmt.Errorf("then %q: needs a process and a request in JSON", t.Process)
		}
	}
	return nil
}

// Check returns what is wrong with a decision. An abort needs only its number and who made
// it.
func (d *Decision) Check() error {
	switch {
	case d.Number < 2:
		return errors.New("decisions begin at 2")
	case d.By.Check() != nil:
		return fmt.Errorf("by %q: %w", d.By, d.By.Check())
	case d.Verdict == Abort:
		return nil
	case d.Verdict != Commit:
		return fmt.Errorf("verdict %q: must be %q or %q", d.Verdict, Commit, Abort)
	case d.Kind != ByHand && d.Kind != Recovery:
		return fmt.Errorf("kind %q: must be %q or %q", d.Kind, ByHand, Recovery)
	case d.Ends == 0 || d.Ends >= d.Number:
		return fmt.Errorf("epoch %d cannot end with epoch %d", d.Ends, d.Number)
	case d.Snapshot == "" && d.Manifest != "":
		return errors.New("the initial state has no manifest")
	case d.Snapshot != "" && (CheckID(d.Snapshot) != nil || !hash.MatchString(d.Manifest)):
		return fmt.Errorf("snapshot %q, sha256 of its manifest %q", d.Snapshot, d.Manifest)
	case len(d.Voters) == 0:
		return errors.New("no voters")
	}
	for i, v := range d.Voters {
		if v.Process.Check() != nil || v.Incarnation == "" || i > 0 && d.Voters[i-1].Process >= v.Process {
			return fmt.Errorf("voter %q, incarnation %q: needs both, in ascending order", v.Process, v.Incarnation)
		}
	}
	return nil
}
