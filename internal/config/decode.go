package config

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The TOML library decodes loosely: it accepts keys in any case, drops unknown ones,
// and stops at the first wrong type. So only its parser is used. This file decodes the
// parsed tree and finds every fault.

// unknownKey begins the fault of a key that its table does not have.
const unknownKey = "unknown key "

var durationType = reflect.TypeFor[time.Duration]()

// table decodes a TOML table into a struct by the tags of its fields. A field whose key
// is left out gets its default.
func (fs *faults) table(at place, table map[string]any, into reflect.Value) {
	var known []string
	for i := range into.NumField() {
		tag := into.Type().Field(i).Tag
		key, ok := tag.Lookup("toml")
		if !ok {
			continue
		}
		known = append(known, key)
		value, given := table[key]
		switch text, ok := tag.Lookup("default"); {
		case given:
			fs.value(at.key(key), value, into.Field(i), tag)
		case ok:
			fs.value(at.key(key), parseTag(text, into.Field(i)), into.Field(i), tag)
		case into.Field(i).Kind() == reflect.Struct:
			fs.table(at.key(key), nil, into.Field(i)) // for its defaults
		}
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		switch {
		case slices.Contains(known, key):
		case len(fs.list) == faultsMax:
			fs.more++ // without the advice, which takes its time
		default:
			fs.addUnder(at.key(key), at, unknownKey+"%s: %s", quote(key), advice(key, known))
		}
	}
}

// value decodes one TOML value. The tag belongs to the field that holds it.
func (fs *faults) value(at place, value any, into reflect.Value, tag reflect.StructTag) {
	from := reflect.ValueOf(value)
	switch {
	case into.Type() == durationType:
		fs.duration(at, value, into, tag)
	case into.Type() == sizeType:
		fs.size(at, value, into, tag)
	case into.CanInt(), into.CanUint(), into.CanFloat():
		fs.number(at, value, into, tag)
	case into.Kind() == reflect.Interface && into.NumMethod() == 0:
		into.Set(from)
	case into.Kind() == reflect.String:
		if from.Kind() != reflect.String {
			fs.wrongType(at, "a string", value)
			return
		}
		if all := tag.Get("oneof"); all != "" && !slices.Contains(strings.Split(all, " "), from.String()) {
			fs.add(at, "must be one of %s, not %s", strings.ReplaceAll(all, " ", ", "), quote(from.String()))
			return
		}
		into.SetString(from.String())
	case into.Kind() == reflect.Bool:
		if from.Kind() != reflect.Bool {
			fs.wrongType(at, "true or false", value)
			return
		}
		into.SetBool(from.Bool())
	case into.Kind() == reflect.Slice && into.Type().Elem().Kind() == reflect.Struct && from.Kind() == reflect.Map:
		fs.add(at, "must be an array of tables: write [[%s]], not [%[1]s]", at.text)
	case into.Kind() == reflect.Slice:
		if from.Kind() != reflect.Slice {
			fs.wrongType(at, "an array", value)
			return
		}
		into.Set(reflect.MakeSlice(into.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			element := from.Index(i).Interface()
			fs.value(elementPlace(at, i, element), element, into.Index(i), tag)
		}
	case into.Kind() == reflect.Map, into.Kind() == reflect.Struct:
		table, ok := value.(map[string]any)
		if !ok {
			fs.wrongType(at, "a table", value)
			return
		}
		if into.Kind() == reflect.Struct {
			fs.table(at, table, into)
			return
		}
		fs.mapped(at, table, into, tag)
	default:
		panic(fmt.Sprintf("bug: a setting cannot be a %s", into.Type()))
	}
}

// mapped decodes a table whose keys are free.
func (fs *faults) mapped(at place, table map[string]any, into reflect.Value, tag reflect.StructTag) {
	into.Set(reflect.MakeMapWithSize(into.Type(), len(table)))
	for _, key := range slices.Sorted(maps.Keys(table)) {
		element := reflect.New(into.Type().Elem()).Elem()
		fs.value(at.key(key), table[key], element, tag)
		into.SetMapIndex(reflect.ValueOf(key).Convert(into.Type().Key()), element)
	}
}

func (fs *faults) duration(at place, value any, into reflect.Value, tag reflect.StructTag) {
	text, ok := value.(string)
	if !ok {
		fs.wrongType(at, `a duration such as "50ms"`, value)
		return
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		fs.add(at, `%s is not a duration: write a number and its unit, such as "50ms" or "1m30s"`, quote(text))
		return
	}
	if within(fs, at, d, quote(text), into, tag) {
		into.SetInt(int64(d))
	}
}

func (fs *faults) number(at place, value any, into reflect.Value, tag reflect.StructTag) {
	n, isInt := value.(int64)
	switch {
	case into.CanFloat():
		f, isFloat := value.(float64)
		if isInt {
			f = float64(n)
		}
		switch {
		case !isInt && !isFloat:
			fs.wrongType(at, "a number", value)
		case math.IsNaN(f) || math.IsInf(f, 0):
			fs.add(at, "must be a finite number, not %v", f)
		case within(fs, at, f, fmt.Sprint(value), into, tag):
			into.SetFloat(f)
		}
	case !isInt:
		fs.wrongType(at, "an integer", value)
	case into.CanInt() && into.OverflowInt(n),
		into.CanUint() && n >= 0 && into.OverflowUint(uint64(n)):
		fs.add(at, "%d does not fit in %d bits", n, into.Type().Bits())
	case into.CanUint() && n < 0:
		fs.add(at, "must be at least 0, not %d", n)
	case within(fs, at, n, fmt.Sprint(n), into, tag):
		if into.CanUint() {
			into.SetUint(uint64(n))
			return
		}
		into.SetInt(n)
	}
}

func (fs *faults) wrongType(at place, want string, value any) {
	fs.add(at, "must be %s, not %s", want, typeName(value))
}

// typeName returns the name of a value's type in TOML.
func typeName(value any) string {
	switch value.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case bool:
		return "true or false"
	case time.Time:
		return "a date or time"
	case map[string]any:
		return "a table"
	}
	return "an array"
}

