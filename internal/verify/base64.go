package verify

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
)

// encoded decodes a state or a payload in base64 and keeps only its size.
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
	// Package base64 ignores line ends, which RFC 4648 (section 3.3) does not allow.
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

// content describes a state or a payload, which is under one of two keys.
type content struct {
	plain  bool // the key of JSON is there
	base64 bool // the key that ends in _base64 is there
	null   bool // the JSON is null
	size   int64
}

// readContent reads the value of key.
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

// checkContent checks that exactly one of the two keys is there.
func (c *checker) checkContent(of content, name string) {
	switch {
	case of.plain && of.base64:
		c.fault("has both %q and %q", name, name+"_base64")
	case !of.plain && !of.base64:
		c.fault("has neither %q nor %q", name, name+"_base64")
	}
}
