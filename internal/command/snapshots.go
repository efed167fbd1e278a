package command

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/config"
	"chandy/internal/saved"
	"chandy/internal/store"
	"chandy/snapshot"
)

func (e *env) snapshots() *cli.Command {
	return &cli.Command{
		Name:  "snapshots",
		Usage: "list the saved snapshots",
		Flags: []cli.Flag{clusterFlag(), &cli.BoolFlag{Name: "json", Usage: "print JSON (chandy/snapshots.v1)"}},
		CustomHelpTemplate: `usage: chandy snapshots [flags]

Lists the snapshots in the store of the cluster file, the newest last. No node is
asked. A snapshot is

  saved       it can be used: chandy verify reads its parts too
  failed      it could not be saved
  corrupt     its manifest was changed
  unfinished  it is being saved, or was when its assembler ended

A base is the snapshot from which the cluster goes on. A pinned one has a name, so it
is never removed by itself. One that is kept is about to become the base.

{flags}

exit codes: 0 printed; 2 bad usage or configuration; 3 the store cannot be read.

example:
  chandy snapshots --json | jq -r '.snapshots[] | select(.pinned).id'
`,
		Action: onCluster(func(c *cli.Context, cluster *config.Cluster) error {
			s := storeOf(cluster)
			entries, err := s.List()
			var absent *store.AbsentError
			switch {
			case errors.As(err, &absent):
				printLine(e.Stderr, "chandy: %v: no snapshot was saved", err)
			case err != nil:
				return storeFailure(err)
			}
			if !c.Bool("json") {
				e.printEntries(entries)
				return nil
			}
			document := listing{Format: "chandy/snapshots.v1", Cluster: cluster.Name, Store: s.String(), Snapshots: []listed{}}
			for _, entry := range entries {
				document.Snapshots = append(document.Snapshots, listedOf(entry))
			}
			if err := writeJSON(e.Stdout, document, "  "); err != nil {
				return fail(exitUnknown, "", "%w", err)
			}
			return nil
		}),
	}
}

// listing is the output of snapshots --json.
type listing struct {
	Format    string   `json:"format"`
	Cluster   string   `json:"cluster"`
	Store     string   `json:"store"`
	Snapshots []listed `json:"snapshots"`
}

// listed is a snapshot in a listing. What only a saved one has is left out of the others.
type listed struct {
	ID            snapshot.ID          `json:"id"`
	Name          string               `json:"name,omitempty"`
	Epoch         uint64               `json:"epoch,omitempty"`
	Number        uint64               `json:"number"`
	StartedAt     *time.Time           `json:"started_at,omitempty"`
	Initiators    []snapshot.ProcessID `json:"initiators,omitempty"`
	Processes     int                  `json:"processes,omitempty"`
	InFlight      *uint64              `json:"in_flight,omitempty"`
	Bytes         int64                `json:"bytes"`
	Base          bool                 `json:"base"`
	Pinned        bool                 `json:"pinned"`
	KeptFor       uint64               `json:"kept_for,omitempty"`
	State         store.State          `json:"state"`
	Why           string               `json:"why,omitempty"`
	NotRestorable []notRestorable      `json:"not_restorable,omitempty"`
	From          *saved.Origin        `json:"from,omitempty"`
	Skipped       []saved.Skipped      `json:"skipped,omitempty"`
	Then          []saved.ThenRequest  `json:"then,omitempty"`
}

// notRestorable is a process that could not be given its state again.
type notRestorable struct {
	Process snapshot.ProcessID `json:"process"`
	Why     string             `json:"why"`
}

func listedOf(e store.Entry) listed {
	l := listed{
		ID: e.ID, Name: e.Name, Epoch: e.Epoch, Number: e.Number, StartedAt: startedAt(e.ID), Bytes: e.Bytes,
		Base: e.Base, Pinned: e.Pinned(), KeptFor: e.KeptFor, State: e.State, Why: e.Why,
	}
	m := e.Manifest
	if m == nil {
		return l
	}
	inFlight := m.InFlight()
	l.StartedAt, l.Initiators, l.Processes, l.InFlight = &m.StartedAt, m.Initiators, len(m.Processes), &inFlight
	l.From, l.Skipped, l.Then = m.Origin, m.Skipped, m.Then
	for _, p := range m.Processes {
		if !p.Restorable {
			l.NotRestorable = append(l.NotRestorable, notRestorable{p.ID, p.WhyNot})
		}
	}
	return l
}

// startedAt returns the time that an id of chandy begins with, or nil if it does not.
func startedAt(id snapshot.ID) *time.Time {
	text, _, _ := strings.Cut(string(id), "Z-")
	const seconds = "20060102T150405"
	if len(text) != len(seconds)+6 {
		return nil
	}
	at, err := time.Parse(seconds+".000000", text[:len(seconds)]+"."+text[len(seconds):])
	if err != nil {
		return nil
	}
	return &at
}

func (e *env) printEntries(entries []store.Entry) {
	t := newTable(e.Stdout, "ID", "NAME", "TAKEN", "EPOCH", "NUMBER", "INITIATORS", "PROCESSES", "IN FLIGHT", "SIZE", "STATE")
	for _, entry := range entries {
		l := listedOf(entry)
		taken, inFlight, processes := "", "", ""
		if l.StartedAt != nil {
			taken = l.StartedAt.UTC().Format("2006-01-02 15:04:05Z")
		}
		if l.InFlight != nil {
			inFlight, processes = strconv.FormatUint(*l.InFlight, 10), strconv.Itoa(l.Processes)
		}
		t.row(l.ID, l.Name, taken, l.Epoch, l.Number, list(l.Initiators), processes, inFlight, size(int(l.Bytes)), stateWords(l))
		if l.Why != "" {
			t.note("%s", l.Why)
		}
		if l.From != nil {
			t.note("made from %s", originText(l.From))
		}
		for _, p := range l.NotRestorable {
			t.note("%s cannot be restored: %s", p.Process, p.Why)
		}
	}
	t.flush()
}

// stateWords returns the state of a snapshot, and what holds it.
func stateWords(l listed) string {
	words := []string{string(l.State)}
	if l.Base {
		words = append(words, "base")
	}
	if l.Pinned {
		words = append(words, "pinned")
	}
	if l.KeptFor > 0 {
		words = append(words, "kept for epoch "+strconv.FormatUint(l.KeptFor, 10))
	}
	return strings.Join(words, ", ")
}

func originText(o *saved.Origin) string {
	text := string(o.ID)
	if o.File != "" {
		text = o.File
	}
	if o.Edit != "" {
		text += ", edited: " + o.Edit
	}
	return text
}

// writeJSON writes a value as JSON, on one line if the indent is empty.
func writeJSON(w io.Writer, v any, indent string) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", indent)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
