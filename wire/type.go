package wire

import "fmt"

// Type is the type of a frame: byte 3 of its header.
type Type uint8

// The types of frames, in the order of SPEC.md.
const (
	TypeHello    Type = 1
	TypeWelcome  Type = 2
	TypeRefuse   Type = 3
	TypeData     Type = 4
	TypeMarker   Type = 5
	TypeAck      Type = 6
	TypePing     Type = 7
	TypePong     Type = 8
	TypeChunk    Type = 9
	TypeJoin     Type = 10
	TypeOutcome  Type = 11
	TypeRequest  Type = 12
	TypeReply    Type = 13
	TypeFragment Type = 14
	TypePropose  Type = 15
	TypeVote     Type = 16
	TypeLook     Type = 17
	TypeStage    Type = 18
)

// types lists the types of frames by their numbers.
var types = [...]struct {
	name   string
	max    int                  // longest payload in bytes
	decode func(*decoder) Frame // decodes the fields of a payload
}{
	TypeHello:    {"hello", HelloMax, decodeHello},
	TypeWelcome:  {"welcome", HelloMax, decodeWelcome},
	TypeRefuse:   {"refuse", AnswerMax, decodeRefuse},
	TypeData:     {"data", FragmentMax + HelloMax, decodeData},
	TypeMarker:   {"marker", HelloMax, decodeMarker},
	TypeAck:      {"ack", HelloMax, decodeAck},
	TypePing:     {"ping", HelloMax, decodePing},
	TypePong:     {"pong", HelloMax, decodePong},
	TypeChunk:    {"chunk", ChunkMax + HelloMax, decodeChunk},
	TypeJoin:     {"join", HelloMax, decodeJoin},
	TypeOutcome:  {"outcome", AnswerMax, decodeOutcome},
	TypeRequest:  {"request", FrameMax, decodeRequest},
	TypeReply:    {"reply", ChunkMax + HelloMax, decodeReply},
	TypeFragment: {"fragment", FragmentMax + HelloMax, decodeFragment},
	TypePropose:  {"propose", HelloMax, decodePropose},
	TypeVote:     {"vote", AnswerMax, decodeVote},
	TypeLook:     {"look", HelloMax, decodeLook},
	TypeStage:    {"stage", HelloMax, decodeStage},
}

// String returns the name of the type in SPEC.md, or "type 99" for an unknown type.
func (t Type) String() string {
	if !t.known() {
		return fmt.Sprintf("type %d", uint8(t))
	}
	return types[t].name
}

func (t Type) known() bool { return int(t) < len(types) && types[t].decode != nil }
