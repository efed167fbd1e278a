package netnode

import (
	"time"

	"chandy/internal/cert"
)

// startSecurity warns of what endangers the node, and begins to watch its certificate.
func (n *Node) startSecurity() {
	if n.options.Cluster.Network.Insecure {
		n.log.Warn().Msg("insecure = true: connections are neither encrypted nor authenticated, so everybody who reaches this node can read its state and act as a process")
	}
	if n.security != nil {
		n.work.Go(n.watchCertificate)
	}
}

// warnAgain is how long after a warning that the certificate ends the next one comes.
const warnAgain = 24 * time.Hour

// watchCertificate looks every cert.LookEvery whether the files of the certificate have
// changed, and warns when it ends soon. No connection ends by that: the next handshake uses
// what is new.
func (n *Node) watchCertificate() {
	tick := time.NewTicker(cert.LookEvery)
	defer tick.Stop()
	var end endWarning
	fault := ""
	for {
		changed, err := n.security.source.Look()
		switch {
		case err != nil && err.Error() != fault:
			fault = err.Error()
			n.log.Warn().Err(err).Msg("the new certificate cannot be used, the old one stays")
		case changed:
			fault, end = "", endWarning{}
			n.log.Info().Time("ends", n.security.ends()).Msg("certificate read again")
		}
		if ends := n.security.ends(); end.due(time.Now(), ends) {
			n.log.Warn().Time("ends", ends).Msg("the certificate of this node ends soon, or has ended: without a new one its peers refuse its next connections")
		}
		select {
		case <-tick.C:
		case <-n.stop.Done():
			return
		}
	}
}

// endWarning is when a node last warned that its certificate ends.
type endWarning struct{ at time.Time }

// due reports whether a warning is due, which the caller must then log.
func (w *endWarning) due(now, ends time.Time) bool {
	if ends.Sub(now) >= cert.WarnBefore || now.Sub(w.at) < warnAgain {
		return false
	}
	w.at = now
	return true
}

// ends returns when the certificate of the node or client ends.
func (s *security) ends() time.Time { return s.source.Material().Own.Leaf.NotAfter }
