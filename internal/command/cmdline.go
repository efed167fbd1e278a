package command

import (
	"io"

	"github.com/urfave/cli/v2"

	"chandy/internal/cmdline"
	"chandy/internal/config"
)

// The short names under which this package uses package cmdline.

const (
	exitYes     = cmdline.ExitYes
	exitNo      = cmdline.ExitNo
	exitUsage   = cmdline.ExitUsage
	exitUnknown = cmdline.ExitUnknown
)

type env struct{ *cmdline.Env }

type failure = cmdline.Failure

// errNo ends a command that has printed its answer, which is no.
var errNo = &failure{Code: exitNo}

func fail(code int, hint, format string, a ...any) error {
	return cmdline.Fail(code, hint, format, a...)
}

func failList(code int, hint string, list []string, format string, a ...any) error {
	return cmdline.FailList(code, hint, list, format, a...)
}

func printLine(w io.Writer, format string, a ...any) { cmdline.PrintLine(w, format, a...) }
func printExact(w io.Writer, text string)            { cmdline.PrintExact(w, text) }

func clusterFlag() cli.Flag { return cmdline.ClusterFlag() }

func onCluster(do func(*cli.Context, *config.Cluster) error) cli.ActionFunc {
	return cmdline.OnCluster(do)
}

func onProcess(words string, do func(*cli.Context, *config.Cluster, config.Process) error) cli.ActionFunc {
	return cmdline.OnProcess(words, do)
}

func process(cluster *config.Cluster, id string) (config.Process, error) {
	return cmdline.FindProcess(cluster, id)
}

func arguments(c *cli.Context, least, most int, what string) error {
	return cmdline.Arguments(c, least, most, what)
}

func list[S ~string](all []S) string { return cmdline.List(all) }
