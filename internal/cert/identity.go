package cert

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"chandy/snapshot"
	"chandy/wire"
)

// Identity is whom a certificate names: a process, or a client with its role.
type Identity struct {
	Cluster string
	Process snapshot.ProcessID // empty for a client
	Role    wire.ClientRole    // empty for a process
	Name    string             // of the client, for people
}

// scheme is the scheme of the URI of an identity.
const scheme = "chandy"

// String returns the URI: chandy:/CLUSTER/process/ID or chandy:/CLUSTER/client/ROLE/NAME.
func (i Identity) String() string {
	if i.Role == "" {
		return fmt.Sprintf("%s:/%s/process/%s", scheme, i.Cluster, i.Process)
	}
	return fmt.Sprintf("%s:/%s/client/%s/%s", scheme, i.Cluster, i.Role, i.Name)
}

// ParseIdentity parses the URI of an identity. Only the text that String returns is one:
// two spellings of a name would be two ways past a check.
func ParseIdentity(uri string) (Identity, error) {
	fault := func(text string) (Identity, error) {
		return Identity{}, fmt.Errorf("%.200q %s: want %s:/CLUSTER/process/ID or %[3]s:/CLUSTER/client/ROLE/NAME", uri, text, scheme)
	}
	path, ok := strings.CutPrefix(uri, scheme+":/")
	if !ok {
		return fault("is no identity")
	}
	words := strings.Split(path, "/")
	i := Identity{Cluster: words[0]}
	switch {
	case len(words) == 3 && words[1] == "process":
		i.Process = snapshot.ProcessID(words[2])
		if i.Process.Check() != nil {
			return fault("has a bad id")
		}
	case len(words) == 4 && words[1] == "client":
		i.Role, i.Name = wire.ClientRole(words[2]), words[3]
		if !slices.Contains(wire.ClientRoles, i.Role) {
			return fault("has an unknown role")
		}
		if !isName(i.Name) {
			return fault("has a bad name")
		}
	default:
		return fault("is no identity")
	}
	if !isName(i.Cluster) {
		return fault("has a bad name of a cluster")
	}
	return i, nil
}

// isName reports whether a text has the characters of an id. It may be an id that is kept
// for clients.
func isName(text string) bool {
	id := snapshot.ProcessID(text)
	return id.Check() == nil || id.IsClient() && len(id) <= snapshot.ProcessIDMax
}

// IdentityOf returns the identity in a certificate. There must be exactly one: with two of
// them nobody could tell which one a check was about. URIs of other schemes are skipped.
func IdentityOf(c *x509.Certificate) (Identity, error) {
	var found []*url.URL
	for _, uri := range c.URIs {
		if uri.Scheme == scheme {
			found = append(found, uri)
		}
	}
	if len(found) != 1 {
		return Identity{}, fmt.Errorf("the certificate has %d URIs of the form %s:/CLUSTER/…, want one", len(found), scheme)
	}
	return ParseIdentity(found[0].String())
}
