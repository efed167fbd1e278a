package snapfile

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"chandy/internal/question"
	"chandy/internal/question/eval"
	"chandy/snapshot"
	"chandy/wire"
)

// Editor evaluates edits. Query is [eval.Evaluator.Query], whose bounds of time and memory
// hold. Max is how many bytes a document may have that is edited.
type Editor struct {
	Query func(ctx context.Context, expression string, document []byte) (eval.Answer, error)
	Max   int
}

// edit returns the snapshot with the states and payloads that an expression makes of it. An
// edit must change nothing else; the error has the path of what it changes. What it leaves
// alone keeps its bytes.
func (e Editor) edit(ctx context.Context, expression string, document []byte) (*snapshot.Global, error) {
	if len(document) > e.Max {
		return nil, errTooLong(e.Max)
	}
	g, err := snapshot.Decode(document)
	if err != nil {
		return nil, err
	}
	// The evaluation writes numbers and keys anew. So what it makes of the document as it is
	// shows what the edit changes.
	before, err := e.value(ctx, ".", document)
	if err != nil {
		return nil, err
	}
	after, err := e.value(ctx, expression, document)
	if err != nil {
		return nil, err
	}
	if err := sameButContent(before, after); err != nil {
		return nil, fmt.Errorf("the edit %w: only states and payloads of recorded messages may change", err)
	}
	was, err := snapshot.Decode(before)
	if err != nil {
		return nil, err
	}
	is, err := snapshot.Decode(after)
	if err != nil {
		return nil, fmt.Errorf("the edited snapshot: %w", err)
	}
	return g, replace(g, was, is)
}

func (e Editor) value(ctx context.Context, expression string, document []byte) ([]byte, error) {
	answer, err := e.Query(ctx, expression, document)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the edit: %w", err)
	case answer.Verdict == question.Unknown:
		return nil, fmt.Errorf("the edit: %s", answer.Why)
	case len(answer.Values) != 1:
		return nil, fmt.Errorf("the edit has %d values: it must have one, the whole snapshot", len(answer.Values))
	}
	return answer.Values[0], nil
}

// replace puts the states and payloads that differ between two snapshots into g, which has
// the same processes and messages.
func replace(g, was, is *snapshot.Global) error {
	for i := range g.Processes {
		if to := is.Processes[i].State.Bytes; !bytes.Equal(was.Processes[i].State.Bytes, to) {
			g.Processes[i].State.Bytes = to
		}
	}
	for i := range g.Channels {
		c := &g.Channels[i]
		old, changed := payloads(was.Channels[i]), payloads(is.Channels[i])
		edited := snapshot.Batch{First: c.Received + 1}
		for n, payload := range payloads(*c) {
			if !bytes.Equal(old[n], changed[n]) {
				payload = changed[n]
			}
			if len(payload) > wire.MessageMax {
				return fmt.Errorf("the edit: message %s#%d has %d bytes, more than %d", c.Channel, c.Received+1+uint64(n), len(payload), wire.MessageMax)
			}
			edited.Append(payload)
		}
		if c.Messages = nil; edited.Count > 0 {
			c.Messages = []snapshot.Batch{edited}
		}
	}
	return nil
}

func payloads(c snapshot.ChannelState) (all [][]byte) {
	for _, b := range c.Messages {
		for _, payload := range b.All() {
			all = append(all, payload)
		}
	}
	return all
}

// atMost is a writer of a document that is to be edited.
type atMost struct {
	io.Writer
	most, left int
}

func (a *atMost) Write(b []byte) (int, error) {
	if a.left -= len(b); a.left < 0 {
		return 0, errTooLong(a.most)
	}
	return a.Writer.Write(b)
}

func errTooLong(most int) error {
	return fmt.Errorf("the document has more than %d bytes, too many for an edit", most)
}
