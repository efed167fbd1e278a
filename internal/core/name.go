package core

import (
	"math/rand/v2"
	"strings"
	"time"
)

// nameLayout is the layout of the time in a name, which then loses its point.
const nameLayout = "20060102T150405.000000Z"

// NewName returns a name for a snapshot or an incarnation: the time to the microsecond,
// then ten random characters. Names sort by time as text and are safe as file names.
func NewName(at time.Time, random *rand.Rand) string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // base32 without i, l, o, u
	var b strings.Builder
	b.WriteString(strings.Replace(at.UTC().Format(nameLayout), ".", "", 1))
	b.WriteByte('-')
	for range 10 {
		b.WriteByte(alphabet[random.IntN(len(alphabet))])
	}
	return b.String()
}
