package clustertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"chandy/internal/verify"
	"chandy/snapshot"
	"chandy/wire"
)

// Snapshot is a snapshot as a client gets it.
type Snapshot struct {
	*snapshot.Global
	Text []byte
	End  wire.EndReply // empty if Read returned the snapshot
}

// String returns the JSON.
func (s *Snapshot) String() string {
	if s == nil {
		return "no snapshot"
	}
	return string(s.Text)
}

// schemaMax is the size of a snapshot, in bytes, above which Read does not compare it with
// the schema, which is slow.
const schemaMax = 128 << 10

// Read decodes a snapshot and checks it. It must be consistent, complete or partial as
// its status says, and fit the JSON schema. A fault of the schema is found in this way too.
func Read(text []byte) (*Snapshot, error) {
	g, err := snapshot.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	report, err := verify.Check(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("verify: %w\n%s", err, text)
	}
	if !report.Consistent() || report.OK() != g.Complete() {
		return nil, fmt.Errorf("verify: got a %s snapshot with faults %v, want none\n%s", g.Status(), report.Faults, text)
	}
	if len(text) <= schemaMax {
		if err := fits(text); err != nil {
			return nil, fmt.Errorf("docs/snapshot.schema.json: %w\n%s", err, text)
		}
	}
	return &Snapshot{Global: g, Text: text}, nil
}

// Channel returns the state of a channel, which must be there.
func (s *Snapshot) Channel(from, to snapshot.ProcessID) snapshot.ChannelState {
	for _, c := range s.Channels {
		if c.Channel == (snapshot.Channel{From: from, To: to}) {
			return c
		}
	}
	panic(fmt.Sprintf("no channel %s->%s in %s", from, to, s))
}

// Payloads returns the messages of a channel state.
func Payloads(c snapshot.ChannelState) (all []string) {
	for _, b := range c.Messages {
		for _, payload := range b.All() {
			all = append(all, string(payload))
		}
	}
	return all
}

// States returns the states of all processes, which must be JSON.
func States[T any](s *Snapshot) map[snapshot.ProcessID]T {
	all := map[snapshot.ProcessID]T{}
	for _, p := range s.Processes {
		all[p.ID] = JSON[T](p.State.Bytes)
	}
	return all
}

// JSON returns the value of a text, which must be JSON.
func JSON[T any, Text ~string | ~[]byte](text Text) (v T) {
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(fmt.Sprintf("%v: %s", err, text))
	}
	return v
}

// schema is docs/snapshot.schema.json.
var schema = sync.OnceValues(func() (*jsonschema.Schema, error) { return Schema("snapshot.schema.json") })

func fits(text []byte) error {
	s, err := schema()
	if err != nil {
		return err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(document)
}
