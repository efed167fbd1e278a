package snapfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"chandy/internal/printable"
)

// contents lists the paths of what an edit may change. A star stands for any step.
var contents = [][]string{
	{"processes", "*", "state"}, {"processes", "*", "state_base64"},
	{"channels", "*", "messages", "*", "payload"}, {"channels", "*", "messages", "*", "payload_base64"},
}

// place is where a value stands in a document.
type place struct {
	steps []string
	text  string // the path in the language of jq
}

func (p place) String() string {
	if p.text == "" {
		return "the whole snapshot"
	}
	return p.text
}

func (p place) below(step, text string) place {
	return place{append(p.steps[:len(p.steps):len(p.steps)], step), p.text + text}
}

func (p place) element(i int) place { return p.below("", fmt.Sprintf("[%d]", i)) }

func (p place) member(key string) place {
	if key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" {
		return p.below(key, "."+key)
	}
	return p.below(key, fmt.Sprintf("[%q]", key))
}

// isContent reports whether an edit may change the value.
func (p place) isContent() bool {
	return slices.ContainsFunc(contents, func(content []string) bool {
		return slices.EqualFunc(content, p.steps, func(want, step string) bool { return want == "*" || want == step })
	})
}

// sameButContent returns an error unless two documents differ only in states and payloads.
// The error begins with a verb and has the path.
func sameButContent(before, after []byte) error {
	was, err := decodeAny(before)
	if err != nil {
		return err
	}
	is, err := decodeAny(after)
	if err != nil {
		return err
	}
	return same(place{}, was, is)
}

// decodeAny decodes JSON, in which numbers stay as they are written.
func decodeAny(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return v, d.Decode(&v)
}

func same(at place, was, is any) error {
	switch was := was.(type) {
	case map[string]any:
		if is, ok := is.(map[string]any); ok {
			return sameObjects(at, was, is)
		}
	case []any:
		if is, ok := is.([]any); ok {
			return sameArrays(at, was, is)
		}
	default:
		if was == is {
			return nil
		}
	}
	return fmt.Errorf("changes %v from %s to %s", at, short(was), short(is))
}

func sameArrays(at place, was, is []any) error {
	if len(was) != len(is) {
		return fmt.Errorf("changes the length of %v from %d to %d", at, len(was), len(is))
	}
	for i := range was {
		if err := same(at.element(i), was[i], is[i]); err != nil {
			return err
		}
	}
	return nil
}

func sameObjects(at place, was, is map[string]any) error {
	keys := maps.Clone(was)
	maps.Copy(keys, is)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		member := at.member(key)
		_, before := was[key]
		_, after := is[key]
		switch {
		case member.isContent():
		case !before:
			return fmt.Errorf("adds %v", member)
		case !after:
			return fmt.Errorf("removes %v", member)
		default:
			if err := same(member, was[key], is[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

// short returns a value for people.
func short(v any) string {
	const most = 60
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return printable.Start(text, most)
}
