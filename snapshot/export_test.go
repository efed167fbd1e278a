package snapshot

import "errors"

// For the tests of package snapshot_test.
var (
	RandomGlobal = randomGlobal
	PlayFiles    = playFiles
	Graph        = graph
	MeshOf       = meshOf
)

// CheckProven returns an error if the certificate of a snapshot does not hold.
func CheckProven(g *Global) error {
	if found := checkProven(g); found != nil {
		return errors.New(found.Text)
	}
	return nil
}
