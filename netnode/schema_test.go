package netnode_test

import (
	"bytes"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// snapshotSchema is docs/snapshot.schema.json.
var snapshotSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	return compileSchema("../docs/snapshot.schema.json")
})

func compileSchema(path string) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	return c.Compile(path)
}

// fits checks a document against a schema.
func fits(text []byte, schema func() (*jsonschema.Schema, error)) error {
	s, err := schema()
	if err != nil {
		return err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(document)
}
