package snapfile

import (
	"bytes"
	"errors"
	"fmt"

	"chandy/internal/saved"
	"chandy/internal/verify"
	"chandy/snapshot"
)

// manifestOf returns the manifest of a document, without the sizes of the parts.
func (d Derivation) manifestOf(g *snapshot.Global) *saved.Manifest {
	m := &saved.Manifest{
		ID: d.ID, Cluster: g.Cluster, Config: d.config(), Epoch: g.Epoch, Assembler: g.Initiators[0], Initiators: g.Initiators,
		StartedAt: g.StartedAt, ElapsedMS: saved.MS(g.Elapsed),
		Origin: &saved.Origin{File: d.From.File, Edit: d.Edit},
	}
	for _, p := range g.Processes {
		one := saved.Process{ID: p.ID, Incarnation: p.Incarnation, Restorable: p.State.Error == "",
			RecordedAfterMS: saved.MS(p.RecordedAfter), CompletedAfterMS: saved.MS(p.CompletedAfter)}
		if !one.Restorable {
			one.WhyNot = "there is no state: " + p.State.Error
		}
		m.Processes = append(m.Processes, one)
	}
	for _, c := range g.Channels {
		one := saved.Channel{
			From: c.Channel.From, To: c.Channel.To, Incarnations: [2]snapshot.Incarnation{c.SeenByReceiver, c.SeenBySender},
			Sent: c.Sent, Received: c.Received, InFlight: c.Sent - c.Received,
		}
		for _, r := range c.Resets {
			one.Resets = append(one.Resets, saved.Reset(r))
		}
		m.Channels = append(m.Channels, one)
	}
	return m
}

// decodeOne decodes a document with one snapshot, which must be complete and consistent.
func decodeOne(document []byte) (*snapshot.Global, error) {
	documents, err := verify.Open(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	report, err := documents.Next()
	switch {
	case err != nil:
		return nil, err
	case !report.Consistent():
		return nil, fmt.Errorf("is inconsistent: %s", report.Faults[0])
	case !report.OK():
		return nil, errors.New("is partial: only a complete snapshot can be restored")
	}
	return snapshot.Decode(bytes.TrimPrefix(document, []byte("\xEF\xBB\xBF")))
}
