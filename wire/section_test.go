package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
)

// sectionGoldens are pieces of p1 in incarnation i and the exact bytes of SPEC.md for
// them.
func sectionGoldens() []struct {
	piece snapshot.Piece
	bytes string
} {
	return []struct {
		piece snapshot.Piece
		bytes string
	}{
		{
			snapshot.Recorded{
				Process: "p1", Incarnation: "i", State: snapshot.State{Bytes: []byte("{}")},
				Sent: []snapshot.Count{{Peer: "p2", N: 300}}, Received: []snapshot.Count{{Peer: "p1"}, {Peer: "p2", N: 1}},
			},
			"01 16 00 02 7b7d 00 00 00 01 02 7032 ac02 02 02 7031 00 02 7032 01",
		},
		{
			snapshot.Recorded{Process: "p1", Incarnation: "i", State: snapshot.State{Error: "no"}},
			"01 09 01 02 6e6f 00 00 00 00 00",
		},
		{
			snapshot.Recorded{Process: "p1", Incarnation: "i", State: snapshot.State{
				Bytes: []byte("1"), About: &snapshot.About{Settled: "idle", Printed: 300, Unanswered: 2}}},
			"01 10 00 01 31 01 04 69646c65 ac02 02 00 00 00 00",
		},
		{
			snapshot.Recorded{Process: "p1", Incarnation: "i", State: snapshot.State{Error: "no", About: &snapshot.About{Settled: "none"}}},
			"01 10 01 02 6e6f 01 04 6e6f6e65 00 00 00 00 00 00",
		},
		{
			snapshot.Recorded{Process: "p1", Incarnation: "i", State: snapshot.State{
				Bytes: []byte("1"), Idle: snapshot.IdleYes, OpenTotal: 300,
				Open: []snapshot.OpenRequest{{From: "p2", MsgID: "5", Since: 12300 * time.Microsecond}, {From: "c1"}}}},
			"01 17 00 01 31 00 02 01 ac02 02 02 7032 01 35 8c60 02 6331 00 00 00 00",
		},
		{
			snapshot.Recorded{Process: "p1", Incarnation: "i", State: snapshot.State{
				Bytes: []byte("1"), Idle: snapshot.IdleNo, Open: []snapshot.OpenRequest{}}},
			"01 0a 00 01 31 00 01 01 00 00 00 00",
		},
		{
			snapshot.Closed{
				Process: "p1", Incarnation: "i", Channel: snapshot.Channel{From: "p2", To: "p1"}, Peer: "j", MarkerAfter: 98 * time.Millisecond, Messages: []snapshot.Batch{batch(3, "ab", "")},
				Resets: []snapshot.Reset{{Process: "p2", Incarnation: "j", Discarded: 5, Unknown: true}},
			},
			"02 19 00 02 7032 01 6a d0fd05 01 03 02 04 026162 00 01 02 7032 01 6a 05 01",
		},
		{
			snapshot.Closed{Process: "p1", Incarnation: "i", Channel: snapshot.Channel{From: "p1", To: "p1"}, Outgoing: true, Peer: "i"},
			"02 09 01 02 7031 01 69 00 00 00",
		},
		{
			snapshot.Failed{Process: "p1", Reason: "refused", Detail: "x"},
			"03 0d 02 7031 07 72656675736564 01 78",
		},
		{
			snapshot.Timed{Process: "p1", Incarnation: "i", Times: snapshot.Times{
				FirstMarker: snapshot.Never, Settled: 5 * time.Millisecond, Asked: 5 * time.Millisecond, Encoded: 6 * time.Millisecond, Sent: snapshot.Never}},
			"04 0d 00 01 00 01 8827 01 8827 01 f02e 00",
		},
		{
			snapshot.Journal{Process: "p1", Incarnation: "i", RecordedAt: time.Unix(1, 0).UTC(), Omitted: 3, Events: []snapshot.Event{
				{Kind: snapshot.EventReceived, At: -300 * time.Microsecond, Peer: "p2", Seq: 7, Bytes: 38, Type: "ask"},
				{Kind: snapshot.EventMarkerReceived, Peer: "p2", Seq: 7},
				{Kind: snapshot.EventRecorded},
				{Kind: snapshot.EventMarkerSent, Peer: "p3", Seq: 300},
				{Kind: snapshot.EventSent, At: 2 * time.Microsecond, Peer: "p3", Seq: 301, Bytes: 9, Type: "ask"},
			}},
			"05 35 8094ebdc03 03 ac02 03 02 7032 03 61736b 02 7033 05" +
				" 02 00 01 07 26 02 05 ac02 01 07 00 00 03 00 00 00 00 00 04 00 03 ac02 00 00 01 02 03 ad02 09 02",
		},
		{
			snapshot.Stored{Process: "p1", Incarnation: "i", Store: "k3", Summary: []byte("{}")},
			"06 07 02 6b33 00 02 7b7d",
		},
	}
}

