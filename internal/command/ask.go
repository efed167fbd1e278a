package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"chandy/internal/config"
	"chandy/netnode"
	"chandy/snapshot"
	"chandy/wire"
)

// answerTimeout is the time that a node has for one answer.
const answerTimeout = time.Second

// asker asks the nodes of a cluster.
type asker struct{ cluster *config.Cluster }

// dial connects to the node of a process and exchanges the greeting with it.
func (a asker) dial(ctx context.Context, id snapshot.ProcessID) (*netnode.Client, error) {
	return a.dialWithin(ctx, answerTimeout, id)
}

// dialWithin is dial with another limit than answerTimeout.
func (a asker) dialWithin(ctx context.Context, limit time.Duration, id snapshot.ProcessID) (*netnode.Client, error) {
	var client *netnode.Client
	err := inTime(ctx, limit, func(ctx context.Context) (err error) {
		client, err = netnode.DialClient(ctx, a.cluster, id, netnode.TCP{})
		return err
	})
	if isBusy(err) {
		err = fmt.Errorf("busy: %w", err)
	}
	return client, err
}

// ask asks the node of a process for its status.
func (a asker) ask(ctx context.Context, id snapshot.ProcessID) (status wire.ProcessStatus, err error) {
	client, err := a.dial(ctx, id)
	if err != nil {
		return status, err
	}
	defer client.Close()
	err = inTime(ctx, answerTimeout, func(ctx context.Context) (err error) {
		status, err = client.Status(ctx)
		return err
	})
	return status, err
}

// inTime calls ask with a deadline: limit from now, or the deadline of ctx if it is sooner.
func inTime(ctx context.Context, limit time.Duration, ask func(context.Context) error) error {
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline))
	}
	if limit <= 0 {
		return context.DeadlineExceeded
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := ask(bounded)
	if err != nil && !isBusy(err) && (bounded.Err() != nil || os.IsTimeout(err)) {
		return noAnswer{limit.Round(time.Millisecond)}
	}
	return err
}

// noAnswer is the error of a node that did not answer in time.
type noAnswer struct{ limit time.Duration }

func (e noAnswer) Error() string { return fmt.Sprintf("no answer within %v", e.limit) }

// isRefusal reports whether a node refused, and would refuse again, or a client without a
// certificate did not even ask. A node that is
// stopping refuses too, but its successor may not, and a busy node may have room later.
func isRefusal(err error) bool {
	if errors.As(err, new(*netnode.ClientCertificateError)) {
		return true
	}
	var r *netnode.Refused
	return errors.As(err, &r) && r.Code != wire.Stopping && r.Code != wire.Busy
}

// isBusy reports whether a node has refused because a limit is reached.
func isBusy(err error) bool {
	var r *netnode.Refused
	return errors.As(err, &r) && r.Code == wire.Busy
}

// useTheirFile is the hint after a refusal.
const useTheirFile = "use the cluster file that the nodes were started with"

func refused(id snapshot.ProcessID, err error) error {
	var r *netnode.Refused
	switch {
	case errors.As(err, new(*netnode.ClientCertificateError)):
		return fail(exitUsage, makeCertificates, "%w", err)
	case errors.As(err, &r) && (r.Code == wire.IdentityMismatch || r.Code == wire.TLSRequired):
		return fail(exitUsage, "docs/security.md says which certificate is whose; chandy cert DIR makes them", "%s: %w", id, err)
	}
	return fail(exitUsage, useTheirFile, "%s refused: %w", id, err)
}

const makeCertificates = "chandy cert DIR makes certificates for processes and clients"

// checkClient returns an error if this command has no certificate with which it could ask the
// nodes later.
func checkClient(cluster *config.Cluster) error {
	if _, err := netnode.ClientRole(cluster); err != nil {
		return fail(exitUsage, makeCertificates, "%w", err)
	}
	return nil
}

// needsAdmin returns an error unless this command has the certificate of an administrator, or
// the cluster has no TLS. It is for a command that asks no node.
func needsAdmin(command string, cluster *config.Cluster) error {
	if err := checkClient(cluster); err != nil {
		return err
	}
	if role, _ := netnode.ClientRole(cluster); !role.Includes(wire.ClientAdmin) {
		return fail(exitUsage, otherRole, "%s needs a certificate with the role %s, and this one has the role %s", command, wire.ClientAdmin, role)
	}
	return nil
}

// otherRole is the hint for a client whose role does not permit a request.
const otherRole = "$CHANDY_CERT and $CHANDY_KEY name the certificate of another role"
