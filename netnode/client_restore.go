package netnode

import (
	"context"
	"encoding/json"
	"io"

	"chandy/wire"
)

// Restore lets the cluster go back to a saved snapshot. The node proposes it to all
// processes. Restore returns when every process runs in the new epoch, a while after the
// decision at the latest, or after the votes of a dry run.
//
// If progress is non-nil, Restore calls it for each stage that a process reaches. A
// [*wire.ErrorReply] with code wire.CodeNotRestored means that the cluster runs on as
// before. After any other error it is not known whether the cluster has gone back.
func (c *Client) Restore(ctx context.Context, request wire.RestoreRequest, progress func(wire.StageReply)) (wire.RestoreReply, error) {
	var end wire.RestoreReply
	said := func(body []byte) {
		var s wire.StageReply
		if progress != nil && json.Unmarshal(body, &s) == nil {
			progress(s)
		}
	}
	text, err := c.do(ctx, request, io.Discard, said)
	if err == nil {
		err = json.Unmarshal(text, &end)
	}
	return end, err
}

// Resume lets a held epoch run. A [*wire.ErrorReply] with code wire.CodeNotHeld means that
// it is not held.
func (c *Client) Resume(ctx context.Context) error {
	_, err := c.do(ctx, wire.ResumeRequest{}, io.Discard, nil)
	return err
}