// encoded returns a section of p1 in incarnation i as one slice.
func encoded(pieces ...snapshot.Piece) []byte {
	return slices.Concat(Section("p1", "i", pieces)...)
}

func TestSectionGoldens(t *testing.T) {
	var all []snapshot.Piece
	var text []byte
	for _, g := range sectionGoldens() {
		want := unhex(t, strings.ReplaceAll(g.bytes, " ", ""))
		got := encoded(g.piece)
		if !bytes.Equal(got, want) {
			t.Errorf("%s:\n got %x\nwant %x", g.piece, got, want)
		}
		all, text = append(all, g.piece), append(text, want...)
		for n := 1; n < len(want); n++ {
			if _, err := DecodeSection("p1", "i", [][]byte{want[:n]}, 1); !errors.Is(err, ErrViolation) {
				t.Errorf("%s cut off after %d of %d bytes: got error %v, want a violation", g.piece, n, len(want), err)
			}
		}
	}
	pieces, err := DecodeSection("p1", "i", [][]byte{text}, len(all))
	if err != nil || !reflect.DeepEqual(pieces, all) {
		t.Errorf("error %v\n got %v\nwant %v", err, pieces, all)
	}
	if _, err := DecodeSection("p1", "i", [][]byte{text}, len(all)-1); !errors.Is(err, ErrViolation) {
		t.Errorf("one piece too many: got error %v, want a violation", err)
	}
}

// DecodeSection does not allocate for counts that were only announced.
func TestSectionMemoryFollowsItems(t *testing.T) {
	const many = 8 << 20
	fields := append([]byte{stateBytes, 0, 0, 0, 0}, binary.AppendUvarint(nil, many)...)
	section := rawPiece(pieceRecorded, append(fields, bytes.Repeat([]byte{0xff}, 2*many)...))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := DecodeSection("p1", "i", [][]byte{section}, 1); !errors.Is(err, ErrViolation) {
		t.Errorf("got error %v, want a violation", err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("got %d bytes allocated, want at most %d", got, 1<<20)
	}
}

// Section panics on a piece of another process or incarnation.
func TestSectionRefusesOthersPieces(t *testing.T) {
	for _, piece := range []snapshot.Piece{
		snapshot.Recorded{Process: "p2", Incarnation: "i"},
		snapshot.Recorded{Process: "p1", Incarnation: "j"},
		snapshot.Closed{Process: "p2", Incarnation: "i", Channel: snapshot.Channel{From: "p1", To: "p2"}},
		snapshot.Closed{Process: "p1", Incarnation: "i", Channel: snapshot.Channel{From: "p1", To: "p2"}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s in a section of p1 i: got no panic, want one", piece)
				}
			}()
			Section("p1", "i", []snapshot.Piece{piece})
		}()
	}
}

// rawPiece returns a piece of any kind.
func rawPiece(kind byte, fields []byte) []byte {
	return append(binary.AppendUvarint([]byte{kind}, uint64(len(fields))), fields...)
}

// DecodeSection skips a piece of an unknown kind, whatever its fields are.
func TestSectionSkipsUnknownKinds(t *testing.T) {
	first, last := sectionGoldens()[0].piece, sectionGoldens()[6].piece
	before := encoded(first)
	after := encoded(last)
	for _, kind := range []byte{0, pieceStored + 1, 0xff} {
		for _, fields := range [][]byte{nil, {0xff}, before, bytes.Repeat([]byte{pieceRecorded}, 300), make([]byte, LentMax)} {
			section := slices.Concat(before, rawPiece(kind, fields), after)
			got, err := DecodeSection("p1", "i", [][]byte{section}, 3)
			if want := []snapshot.Piece{first, last}; err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("kind %d with %d bytes: %v\n got %v\nwant %v", kind, len(fields), err, got, want)
			}
			if got, err := DecodeSection("p1", "i", [][]byte{section}, 2); !errors.Is(err, ErrViolation) {
				t.Errorf("kind %d: 3 pieces, one of them skipped, of at most 2: got %v, %v, want a violation", kind, got, err)
			}
			cut := section[:len(before)+1+len(fields)]
			if got, err := DecodeSection("p1", "i", [][]byte{cut}, 3); !errors.Is(err, ErrViolation) {
				t.Errorf("kind %d, cut off: got %v, %v, want a violation", kind, got, err)
			}
		}
	}
}

