package snapshot

import (
	"encoding/json"
	"unicode/utf8"

	"chandy/internal/jsonwalk"
)

// Decode reads one snapshot in the format chandy/snapshot.v1. It is the inverse of
// [Global.WriteJSON]. States and payloads have exactly the bytes that the program
// made, but for the line ends that a compact document replaced.
//
// An error names the path of what does not fit the format, for example
// "channels[3].messages[0].seq: is 0, the first is 1". Unknown keys are skipped,
// because new keys may come within v1. Decode does not check the certificate.
//
// The Global refers to b, which must not be modified afterwards. Decode does not
// recurse, and the memory that it takes is in proportion to len(b).
func Decode(b []byte) (*Global, error) {
	if err := checkJSON(b); err != nil {
		return nil, err
	}
	begin := jsonwalk.SkipSpace(b, 0)
	if err := (&jsonReader{b, begin}).checkFormat(); err != nil {
		return nil, err
	}
	d := decoder{jsonReader: jsonReader{b, begin}}
	if err := d.document(); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	return &d.global, nil
}

// checkJSON checks that b is one JSON document in UTF-8. The error says where it is not.
func checkJSON(b []byte) error {
	if !json.Valid(b) {
		var nothing struct{}
		err := json.Unmarshal(b, &nothing)
		if syntax, ok := err.(*json.SyntaxError); ok {
			return misfits("is not JSON: byte %d: %v", syntax.Offset, err)
		}
		return misfits("is not JSON: %v", err)
	}
	if !utf8.Valid(b) {
		return misfits("is not UTF-8: byte %d", validUTF8(b)+1)
	}
	return nil
}

// validUTF8 returns how many bytes come before the first one that is not UTF-8.
func validUTF8(b []byte) int {
	n := 0
	for n < len(b) {
		r, size := utf8.DecodeRune(b[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}

var formatKeys = keys{required: []string{"format"}}

// checkFormat comes before everything else, so that a document in another format has
// no other error.
func (r *jsonReader) checkFormat() error {
	return r.object(&formatKeys, func(string) error {
		var format string
		err := r.text(&format)
		if err == nil && format != Format {
			return misfits("is %q, not %q", clip(format), Format)
		}
		return err
	})
}

// decoder reads one document.
type decoder struct {
	jsonReader
	global Global
	status string
}

var documentKeys = keys{required: []string{
	"id", "cluster", "epoch", "status", "initiators", "started_at", "elapsed_ms", "processes", "channels", "missing",
}, optional: []string{"journal"}}

func (d *decoder) document() error {
	g := &d.global
	return d.object(&documentKeys, func(key string) error {
		switch key {
		case "id":
			return d.name((*string)(&g.ID))
		case "cluster":
			return d.name(&g.Cluster)
		case "epoch":
			return d.ordinal(&g.Epoch)
		case "status":
			return d.text(&d.status)
		case "initiators":
			return d.array(func(int) error {
				var id ProcessID
				err := d.process(&id)
				g.Initiators = append(g.Initiators, id)
				return err
			})
		case "started_at":
			return d.time(&g.StartedAt)
		case "elapsed_ms":
			return d.milliseconds(&g.Elapsed)
		case "processes":
			return d.processes()
		case "channels":
			return d.array(func(int) error { return d.channel() })
		case "missing":
			return d.array(func(int) error { return d.missing() })
		default: // "journal"
			return d.journals()
		}
	})
}
