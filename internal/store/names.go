package store

import (
	"fmt"
	"strconv"
	"strings"

	"chandy/snapshot"
)

// The names of objects. docs/store.md describes them.

func numbersPrefix(epoch uint64) string          { return fmt.Sprintf("numbers/%d/", epoch) }
func numberName(epoch, number uint64) string     { return fmt.Sprintf("numbers/%d/%d", epoch, number) }
func derivedName(id snapshot.ID) string          { return "derived/" + string(id) }
func snapshotPrefix(id snapshot.ID) string       { return fmt.Sprintf("snapshots/%s/", id) }
func damagedName(id snapshot.ID) string          { return snapshotPrefix(id) + "damaged" }
func manifestName(id snapshot.ID) string         { return snapshotPrefix(id) + "manifest" }
func partsPrefix(id snapshot.ID) string          { return snapshotPrefix(id) + "parts/" }
func fateName(id snapshot.ID, seq uint64) string { return fmt.Sprintf("fate/%s.%d", id, seq) }
func decisionName(number uint64) string          { return fmt.Sprintf("epochs/%d", number) }
func runName(number uint64) string               { return decisionName(number) + ".run" }
func endingsPrefix(epoch uint64) string          { return fmt.Sprintf("endings/%d/", epoch) }

func partName(id snapshot.ID, process snapshot.ProcessID) string {
	return partsPrefix(id) + string(process)
}

// parseNumber returns a number as it stands in names: in decimal, without zeros in front.
func parseNumber(text string) (uint64, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil && n > 0 && strconv.FormatUint(n, 10) == text
}

// parseFate returns the snapshot and the sequence number of the name of a fate.
func parseFate(name string) (id snapshot.ID, seq uint64, ok bool) {
	rest, ok := strings.CutPrefix(name, "fate/")
	dot := strings.LastIndexByte(rest, '.')
	if !ok || dot < 0 {
		return "", 0, false
	}
	seq, ok = parseNumber(rest[dot+1:])
	return snapshot.ID(rest[:dot]), seq, ok
}

// parseTaken returns the epoch and the number of the name of a taken number.
func parseTaken(name string) (epoch, number uint64, ok bool) {
	rest, ok := strings.CutPrefix(name, "numbers/")
	e, n, cut := strings.Cut(rest, "/")
	epoch, okE := parseNumber(e)
	number, okN := parseNumber(n)
	return epoch, number, ok && cut && okE && okN
}

// parseDecision returns the number of the name of a decision.
func parseDecision(name string) (uint64, bool) {
	rest, ok := strings.CutPrefix(name, "epochs/")
	n, isNumber := parseNumber(rest)
	return n, ok && isNumber
}

// parseSnapshot returns the snapshot to which an object belongs.
func parseSnapshot(name string) (snapshot.ID, bool) {
	rest, ok := strings.CutPrefix(name, "snapshots/")
	id, _, cut := strings.Cut(rest, "/")
	return snapshot.ID(id), ok && cut
}

func isDerived(name string) bool { return strings.HasPrefix(name, "derived/") }
