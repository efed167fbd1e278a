//go:build !linux && !darwin

package netnode

// tcpOptions are the options of every TCP connection.
var tcpOptions map[int]int
