//go:build !race

package netnode_test

const raceEnabled = false
