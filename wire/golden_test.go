package wire

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
)

// batch returns messages with the numbers first, first+1 …
func batch(first uint64, messages ...string) snapshot.Batch {
	b := snapshot.Batch{First: first}
	for _, m := range messages {
		b.Append([]byte(m))
	}
	return b
}

func configHash() (h [32]byte) {
	for i := range h {
		h[i] = byte(i)
	}
	return h
}

const goldenID = snapshot.ID("20261122T073525123456Z-k3m9x2q7ab")

const goldenHash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// goldens has the exact bytes of frames of every type: header, then payload. They change
// only with Version.
var goldens = []struct {
	frame  Frame
	hex    string
	string string
}{
	{
		Hello{Role: RoleChannel, VersionMin: 1, VersionMax: 2, Cluster: "bank", Epoch: 300, ConfigHash: configHash(), From: "p1", To: "p2", Incarnation: "a7", Peer: "b9"},
		"c585010100000036cc5527df" +
			"0101020462616e6bac02000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f027031027032" +
			"026137026239",
		"hello channel p1->p2 (versions 1-2, cluster bank, epoch 300, incarnation a7, peer b9)",
	},
	{
		Hello{Role: RoleControl, VersionMin: 1, VersionMax: 1, Cluster: "bank", To: "p1"},
		"c58501010000002f46c2c46d" +
			"0301010462616e6b000000000000000000000000000000000000000000000000000000000000000000000270310000",
		"hello control \"\"->p1 (versions 1-1, cluster bank, epoch 0, incarnation \"\", peer \"\")",
	},
	{
		Welcome{Version: 1, Epoch: 300, Incarnation: "b9", Position: Position{Arrived: 130, Received: 128, Marker: 2, Credit: 1 << 20}},
		"c58501020000000e1ffa3faf" +
			"01ac020262398201800102808040",
		"welcome version 1, epoch 300, incarnation b9 (arrived 130, received 128, marker 2, credit 1048576)",
	},
	{
		Refuse{Code: WrongCluster, Text: "this is bank, not bänk"},
		"c58501030000002665266a61" +
			"0d77726f6e6720636c757374657217746869732069732062616e6b2c206e6f742062c3a46e6b",
		"refuse \"wrong cluster\": \"this is bank, not bänk\"",
	},
	{
		Data{Stamp: 1, Batch: batch(128, `{"n":1}`, "", "\xff")},
		"c58501040000000f9a1e42e8" +
			"80010103077b226e223a317d0001ff",
		"data 128-130 (11 bytes)",
	},
	{
		Data{Stamp: 1<<64 - 1, Batch: batch(1<<64-1, "x")},
		"c585010400000017af8de947" +
			"ffffffffffffffffff01ffffffffffffffffff01010178",
		"data 18446744073709551615 (2 bytes)",
	},
	{
		Marker{Ordinal: 3, Snapshot: goldenID, Assembler: "p1", TimeLeft: 10 * time.Second, Sent: 130, Acked: 127},
		"c58501050000002e1aa2fe23" +
			"03213230323631313232543037333532353132333435365a2d6b336d3978327137616202703180ade20482017f00",
		"marker 3 of 20261122T073525123456Z-k3m9x2q7ab (assembler p1, 10s left, sent 130, acked 127)",
	},
	{
		Ack{Position{Arrived: 130, Received: 128, Marker: 3, Credit: 1<<20 + 17}},
		"c5850106000000086b2e5170" +
			"8201800103918040",
		"ack (arrived 130, received 128, marker 3, credit 1048593)",
	},
	{
		Ping{Nonce: 7},
		"c58501070000000193bc0569" +
			"07",
		"ping 7",
	},
	{
		Pong{Nonce: 1<<64 - 1},
		"c58501080000000a7c04f731" +
			"ffffffffffffffffff01",
		"pong 18446744073709551615",
	},
	{
		Chunk{Snapshot: goldenID, Process: "p2", Section: 2, Last: true, Bytes: [][]byte{[]byte("abc")}},
		"c58501090000002b5ff1b44e" +
			"213230323631313232543037333532353132333435365a2d6b336d39783271376162027032020100616263",
		"chunk of 20261122T073525123456Z-k3m9x2q7ab from p2, section 2 (3 bytes, last)",
	},
	{
		Chunk{Snapshot: goldenID, Process: "p2"},
		"c5850109000000288fa6280f" +
			"213230323631313232543037333532353132333435365a2d6b336d39783271376162027032000000",
		"chunk of 20261122T073525123456Z-k3m9x2q7ab from p2, section 0 (0 bytes)",
	},
	{
		Fragment{Number: 128, Stamp: 1, Size: 16 << 20, Offset: 65536, Bytes: []byte("abc")},
		"c585010e0000000d1af71de2" +
			"80010180808008808004616263",
		"fragment of 128 (bytes 65536-65538 of 16777216)",
	},
	{
		Join{Snapshot: goldenID, Assembler: "p1", TimeLeft: 1500 * time.Microsecond},
		"c585010a000000286da8b70b" +
			"213230323631313232543037333532353132333435365a2d6b336d39783271376162027031dc0b00",
		"join 20261122T073525123456Z-k3m9x2q7ab (assembler p1, 1.5ms left)",
	},
	{
		Outcome{Snapshot: goldenID, Status: StatusPartial, Text: "p3 unreachable"},
		"c585010b000000392714be3c" +
			"213230323631313232543037333532353132333435365a2d6b336d39783271376162077061727469616c0e703320756e" +
			"726561636861626c65",
		"outcome of 20261122T073525123456Z-k3m9x2q7ab: partial \"p3 unreachable\"",
	},
	{
		Request{Number: 1, Body: []byte(`{"type":"initiate"}`)},
		"c585010c000000149d174034" +
			"017b2274797065223a22696e697469617465227d",
		"request 1 (19 bytes)",
	},
	{
		Reply{Number: 1, Kind: KindData, Body: []byte("{}")},
		"c585010d00000004a7ad2ec0" +
			"01027b7d",
		"reply 1 data (2 bytes)",
	},
	{
		Reply{Number: 1, Kind: KindEnd},
		"c585010d000000024500618c" +
			"0103",
		"reply 1 end (0 bytes)",
	},
	{
		Propose{Proposal{Number: 300, Ends: 2, Kind: KindByHand, Base: goldenID, Manifest: goldenHash, BranchLeft: 1, Held: true}, time.Minute},
		"c585010f0000006fc1712efa" +
			"ac020201213230323631313232543037333532353132333435365a2d6b336d3978327137616240303132333435363738" +
			"396162636465663031323334353637383961626364656630313233343536373839616263646566303132333435363738" +
			"3961626364656601010000808ece1c",
		"propose 300, from epoch 2 to 20261122T073525123456Z-k3m9x2q7ab, held (1m0s left)",
	},
	{
		Vote{Proposal{Number: 2, Ends: 1, Kind: KindRecovery}, "a7", ""},
		"c58501100000000d8ee30d28" +
			"02010200000000000002613700",
		"vote of a7 on 2, from epoch 1 to \"\", recovery: yes",
	},
	{
		Vote{Proposal{Number: 2, Ends: 1, Kind: KindByHand, Base: "s", Manifest: goldenHash, Dry: true}, "a7", "no part"},
		"c585011000000055b964354e" +
			"020101017340303132333435363738396162636465663031323334353637383961626364656630313233343536373839" +
			"6162636465663031323334353637383961626364656600000100026137076e6f2070617274",
		"vote of a7 on 2, from epoch 1 to s, dry: no, \"no part\"",
	},
	{
		Look{Number: 300},
		"c58501110000000284890343" +
			"ac02",
		"look 300",
	},
	{
		Stage{Number: 2, Stage: Refilled, Messages: 412, Took: 31 * time.Millisecond},
		"c585011200000007ae98bc76" +
			"02049c0398f201",
		"stage refilled of 2 (412 messages, after 31ms)",
	},
}

