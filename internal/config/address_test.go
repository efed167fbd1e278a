package config

import (
	"strings"
	"testing"
)

func TestAddressesAreChecked(t *testing.T) {
	const (
		outside  = " is not loopback: use 127.0.0.1, or [tls] with certificates (chandy cert DIR makes them), or [network] insecure = true if everybody who can reach it is trusted"
		badPort  = " has a bad port: write a number from 1 to 65535"
		badHost  = " has a bad host: write an IP address or a host name"
		brackets = " is not host:port: an IPv6 address needs brackets, such as [::1]:7101"
		anyHost  = " has no host: write 0.0.0.0:7101 for all addresses of this machine, or one of them"
		noPort   = " is not host:port: write for example 127.0.0.1:7101"
	)
	for _, test := range []struct {
		address        string
		want, insecure string // what is wrong, by default and with insecure = true
	}{
		{"127.0.0.1:7101", "", ""},
		{"127.9.9.9:1", "", ""},
		{"[::1]:65535", "", ""},
		{"[::ffff:127.0.0.1]:7101", "", ""},
		{"localhost:7101", "", ""},
		{"LOCALHOST:7101", "", ""},

		{"10.0.0.1:7101", outside, ""},
		{"0.0.0.0:7101", outside, ""},
		{"[::]:7101", outside, ""},
		{"[fe80::1%eth0]:7101", outside, ""},
		{"example.org:7101", outside, ""},
		{"localhost.example.org:7101", outside, ""},
		{"my_host.:7101", outside, ""},

		{"", noPort, noPort},
		{"7101", " has no host: write for example 127.0.0.1:7101", anyHost},
		{"127.0.0.1", " has no port: write for example 127.0.0.1:7101", " has no port: write for example 127.0.0.1:7101"},
		{"Example.org", " has no port: write for example Example.org:7101", " has no port: write for example Example.org:7101"},
		{"[::1]", " has no port: write for example [::1]:7101", " has no port: write for example [::1]:7101"},
		{"[::1%\x1b[31m]", brackets, brackets},
		{"tcp://127.0.0.1:7101", " is a URL: leave out tcp://", " is a URL: leave out tcp://"},
		{"https://example.org", " is a URL: leave out https://", " is a URL: leave out https://"},
		{"127.0.0.1:7101/", noPort, noPort},
		{":7101", " has no host: write for example 127.0.0.1:7101", anyHost},
		{"::1:7101", brackets, brackets},
		{"::1", brackets, brackets},
		{"127.0.0.1:", badPort, badPort},
		{"127.0.0.1:0", badPort, badPort},
		{"127.0.0.1:65536", badPort, badPort},
		{"127.0.0.1:+1", badPort, badPort},
		{"127.0.0.1:http", badPort, badPort},
		{"127.0.0.256:7101", badHost, badHost},
		{"127.1:7101", badHost, badHost},
		{"a b:7101", badHost, badHost},
		{"-a:7101", badHost, badHost},
		{strings.Repeat("a", 254) + ":7101", badHost, badHost},
	} {
		for insecure, want := range map[bool]string{false: test.want, true: test.insecure} {
			c := Cluster{Network: Network{Insecure: insecure}}
			if want != "" {
				want = quote(test.address) + want
			}
			got := ""
			if err := c.CheckAddress(test.address); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("address %q, insecure %v\ngot  %s\nwant %s", test.address, insecure, got, want)
			}
		}
	}
}

func TestSpellingsOfOneEndpointAreEqual(t *testing.T) {
	for _, test := range []struct{ a, b string }{
		{"127.0.0.1:7101", "localhost:7101"},
		{"127.0.0.1:7101", "[::ffff:127.0.0.1]:07101"},
		{"[::1]:7101", "[0:0::0:1]:7101"},
		{"Example.org:1", "example.ORG:1"},
	} {
		a, errA := parseEndpoint(test.a)
		b, errB := parseEndpoint(test.b)
		if errA != nil || errB != nil || a.String() != b.String() {
			t.Errorf("%s and %s: got %s (error: %v) and %s (error: %v), want the same", test.a, test.b, a, errA, b, errB)
		}
	}
}
