//go:build !linux && !darwin

package netnode

const unsentOption = 0

// tcpOptions are the options of every TCP connection.
var tcpOptions map[int]int
