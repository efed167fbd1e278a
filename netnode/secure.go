package netnode

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"chandy/internal/cert"
	"chandy/internal/core"
	"chandy/snapshot"
	"chandy/wire"
)

// security is the TLS of a node or a client.
type security struct {
	source  *cert.Source
	cluster string
}

// newSecurity reads the certificate of a node or client. It returns nil for a cluster
// without TLS.
func newSecurity(cluster *Cluster, paths cert.Paths) (*security, error) {
	source, err := cert.NewSource(paths, time.Now)
	if err != nil {
		return nil, fmt.Errorf("[tls]: %w", err)
	}
	if of := source.Material().Cluster; of != cluster.Name {
		return nil, fmt.Errorf("[tls]: %s is of cluster %q, not of %q", paths.Cert, of, cluster.Name)
	}
	return &security{source, cluster.Name}, nil
}

// nodeSecurity returns the TLS of the node of a process, or nil without TLS.
func nodeSecurity(cluster *Cluster, id snapshot.ProcessID) (*security, error) {
	if !cluster.TLS.On() {
		return nil, nil
	}
	var paths cert.Paths
	paths.CA, paths.Cert, paths.Key = cluster.ProcessFiles(id)
	s, err := newSecurity(cluster, paths)
	if err != nil {
		return nil, err
	}
	if own := s.source.Material().Identity; own.Process != id {
		return nil, fmt.Errorf("[tls]: %s is the certificate of %s, not of process %s", paths.Cert, own, id)
	}
	return s, nil
}

// ClientCertificateError is the error of a client whose certificate is missing or cannot be
// used.
type ClientCertificateError struct{ Err error }

func (e *ClientCertificateError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *ClientCertificateError) Unwrap() error { return e.Err }

// ClientRole returns the role of the certificate that clients of this machine use, and
// [wire.ClientAdmin] without TLS. It returns a [*ClientCertificateError] if the cluster has TLS
// and clients have no certificate that they can use.
func ClientRole(cluster *Cluster) (wire.ClientRole, error) {
	s, err := clientSecurity(cluster)
	if s == nil {
		return wire.ClientAdmin, err
	}
	return s.source.Material().Role, nil
}

// clientSecurity returns the TLS of a client, or nil without TLS.
func clientSecurity(cluster *Cluster) (*security, error) {
	if !cluster.TLS.On() {
		return nil, nil
	}
	var paths cert.Paths
	var err error
	if paths.CA, paths.Cert, paths.Key, err = cluster.ClientFiles(); err != nil {
		return nil, &ClientCertificateError{err}
	}
	s, err := newSecurity(cluster, paths)
	if err != nil {
		return nil, &ClientCertificateError{err}
	}
	switch own := s.source.Material(); {
	case own.Role == "":
		return nil, &ClientCertificateError{fmt.Errorf("[tls]: %s is the certificate of process %s: a client needs one of its own", paths.Cert, own.Process)}
	case time.Now().After(own.Own.Leaf.NotAfter):
		return nil, &ClientCertificateError{fmt.Errorf("[tls]: %s has ended at %s: chandy cert --renew makes a new one", paths.Cert, own.Own.Leaf.NotAfter.UTC().Format(time.RFC3339))}
	}
	return s, nil
}

// config returns what both sides of a handshake have in common. Tickets are off: a resumed
// connection would not prove the identity anew.
func (s *security) config() *tls.Config {
	own := &s.source.Material().Own
	if time.Now().After(own.Leaf.NotAfter) {
		s.source.Look() // the handshake would fail
		own = &s.source.Material().Own
	}
	return &tls.Config{
		MinVersion:                  tls.VersionTLS13,
		SessionTicketsDisabled:      true,
		DynamicRecordSizingDisabled: true, // frames come in large batches
		GetCertificate:              func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return own, nil },
		GetClientCertificate:        func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own, nil },
	}
}

// verify checks the certificate of a peer. A CA that it does not know may be new.
func (s *security) verify(state tls.ConnectionState, usage x509.ExtKeyUsage) (cert.Identity, error) {
	check := func() (cert.Identity, error) {
		return cert.Verify(state.PeerCertificates, s.source.Material().Roots, s.cluster, time.Now(), usage)
	}
	i, err := check()
	if err != nil {
		if changed, _ := s.source.Look(); changed {
			i, err = check()
		}
	}
	return i, err
}

// dial makes the handshake with the node of a process. The names of hosts play no part, so
// verify takes the place of the verification of package tls.
func (s *security) dial(lower net.Conn, to snapshot.ProcessID) (*tls.Conn, error) {
	config := s.config()
	config.InsecureSkipVerify = true
	config.VerifyConnection = func(state tls.ConnectionState) error {
		i, err := s.verify(state, x509.ExtKeyUsageServerAuth)
		switch {
		case err != nil:
			return &core.Untrusted{Err: err}
		case i.Process != to:
			return &core.Untrusted{Err: fmt.Errorf("the certificate of the peer is %s, not of process %s: check the addresses in the cluster file", i, to)}
		}
		return nil
	}
	c := tls.Client(lower, config)
	if err := c.Handshake(); err != nil {
		s.source.Look() // the peer may have refused a certificate that has been replaced
		return nil, explainHandshake(err)
	}
	return c, nil
}

// accept makes the handshake with a peer that has dialled, and returns its identity.
func (s *security) accept(lower net.Conn) (*tls.Conn, cert.Identity, error) {
	var peer cert.Identity
	config := s.config()
	config.ClientAuth = tls.RequireAnyClientCert
	config.VerifyConnection = func(state tls.ConnectionState) (err error) {
		peer, err = s.verify(state, x509.ExtKeyUsageClientAuth)
		return err
	}
	c := tls.Server(lower, config)
	if err := c.Handshake(); err != nil {
		return nil, cert.Identity{}, fmt.Errorf("TLS handshake: %w", err)
	}
	return c, peer, nil
}

// explainHandshake explains why a handshake of a dialler failed.
func explainHandshake(err error) error {
	var header tls.RecordHeaderError
	switch {
	case isAlert(err):
		return &core.Untrusted{Err: fmt.Errorf("the peer refused the TLS handshake: %w", err)}
	case errors.As(err, &header):
		return errors.New("TLS handshake: the peer does not speak TLS: has its cluster file [tls]?")
	case hungUp(err):
		return errHungUp
	}
	return fmt.Errorf("TLS handshake: %w", err)
}

// errHungUp is the error of a dialler whose peer said nothing. A node with TLS that has no
// room for a connection cannot say so.
var errHungUp = errors.New("the peer closed the connection without a word: it is busy, or its cluster file has no [tls]")

// hungUp reports whether the peer has closed the connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// isAlert reports whether an error is an alert of the peer.
func isAlert(err error) bool {
	var remote *net.OpError
	return errors.As(err, &remote) && remote.Op == "remote error"
}

// explainAlert explains an error of a dialler that reads. In TLS 1.3 a dialler learns only
// after its handshake that the other side does not trust its certificate.
func explainAlert(err error) error {
	if isAlert(err) {
		return &core.Untrusted{Err: fmt.Errorf("the peer does not trust this certificate: %w (its log says why)", err)}
	}
	return err
}

// needsTLS is what a node with TLS answers a peer without it.
var needsTLS = wire.Refuse{Code: wire.TLSRequired, Text: "this node speaks only TLS: use a cluster file with [tls]"}

// speaksPlain reports whether a handshake failed because the peer sent a frame.
func speaksPlain(err error) bool {
	var header tls.RecordHeaderError
	return errors.As(err, &header) && wire.Begins(header.RecordHeader[:])
}