// The fields of a piece must end where its length says.
func TestSectionLengths(t *testing.T) {
	for _, g := range sectionGoldens() {
		whole := encoded(g.piece)
		kind, fields := whole[0], whole[2:]
		// More bytes follow, so that a field could be read beyond the end of the piece.
		for n := range len(fields) {
			section := slices.Concat(rawPiece(kind, fields[:n]), fields[n:], whole)
			if got, err := DecodeSection("p1", "i", [][]byte{section}, 9); !errors.Is(err, ErrViolation) || !strings.Contains(err.Error(), "piece 0") {
				t.Errorf("%s with length %d of %d: got %v, %v, want a violation in piece 0", g.piece, n, len(fields), got, err)
			}
		}
		for _, c := range []struct {
			section []byte
			want    string
		}{
			{rawPiece(kind, append(bytes.Clone(fields), 0)), "piece 0: 1 bytes after the last field"},
			{slices.Concat(whole, []byte{kind, whole[1] + 1}, fields), "piece 1: piece is cut off"},
			{slices.Concat([]byte{kind}, binary.AppendUvarint(nil, 1<<64-1), fields), "piece 0: piece is cut off"},
			{slices.Concat([]byte{kind, whole[1] | 0x80, 0}, fields), "piece 0: piece is not in its shortest form"},
			{[]byte{kind}, "piece 0: piece is cut off"},
		} {
			if got, err := DecodeSection("p1", "i", [][]byte{c.section}, 9); !errors.Is(err, ErrViolation) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%x: got %v, %v, want %q", c.section, got, err, c.want)
			}
		}
	}
}

// knownPieces returns a valid section without the pieces that a decoder skips.
func knownPieces(section []byte) []byte {
	var known []byte
	for len(section) > 0 {
		n, w := binary.Uvarint(section[1:])
		end := 1 + w + int(n)
		if section[0] >= pieceRecorded && section[0] <= pieceStored {
			known = append(known, section[:end]...)
		}
		section = section[end:]
	}
	return known
}

// joined returns pieces in which batches that follow one another are one.
func joined(pieces []snapshot.Piece) (all []snapshot.Piece) {
	for _, piece := range pieces {
		if c, ok := piece.(snapshot.Closed); ok {
			var messages []snapshot.Batch
			for _, b := range c.Messages {
				if last := len(messages) - 1; last >= 0 && messages[last].Last()+1 == b.First {
					messages[last].Count += b.Count
					messages[last].Body = slices.Concat(messages[last].Body, b.Body)
				} else {
					messages = append(messages, b)
				}
			}
			c.Messages = messages
			piece = c
		}
		all = append(all, piece)
	}
	return all
}

// FuzzSection checks that a section that decodes is encoded to identical bytes, unless
// batches were joined. It then means the same.
func FuzzSection(f *testing.F) {
	for _, g := range sectionGoldens() {
		f.Add(encoded(g.piece))
	}
	f.Add(rawPiece(pieceStored+1, []byte("later")))
	f.Fuzz(func(t *testing.T, section []byte) {
		pieces, err := DecodeSection("p1", "i", [][]byte{bytes.Clone(section)}, 1000)
		if err != nil {
			return
		}
		again, want := encoded(pieces...), knownPieces(section)
		if !bytes.Equal(again, want) {
			meant, err := DecodeSection("p1", "i", [][]byte{again}, 1000)
			if err != nil || len(again) >= len(want) || !reflect.DeepEqual(joined(meant), joined(pieces)) {
				t.Errorf("%v:\n got %x (%v)\nwant %x", pieces, again, err, want)
			}
		}
	})
}

