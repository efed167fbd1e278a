package child

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// The cluster file of the repository and docs/settings.md are the reference. They state
// every setting, its default and its limits.
func TestReference(t *testing.T) {
	for _, file := range []string{"../../cluster.toml", "../../docs/settings.md"} {
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := section(string(whole))
		prose := strings.Join(strings.Fields(strings.ReplaceAll(string(text), "\n#", "\n")), " ")
		for _, field := range reflect.VisibleFields(reflect.TypeFor[settings]()) {
			key := field.Tag.Get("toml")
			at := regexp.MustCompile("(?m)^(#   " + key + " |\\| `" + key + "` )").FindIndex(text)
			if at == nil {
				t.Errorf("%s: got no key %s, want one", file, key)
				continue
			}
			if v := field.Tag.Get("default"); v != "" && !strings.Contains(prose, "default "+v) && !strings.Contains(prose, "| "+v+" |") && !strings.Contains(prose, "| "+v+";") {
				t.Errorf("%s: got no default of %s, want %s", file, key, v)
			}
			if low, high := field.Tag.Get("min"), field.Tag.Get("max"); high != "" && !strings.Contains(prose, "from "+low+" to "+high) {
				t.Errorf("%s: got no limits of %s, want from %s to %s", file, key, low, high)
			}
			for _, one := range strings.Fields(field.Tag.Get("oneof")) {
				if !strings.Contains(prose, `"`+one+`"`) {
					t.Errorf("%s: got no value %q of %s, want it", file, one, key)
				}
			}
		}
	}
}

// section returns the text of a file from its heading of exec on.
func section(text string) []byte {
	for _, heading := range []string{"# Settings of \"exec\"", "## exec"} {
		if _, rest, ok := strings.Cut(text, heading); ok {
			return []byte(rest)
		}
	}
	return nil
}
