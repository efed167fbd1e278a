package store

import "io"

// Object is an object of a store, as it is listed.
type Object struct {
	Name  string
	Bytes int64
}

// Objects is where a store lies. A name has elements of letters, digits, '.', '_' and '-'
// between slashes; an element begins with a letter or a digit. Implementations are safe for
// concurrent use, also from several machines.
//
// An object that Get opened, that List returned, or that made Create fail survives a crash of
// every machine. The same holds for the absence of an object. So no node acts on a decision
// that may vanish. The folder syncs its directories for that; S3 promises it.
//
// The next implementation is S3. It needs a store with conditional creates (If-None-Match:
// *) and with reads that show every finished write. After a time-out, 409 or 412, Create
// reads the object back: the same bytes mean that its own request was the first.
type Objects interface {
	// String returns where the store lies, for texts.
	String() string
	// Get opens an object. The error is fs.ErrNotExist if there is none.
	Get(name string) (io.ReadCloser, error)
	// Put makes an object of what write writes, or replaces it. The object is durable when
	// Put returns nil. After an error of write it is as before; after any other error it may
	// be either. Readers never see a part of it.
	Put(name string, write func(io.Writer) error) error
	// Create makes an object only if there is none of that name; otherwise the error is
	// fs.ErrExist. Of several that create the same name at once, at most one succeeds. The
	// object is durable when Create returns nil. After any other error it may be there.
	Create(name string, content []byte) error
	// List returns the objects whose names begin with prefix, sorted. The prefix is empty
	// or ends with a slash. Files that no store makes are left out.
	List(prefix string) ([]Object, error)
	// Delete removes an object. It returns nil if there is none.
	Delete(name string) error
	// Clean removes what crashed writers have left and no reader sees.
	Clean() error
}
