package core

import (
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// timed returns when this process reached the stages of a snapshot up to the recording,
// which is now.
func (e *epoch) timed(s snapshot.Start, recorded snapshot.Recorded) *snapshot.Timed {
	since := func(at time.Duration) time.Duration {
		if at == snapshot.Never {
			return at
		}
		return max(0, at-s.Begun())
	}
	times := snapshot.NoTimes()
	times.FirstMarker = recorded.FirstMarker
	times.Held = since(e.captureBegan) // a snapshot can join a capture that began earlier
	switch about := recorded.State.About; {
	case about == nil && recorded.State.Error != "": // the child was not asked
	case about == nil:
		times.Asked = times.Held
	default:
		times.Asked, times.Settled = since(about.AskedAt), since(about.SettledAt)
	}
	if recorded.State.Encode == nil {
		times.Encoded = since(e.core.now)
	}
	return &snapshot.Timed{Process: recorded.Process, Incarnation: recorded.Incarnation, Times: times}
}

// encoded notes that the state has been encoded now, unless its bytes were there before.
func (e *epoch) encoded(s snapshot.Start, timed *snapshot.Timed) {
	if timed.Times.Encoded == snapshot.Never {
		timed.Times.Encoded = e.core.now - s.Begun()
	}
}

// withTimes returns pieces that this process, the assembler, has encoded now, with their
// times in front. A nil timed means that there are none.
func (e *epoch) withTimes(s snapshot.Start, timed *snapshot.Timed, pieces []snapshot.Piece) []snapshot.Piece {
	if timed == nil {
		return pieces
	}
	e.encoded(s, timed)
	timed.Times.Sent = e.core.now - s.Begun()
	return append([]snapshot.Piece{*timed}, pieces...)
}

// timedChunk is the section of a Timed. It is encoded when it is written, because it says
// when that was.
type timedChunk struct {
	wire.Chunk
	timed snapshot.Timed
}

func (f timedChunk) encode(u *uplink, begun time.Duration) wire.Chunk {
	c := u.epoch.core
	f.timed.Times.Sent = c.now - begun
	f.Chunk.Bytes = wire.Section(c.self, c.Incarnation, []snapshot.Piece{f.timed})
	return f.Chunk
}