// within reports whether v is from the tag min to the tag max. If not, it adds a fault
// that shows v as text.
func within[T cmp.Ordered](fs *faults, at place, v T, text string, into reflect.Value, tag reflect.StructTag) bool {
	low, hasLow := tag.Lookup("min")
	high, hasHigh := tag.Lookup("max")
	tooLow := hasLow && v < bound[T](low, into)
	tooHigh := hasHigh && v > bound[T](high, into)
	switch {
	case !tooLow && !tooHigh:
		return true
	case hasLow && hasHigh:
		fs.add(at, "must be from %s to %s, not %s", low, high, text)
	case tooLow:
		fs.add(at, "must be at least %s, not %s", low, text)
	case tooHigh:
		fs.add(at, "must be at most %s, not %s", high, text)
	}
	return false
}

// bound returns the value of a tag min or max.
func bound[T cmp.Ordered](text string, into reflect.Value) T {
	value := parseTag(text, into)
	if into.Type() == durationType {
		d, err := time.ParseDuration(text)
		mustParse(text, into, err)
		value = d
	}
	if into.Type() == sizeType {
		size, ok := parseSize(text)
		if !ok {
			panic(fmt.Sprintf("bug: tag %q of a setting is not a size", text))
		}
		value = size
	}
	return value.(T)
}

// parseTag returns the text of a tag as the value that the TOML parser would return for
// the field into.
func parseTag(text string, into reflect.Value) any {
	var value any = text
	var err error
	switch {
	case into.Type() == durationType, into.Type() == sizeType, into.Kind() == reflect.String:
	case into.CanInt(), into.CanUint():
		value, err = strconv.ParseInt(text, 10, 64)
	case into.CanFloat():
		value, err = strconv.ParseFloat(text, 64)
	case into.Kind() == reflect.Bool:
		value, err = strconv.ParseBool(text)
	default:
		err = fmt.Errorf("a %s has no tags", into.Type())
	}
	mustParse(text, into, err)
	return value
}

func mustParse(text string, into reflect.Value, err error) {
	if err != nil {
		panic(fmt.Sprintf("bug: tag %q of a setting: %v", text, err))
	}
}
