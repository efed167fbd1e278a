package cert

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Verify checks the chain of a peer's certificate and returns the peer's identity. The
// chain must lead to one of the roots, be valid now, and permit the usage: a dialler asks
// for ExtKeyUsageServerAuth, a listener for ExtKeyUsageClientAuth. The certificate must
// belong to the cluster.
func Verify(chain []*x509.Certificate, roots *x509.CertPool, cluster string, now time.Time, usage x509.ExtKeyUsage) (Identity, error) {
	if len(chain) == 0 {
		return Identity{}, errors.New("the peer has no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}}
	if _, err := chain[0].Verify(options); err != nil {
		return Identity{}, fmt.Errorf("the certificate of the peer is not valid: %w", err)
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
