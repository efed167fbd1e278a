package command

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// groups lists all commands, in the order of the help.
var groups = []struct {
	name     string
	commands []string
}{
	{"run", []string{"node", "up", "down", "logs", "status", "call"}},
	{"take", []string{"initiate"}},
	{"ask", []string{"show", "query", "assert", "watch", "guard", "diff"}},
	{"see", []string{"diagram", "verify"}},
	{"go back", []string{"snapshots", "restore", "resume", "remove"}},
	{"prepare", []string{"validate", "try", "cert", "bench", "completion", "help"}},
}

// appHelp returns the help of the app, in which each command has a line.
func appHelp(app *cli.App) string {
	width := 0
	for _, c := range app.Commands {
		width = max(width, len(c.Name)+1+len(c.ArgsUsage))
	}
	var lines strings.Builder
	for _, group := range groups {
		lines.WriteString(group.name + ":\n")
		for _, name := range group.commands {
			c := app.Command(name)
			lines.WriteString("  " + padded(strings.TrimSpace(name+" "+c.ArgsUsage), width+2) + c.Usage + "\n")
		}
	}
	return strings.Replace(appText, "{commands}\n", lines.String(), 1)
}

const appText = `chandy takes consistent global snapshots of running distributed programs.

A cluster file names the processes of the program and the channels between them.
Each process runs in a node of its own, which connects it to the others.

usage: chandy COMMAND [flags] [arguments]

{commands}

      --help       print this text
      --version    print the version

Flags go after the command and before its arguments. The cluster file is the one
named by --cluster FILE, else by $CHANDY_CLUSTER, else ./cluster.toml. If it has
[tls], $CHANDY_CERT and $CHANDY_KEY name the certificate of a client and its key.

exit codes: 0 yes; 1 no; 2 bad usage or configuration; 3 could not find out.

example, with a bank of three processes in ./cluster.toml, whose money adds up:
  chandy node p1 & chandy node p2 & chandy node p3 &
  chandy initiate --wait |
    jq '[.processes[].state.balance, .channels[].messages[].payload.amount] | add'
  kill %1 %2 %3
`

func (e *env) help() *cli.Command {
	return &cli.Command{
		Name:      "help",
		Usage:     "print this text, or the flags and exit codes of a command",
		ArgsUsage: "[COMMAND]",
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, 1, "[COMMAND]"); err != nil {
				return err
			}
			text := c.App.CustomAppHelpTemplate
			if name := c.Args().First(); name != "" {
				command := c.App.Command(name)
				if command == nil {
					return unknownCommand(c, name)
				}
				text = command.CustomHelpTemplate
			}
			e.PrintHelp(text)
			return nil
		},
		CustomHelpTemplate: `usage: chandy help [COMMAND]

Prints the list of commands, or the help of one command.

exit codes: 0 printed; 2 bad usage.

example:
  chandy help initiate
`,
	}
}
