package cert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"time"
)

// Pair is a certificate and its key, in PEM.
type Pair struct{ Cert, Key []byte }

// clockSkew is how long before now a new certificate begins, for hosts whose clocks are
// behind.
const clockSkew = 5 * time.Minute

// NewKey returns a new key, ECDSA on P-256, in PEM.
func NewKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	text, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text}), nil
}

// NewCA returns the certificate and key of a new CA for a cluster.
func NewCA(cluster string, now time.Time, validity time.Duration) (Pair, error) {
	key, err := NewKey()
	if err != nil {
		return Pair{}, err
	}
	signer, err := parseKey(key)
	if err != nil {
		return Pair{}, err
	}
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: "chandy CA of cluster " + cluster}, NotBefore: now.Add(-clockSkew), NotAfter: now.Add(validity),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	text, err := sign(t, t, signer.Public(), signer)
	return Pair{text, key}, err
}

// Issue returns a certificate for the key, signed by the CA. A process may dial and
// listen; a client may only dial. The certificate ends with the CA at the latest.
func (ca Pair) Issue(i Identity, key []byte, now time.Time, validity time.Duration) ([]byte, error) {
	if _, err := ParseIdentity(i.String()); err != nil {
		return nil, err
	}
	parent, err := tls.X509KeyPair(ca.Cert, ca.Key)
	if err != nil {
		return nil, fmt.Errorf("the CA: %w", err)
	}
	if !parent.Leaf.IsCA {
		return nil, errors.New("the certificate of the CA is not one of a CA")
	}
	if !now.Before(parent.Leaf.NotAfter) {
		return nil, fmt.Errorf("the CA has ended at %s", parent.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	own, err := parseKey(key)
	if err != nil {
		return nil, err
	}
	uri, err := url.Parse(i.String())
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: i.commonName()}, URIs: []*url.URL{uri},
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(validity),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if i.Role == "" {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if t.NotAfter.After(parent.Leaf.NotAfter) {
		t.NotAfter = parent.Leaf.NotAfter
	}
	return sign(t, parent.Leaf, own.Public(), parent.PrivateKey)
}

// commonName is for people only, and has at most 64 characters as X.509 demands.
func (i Identity) commonName() string {
	if i.Role == "" {
		return string(i.Process)
	}
	return i.Name
}

func sign(t, parent *x509.Certificate, public, signer any) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	t.SerialNumber = serial
	text, err := x509.CreateCertificate(rand.Reader, t, parent, public, signer)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: text}), nil
}

// parseKey parses a key in PEM. Its errors show nothing of the text.
func parseKey(text []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PRIVATE KEY":
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if signer, ok := key.(crypto.Signer); err == nil && ok {
				return signer, nil
			}
		case "EC PRIVATE KEY":
			if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
				return key, nil
			}
		}
	}
	return nil, errors.New("there is no private key in PEM")
}

// sameKey reports whether a certificate in PEM belongs to a key in PEM.
func sameKey(certificate, key []byte) bool {
	_, err := tls.X509KeyPair(bytes.TrimSpace(certificate), key)
	return err == nil
}