// Small batches travel as few, in order. A peer can send no more than take little memory.
func TestBatchesOfASectionAreFew(t *testing.T) {
	c := snapshot.Closed{Process: "p1", Incarnation: "i", Channel: snapshot.Channel{From: "p1", To: "p2"}, Outgoing: true, Peer: "k"}
	for i := range 10_000 { // some of them large; the last follows on none
		c.Messages = append(c.Messages, batch(uint64(1+i+i/9999), strings.Repeat("x", 10+i%100/99*ReferMin)))
	}
	got, err := DecodeSection("p1", "i", [][]byte{encoded(c)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got[0].(snapshot.Closed).Messages); n < 3 || n > 30 {
		t.Errorf("got %d batches, want 3 to 30", n)
	}
	if !reflect.DeepEqual(joined(got), joined([]snapshot.Piece{c})) {
		t.Error("got other messages, want the same")
	}
	hostile := fields(1, "p2", "k", 0, 1000)
	for i := range 1000 {
		hostile = append(hostile, fields(1+2*i, 1, 1, 0)...)
	}
	if _, err := DecodeSection("p1", "i", [][]byte{rawPiece(pieceClosed, append(hostile, 0))}, 1); err == nil || !strings.Contains(err.Error(), "1000 batches, more than ") {
		t.Errorf("1000 batches in %d bytes: got error %v, want a violation", len(hostile), err)
	}
	hostile = append(fields(1, "p2", "k", 0, 0, 65), bytes.Repeat(fields("", "", 0, 0), 65)...)
	if _, err := DecodeSection("p1", "i", [][]byte{rawPiece(pieceClosed, hostile)}, 1); err == nil || !strings.Contains(err.Error(), "65 resets, more than 64") {
		t.Errorf("65 resets: got error %v, want a violation", err)
	}
}

// A section has the same bytes whether Section copies states and messages or refers to
// them. It decodes to the same pieces whether DecodeSection copies it or not.
func TestSectionsOfAnySize(t *testing.T) {
	for _, size := range []int{100, ReferMin - 10, ReferMin, 3 * ReferMin, LentMax, 2 * LentMax} {
		pieces := []snapshot.Piece{
			snapshot.Recorded{
				Process: "p1", Incarnation: "i", State: snapshot.State{Bytes: bytes.Repeat([]byte("s"), size)},
				Sent: []snapshot.Count{{Peer: "p2", N: 4}}, Received: []snapshot.Count{{Peer: "p2", N: 1}},
			},
			snapshot.Closed{
				Process: "p1", Incarnation: "i", Channel: snapshot.Channel{From: "p1", To: "p2"}, Outgoing: true, Peer: "k",
				Messages: []snapshot.Batch{batch(3, strings.Repeat("m", size)), batch(4, "s")}, Resets: []snapshot.Reset{{Process: "p2", Incarnation: "k"}},
			},
			snapshot.Failed{Process: "p1", Reason: "refused", Detail: "d"},
		}
		slicesOf := Section("p1", "i", pieces)
		if large := size >= ReferMin; large != (len(slicesOf) > 1) {
			t.Errorf("%d bytes: got %d slices, want more than one: %v", size, len(slicesOf), large)
		}
		section := slices.Concat(slicesOf...)
		lent := bytes.Clone(section)
		got, err := DecodeSection("p1", "i", [][]byte{lent}, len(pieces))
		if len(lent) <= LentMax {
			clear(lent)
		}
		if err != nil || !reflect.DeepEqual(joined(got), joined(pieces)) {
			t.Errorf("%d bytes: error %v\n got %.300v\nwant %.300v", size, err, got, pieces)
		}
		var want []byte // sections of one piece each, one after another
		for _, piece := range pieces {
			want = append(want, encoded(piece)...)
		}
		if !bytes.Equal(section, want) {
			t.Errorf("%d bytes: got another section, want its pieces one after another", size)
		}
	}
}

// The head of a frame and the bytes that the caller writes after it are the frame.
func TestAppendHeadAndBytesAreFrame(t *testing.T) {
	d := Data{Stamp: 1, Batch: batch(3, "abc")}
	if got, want := append(d.AppendHead([]byte("x")), d.Body...), Append([]byte("x"), d); !bytes.Equal(got, want) {
		t.Errorf("data:\n got %x\nwant %x", got, want)
	}
	c := Chunk{Snapshot: "S", Process: "p1", Bytes: [][]byte{[]byte("abc"), nil, []byte("de")}}
	if got, want := append(c.AppendHead([]byte("x")), "abcde"...), Append([]byte("x"), c); !bytes.Equal(got, want) {
		t.Errorf("chunk:\n got %x\nwant %x", got, want)
	}
}

// DecodeSection checks the list of open requests.
func TestSectionRefusesBadOpenRequests(t *testing.T) {
	many := []any{65, 65}
	for range 65 {
		many = append(many, "p1", "5", 1)
	}
	for _, c := range []struct {
		open []any // after the byte 1
		want string
	}{
		{[]any{0, 1, "p1", "5", 1}, "1 open requests are listed, but there are 0"},
		{many, "65 open requests, more than 64"},
		{[]any{1, 200}, "200 open requests do not fit"},
		{[]any{1, 1, "P1", "5", 1}, `from: "P1" must consist of`},
		{[]any{1, 1, "p1", "[]", 1}, `msg_id: "[]" is not a number or a string`},
		{[]any{2, 2, "p1", "5", 1, "p1", "6", 2}, "open[1] is older than open[0]"},
	} {
		before, after := []byte{stateBytes, 0, 0, 0, 1}, []byte{0, 0}
		section := rawPiece(pieceRecorded, slices.Concat(before, fields(c.open...), after))
		got, err := DecodeSection("p1", "i", [][]byte{section}, 1)
		if !errors.Is(err, ErrViolation) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, %v, want a violation with %q", c.open, got, err, c.want)
		}
	}
	section := rawPiece(pieceRecorded, []byte{stateBytes, 0, 0, 3, 0, 0, 0})
	if got, err := DecodeSection("p1", "i", [][]byte{section}, 1); !errors.Is(err, ErrViolation) || !strings.Contains(err.Error(), "idle is 3") {
		t.Errorf("idle 3: got %v, %v, want a violation", got, err)
	}
}

