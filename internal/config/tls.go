package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"chandy/snapshot"
)

// TLS is the table [tls]. Paths are relative to the directory of the file. They may be
// all empty, which means no TLS; otherwise CA, Cert and Key are required.
type TLS struct {
	// CA is a file in PEM with the certificates of the CAs that sign those of the
	// processes and clients.
	CA string `toml:"ca"`
	// Cert is a file in PEM with the certificate of the process, and those between it and
	// the CA. {id} in it becomes the id of the process.
	Cert string `toml:"cert"`
	// Key is a file in PEM with the key of Cert. {id} becomes the id of the process.
	Key string `toml:"key"`
	// ClientCert and ClientKey are the same for clients. Both may be empty.
	ClientCert string `toml:"client_cert"`
	ClientKey  string `toml:"client_key"`
}

// On reports whether nodes and clients use TLS.
func (t TLS) On() bool { return t != TLS{} }

// idMark stands for the id of the process in a path.
const idMark = "{id}"

// ProcessFiles returns the paths of the CA, the certificate and the key of a process.
func (c *Cluster) ProcessFiles(id snapshot.ProcessID) (ca, cert, key string) {
	of := func(path string) string { return c.resolve(strings.ReplaceAll(path, idMark, string(id))) }
	return c.resolve(c.TLS.CA), of(c.TLS.Cert), of(c.TLS.Key)
}

// ErrNoClientFiles is the error of a client that has no certificate.
var ErrNoClientFiles = errors.New("this cluster has [tls], so a client needs a certificate: set $CHANDY_CERT and $CHANDY_KEY, or client_cert and client_key in [tls]")

// ClientFiles returns the paths of the CA, the certificate and the key of a client. The
// variables $CHANDY_CERT and $CHANDY_KEY go before the file. Their paths are relative to
// the working directory.
func (c *Cluster) ClientFiles() (ca, cert, key string, err error) {
	cert, key = os.Getenv("CHANDY_CERT"), os.Getenv("CHANDY_KEY")
	switch {
	case (cert == "") != (key == ""):
		return "", "", "", errors.New("set both of $CHANDY_CERT and $CHANDY_KEY, or neither")
	case cert == "" && c.TLS.ClientCert == "":
		return "", "", "", ErrNoClientFiles
	case cert == "":
		cert, key = c.resolve(c.TLS.ClientCert), c.resolve(c.TLS.ClientKey)
	}
	return c.resolve(c.TLS.CA), cert, key, nil
}

// resolve returns a path of the file, absolute or relative to the working directory.
func (c *Cluster) resolve(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Dir(), path)
}

// checkTLS checks the table [tls]. Without some of its keys a file would look as if there
// were TLS.
func (fs *faults) checkTLS(at place, t TLS, insecure bool) {
	if !t.On() {
		return
	}
	for _, one := range []struct{ key, path string }{{"ca", t.CA}, {"cert", t.Cert}, {"key", t.Key}} {
		if one.path == "" {
			fs.add(at.key(one.key), "is missing: [tls] needs ca, cert and key")
		}
	}
	switch {
	case t.ClientCert == "" && t.ClientKey != "":
		fs.add(at.key("client_cert"), "is missing: client_key needs it")
	case t.ClientCert != "" && t.ClientKey == "":
		fs.add(at.key("client_key"), "is missing: client_cert needs it")
	}
	for _, one := range []struct{ key, path string }{{"ca", t.CA}, {"client_cert", t.ClientCert}, {"client_key", t.ClientKey}} {
		if strings.Contains(one.path, idMark) {
			fs.add(at.key(one.key), "must not have %s: only the paths of processes, cert and key, may have it", idMark)
		}
	}
	if insecure {
		fs.add(root().key("network").key("insecure"), "contradicts [tls]: leave insecure out")
	}
}

// errInsecure is the fault of an address that is not loopback, with the ways out.
var errInsecure = errors.New("is not loopback: use 127.0.0.1, or [tls] with certificates (chandy cert DIR makes them), or [network] insecure = true if everybody who can reach it is trusted")
