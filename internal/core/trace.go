package core

import "chandy/snapshot"

// trace logs what this process has recorded, for people who follow the algorithm.
func (e *epoch) trace(r snapshot.Report) {
	event := e.core.log.Trace()
	if !event.Enabled() {
		return
	}
	event = event.Str("snapshot", string(r.Start.ID))
	switch piece := r.Piece.(type) {
	case snapshot.Recorded:
		event.Msg("state recorded")
	case snapshot.Closed:
		end, messages := "receiver", 0
		if piece.Outgoing {
			end = "sender"
		}
		for _, b := range piece.Messages {
			messages += b.Count
		}
		event.Stringer("channel", piece.Channel).Str("end", end).Int("messages", messages).Msg("channel recorded")
	case snapshot.Failed:
		event.Str("reason", string(piece.Reason)).Msg("recording failed")
	}
}
