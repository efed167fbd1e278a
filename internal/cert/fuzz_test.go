package cert

import (
	"crypto/x509"
	"testing"
	"time"
)

// FuzzVerify checks a certificate that a peer sent. Only a certificate that the CA has issued
// may have an identity, and the CA has issued one.
func FuzzVerify(f *testing.F) {
	ca, err := NewCA("bank", now, time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.Cert)
	for _, i := range []Identity{process, client} {
		key, err := NewKey()
		if err != nil {
			f.Fatal(err)
		}
		text, err := ca.Issue(i, key, now, time.Hour)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(decoded(text))
	}
	f.Add(decoded(ca.Cert))
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth} {
			if i, err := Verify([]*x509.Certificate{c}, roots, "bank", now, usage); err == nil && i != process && i != client {
				t.Fatalf("got the identity %s of a certificate that nobody issued, want an error", i)
			}
		}
	})
}
