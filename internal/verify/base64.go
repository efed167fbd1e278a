package verify

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
)

// encoded takes a state or a payload that stands in base64 and keeps its size.
type encoded struct {
	size  int64
	fault string
}

func (e *encoded) UnmarshalJSON(b []byte) error {
	*e = encoded{}
	if b[0] != '"' {
		e.fault = "is not a string"
		return nil
	}
	text := b[1 : len(b)-1]
	if bytes.IndexByte(text, '\\') >= 0 { // "\/" is another way to write "/"
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		text = []byte(s)
	}
	// The package passes over line ends, which RFC 4648 (section 3.3) does not.
	if bytes.ContainsAny(text, "\r\n") {
		e.fault = "is not base64"
		return nil
	}
	var err error
	e.size, err = io.Copy(io.Discard, base64.NewDecoder(base64.StdEncoding.Strict(), bytes.NewReader(text)))
	if err != nil {
		e.fault = "is not base64"
	}
	return nil
}

// content is a state or a payload, which stands under one of two keys.
type content struct {
	plain  bool
	base64 bool
	null   bool
	size   int64
}

// readContent takes the value of key.
func (c *checker) readContent(to *content, key string, base64 bool) error {
	if base64 {
		var e encoded
		err := c.value(&e)
		if e.fault != "" {
			c.fault("%s: %s", key, e.fault)
		}
		to.base64, to.size = true, e.size
		return err
	}
	var o opaque
	err := c.value(&o)
	to.plain, to.null, to.size = true, o.null, int64(o.size)
	return err
}

// checkContent wants exactly one of the two keys.
func (c *checker) checkContent(of content, name string) {
	switch {
	case of.plain && of.base64:
		c.fault("has both %q and %q", name, name+"_base64")
	case !of.plain && !of.base64:
		c.fault("has neither %q nor %q", name, name+"_base64")
	}
}
