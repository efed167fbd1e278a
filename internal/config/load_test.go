package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"chandy/snapshot"
)

const repository = "../../cluster.toml"

func TestRepositoryFile(t *testing.T) {
	c, err := Load(repository)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "bank" || c.Network.Delay != 50*time.Millisecond || c.Snapshot.Limit != 16 {
		t.Errorf("cluster %+v", c)
	}
	if got := fmt.Sprint(c.IDs(), c.Channels()); got != "[p1 p2 p3] [p1->p2 p1->p3 p2->p1 p2->p3 p3->p1 p3->p2]" {
		t.Errorf("ids and channels %s", got)
	}
	for i, p := range c.Processes {
		if want := fmt.Sprintf("127.0.0.1:%d", 7101+i); p.Address != want {
			t.Errorf("%s at %s, want %s", p.ID, p.Address, want)
		}
		var bank struct {
			Balance     int `toml:"balance"`
			Rate        int `toml:"transfers_per_second"`
			MaxTransfer int `toml:"max_transfer"`
		}
		if err := p.Program.Decode(&bank); err != nil || p.Program.Kind != "bank" {
			t.Errorf("program %q: %v", p.Program.Kind, err)
		}
		if bank.Balance != 1000 || bank.Rate != 10 || bank.MaxTransfer != 10 {
			t.Errorf("settings %+v", bank)
		}
	}
}

// What is commented out is as good as what is not.
func TestRepositoryFileUncommented(t *testing.T) {
	text, err := os.ReadFile(repository)
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`(?m)^# ([a-z_]+ = )`).ReplaceAllString(string(text), "$1")
	if all == string(text) {
		t.Fatal("nothing is commented out")
	}
	given, err := Parse(repository, text)
	if err != nil {
		t.Fatal(err)
	}
	full, err := Parse(repository, []byte(all))
	if err != nil {
		t.Fatal(err)
	}
	if given.Hash() != full.Hash() || given.Network != full.Network || given.Snapshot != full.Snapshot {
		t.Errorf("the file has   %+v\nuncommented it %+v", given, full)
	}
	p3, _ := full.Process(snapshot.ProcessID("p3"))
	if p3.Program.Kind != "bank" || p3.Program.settings["balance"] != int64(500) {
		t.Errorf("program of p3 %+v", p3.Program)
	}
}

// The file is the reference: it has every key, its default and its limits.
func TestRepositoryFileIsComplete(t *testing.T) {
	text, err := os.ReadFile(repository)
	if err != nil {
		t.Fatal(err)
	}
	prose := strings.Join(strings.Fields(strings.ReplaceAll(string(text), "\n#", "\n")), " ")
	for _, table := range []any{Definition{}, ProcessDefinition{}, Network{}, Snapshot{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(table)) {
			key := field.Tag.Get("toml")
			if !regexp.MustCompile(`(?m)^(# )?(\[+` + key + `\]+$|` + key + ` = )`).Match(text) {
				t.Errorf("has no key %s", key)
			}
			if v := field.Tag.Get("default"); v != "" && !strings.Contains(prose, "(default "+v) {
				t.Errorf("does not say that the default of %s is %s", key, v)
			}
			limits := "from " + field.Tag.Get("min") + " to " + field.Tag.Get("max")
			if field.Tag.Get("max") != "" && !strings.Contains(prose, limits+")") {
				t.Errorf("does not say that %s is %s", key, limits)
			}
		}
	}
}

func TestFind(t *testing.T) {
	for _, test := range []struct{ flag, env, want string }{
		{"a.toml", "b.toml", "a.toml"},
		{"", "b.toml", "b.toml"},
		{"", "", "cluster.toml"},
	} {
		t.Setenv("CHANDY_CLUSTER", test.env)
		if got := Find(test.flag); got != test.want {
			t.Errorf("Find(%q) with %q is %q, want %q", test.flag, test.env, got, test.want)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	absent := filepath.Join(dir, "absent.toml")
	large := filepath.Join(dir, "large.toml")
	if err := os.WriteFile(large, make([]byte, fileMax+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, want string }{
		{absent, "read cluster file: open " + absent + ": no such file or directory: name one with --cluster or $CHANDY_CLUSTER"},
		{dir, "read cluster file: " + dir + " is a directory: name the file in it"},
		{large, large + ": the file is too large: a cluster file has at most 1048576 bytes"},
	} {
		_, err := Load(test.path)
		if got := fmt.Sprint(err); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
	if _, err := Load(absent); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %#v", err)
	}
}

// The largest file that is read may be as long as the limit.
func TestLoadLargest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "largest.toml")
	text := small + strings.Repeat("#", fileMax-len(small))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err != nil {
		t.Error(err)
	}
}
