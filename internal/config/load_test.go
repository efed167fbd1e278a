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

func TestRepositoryFileIsABank(t *testing.T) {
	c, err := Load(repository)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "bank" || c.Network.Delay != 50*time.Millisecond || c.Snapshot.Limit != 16 {
		t.Errorf("got %+v, want the cluster bank, delay 50ms and limit 16", c)
	}
	if got, want := fmt.Sprint(c.IDs(), c.Channels()), "[p1 p2 p3] [p1->p2 p1->p3 p2->p1 p2->p3 p3->p1 p3->p2]"; got != want {
		t.Errorf("ids and channels: got %s, want %s", got, want)
	}
	for i, p := range c.Processes {
		if want := fmt.Sprintf("127.0.0.1:%d", 7101+i); p.Address != want {
			t.Errorf("address of %s: got %s, want %s", p.ID, p.Address, want)
		}
		type bank struct {
			Balance     int `toml:"balance"`
			Rate        int `toml:"transfers_per_second"`
			MaxTransfer int `toml:"max_transfer"`
		}
		var got bank
		want := bank{Balance: 1000, Rate: 10, MaxTransfer: 10}
		if err := p.Program.Decode(&got); err != nil || p.Program.Kind != "bank" || got != want {
			t.Errorf("program of %s: got kind %q, %+v (error: %v); want bank, %+v", p.ID, p.Program.Kind, got, err, want)
		}
	}
}

// A program or a table [tls] that is commented out is an example and no default.
func TestCommentedOutSettingsAreTheDefaults(t *testing.T) {
	text, err := os.ReadFile(repository)
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`(?m)^# (\[tls\]$|[a-z_]+ = )`).ReplaceAllString(string(text), "$1")
	if all == string(text) {
		t.Fatal("settings that are commented out: got none, want some")
	}
	given, err := Parse(repository, text)
	if err != nil {
		t.Fatal(err)
	}
	full, err := Parse(repository, []byte(all))
	if err != nil {
		t.Fatal(err)
	}
	if given.Hash() != full.Hash() || given.Network != full.Network || given.Snapshot != full.Snapshot || given.Limits != full.Limits {
		t.Errorf("without the comment signs\ngot  %+v\nwant %+v", full, given)
	}
	p3, _ := full.Process(snapshot.ProcessID("p3"))
	if p3.Program.Kind != "bank" || p3.Program.settings["balance"] != int64(500) {
		t.Errorf("program of p3: got %+v, want a bank with balance 500", p3.Program)
	}
}

// The file is the reference of all keys, their defaults and their limits.
func TestRepositoryFileIsComplete(t *testing.T) {
	text, err := os.ReadFile(repository)
	if err != nil {
		t.Fatal(err)
	}
	prose := strings.Join(strings.Fields(strings.ReplaceAll(string(text), "\n#", "\n")), " ")
	for _, table := range []any{Definition{}, ProcessDefinition{}, Network{}, Snapshot{}, Limits{}, TLS{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(table)) {
			key := field.Tag.Get("toml")
			if !regexp.MustCompile(`(?m)^(# )?(\[+` + key + `\]+$|` + key + ` = )`).Match(text) {
				t.Errorf("%s: got no key %s, want every key", repository, key)
			}
			if v := field.Tag.Get("default"); v != "" && !strings.Contains(prose, "(default "+v) {
				t.Errorf("%s: got no default of %s, want %s", repository, key, v)
			}
			limits := "from " + field.Tag.Get("min") + " to " + field.Tag.Get("max")
			if field.Tag.Get("max") != "" && !strings.Contains(prose, limits+")") {
				t.Errorf("%s: got no limits of %s, want %q", repository, key, limits)
			}
		}
	}
}

func TestFlagComesBeforeTheVariable(t *testing.T) {
	for _, test := range []struct{ flag, env, want string }{
		{"a.toml", "b.toml", "a.toml"},
		{"", "b.toml", "b.toml"},
		{"", "", "cluster.toml"},
	} {
		t.Setenv("CHANDY_CLUSTER", test.env)
		if got := Find(test.flag); got != test.want {
			t.Errorf("Find(%q) with $CHANDY_CLUSTER %q: got %q, want %q", test.flag, test.env, got, test.want)
		}
	}
}

func TestLoadErrorsNameTheFile(t *testing.T) {
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
		wantError(t, err, test.want)
	}
	if _, err := Load(absent); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error of an absent file: got %#v, want an fs.ErrNotExist", err)
	}
}

// The text of a pipe is kept, because nobody can read it again, and its directory is no
// place for programs.
func TestTextOfAPipeIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.toml")
	if err := os.WriteFile(path, []byte(small), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Load(path); err != nil || c.Text != nil || c.Dir() != filepath.Dir(path) {
		t.Errorf("file: got %d bytes, directory %q, %v; want no text, its directory", len(c.Text), c.Dir(), err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.WriteString(small); err != nil {
		t.Fatal(err)
	}
	w.Close()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if c, err := Load(fmt.Sprintf("/dev/fd/%d", r.Fd())); err != nil || string(c.Text) != small || c.Dir() != here {
		t.Errorf("pipe: got %q, %v, want its text and the working directory", c.Text, err)
	}
}

func TestFileMayBeAsLongAsTheLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "largest.toml")
	text := small + strings.Repeat("#", fileMax-len(small))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err != nil {
		t.Errorf("file of %d bytes: got %v, want no error", len(text), err)
	}
}