// A journal has one encoding, and a peer cannot make it large by few bytes.
func TestJournalRefusesFaults(t *testing.T) {
	event := func(kind, after, peer, seq, size, typ int) []byte { return fields(kind, after, peer, seq, size, typ) }
	journal := func(before int, names []string, events ...[]byte) []byte {
		b := fields(1, 0, before, len(names))
		for _, name := range names {
			b = append(b, fields(name)...)
		}
		return rawPiece(pieceJournal, slices.Concat(b, fields(len(events)), slices.Concat(events...)))
	}
	recorded, sent := event(3, 0, 0, 0, 0, 0), event(1, 0, 1, 1, 1, 0)
	many := slices.Repeat([][]byte{sent}, snapshot.EventsMax)
	for _, c := range []struct {
		section []byte
		want    string
	}{
		{journal(0, []string{"p2"}, sent, recorded), ""},
		{journal(5, []string{"p2"}, sent, event(3, 5, 0, 0, 0, 0)), ""},
		{journal(0, []string{"p2"}, sent), "there are 0 recordings, not 1"},
		{journal(0, []string{"p2"}, recorded, sent, recorded), "there are 2 recordings, not 1"},
		{journal(0, []string{"p2"}, append(many, recorded)...), "16385 events, more than 16384"},
		{journal(5, []string{"p2"}, sent, recorded), "event 1 has a wrong time"},
		{journal(0, []string{"p2"}, event(1, 5, 1, 1, 1, 0), recorded), "event 0 has a wrong time"},
		{journal(0, nil, sent, recorded), "peer is name 1, after 0 of 0"},
		{journal(0, []string{"p2", "p3"}, event(1, 0, 2, 1, 1, 0), recorded), "peer is name 2, after 0 of 2"},
		{journal(0, []string{"p2", "p3"}, sent, recorded), "2 names, but events use 1"},
		{journal(0, []string{"p2", "p2"}, sent, recorded), `name "p2" is there twice`},
		{journal(0, []string{""}, recorded), `name "" is there twice`},
		{journal(0, []string{"p2"}, event(6, 0, 1, 1, 1, 0), recorded), "kind is 6"},
		{journal(0, []string{"p2"}, event(1, 0, 0, 1, 1, 1), recorded), "event 0 has no peer"},
		{journal(0, []string{"p2"}, event(1, 0, 1, 0, 1, 0), recorded), "event 0 has no number"},
		{journal(0, []string{"p2", "\x1b[31m"}, event(1, 0, 1, 1, 1, 2), recorded), "is not printable ASCII"},
		{journal(0, []string{"p2", "12345678901234567"}, event(1, 0, 1, 1, 1, 2), recorded), "17 bytes, more than 16"},
		{rawPiece(pieceJournal, fields(uint64(1)<<63, 0, 0, 0)), "is too late"},
	} {
		_, err := DecodeSection("p1", "i", [][]byte{c.section}, 1)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("got error %v, want %q", err, c.want)
		}
	}
}
