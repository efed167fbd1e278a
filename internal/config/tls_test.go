package config

import (
	"errors"
	"testing"
)

const withTLS = `name = "bank"
[[process]]
id = "p1"
address = "10.0.0.1:7101"
[[process]]
id = "p_2"
address = "10.0.0.2:7101"
[program]
kind = "bank"
[tls]
ca = "certs/ca.crt"
cert = "certs/{id}/{id}.crt"
key = "/run/{id}.key"
`

func TestPathsOfCertificates(t *testing.T) {
	t.Setenv("CHANDY_CERT", "")
	t.Setenv("CHANDY_KEY", "")
	c, err := Parse("/etc/chandy/cluster.toml", []byte(withTLS+"client_cert = \"me.crt\"\nclient_key = \"me.key\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, got, want [3]string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	ca, cert, key := c.ProcessFiles("p_2")
	check("process", [3]string{ca, cert, key}, [3]string{"/etc/chandy/certs/ca.crt", "/etc/chandy/certs/p_2/p_2.crt", "/run/p_2.key"})
	ca, cert, key, err = c.ClientFiles()
	check("client", [3]string{ca, cert, key}, [3]string{"/etc/chandy/certs/ca.crt", "/etc/chandy/me.crt", "/etc/chandy/me.key"})
	if err != nil {
		t.Error(err)
	}
	t.Setenv("CHANDY_CERT", "other.crt")
	if _, _, _, err := c.ClientFiles(); err == nil {
		t.Error("one variable: got no error, want one")
	}
	t.Setenv("CHANDY_KEY", "other.key")
	ca, cert, key, err = c.ClientFiles()
	check("variables", [3]string{ca, cert, key}, [3]string{"/etc/chandy/certs/ca.crt", "other.crt", "other.key"})
	if err != nil {
		t.Error(err)
	}
}

func TestAClientNeedsACertificate(t *testing.T) {
	t.Setenv("CHANDY_CERT", "")
	t.Setenv("CHANDY_KEY", "")
	c, err := Parse("cluster.toml", []byte(withTLS))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := c.ClientFiles(); !errors.Is(err, ErrNoClientFiles) {
		t.Errorf("got error %v, want %v", err, ErrNoClientFiles)
	}
}

func TestFaultsOfTLS(t *testing.T) {
	for _, c := range []struct{ table, want string }{
		{"", ""},
		{"[tls]\n", `cluster.toml:7: tls: is empty: [tls] needs ca, cert and key`},
		{"[tls]\ncert = \"a\"\n", "cluster.toml:7: tls.ca: is missing: [tls] needs ca, cert and key\ncluster.toml:7: tls.key: is missing: [tls] needs ca, cert and key"},
		{"[tls]\nca = \"{id}\"\ncert = \"a\"\nkey = \"b\"\nclient_key = \"c\"\n", "cluster.toml:7: tls.client_cert: is missing: client_key needs it\ncluster.toml:8: tls.ca: must not have {id}: only the paths of processes, cert and key, may have it"},
		{"[network]\ninsecure = true\n[tls]\nca = \"a\"\ncert = \"a\"\nkey = \"b\"\n", "cluster.toml:8: network.insecure: contradicts [tls]: leave insecure out"},
	} {
		_, err := Parse("cluster.toml", []byte("name = \"a\"\n[program]\nkind = \"bank\"\n[[process]]\nid = \"p1\"\naddress = \"127.0.0.1:7101\"\n"+c.table))
		if c.want == "" {
			if err != nil {
				t.Errorf("got %v, want no fault", err)
			}
			continue
		}
		wantError(t, err, c.want)
	}
}