// unhex decodes hexadecimal digits.
func unhex(t testing.TB, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// only decodes the first frame of b.
func only(b []byte) (Frame, error) {
	r := NewReader(bytes.NewReader(b), FrameMax)
	return r.Read()
}

func TestGoldenBytes(t *testing.T) {
	seen := map[Type]bool{}
	for _, g := range goldens {
		seen[g.frame.Type()] = true
		want := unhex(t, g.hex)
		if got := Append(nil, g.frame); !bytes.Equal(got, want) {
			t.Errorf("%s:\n got %x\nwant %x", g.string, got, want)
		}
		got, err := only(want)
		if err != nil {
			t.Errorf("%s: got error %v, want the frame", g.string, err)
		} else if !reflect.DeepEqual(got, g.frame) {
			t.Errorf("got %#v\nwant %#v", got, g.frame)
		}
	}
	for typ := range types {
		if Type(typ).known() && !seen[Type(typ)] {
			t.Errorf("got no golden of a %s frame, want one", Type(typ))
		}
	}
}

func TestString(t *testing.T) {
	for _, g := range goldens {
		if got := g.frame.String(); got != g.string {
			t.Errorf("got  %s\nwant %s", got, g.string)
		}
		if !strings.HasPrefix(g.string, g.frame.Type().String()) {
			t.Errorf("got %q, want it to begin with %s", g.string, g.frame.Type())
		}
	}
	for got, want := range map[string]string{
		Type(0).String():  "type 0",
		Type(99).String(): "type 99",
		Role(0).String():  "role 0",
		Kind(5).String():  "kind 5",
		Hello{Role: RoleAssembly, Cluster: "a b", From: "p1\nlevel=error", To: `"`}.String(): `hello assembly "p1\nlevel=error"->"\"" (versions 0-0, cluster "a b", epoch 0, incarnation "", peer "")`,
		Data{Batch: batch(5, "", "", "", "", "")}.String():                                   "data 5-9 (5 bytes)",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// Append keeps the bytes that are in the slice already.
func TestAppendKeepsSlice(t *testing.T) {
	for _, g := range goldens {
		want := append([]byte("before"), unhex(t, g.hex)...)
		if got := Append([]byte("before"), g.frame); !bytes.Equal(got, want) {
			t.Errorf("%s:\n got %x\nwant %x", g.string, got, want)
		}
	}
}

// A Reader refuses a frame that is cut off, and one with any bit flipped.
func TestReaderRefusesDamagedFrames(t *testing.T) {
	for _, g := range goldens {
		whole := unhex(t, g.hex)
		for n := range whole {
			if f, err := only(whole[:n]); err == nil {
				t.Errorf("%s: the first %d bytes: got %s, want an error", g.string, n, f)
			}
		}
		for bit := range 8 * len(whole) {
			flipped := bytes.Clone(whole)
			flipped[bit/8] ^= 1 << (bit % 8)
			if f, err := only(flipped); err == nil {
				t.Errorf("%s: bit %d flipped: got %s, want an error", g.string, bit, f)
			}
		}
	}
}

// Decode refuses a payload that is cut off. Frames that end with a field without a length
// are an exception: cut off within that field they are shorter frames.
func TestDecodeRefusesCutPayloads(t *testing.T) {
	for _, g := range goldens {
		payload := unhex(t, g.hex)[HeaderSize:]
		for n := range payload {
			f, err := Decode(g.frame.Type(), payload[:n])
			if err != nil {
				continue
			}
			switch f.(type) {
			case Chunk, Request, Reply, Fragment:
				if got := Append(nil, f)[HeaderSize:]; !bytes.Equal(got, payload[:n]) {
					t.Errorf("%s: got %x, want %x", g.string, got, payload[:n])
				}
			default:
				t.Errorf("%s: the first %d bytes of the payload: got %s, want an error", g.string, n, f)
			}
		}
	}
}
