package cert

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// Paths are the files of a node or client, in PEM.
type Paths struct {
	CA   string // certificates of one or more CAs
	Cert string // own certificate, and those between it and a CA
	Key  string
}

// Material is what the files hold.
type Material struct {
	Roots *x509.CertPool
	Own   tls.Certificate // its Leaf is set
	Identity
}

// LookEvery is how often a node looks whether its files have changed.
const LookEvery = 30 * time.Second

const (
	// lookMin is the shortest time between two looks. A peer whose handshake fails causes
	// one.
	lookMin = time.Second
	// fileMax is the largest file that is read, in bytes.
	fileMax = 1 << 20
	// WarnBefore is how long before the end of its certificate a node begins to warn.
	WarnBefore = 7 * 24 * time.Hour
)

// Source holds the certificate of a node or client and the CAs that it trusts. It is safe
// for concurrent use.
type Source struct {
	paths Paths
	now   func() time.Time

	mu     sync.Mutex
	held   *Material
	stamps [3]stamp // of the files when held was read
	looked time.Time
}

// stamp tells one version of a file from the next. It is of the file to which a symbolic
// link leads: Kubernetes replaces the link.
type stamp struct{ info fs.FileInfo }

func (s stamp) equal(other stamp) bool {
	return s.info != nil && other.info != nil && os.SameFile(s.info, other.info) &&
		s.info.ModTime().Equal(other.info.ModTime()) && s.info.Size() == other.info.Size()
}

// NewSource reads the files. The clock now must not be nil.
func NewSource(paths Paths, now func() time.Time) (*Source, error) {
	s := &Source{paths: paths, now: now, stamps: stampsOf(paths), looked: now()}
	var err error
	s.held, err = read(paths)
	return s, err
}

// Material returns what the files held when they were last read without a fault.
func (s *Source) Material() *Material {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

// Look reads the files again if they have changed. It reports whether there is new
// material. After a fault the source keeps what it has, and the next call tries again: a
// certificate and its key are two files, so one of them may be new before the other. A
// call soon after the last one does nothing.
func (s *Source) Look() (changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if since := now.Sub(s.looked); since >= 0 && since < lookMin {
		return false, nil
	}
	s.looked = now
	stamps := stampsOf(s.paths)
	if s.stamps[0].equal(stamps[0]) && s.stamps[1].equal(stamps[1]) && s.stamps[2].equal(stamps[2]) {
		return false, nil
	}
	fresh, err := read(s.paths)
	if err != nil {
		return false, err
	}
	if fresh.String() != s.held.String() {
		return false, fmt.Errorf("%s is now the certificate of %s, not of %s: the old one is kept", s.paths.Cert, fresh, s.held)
	}
	s.held, s.stamps = fresh, stamps
	return true, nil
}

func stampsOf(paths Paths) (stamps [3]stamp) {
	for i, path := range []string{paths.CA, paths.Cert, paths.Key} {
		stamps[i].info, _ = os.Stat(path) // read reports the error
	}
	return stamps
}

// read reads the files. Its errors name files, and nothing that is in them.
func read(paths Paths) (*Material, error) {
	ca, errCA := readFile(paths.CA)
	own, errOwn := readFile(paths.Cert)
	key, errKey := readFile(paths.Key)
	if err := cmp.Or(errCA, errOwn, errKey); err != nil {
		return nil, err
	}
	m := &Material{Roots: x509.NewCertPool()}
	if !m.Roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s has no certificate in PEM", paths.CA)
	}
	var err error
	if m.Own, err = tls.X509KeyPair(own, key); err != nil {
		return nil, fmt.Errorf("%s and %s are no pair of certificate and key: %w", paths.Cert, paths.Key, err)
	}
	if m.Identity, err = IdentityOf(m.Own.Leaf); err != nil {
		return nil, fmt.Errorf("%s: %w", paths.Cert, err)
	}
	return m, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, fileMax+1))
	if err == nil && len(text) > fileMax {
		err = fmt.Errorf("%s has more than %d bytes", path, fileMax)
	}
	return text, err
}
