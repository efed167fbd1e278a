package saved

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// Record is what lies in a store as one sealed line of JSON.
type Record interface {
	// Format returns the value of "format", such as "chandy/manifest.v1".
	Format() string
}

// RecordMax is the longest sealed record that a reader takes, in bytes.
const RecordMax = 256 << 20

// The frame of a sealed record. Between sealHead and sealInner stand hashLen digits.
const (
	sealHead  = `{"sha256":"`
	sealInner = `","record":`
	sealEnd   = "}\n"
	hashLen   = 2 * sha256.Size
)

// Seal returns a record as it lies in a store, one line with a line feed:
//
//	{"sha256":"HEX","record":RECORD}
//
// HEX is the sha256 of the bytes of RECORD. [Open] compares all other bytes with this
// frame. So no byte can change, and none can be missing, without being found.
func Seal(r Record) []byte {
	var body bytes.Buffer
	fmt.Fprintf(&body, `{"format":%q,`, r.Format())
	body.Write(encode(r)[1:]) // without the brace; every record has a field
	return fmt.Appendf(nil, "%s%s%s%s%s", sealHead, Hash(body.Bytes()), sealInner, body.Bytes(), sealEnd)
}

// Open decodes a sealed record into r. It returns a [*CorruptError] if the bytes are not
// exactly what Seal made of such a record. Keys that it does not know are ignored: a later
// version may add some.
func Open(sealed []byte, r Record) error {
	body, err := unseal(sealed)
	if err != nil {
		return err
	}
	var head struct{ Format string }
	if err := json.Unmarshal(body, &head); err != nil {
		return corrupt("the record is not JSON: %v", err)
	}
	if head.Format != r.Format() {
		return corrupt("the format is %q, not %q", head.Format, r.Format())
	}
	if err := json.Unmarshal(body, r); err != nil {
		return corrupt("the record is not a %s: %v", r.Format(), err)
	}
	return nil
}

// FormatOf returns the format of a sealed record, or a [*CorruptError].
func FormatOf(sealed []byte) (string, error) {
	body, err := unseal(sealed)
	if err != nil {
		return "", err
	}
	var head struct{ Format string }
	if err := json.Unmarshal(body, &head); err != nil {
		return "", corrupt("the record is not JSON: %v", err)
	}
	return head.Format, nil
}

// unseal returns the bytes of the record within its frame.
func unseal(sealed []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(sealed, []byte(sealHead))
	if !ok || len(rest) < hashLen {
		return nil, corrupt("%d bytes that do not begin as a sealed record", len(sealed))
	}
	hash, rest := rest[:hashLen], rest[hashLen:]
	rest, ok = bytes.CutPrefix(rest, []byte(sealInner))
	if !ok {
		return nil, corrupt("%d bytes that do not begin as a sealed record", len(sealed))
	}
	body, ok := bytes.CutSuffix(rest, []byte(sealEnd))
	if !ok {
		return nil, corrupt("%d bytes that do not end as a sealed record", len(sealed))
	}
	if got := Hash(body); got != string(hash) {
		return nil, corrupt("the sha256 of the record is %s, not %q", got, hash)
	}
	return body, nil
}

// Hash returns the sha256 of b in hexadecimal.
func Hash(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// encode returns v as one line of JSON without escapes for HTML. All types of this package
// can be encoded, unless a raw value in them is not JSON.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("bug: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
