package maelstrom

import (
	"bytes"
	"iter"

	"chandy/internal/jsonwalk"
)

// encoding/json ignores the case of keys, and has to decode a message twice to keep the
// bytes of its body. The functions in this file walk over the members of an object
// instead. They require valid JSON, and they copy no value.

// isObject reports whether JSON text begins like an object.
func isObject(b []byte) bool {
	i := jsonwalk.SkipSpace(b, 0)
	return i < len(b) && b[i] == '{'
}

// members iterates over the decoded keys of a JSON object and their values as JSON
// texts. The object must be valid.
func members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		i := jsonwalk.SkipSpace(object, 0) + 1
		for {
			i = jsonwalk.SkipSpace(object, i)
			if i >= len(object) || object[i] == '}' {
				return
			}
			end := jsonwalk.SkipString(object, i)
			key := object[i+1 : end-1]
			if bytes.IndexByte(key, '\\') >= 0 {
				plain, _ := text(object[i:end])
				key = []byte(plain)
			}
			i = jsonwalk.SkipSpace(object, jsonwalk.SkipSpace(object, end)+1) // over the colon
			end, _ = jsonwalk.SkipValue(object, i)
			if !yield(key, object[i:end]) {
				return
			}
			if i = jsonwalk.SkipSpace(object, end); i < len(object) && object[i] == ',' {
				i++
			}
		}
	}
}
