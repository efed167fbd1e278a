package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Size is a number of bytes. In a cluster file it is a string such as "64MiB", with the
// unit B, KiB, MiB or GiB.
type Size int64

var sizeType = reflect.TypeFor[Size]()

// sizeUnits lists the units. B is last, because the other names end with it.
var sizeUnits = []struct {
	name  string
	bytes Size
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}}

// String returns the size as a cluster file may have it, in the largest unit that
// divides it: "64KiB".
func (s Size) String() string {
	unit := sizeUnits[len(sizeUnits)-1]
	for _, u := range sizeUnits {
		if u.bytes > unit.bytes && s != 0 && s%u.bytes == 0 {
			unit = u
		}
	}
	return fmt.Sprintf("%d%s", int64(s/unit.bytes), unit.name)
}

func parseSize(text string) (Size, bool) {
	for _, unit := range sizeUnits {
		digits, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 63)
		return Size(n) * unit.bytes, err == nil && Size(n) <= math.MaxInt64/unit.bytes
	}
	return 0, false
}

func (fs *faults) size(at place, value any, into reflect.Value, tag reflect.StructTag) {
	text, ok := value.(string)
	if !ok {
		fs.wrongType(at, `a size such as "64MiB"`, value)
		return
	}
	size, ok := parseSize(text)
	if !ok {
		fs.add(at, `%s is not a size: write a whole number and B, KiB, MiB or GiB, such as "64MiB"`, quote(text))
		return
	}
	if within(fs, at, size, quote(text), into, tag) {
		into.SetInt(int64(size))
	}
}
