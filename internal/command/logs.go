package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/urfave/cli/v2"

	"chandy/snapshot"
)

func (e *env) logs() *cli.Command {
	return &cli.Command{
		Name:      "logs",
		Usage:     "print the logs of the nodes in the background",
		ArgsUsage: "[ID]",
		Flags:     []cli.Flag{clusterFlag(), stateDirFlag()},
		CustomHelpTemplate: `usage: chandy logs [flags] [ID]

Prints the log of the node of process ID that chandy up --detach has started, or the
logs of all nodes, one after the other. Each line of several logs begins with the id
of its process.

{flags}

exit codes: 0 printed; 2 bad usage, or there is no such log.

example:
  chandy logs p1 | tail
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, 1, "[ID]"); err != nil {
				return err
			}
			dir, err := findStateDir(c)
			if err != nil {
				return err
			}
			if id := snapshot.ProcessID(c.Args().First()); id != "" {
				return e.printLog(dir, id, "")
			}
			ids, err := dir.ids(".log")
			if err != nil {
				return err
			}
			if len(ids) == 0 {
				return fail(exitUsage, startsNodes, "no log in %s", dir)
			}
			for _, id := range ids {
				if err := e.printLog(dir, id, string(id)+" | "); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// startsNodes is the hint for logs that are missing.
const startsNodes = "chandy up --detach starts the nodes of a cluster, and keeps their logs"

func (e *env) printLog(dir stateDir, id snapshot.ProcessID, prefix string) error {
	if err := id.Check(); err != nil {
		return fail(exitUsage, "", "logs: %w", err)
	}
	f, err := os.Open(dir.log(id))
	if errors.Is(err, fs.ErrNotExist) {
		return fail(exitUsage, startsNodes, "no log of %s in %s: its node was never started", id, dir)
	} else if err != nil {
		return fail(exitUnknown, "", "%w", err)
	}
	defer f.Close()
	err = eachNodeLine(f, func(line string) { printLine(e.Stdout, "%s%s", prefix, line) })
	if err != io.EOF {
		return fail(exitUnknown, "", "%w", fmt.Errorf("read the log of %s: %w", id, err))
	}
	return nil
}
