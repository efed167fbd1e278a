package cmdline

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// placeholder returns how a help calls the value of a flag, and what the flag does. The
// usage of a flag with a value begins with that name: "FILE: the cluster file".
func placeholder(flag cli.DocGenerationFlag) (value, text string) {
	if !flag.TakesValue() {
		return "", flag.GetUsage()
	}
	value, text, found := strings.Cut(flag.GetUsage(), ": ")
	if !found {
		return "", value
	}
	return value, text
}
