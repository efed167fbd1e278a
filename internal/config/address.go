package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// hostMax is the longest host name, in bytes (RFC 1035).
const hostMax = 253

var (
	hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9._-]*[a-z0-9_.])?$`)
	// hostNumber matches a name whose last label is a number. No top-level domain is
	// a number, so the name is a mistyped IPv4 address.
	hostNumber = regexp.MustCompile(`^(.*\.)?[0-9]+$`)
)

// endpoint is an address host:port in a canonical form: equal addresses have equal
// endpoints.
type endpoint struct {
	host string     // in lower case; the text of ip if ip is valid
	ip   netip.Addr // invalid for a host name
	port uint16     // at least 1
}

// CheckAddress returns an error if a process must not listen on or dial the address.
// It must be host:port, and a loopback address without TLS, unless Network.Insecure is set. Host
// names are not resolved: only localhost counts as loopback.
func (c *Cluster) CheckAddress(address string) error {
	e, err := parseEndpoint(address)
	if err == nil {
		err = e.checkReach(c.reachable())
	}
	if missing := (noHost{}); c.reachable() && errors.As(err, &missing) {
		err = fmt.Errorf("has no host: write 0.0.0.0:%s for all addresses of this machine, or one of them", missing.port)
	}
	if err != nil {
		return fmt.Errorf("%s %w", quote(address), err)
	}
	return nil
}

// reachable reports whether addresses may be other than loopback.
func (c *Cluster) reachable() bool { return c.Network.Insecure || c.TLS.On() }

// IsLoopback reports whether the address of a process is loopback. Host names are not
// resolved: only localhost counts as loopback.
func IsLoopback(address string) bool {
	e, err := parseEndpoint(address)
	return err == nil && e.ip.IsLoopback()
}

// parseEndpoint parses an address. Its errors follow the quoted address in a message.
func parseEndpoint(address string) (endpoint, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || strings.Contains(address, "/") {
		return endpoint{}, splitError(address)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return endpoint{}, errors.New("has a bad port: write a number from 1 to 65535")
	}
	e := endpoint{host: strings.ToLower(host), port: uint16(n)}
	if e.host == "localhost" {
		e.host = "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(e.host); err == nil {
		e.ip = ip.Unmap()
		e.host = e.ip.String()
		return e, nil
	}
	switch {
	case host == "":
		return endpoint{}, noHost{port}
	case len(host) > hostMax || !hostName.MatchString(e.host) || hostNumber.MatchString(e.host):
		return endpoint{}, errors.New("has a bad host: write an IP address or a host name")
	}
	return e, nil
}

// noHost is the error of an address that is a port only.
type noHost struct{ port string }

func (e noHost) Error() string { return "has no host: write for example 127.0.0.1:" + e.port }

var scheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://`)

// splitError returns what is wrong with an address that is not host:port.
func splitError(address string) error {
	bare := strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	ip, notIP := netip.ParseAddr(bare)
	_, notPort := strconv.ParseUint(address, 10, 16)
	switch {
	case scheme.MatchString(address):
		return fmt.Errorf("is a URL: leave out %s", scheme.FindString(address))
	case notIP == nil && ip.Zone() == "" && bare != address:
		return fmt.Errorf("has no port: write for example %s:7101", address)
	case strings.Count(address, ":") > 1:
		return errors.New("is not host:port: an IPv6 address needs brackets, such as [::1]:7101")
	case notPort == nil:
		return noHost{address}
	case hostName.MatchString(strings.ToLower(address)):
		return fmt.Errorf("has no port: write for example %s:7101", address)
	}
	return errors.New("is not host:port: write for example 127.0.0.1:7101")
}

// String returns the endpoint as host:port.
func (e endpoint) String() string {
	return net.JoinHostPort(e.host, strconv.Itoa(int(e.port)))
}

// checkDial returns an error if e cannot be dialled.
func (e endpoint) checkDial() error {
	if e.ip.IsUnspecified() {
		return errors.New("cannot be dialled: write the address that the other processes dial, and give this one to --listen")
	}
	return nil
}

// checkReach returns an error if e is not loopback, unless others may reach the cluster.
func (e endpoint) checkReach(reachable bool) error {
	if reachable || e.ip.IsLoopback() {
		return nil
	}
	return errInsecure
}
