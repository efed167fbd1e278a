package bench

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"time"

	"chandy/internal/cert"
	"chandy/internal/config"
	"chandy/snapshot"
	"chandy/wire"
)

// certify makes certificates for the two processes of a pair in a new directory, which the
// caller must remove.
func certify() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "chandy-bench"); err != nil {
		return "", err
	}
	_, err = cert.Create(dir, cert.Plan{
		Cluster: clusterName, Processes: []snapshot.ProcessID{name(0), name(1)}, Now: time.Now(), Validity: time.Hour, CAlasts: time.Hour,
	})
	if err != nil {
		os.RemoveAll(dir)
	}
	return dir, err
}

// tlsTable returns the table [tls] for the certificates in a directory, or an empty one if
// there is no directory.
func tlsTable(dir string) config.TLS {
	if dir == "" {
		return config.TLS{}
	}
	of := func(name string) string { return filepath.Join(dir, name) }
	process, client := of(cert.ProcessFile("{id}")), of(cert.ClientFile(wire.ClientStatus))
	return config.TLS{CA: of(cert.CAName + ".crt"), Cert: process + ".crt", Key: process + ".key", ClientCert: client + ".crt", ClientKey: client + ".key"}
}

// secure puts TLS 1.3 over an end of the reference, as package tls does it by default. The
// names of hosts play no part. Without a directory it returns conn.
func secure(conn net.Conn, dir string, process int, server bool) (net.Conn, error) {
	if dir == "" {
		return conn, nil
	}
	file := filepath.Join(dir, cert.ProcessFile(name(process)))
	own, err := tls.LoadX509KeyPair(file+".crt", file+".key")
	if err != nil {
		return nil, err
	}
	c := &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, ClientAuth: tls.RequireAnyClientCert}
	if server {
		return tls.Server(conn, c), nil
	}
	return tls.Client(conn, c), nil
}
