package explore

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// Copy makes to a deep copy of from: all fields, exported or not. Bytes, what stands
// behind interfaces, and the keys and values of maps are shared.
func Copy[T any](to, from *T) {
	*to = *from
	deepen(reflect.ValueOf(to).Elem())
}

// deepen makes a shallow copy a deep one. It must be addressable.
func deepen(v reflect.Value) {
	if flat(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			deepen(open(v.Field(i)))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			old := v.Elem()
			v.Set(reflect.New(v.Type().Elem()))
			v.Elem().Set(old)
			deepen(v.Elem())
		}
	case reflect.Slice:
		if !v.IsNil() {
			old := v.Slice(0, v.Len())
			v.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			reflect.Copy(v, old)
			for i := 0; i < v.Len() && !flat(v.Type().Elem()); i++ {
				deepen(v.Index(i))
			}
		}
	case reflect.Map:
		old := reflect.ValueOf(v.Interface())
		v.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for it := old.MapRange(); it.Next(); {
			v.SetMapIndex(it.Key(), it.Value())
		}
	}
}

var flatTypes sync.Map // of bool, by reflect.Type

// flat reports whether a shallow copy of a value is a deep one.
func flat(t reflect.Type) bool {
	if known, ok := flatTypes.Load(t); ok {
		return known.(bool)
	}
	is := true
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			is = is && flat(t.Field(i).Type)
		}
	case reflect.Slice:
		is = t.Elem().Kind() == reflect.Uint8
	case reflect.Pointer, reflect.Map:
		is = false
	}
	flatTypes.Store(t, is)
	return is
}

// open returns a field as one that may be set, exported or not.
func open(field reflect.Value) reflect.Value {
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
}

// Append appends an encoding of every value in *v in a fixed order, but for what
// [LeftOut] lists. Equal encodings mean equal values.
func Append[T any](b []byte, v *T) []byte { return appendValue(b, reflect.ValueOf(v).Elem()) }

func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			b = appendValue(b, v.Field(i))
		}
	case reflect.Pointer:
		b = AppendBool(b, v.IsNil())
		if !v.IsNil() {
			b = appendValue(b, v.Elem())
		}
	case reflect.Slice:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return append(b, v.Bytes()...)
		}
		for i := range v.Len() {
			b = appendValue(b, v.Index(i))
		}
	case reflect.Map: // sets of texts
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
		b = append(b, byte(len(keys)))
		for _, key := range keys {
			b = AppendText(b, key.String())
		}
	case reflect.String:
		b = AppendText(b, v.String())
	case reflect.Bool:
		b = AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int64:
		b = binary.AppendVarint(b, v.Int())
	case reflect.Uint64, reflect.Uint8:
		b = binary.AppendUvarint(b, v.Uint())
	case reflect.Interface, reflect.Func:
	default:
		panic(fmt.Sprintf("bug: appendValue of %v", v.Type()))
	}
	return b
}

// LeftOut lists the fields within a type that Append leaves out: interfaces, functions
// and the values of maps. A test compares the list, so that a new field cannot escape.
func LeftOut(t reflect.Type) (fields []string) {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			for _, inner := range LeftOut(t.Field(i).Type) {
				fields = append(fields, strings.TrimSuffix(t.Field(i).Name+"."+inner, "."))
			}
		}
	case reflect.Pointer, reflect.Slice:
		return LeftOut(t.Elem())
	case reflect.Interface, reflect.Func:
		return []string{""}
	case reflect.Map:
		if t.Elem().Kind() != reflect.Bool { // a set has no values
			return []string{""}
		}
	}
	return fields
}

// AppendBool appends 1 if set, else 0.
func AppendBool(b []byte, set bool) []byte {
	if set {
		return append(b, 1)
	}
	return append(b, 0)
}

// AppendText appends a text of at most 255 bytes, and its length first.
func AppendText[T ~string](b []byte, s T) []byte { return append(append(b, byte(len(s))), s...) }
