//go:build unix

// Command chandy takes consistent global snapshots of running distributed
// programs. See README.md.
package main

import (
	"os"

	"chandy/internal/command"
)

func main() {
	os.Exit(command.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
