package core

import (
	"math/rand/v2"
	"strings"
	"time"
)

// NewName returns a name for a snapshot or an incarnation: the time to the microsecond,
// then ten random characters. Names sort by time as text and are safe as file names.
func NewName(at time.Time, random *rand.Rand) string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // base32 without i, l, o, u
	var b strings.Builder
	b.WriteString(strings.Replace(at.UTC().Format("20060102T150405.000000Z"), ".", "", 1))
	b.WriteByte('-')
	for range 10 {
		b.WriteByte(alphabet[random.IntN(len(alphabet))])
	}
	return b.String()
}
