package command

import (
	"github.com/urfave/cli/v2"
)

const appHelp = `chandy takes consistent global snapshots of running distributed programs.

A cluster file names the processes of the program and the channels between them.
Each process runs in a node of its own, which connects it to the others.

usage: chandy COMMAND [flags] [arguments]

  node ID          run the node of one process of the cluster file
  up               run the nodes of all processes, here or in the background
  down             stop the nodes in the background
  logs [ID]        print the logs of the nodes in the background
  initiate         take a global snapshot and print it as JSON
  status           show processes, channels and snapshots in progress
  call ID JSON     send a request to the program of a process
  validate         check the cluster file and print its topology
  try -- COMMAND   check how a program in any language behaves under chandy
  verify FILE...   check that snapshots are complete and consistent
  bench            measure channels and snapshots on this machine
  completion SHELL print the completion script for bash, zsh or fish
  help [COMMAND]   print this text, or the flags and exit codes of a command

      --help       print this text
      --version    print the version

Flags go after the command and before its arguments. The cluster file is the one
named by --cluster FILE, else by $CHANDY_CLUSTER, else ./cluster.toml.

exit codes: 0 yes; 1 no; 2 bad usage or configuration; 3 could not find out.

example, with a bank of three processes in ./cluster.toml, whose money adds up:
  chandy node p1 & chandy node p2 & chandy node p3 &
  chandy initiate --wait |
    jq '[.processes[].state.balance, .channels[].messages[].payload.amount] | add'
  kill %1 %2 %3
`

func (e *env) help() *cli.Command {
	return &cli.Command{
		Name: "help",
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, 1, "[COMMAND]"); err != nil {
				return err
			}
			text := appHelp
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
