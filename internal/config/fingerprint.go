package config

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// fingerprintParts are the parts of a fingerprint, in its order.
var fingerprintParts = []string{"processes", "channels", "markers", "settings of recovery"}

// Fingerprint returns a short text by which people compare the cluster files of hosts. It
// has a part each for the processes, the channels and the rule for markers: four hex digits
// of a hash. A cluster that recovers has a fourth one. Nodes compare [Cluster.Hash] instead.
func (c *Cluster) Fingerprint() string {
	short := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return fmt.Sprintf("%x", sum[:2])
	}
	parts := []string{short(fmt.Sprint(c.IDs())), short(fmt.Sprint(c.Channels())), short(c.Snapshot.Markers)}
	if c.Recovers() {
		parts = append(parts, short("recover "+c.Snapshot.Recover))
	}
	return strings.Join(parts, "-")
}

var fingerprint = regexp.MustCompile(`fingerprint ([0-9a-f]{4}(?:-[0-9a-f]{4}){2,3})\b`)

// Compare returns how this cluster differs from the one whose fingerprint is in the text of
// a refusal, as the end of that text. It returns nothing if no fingerprint is in it, as in
// the refusal of an older node.
func (c *Cluster) Compare(refusal string) string {
	found := fingerprint.FindStringSubmatch(refusal)
	if found == nil {
		return ""
	}
	own, other := strings.Split(c.Fingerprint(), "-"), strings.Split(found[1], "-")
	at := func(parts []string, i int) string {
		if i < len(parts) {
			return parts[i]
		}
		return "" // it does not recover
	}
	var differ []string
	for i, part := range fingerprintParts {
		if at(own, i) != at(other, i) {
			differ = append(differ, part)
		}
	}
	if slices.Contains(differ, "processes") && slices.Contains(differ, "channels") {
		differ = slices.DeleteFunc(differ, func(part string) bool { return part == "channels" }) // they follow from the processes
	}
	if len(differ) == 0 {
		return ""
	}
	return fmt.Sprintf("; the one here has %s: the %s differ", strings.Join(own, "-"), strings.Join(differ, " and the "))
}
