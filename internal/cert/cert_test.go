package cert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// authority returns a new CA.
func authority(t *testing.T) Pair {
	t.Helper()
	ca, err := NewCA("bank", now, 1000*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// issued returns a new certificate of an identity.
func issued(t *testing.T, ca Pair, i Identity, from time.Time, validity time.Duration) *x509.Certificate {
	t.Helper()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := ca.Issue(i, key, from, validity)
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, text)
}

func parsed(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(decoded(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// decoded returns the bytes of a certificate in PEM.
func decoded(text []byte) []byte {
	block, _ := pem.Decode(text)
	return block.Bytes
}

var (
	process = Identity{Cluster: "bank", Process: "p_1.x"}
	client  = Identity{Cluster: "bank", Role: wire.ClientCall, Name: "ci"}
)

func TestAnIdentityHasOneSpelling(t *testing.T) {
	for text, want := range map[string]Identity{
		"chandy:/bank/process/p_1.x":                      process,
		"chandy:/bank/client/call/ci":                     client,
		"chandy:/c1/client/admin/c2":                      {Cluster: "c1", Role: wire.ClientAdmin, Name: "c2"},
		"chandy:/bank/process/" + strings.Repeat("a", 64): {Cluster: "bank", Process: snapshot.ProcessID(strings.Repeat("a", 64))},
	} {
		got, err := ParseIdentity(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: got %+v (%s), error %v, want %+v", text, got, got, err, want)
		}
	}
	for _, text := range []string{
		"", "chandy:/", "chandy:/bank", "chandy:/bank/process", "chandy:/bank/process/", "chandy:/bank/process/p1/", "chandy:/bank/process/p1/x",
		"chandy:///bank/process/p1", "chandy://host/bank/process/p1", "chandy:bank/process/p1", "Chandy:/bank/process/p1", "chandy:/bank/Process/p1",
		"chandy:/bank/process/p%31", "chandy:/bank/process/p1?x", "chandy:/bank/process/p1#x", "chandy:/bank//p1", "chandy://process/p1",
		"chandy:/bank/process/c1", "chandy:/bank/process/" + strings.Repeat("a", 65), "chandy:/Bank/process/p1", "chandy:/bank/process/p1 ",
		"chandy:/bank/client/call", "chandy:/bank/client/root/ci", "chandy:/bank/client//ci", "chandy:/bank/client/call/", "chandy:/bank/client/call/a/b",
		"https:/bank/process/p1",
	} {
		if got, err := ParseIdentity(text); err == nil {
			t.Errorf("%q: got %+v, want an error", text, got)
		}
	}
}

func FuzzParseIdentity(f *testing.F) {
	for _, seed := range []string{process.String(), client.String(), "chandy:///bank/process/p1", "chandy:/bank/process/p%31"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if i, err := ParseIdentity(text); err == nil && i.String() != text {
			t.Fatalf("got %q of %q, want the same text", i, text)
		}
	})
}

// A certificate with two identities, or with none, names nobody.
func TestACertificateHasOneIdentity(t *testing.T) {
	uri := func(text string) *url.URL {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	one, other := uri("chandy:/bank/process/p1"), uri("chandy:/bank/process/p2")
	foreign := uri("spiffe://cluster.local/ns/default/sa/default")
	for _, c := range []struct {
		uris []*url.URL
		want string // empty for an error
	}{
		{nil, ""}, {[]*url.URL{foreign}, ""}, {[]*url.URL{one}, "chandy:/bank/process/p1"}, {[]*url.URL{foreign, one}, "chandy:/bank/process/p1"},
		{[]*url.URL{one, other}, ""}, {[]*url.URL{one, one}, ""}, {[]*url.URL{uri("chandy:///bank/process/p1")}, ""}, {[]*url.URL{uri("chandy:/bank/process/p%31")}, ""},
	} {
		got, err := IdentityOf(&x509.Certificate{URIs: c.uris})
		if (err == nil) != (c.want != "") || err == nil && got.String() != c.want {
			t.Errorf("%v: got %v, error %v, want %q", c.uris, got, err, c.want)
		}
	}
}

// Each cell: who verifies (a dialler or a listener), and what the peer has.
func TestVerify(t *testing.T) {
	ca, other := authority(t), authority(t)
	const day = 24 * time.Hour
	good, early := issued(t, ca, process, now, day), issued(t, ca, process, now.Add(2*day), day)
	self := parsed(t, ca.Cert)
	for _, c := range []struct {
		name             string
		peer             *x509.Certificate
		at               time.Time
		dialler, accepts string // text of the error, empty for none
	}{
		{"process", good, now, "", ""},
		{"client", issued(t, ca, client, now, day), now, "incompatible key usage", ""},
		{"wrong CA", issued(t, other, process, now, day), now, "unknown authority", "unknown authority"},
		{"expired", good, now.Add(day + time.Second), "expired", "expired"},
		{"its last second", good, now.Add(day), "", ""},
		{"not yet valid", early, now, "not yet valid", "not yet valid"},
		{"wrong cluster", issued(t, ca, Identity{Cluster: "other", Process: "p_1.x"}, now, day), now, "another cluster", "another cluster"},
		{"the CA itself", self, now, "0 URIs", "0 URIs"},
		{"none", nil, now, "no certificate", "no certificate"},
	} {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(ca.Cert)
		var chain []*x509.Certificate
		if c.peer != nil {
			chain = []*x509.Certificate{c.peer}
		}
		for usage, want := range map[x509.ExtKeyUsage]string{x509.ExtKeyUsageServerAuth: c.dialler, x509.ExtKeyUsageClientAuth: c.accepts} {
			_, err := Verify(chain, roots, "bank", c.at, usage)
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s, usage %d: got error %v, want %q", c.name, usage, err, want)
			}
		}
	}
}

// A stranger must not make a node try many certificates, or log a long name.
func TestAStrangersChainIsBounded(t *testing.T) {
	ca := authority(t)
	good := issued(t, ca, process, now, time.Hour)
	roots := x509.NewCertPool()
	roots.AddCert(parsed(t, ca.Cert))
	for n, want := range map[int]string{chainMax - 1: "", chainMax: "", chainMax + 1: "5 certificates, want at most 4"} {
		chain := slices.Repeat([]*x509.Certificate{good}, n)
		if _, err := Verify(chain, roots, "bank", now, x509.ExtKeyUsageClientAuth); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d certificates: got error %v, want %q", n, err, want)
		}
	}
	name := strings.Repeat("x", 5000)
	_, err := Verify([]*x509.Certificate{named(t, name), named(t, name)}, roots, "bank", now, x509.ExtKeyUsageClientAuth)
	if err == nil || !strings.Contains(err.Error(), "xxx") || len(err.Error()) > 2*textMax {
		t.Errorf("a CA with a name of 5,000 characters: got error %v, want %d characters with a part of the name", err, textMax)
	}
}

// named returns a CA with a name, signed by itself.
func named(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err = x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestACertificateEndsWithItsCA(t *testing.T) {
	ca := authority(t)
	root := parsed(t, ca.Cert)
	if got := issued(t, ca, process, now, 10000*time.Hour); !got.NotAfter.Equal(root.NotAfter) {
		t.Errorf("got an end at %v, want that of the CA, %v", got.NotAfter, root.NotAfter)
	}
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ca.Issue(process, key, root.NotAfter, time.Hour); err == nil || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("got error %v from a CA that has ended, want one that says so", err)
	}
	if _, err := (Pair{pemOf(issued(t, ca, process, now, time.Hour)), key}).Issue(process, key, now, time.Hour); err == nil {
		t.Error("got a certificate from a process, want an error")
	}
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func TestCreateNeverOverwrites(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certs")
	plan := Plan{Cluster: "bank", Processes: []snapshot.ProcessID{"p1"}, Now: now, Validity: time.Hour, CAlasts: 1000 * time.Hour}
	made, err := Create(dir, plan)
	if err != nil || len(made) != 2*(1+1+len(wire.ClientRoles)) {
		t.Fatalf("got the files %q, error %v, want 12", made, err)
	}
	for _, path := range made {
		info, err := os.Stat(path)
		if want := os.FileMode(0o600); err != nil || strings.HasSuffix(path, ".key") && info.Mode() != want {
			t.Errorf("%s: got mode %v, error %v, want %v", path, info.Mode(), err, want)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got mode %v, error %v, want 0700", info.Mode(), err)
	}
	before := texts(t, made)
	if again, err := Create(dir, plan); err != nil || len(again) != 0 {
		t.Errorf("again: got the new files %q, error %v, want none", again, err)
	}
	plan.Processes = append(plan.Processes, "p2")
	if more, err := Create(dir, plan); err != nil || len(more) != 2 {
		t.Errorf("with p2: got the new files %q, error %v, want 2", more, err)
	}
	if got := texts(t, made); got != before {
		t.Error("got other files after Create, want the same")
	}
	plan.Renew, plan.Now = true, now.Add(time.Minute)
	renewed, err := Create(dir, plan)
	if err != nil || len(renewed) != 2+len(wire.ClientRoles) {
		t.Errorf("renew: got the files %q, error %v, want the 6 certificates", renewed, err)
	}
	if _, err := NewSource(Paths{dir + "/ca.crt", dir + "/process/p1.crt", dir + "/process/p1.key"}, func() time.Time { return now }); err != nil {
		t.Errorf("renew: got error %v, want a pair", err)
	}
}

func texts(t *testing.T, paths []string) string {
	t.Helper()
	all := ""
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all += string(text)
	}
	return all
}

func TestCreateRefusesWhatItCannotComplete(t *testing.T) {
	plan := Plan{Cluster: "bank", Processes: []snapshot.ProcessID{"p1"}, Now: now, Validity: time.Hour, CAlasts: 1000 * time.Hour}
	for _, c := range []struct {
		name, want string
		spoil      func(dir string) error
	}{
		{"open directory", "chmod 700", func(dir string) error { return os.Chmod(dir, 0o755) }},
		{"no key of the CA", "ca.key is not there", func(dir string) error { return os.Remove(dir + "/ca.key") }},
		{"no certificate of the CA", "has no certificate", func(dir string) error { return os.Remove(dir + "/ca.crt") }},
		{"no key of a process", "has no key", func(dir string) error { return os.Remove(dir + "/process/p1.key") }},
		{"another key", "no pair", func(dir string) error { return os.Rename(dir+"/client/call.key", dir+"/process/p1.key") }},
	} {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := Create(dir, plan); err != nil {
			t.Fatal(err)
		}
		if err := c.spoil(dir); err != nil {
			t.Fatal(err)
		}
		if made, err := Create(dir, plan); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the files %q, error %v, want %q", c.name, made, err, c.want)
		}
	}
}

// A source takes a new certificate once both of its files are there, and not before.
func TestASourceFollowsItsFiles(t *testing.T) {
	ca := authority(t)
	dir, at := t.TempDir(), now
	paths := Paths{dir + "/ca.crt", dir + "/own.crt", dir + "/own.key"}
	write := func(path string, text []byte) {
		t.Helper()
		if err := os.WriteFile(path+".new", text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	fresh := func(i Identity) (certificate, key []byte) {
		t.Helper()
		key, err := NewKey()
		if err != nil {
			t.Fatal(err)
		}
		certificate, err = ca.Issue(i, key, now, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return certificate, key
	}
	certificate, key := fresh(process)
	write(paths.CA, ca.Cert)
	write(paths.Cert, certificate)
	write(paths.Key, key)
	s, err := NewSource(paths, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	look := func(name string, changed bool, fault string) {
		t.Helper()
		was := s.Material()
		got, err := s.Look()
		if got != changed || (err == nil) != (fault == "") || err != nil && !strings.Contains(err.Error(), fault) {
			t.Errorf("%s: got %t, error %v, want %t, error %q", name, got, err, changed, fault)
		}
		if (s.Material() != was) != changed {
			t.Errorf("%s: got other material: %t, want %t", name, !changed, changed)
		}
		at = at.Add(LookEvery)
	}
	at = at.Add(LookEvery)
	look("nothing new", false, "")
	certificate, key = fresh(process)
	write(paths.Cert, certificate)
	look("certificate without its key", false, "no pair")
	look("still without its key", false, "no pair")
	write(paths.Key, key)
	at = at.Add(lookMin - time.Nanosecond - LookEvery)
	look("too soon", false, "")
	look("both", true, "")
	other, otherKey := fresh(Identity{Cluster: "bank", Process: "p2"})
	write(paths.Cert, other)
	write(paths.Key, otherKey)
	look("another process", false, "p2")
	write(paths.Cert, certificate)
	write(paths.Key, key)
	look("back", true, "")
	if err := os.Remove(paths.CA); err != nil {
		t.Fatal(err)
	}
	look("no CA", false, "no such file")
}
