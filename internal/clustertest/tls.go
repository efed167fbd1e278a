package clustertest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"chandy/internal/cert"
	"chandy/snapshot"
	"chandy/wire"
)

// TLS makes certificates for a cluster of [File] and returns the table [tls] for it, with
// the directory of the certificates. They are valid on the clock of [Virtual] too. Clients
// have the role.
func TLS(t *testing.T, role wire.ClientRole, processes ...string) (table, dir string) {
	t.Helper()
	dir = t.TempDir()
	Certify(t, dir, cert.Plan{Cluster: "test", Now: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), Validity: 200 * 365 * 24 * time.Hour}, processes...)
	return TLSTable(dir, role), dir
}

// Certify makes the certificates of a plan in a directory, with a CA of its own unless the
// directory has one.
func Certify(t *testing.T, dir string, p cert.Plan, processes ...string) {
	t.Helper()
	p.CAlasts = 200 * 365 * 24 * time.Hour
	for _, id := range processes {
		p.Processes = append(p.Processes, snapshot.ProcessID(id))
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := cert.Create(dir, p); err != nil {
		t.Fatal(err)
	}
}

// TLSTable returns the table [tls] for the certificates in a directory.
func TLSTable(dir string, role wire.ClientRole) string {
	return fmt.Sprintf("[tls]\nca = \"%s/ca.crt\"\ncert = \"%[1]s/process/{id}.crt\"\nkey = \"%[1]s/process/{id}.key\"\nclient_cert = \"%[1]s/client/%[2]s.crt\"\nclient_key = \"%[1]s/client/%[2]s.key\"\n", dir, role)
}
