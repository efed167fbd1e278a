// Package cert makes and checks the certificates of a cluster.
//
// A certificate names a process of a cluster or a client of it, see [Identity]. The name
// stands in a URI, because a DNS name has no place for every id of a process. Host names
// play no part: a node may move to another address, and two clusters may share a host.
//
// [Create] makes a CA and certificates in a directory. [Verify] checks the certificate of
// a peer. A [Source] reads the certificate of a node or client from files, and reads them
// again when they change.
package cert
