//go:build !unix

package main

// There is no such function. The compiler prints its name where chandy cannot be built.
func main() { chandy_runs_on_Linux_and_macOS_only() }
