package command

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/cert"
	"chandy/internal/cmdline"
	"chandy/internal/config"
	"chandy/wire"
)

const (
	day         = 24 * time.Hour
	certDays    = 365
	certDaysMax = 3650 // days that a new CA lasts
)

func (e *env) cert() *cli.Command {
	return &cli.Command{
		Name:      "cert",
		Usage:     "make the certificates of a cluster, for [tls]",
		ArgsUsage: "DIR",
		Flags: []cli.Flag{
			clusterFlag(),
			&cli.IntFlag{Name: "days", Usage: "N: validity of the certificates of processes and clients, from 1 to 3650 (default: 365)"},
			&cli.BoolFlag{Name: "renew", Usage: "make the certificates anew, for the keys that DIR has; the CA stays"},
		},
		CustomHelpTemplate: `usage: chandy cert [flags] DIR

Makes a CA, a certificate for each process of the cluster file, and one for clients of
each role, with their keys. Prints which host needs which files, and the lines for the
cluster file. What DIR has already stays as it is, so the command can be run again
when the file has more processes. The CA lasts ten years.

  DIR/ca.crt, ca.key             the CA; keep its key apart
  DIR/process/ID.crt, ID.key     for the host of the process
  DIR/client/ROLE.crt, ROLE.key  for clients: status, snapshot, call or admin

{flags}

exit codes: 0 made, or all there; 2 bad usage or configuration, or DIR cannot be used;
3 not everything could be made.

example:
  chandy cert certs
`,
		Action: func(c *cli.Context) error {
			if err := arguments(c, 1, 1, "DIR"); err != nil {
				return err
			}
			days := certDays
			if c.IsSet("days") {
				if days = c.Int("days"); days < 1 || days > certDaysMax {
					return fail(exitUsage, "", "--days must be from 1 to %d, not %d", certDaysMax, days)
				}
			}
			path := config.Find(c.String("cluster"))
			cluster, err := config.LoadUnsecured(path)
			if errors.Is(err, fs.ErrNotExist) {
				return fail(exitUsage, "name one with --cluster FILE or $CHANDY_CLUSTER", "no cluster file %s", path)
			}
			if err != nil {
				return cmdline.FaultsFailure(err, path)
			}
			return e.makeCertificates(cluster, c.Args().First(), cert.Plan{
				Cluster: cluster.Name, Processes: cluster.IDs(), Now: time.Now(),
				Validity: time.Duration(days) * day, CAlasts: certDaysMax * day, Renew: c.Bool("renew"),
			})
		},
	}
}

func (e *env) makeCertificates(cluster *config.Cluster, dir string, p cert.Plan) error {
	made, err := cert.Create(dir, p)
	switch {
	case err != nil && len(made) == 0:
		return fail(exitUsage, "", "cert: %w", err)
	case err != nil:
		return fail(exitUnknown, "run the same command again: it makes what is missing", "cert: made %s, then failed: %w", count(len(made), "file", "files"), err)
	}
	printLine(e.Stderr, "chandy: made %s in %s", count(len(made), "file", "files"), dir)
	printLine(e.Stdout, "each host needs %s, and for each of its processes the two files process/ID.crt and .key", filepath.Join(dir, "ca.crt"))
	printLine(e.Stdout, "each client needs ca.crt, and client/ROLE.crt and .key for what it may do:")
	table := newTable(e.Stdout, "ROLE", "MAY")
	for _, role := range wire.ClientRoles {
		table.row(role, roleMay[role])
	}
	table.flush()
	printLine(e.Stdout, "no host needs ca.key: whoever has it can make a certificate for any process and role")
	printExact(e.Stdout, "\n"+tlsTable(cluster, dir))
	return nil
}

// roleMay says what a client of each role may do.
var roleMay = map[wire.ClientRole]string{
	wire.ClientStatus:   "ask for the status",
	wire.ClientSnapshot: "take snapshots, and so read all states and messages; and status",
	wire.ClientCall:     "send requests to the programs; and status",
	wire.ClientAdmin:    "everything",
}

// tlsTable returns the lines for the cluster file. The paths are relative to the file if the
// directory is below it.
func tlsTable(cluster *config.Cluster, dir string) string {
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	if relative, err := filepath.Rel(cluster.Dir(), dir); err == nil && filepath.IsLocal(relative) {
		dir = relative
	}
	line := func(key, name string) string { return fmt.Sprintf("%s = %q\n", key, filepath.Join(dir, name)) }
	return strings.Join([]string{
		"[tls]\n", line("ca", "ca.crt"),
		line("cert", cert.ProcessFile("{id}")+".crt"), line("key", cert.ProcessFile("{id}")+".key"),
		line("client_cert", cert.ClientFile(wire.ClientAdmin)+".crt"), line("client_key", cert.ClientFile(wire.ClientAdmin)+".key"),
	}, "")
}
