package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
)

// fields returns a payload. Numbers and strings are encoded, byte slices are copied.
func fields(list ...any) []byte {
	var b []byte
	for _, f := range list {
		switch f := f.(type) {
		case int:
			b = binary.AppendUvarint(b, uint64(f))
		case uint64:
			b = binary.AppendUvarint(b, f)
		case string:
			b = binary.AppendUvarint(b, uint64(len(f)))
			b = append(b, f...)
		case []byte:
			b = append(b, f...)
		default:
			panic("fields")
		}
	}
	return b
}

func TestDecodeRefuses(t *testing.T) {
	var (
		long  = strings.Repeat("x", NameMax+1)
		hash  = make([]byte, 32)
		short = hash[:31]
		most  = uint64(math.MaxUint64)
	)
	for _, c := range []struct {
		typ     Type
		payload []byte
		want    string // part of the error
	}{
		{0, nil, "unknown type 0"},
		{19, nil, "unknown type 19"},
		{255, nil, "unknown type 255"},
		{TypePing, nil, "ping frame: nonce is cut off"},
		{TypePing, []byte{0x80}, "nonce is cut off"},
		{TypePing, []byte{0x80, 0x00}, "nonce is not in its shortest form"},
		{TypePing, []byte{0x87, 0x80, 0x00}, "nonce is not in its shortest form"},
		{TypePing, bytes.Repeat([]byte{0xff}, 11), "nonce has more than 64 bits"},
		{TypePing, append(bytes.Repeat([]byte{0xff}, 9), 2), "nonce has more than 64 bits"},
		{TypePing, append(bytes.Repeat([]byte{0x80}, 9), 0), "nonce is not in its shortest form"},
		{TypePing, fields(1, 1), "1 bytes after the last field"},
		{TypePing, make([]byte, HelloMax+1), "ping frame of 4097 bytes, more than 4096"},
		{TypePong, fields(1, "x"), "2 bytes after the last field"},

		{TypeHello, fields(0, 1, 1, "bank", 1, hash, "p1", "p2", "a", "b"), "role is 0, not in 1-4"},
		{TypeHello, fields(5, 1, 1, "bank", 1, hash, "p1", "p2", "a", "b"), "role is 5"},
		{TypeHello, fields(1, 256, 1, "bank", 1, hash, "p1", "p2", "a", "b"), "version min is 256, more than 255"},
		{TypeHello, fields(1, 1, most, "bank", 1, hash, "p1", "p2", "a", "b"), "version max is 18446744073709551615"},
		{TypeHello, fields(1, 1, 1, long, 1, hash, "p1", "p2", "a", "b"), "cluster has 256 bytes, more than 255"},
		{TypeHello, fields(1, 1, 1, []byte{0x84, 0}, "bank", 1, hash), "cluster is not in its shortest form"},
		{TypeHello, fields(1, 1, 1, "b\xff", 1, hash, "p1", "p2", "a", "b"), "cluster is not UTF-8"},
		{TypeHello, fields(1, 1, 1, "bank", 1, short), "config hash is cut off"},
		{TypeHello, fields(1, 1, 1, "bank", 1, hash, most, "p2"), "from has 18446744073709551615 bytes"},
		{TypeHello, fields(1, 1, 1, "bank", 1, hash, 5, []byte("p1")), "from is cut off"},
		{TypeHello, fields(1, 1, 1, "bank", 1, hash, "p1", "p2", "a", "b", "c"), "2 bytes after the last field"},

		{TypeWelcome, fields(256, 1, "a", 0, 0, 0, 0), "version is 256"},
		{TypeWelcome, fields(1, 1, "a", 1, 2, 0, 0), "received 2 is more than arrived 1"},
		{TypeAck, fields(1, 2, 0, 0), "received 2 is more than arrived 1"},
		{TypeRefuse, fields("busy", strings.Repeat("x", TextMax+1)), "text has 4097 bytes, more than 4096"},
		{TypeRefuse, fields("busy", "\xc3"), "text is not UTF-8"},

		{TypeData, fields(0, 0, 1, "a"), "first is 0"},
		{TypeData, fields(1, 0, 0), "count is 0"},
		{TypeData, fields(1, 0, 0, "a"), "count is 0"},
		{TypeData, fields(1, 0, 2, []byte{0}), "2 messages in 1 bytes"},
		{TypeData, fields(1, 0, most, "a"), "18446744073709551615 messages in 2 bytes"},
		{TypeData, fields(most, 0, 2, "", ""), "more than 64 bits"},
		{TypeData, fields(1, 0, 1, []byte{2, 'a'}), "message 1 of 1 is cut off"},
		{TypeData, fields(1, 0, 1, []byte{0x81, 0, 'a'}), "message 1 of 1: length is not in its shortest form"},
		{TypeData, fields(1, 0, 1, "a", "b"), "bytes after the last message"},
		{TypeData, fields(1, 0, 1, FragmentMax+1, make([]byte, FragmentMax+1)), "body has 65540 bytes, more than 65539"},
		{TypeData, fields(1, 0, 1, FragmentMax+1, make([]byte, FragmentMax)), "message 1 of 1 has 65537 bytes, more than 65536"},

		{TypeFragment, fields(0, 0, FragmentMax+1, 0, "a"), "number is 0"},
		{TypeFragment, fields(1, 0, FragmentMax, 0, "a"), "size is 65536, not in 65537-16777216"},
		{TypeFragment, fields(1, 0, MessageMax+1, 0, "a"), "size is 16777217, not in"},
		{TypeFragment, fields(1, 0, most, 0, "a"), "size is 18446744073709551615, not in"},
		{TypeFragment, fields(1, 0, FragmentMax+1, 0), "0 bytes, not 1-65536"},
		{TypeFragment, fields(1, 0, MessageMax, 0, make([]byte, FragmentMax+1)), "bytes has 65537 bytes, more than 65536"},
		{TypeFragment, fields(1, 0, FragmentMax+1, FragmentMax, "a"), "bytes 65536-65537 of 65537"},
		{TypeFragment, fields(1, 0, FragmentMax+1, most, []byte("a")), "bytes 18446744073709551615-18446744073709551615 of 65537"},

		{TypeMarker, fields(1, "s", "p1", 0, 0, 0, 17), "unknown flags 0x11"},
		{TypeMarker, fields(1, "s", "p1", 0, 0, 0, 8), "a snapshot that holds the programs must be saved"},
		{TypeMarker, fields(0, "s", "p1", 0, 0, 0, 0), "ordinal is 0"},
		{TypeMarker, fields(1, "s", "p1", uint64(math.MaxInt64/1000)+1, 0, 0), "time left is 9223372036854776 µs"},
		{TypeMarker, fields(1, "s", "p1", 0, 1, 2, 0), "acked 2 is more than sent 1"},
		{TypeJoin, fields("s", "p1", most), "time left is 18446744073709551615 µs"},

		{TypeJoin, fields("s", "p1", 0), "flags is cut off"},
		{TypeJoin, fields("s", "p1", 0, 0x40), "unknown flags 0x40"},
		{TypeJoin, fields("s", "p1", 0, 5), "a snapshot without states must be saved"},
		{TypeChunk, fields("s", "p1", 0, 0, 0x7f), "unknown flags 0x7f"},
		{TypeChunk, fields("s", "p1", 0), "last is cut off"},
		{TypeChunk, fields("s", "p1", 0, 2), "last is 2, not in 0-1"},
		{TypeChunk, fields("s", "p1", 0, 0, 0, make([]byte, ChunkMax+1)), "bytes has 262145 bytes, more than 262144"},
		{TypeOutcome, fields("s", "Complete", ""), `status is not "complete", "partial" or "unknown"`},
		{TypeRequest, nil, "number is cut off"},
		{TypeReply, fields(1, 0), "kind is 0, not in 1-4"},
		{TypePropose, fields(2, 2, 1, "", "", 0, 0, 0, "", 1), "number 2 does not follow epoch 2"},
		{TypePropose, fields(2, 0, 1, "", "", 0, 0, 0, "", 1), "number 2 does not follow epoch 0"},
		{TypePropose, fields(2, 1, 3, "", "", 0, 0, 0, "", 1), "kind is 3, not in 1-2"},
		{TypePropose, fields(2, 1, 1, "s", "", 0, 0, 0, "", 1), `base "s" has the manifest ""`},
		{TypePropose, fields(2, 1, 1, "", goldenHash, 0, 0, 0, "", 1), `base "" has the manifest`},
		{TypePropose, fields(2, 1, 1, "s", "ABC", 0, 0, 0, "", 1), "is not 64 hexadecimal digits"},
		{TypePropose, fields(2, 1, 1, "", "", 0, 2, 0, "", 1), "held is 2, not in 0-1"},
		{TypeVote, fields(2, 1, 1, "", "", 0, 0, 0, "", "i", strings.Repeat("x", TextMax+1)), "no has 4097 bytes"},
		{TypeStage, fields(2, 6, 0, 0), "stage is 6, not in 1-5"},
		{TypeReply, fields(1, 5), "kind is 5"},
		{TypeReply, fields(1, 2, make([]byte, ChunkMax+1)), "body has 262145 bytes, more than 262144"},
	} {
		f, err := Decode(c.typ, c.payload)
		if err == nil {
			t.Errorf("%s: got %s, want error %q", c.typ, f, c.want)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || !errors.Is(err, ErrViolation) {
			t.Errorf("%s: got error %q, want a violation with %q", c.typ, err, c.want)
		}
	}
}

// Frames whose fields are all at their limits can be sent.
func TestLargestFrames(t *testing.T) {
	name := strings.Repeat("n", NameMax)
	text := strings.Repeat("ä", TextMax/2)
	most := uint64(math.MaxUint64)
	for _, f := range []Frame{
		Hello{RoleControl, 255, 255, name, most, [32]byte{}, snapshot.ProcessID(name), snapshot.ProcessID(name), snapshot.Incarnation(name), snapshot.Incarnation(name)},
		Welcome{255, most, snapshot.Incarnation(name), Position{most, most, most, most}},
		Refuse{name, text},
		Data{most, batch(most, string(make([]byte, FragmentMax)))},
		Fragment{most, most, MessageMax, MessageMax - FragmentMax, make([]byte, FragmentMax)},
		Marker{most, snapshot.ID(name), snapshot.ProcessID(name), math.MaxInt64 / 1000 * 1000, most, most, snapshot.Wants{Journal: true, Save: true, Light: true, Hold: true}},
		Ack{Position{most, most, most, most}},
		Chunk{snapshot.ID(name), snapshot.ProcessID(name), most, true, [][]byte{make([]byte, ChunkMax)}},
		Join{snapshot.ID(name), snapshot.ProcessID(name), math.MaxInt64 / 1000 * 1000, snapshot.Wants{Journal: true, Save: true, Light: true, Hold: true}},
		Outcome{snapshot.ID(name), StatusComplete, text},
		Request{most, make([]byte, MessageMax)},
		Reply{most, KindError, make([]byte, ChunkMax)},
	} {
		b := Append(nil, f)
		got, err := only(b)
		if err != nil {
			t.Errorf("%s: got error %v, want the frame", f.Type(), err)
		} else if !bytes.Equal(Append(nil, got), b) {
			t.Errorf("%s: got another frame back, want the same", f.Type())
		}
	}
}

// Append cuts and repairs texts for people, and rounds times.
func TestAppendRepairs(t *testing.T) {
	long := strings.Repeat("x", TextMax-1)
	for _, c := range []struct{ frame, want Frame }{
		{Refuse{"busy", long + "ä"}, Refuse{"busy", long}},
		{Refuse{"busy", long + "xx"}, Refuse{"busy", long + "x"}},
		{Refuse{"busy", "a\xff\xfeb"}, Refuse{"busy", "a\uFFFDb"}},
		{Outcome{"s", StatusPartial, long + "€"}, Outcome{"s", StatusPartial, long}},
		{Join{"s", "p1", -time.Second, snapshot.Wants{Save: true}}, Join{"s", "p1", 0, snapshot.Wants{Save: true}}},
		{Join{"s", "p1", 1999, snapshot.Wants{}}, Join{"s", "p1", 1000, snapshot.Wants{}}},
	} {
		if got, err := only(Append(nil, c.frame)); err != nil || got != c.want {
			t.Errorf("%s: got %v, %v, want %v", c.frame, got, err, c.want)
		}
	}
}

// Append panics instead of sending a frame that a decoder would refuse.
func TestAppendPanics(t *testing.T) {
	long := strings.Repeat("x", NameMax+1)
	for _, f := range []Frame{
		Hello{},
		Hello{Role: RoleChannel, Cluster: long},
		Hello{Role: RoleChannel, Cluster: "\xff"},
		Welcome{Position: Position{Received: 1}},
		Refuse{Code: long},
		Data{},
		Data{Batch: snapshot.Batch{First: 1}},
		Data{Batch: snapshot.Batch{First: 1, Count: -1, Body: []byte{0}}},
		Data{Batch: batch(0, "a")},
		Data{Batch: batch(math.MaxUint64, "a", "b")},
		Data{Batch: batch(1, string(make([]byte, FragmentMax+1)))},
		Fragment{Number: 1, Size: FragmentMax + 1},
		Fragment{Number: 1, Size: FragmentMax, Bytes: []byte{0}},
		Fragment{Number: 1, Size: FragmentMax + 1, Offset: FragmentMax + 1, Bytes: []byte{0}},
		Fragment{Number: 1, Size: FragmentMax + 1, Offset: -1, Bytes: []byte{0}},
		Marker{},
		Marker{Ordinal: 1, Acked: 1},
		Ack{Position{Received: 1}},
		Chunk{Bytes: [][]byte{make([]byte, ChunkMax), {0}}},
		Join{Assembler: snapshot.ProcessID(long)},
		Outcome{},
		Request{Body: make([]byte, FrameMax)},
		Reply{},
		Reply{Kind: KindData, Body: make([]byte, ChunkMax+1)},
	} {
		func() {
			defer func() {
				text, _ := recover().(string)
				if !strings.HasPrefix(text, "bug: ") {
					t.Errorf("%#.60v: got panic %q, want bug: …", f, text)
				}
			}()
			Append(nil, f)
		}()
	}
}

// A body refers to the memory of its payload. An append to it must not overwrite what
// follows the payload.
func TestDecodedBodyIsClipped(t *testing.T) {
	payload := fields(1, 0, 1, "a")
	f, err := Decode(TypeData, payload[:len(payload):cap(payload)])
	if err != nil {
		t.Fatal(err)
	}
	body := f.(Data).Batch.Body
	if cap(body) != len(body) || &body[0] != &payload[3] {
		t.Errorf("got a body with capacity %d at %p, want %d at %p", cap(body), &body[0], len(body), &payload[3])
	}
}

func TestRefusalNamesTheEpoch(t *testing.T) {
	for _, c := range []struct {
		refuse Refuse
		want   uint64
	}{
		{Refuse{WrongEpoch, "p1 is in epoch 12, not 3"}, 12},
		{Refuse{WrongEpoch, "p1 runs nothing"}, 0},
		{Refuse{Busy, "p1 is in epoch 12"}, 0},
		{Refuse{WrongEpoch, "p1 is in epoch 99999999999999999999"}, math.MaxUint64},
	} {
		if got := c.refuse.Epoch(); got != c.want {
			t.Errorf("%s: got %d, want %d", c.refuse, got, c.want)
		}
	}
}
