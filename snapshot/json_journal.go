package snapshot

import (
	"slices"
	"strings"
	"time"
)

// journals writes each event on a line of its own.
func (w *jsonWriter) journals(all []Journal) {
	w.key("journal").open('{')
	for _, j := range all {
		w.key(string(j.Process)).open('{')
		w.key("recorded_at").string(j.RecordedAt.UTC().Format(time.RFC3339Nano))
		w.key("events").open('[')
		for _, e := range j.Events {
			w.item()
			w.flat++
			w.event(e)
			w.flat--
		}
		w.close(']')
		w.key("omitted").uint(j.Omitted)
		w.close('}')
	}
	w.close('}')
}

func (w *jsonWriter) event(e Event) {
	w.open('{')
	w.key("kind").string(e.Kind.String())
	w.key("at_ms")
	if e.At <= -time.Microsecond {
		w.raw("-")
	}
	w.milliseconds(max(e.At, -e.At))
	if e.Kind != EventRecorded {
		w.key("peer").string(string(e.Peer))
		w.key("seq").uint(e.Seq)
	}
	if e.Kind.OfMessage() {
		w.key("bytes").uint(e.Bytes)
		w.key("type").string(e.Type)
	}
	w.close('}')
}

var journalKeys = keys{required: []string{"recorded_at", "events", "omitted"}}

// journals reads the journals. The order of keys means nothing in JSON, so it sorts them.
func (d *decoder) journals() error {
	all := []Journal{}
	err := d.members(func(name []byte) error {
		j := Journal{Process: ProcessID(name)}
		err := checkID(j.Process)
		if err == nil {
			err = d.journal(&j)
		}
		if err == nil {
			if fault := j.Check(); fault != nil {
				err = misfits("%v", fault)
			}
		}
		if err != nil {
			return within(processStep(j.Process), err)
		}
		all = append(all, j)
		return nil
	})
	slices.SortStableFunc(all, func(a, b Journal) int { return compare(a.Process, b.Process) })
	for i := 1; i < len(all) && err == nil; i++ {
		if id := all[i].Process; id == all[i-1].Process {
			err = within(processStep(id), misfits("is there twice"))
		}
	}
	d.global.Journals = all
	return err
}

func (d *decoder) journal(j *Journal) error {
	return d.object(&journalKeys, func(key string) error {
		switch key {
		case "recorded_at":
			return d.time(&j.RecordedAt)
		case "events":
			return d.array(func(int) error {
				var e Event
				err := d.event(&e)
				j.Events = append(j.Events, e)
				return err
			})
		default: // "omitted"
			return d.count(&j.Omitted)
		}
	})
}

var eventKeys = keys{required: []string{"kind", "at_ms"}, optional: []string{"peer", "seq", "bytes", "type"}}

func (d *decoder) event(e *Event) error {
	return d.object(&eventKeys, func(key string) error {
		switch key {
		case "kind":
			var kind string
			err := d.text(&kind)
			if i := slices.Index(eventKinds[1:], kind); err == nil && i < 0 {
				err = misfits("is %q, not one of %s", clip(kind), strings.Join(eventKinds[1:], ", "))
			} else {
				e.Kind = EventKind(i + 1)
			}
			return err
		case "at_ms":
			return d.signedMilliseconds(&e.At)
		case "peer":
			return d.process(&e.Peer)
		case "seq":
			return d.count(&e.Seq)
		case "bytes":
			return d.count(&e.Bytes)
		default: // "type"
			return d.text(&e.Type)
		}
	})
}
