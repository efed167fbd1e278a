package cert

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

const (
	// chainMax is how many certificates a peer may send. Certificates with the name of one CA
	// are all tried, also as issuers of each other, so a stranger with 71 of them took 150 ms
	// of a processor for each connection.
	chainMax = 4
	// textMax is how many characters of an error of package x509 are kept. It may have a name
	// of a stranger in it, of any length.
	textMax = 500
)

// Verify checks the chain of a peer's certificate and returns the peer's identity. The
// chain must lead to one of the roots, be valid now, and permit the usage: a dialler asks
// for ExtKeyUsageServerAuth, a listener for ExtKeyUsageClientAuth. The certificate must
// belong to the cluster.
func Verify(chain []*x509.Certificate, roots *x509.CertPool, cluster string, now time.Time, usage x509.ExtKeyUsage) (Identity, error) {
	if len(chain) == 0 {
		return Identity{}, errors.New("the peer has no certificate")
	}
	if len(chain) > chainMax {
		return Identity{}, fmt.Errorf("the peer sent %d certificates, want at most %d", len(chain), chainMax)
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}}
	if _, err := chain[0].Verify(options); err != nil {
		return Identity{}, fmt.Errorf("the certificate of the peer is not valid: %.*s", textMax, err)
	}
	i, err := IdentityOf(chain[0])
	switch {
	case err != nil:
		return Identity{}, err
	case i.Cluster != cluster:
		return Identity{}, fmt.Errorf("the certificate of the peer is %s, of another cluster than %q", i, cluster)
	}
	return i, nil
}
