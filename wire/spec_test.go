package wire

import (
	"bytes"
	"chandy/snapshot"
	"fmt"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// spec returns SPEC.md. The code must agree with its tables, numbers and examples.
func spec(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// table returns the cells of the first table under a heading whose header line is header.
func table(t *testing.T, heading, header string) (rows [][]string) {
	t.Helper()
	_, section, found := strings.Cut(spec(t), "\n"+heading+"\n")
	_, lines, more := strings.Cut(section, "\n"+header+"\n")
	if !found || !more {
		t.Fatalf("SPEC.md: no table %q under %q", header, heading)
	}
	for i, line := range strings.Split(lines, "\n") {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		if i > 0 { // the line of dashes
			rows = append(rows, cells)
		}
	}
	return rows
}

func TestSpecTypes(t *testing.T) {
	var got, want []string
	for _, row := range table(t, "### Types", "| number | type | from → to | on connections of role | longest payload |") {
		got = append(got, fmt.Sprint(row[0], " ", row[1], " ", row[4]))
	}
	for i, typ := range types {
		if typ.decode != nil {
			want = append(want, fmt.Sprintf("%d %s %d", i, typ.name, typ.max))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("SPEC.md: got the types\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSpecLimits(t *testing.T) {
	want := map[string]int{
		"HeaderSize": HeaderSize, "MessageMax": MessageMax, "FragmentMax": FragmentMax, "FrameMax": FrameMax, "HelloMax": HelloMax,
		"AnswerMax": AnswerMax, "ChunkMax": ChunkMax, "NameMax": NameMax, "TextMax": TextMax,
	}
	rows := table(t, "## Limits", "| what | bytes | constant |")
	for _, row := range rows {
		if n, ok := want[row[2]]; !ok || row[1] != fmt.Sprint(n) {
			t.Errorf("SPEC.md: got %s for %s, want %d", row[1], row[2], n)
		}
	}
	if len(rows) != len(want) {
		t.Errorf("SPEC.md: got %d limits, want %d", len(rows), len(want))
	}
	for _, sentence := range []string{
		fmt.Sprintf("# The protocol of chandy, version %d\n", Version),
		fmt.Sprintf("| 0-1 | magic: `%02x %02x` |\n", magic0, magic1),
		fmt.Sprintf("| 2 | version of the header: %d |\n", Version),
		fmt.Sprintf("that many bytes of UTF-8, at most %d |\n", NameMax),
		fmt.Sprintf("| a string for people, at most %d bytes |\n", TextMax),
		fmt.Sprintf("a length of time in microseconds, at most %d |\n", math.MaxInt64/time.Microsecond),
		fmt.Sprintf("its length as a uint, at most %d, then its bytes", FragmentMax),
		fmt.Sprintf("| length of the message in bytes: %d to %d |\n", FragmentMax+1, MessageMax),
		fmt.Sprintf("| 1 to %d bytes of the message |\n", FragmentMax),
		fmt.Sprintf("| the chunk, at most %d bytes, possibly none |\n", ChunkMax),
		fmt.Sprintf("| at most %d bytes |\n", ChunkMax),
		fmt.Sprintf("For bytes that have not come, this implementation allocates about as many as have come, but at least %d KiB and at most %d MiB.", unarrivedMin>>10, unarrivedMax>>20),
		fmt.Sprintf("what the connection is for: %d %[1]s, %d %[2]s, %d %[3]s, %d %[4]s |\n", RoleChannel, RoleAssembly, RoleControl, RoleAgreement),
		fmt.Sprintf("| %d %[1]s, %d %[2]s, %d %[3]s, %d %[4]s, %d %[5]s |\n", Fetched, Verified, Loaded, Refilled, Running),
		fmt.Sprintf("| %d %[1]s, %d %[2]s, %d %[3]s, %d %[4]s |\n", KindProgress, KindData, KindEnd, KindError),
		fmt.Sprintf("must be `%s`, `%s`, or `%s`:", StatusComplete, StatusPartial, StatusUnknown),
	} {
		if !strings.Contains(spec(t), sentence) {
			t.Errorf("SPEC.md: got no sentence %q, want it", sentence)
		}
	}
}

// The table of each frame has the fields of its struct, in order. The fields of flags are
// the bits of Flags.
func TestSpecFields(t *testing.T) {
	for _, g := range goldens {
		var want, got []string
		if typ := reflect.TypeOf(g.frame); g.frame.Type() == TypeData {
			want = []string{"First", "Stamp", "Count", "Body"}
		} else {
			for _, field := range reflect.VisibleFields(typ) {
				if _, flag := reflect.TypeFor[snapshot.Wants]().FieldByName(field.Name); !field.Anonymous && !flag {
					want = append(want, field.Name)
				}
			}
		}
		for _, row := range table(t, "### "+g.frame.Type().String(), "| field | kind | |") {
			if row[0] != "Flags" {
				got = append(got, row[0])
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("SPEC.md: %s: got the fields %q, want %q", g.frame.Type(), got, want)
		}
	}
}

func TestSpecCodes(t *testing.T) {
	want := []string{
		WrongCluster, WrongProcess, UnknownProcess, NoSuchChannel, ConfigurationDiffers, WrongEpoch,
		WrongVersion, OldIncarnation, AlreadyConnected, Busy, Stopping, IdentityMismatch, TLSRequired, NoStore, ProtocolViolation,
	}
	var got []string
	for _, row := range table(t, "### refuse", "| code | meaning |") {
		got = append(got, strings.Trim(row[0], "`"))
	}
	if !slices.Equal(got, want) {
		t.Errorf("SPEC.md: got the codes %q, want %q", got, want)
	}
	if got := ErrViolation.Error(); got != ProtocolViolation {
		t.Errorf("got the error %q, want the code %q", got, ProtocolViolation)
	}
}

func TestSpecExamples(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```hex (\\w+)\n(.*?)```").FindAllStringSubmatch(spec(t), -1)
	examples := map[string]Frame{
		"ping":  Ping{Nonce: 7},
		"data":  Data{Stamp: 1, Batch: batch(128, `{"n":1}`, "", "\xff")},
		"hello": Hello{Role: RoleControl, VersionMin: 1, VersionMax: 1, Cluster: "bank", ConfigHash: configHash(), To: "p1"},
	}
	if len(blocks) != len(examples) {
		t.Fatalf("SPEC.md: got %d examples, want %d", len(blocks), len(examples))
	}
	for _, block := range blocks {
		want, ok := examples[block[1]]
		if !ok {
			t.Fatalf("SPEC.md: got an example of a %s, want one of ping, data, hello", block[1])
		}
		var digits string
		for line := range strings.Lines(block[2]) {
			written, _, _ := strings.Cut(line, "  ")
			digits += strings.Join(strings.Fields(written), "")
		}
		if got, want := unhex(t, digits), Append(nil, want); !bytes.Equal(got, want) {
			t.Errorf("SPEC.md: %s:\n got %x\nwant %x", block[1], got, want)
		}
	}
}
