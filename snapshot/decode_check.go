package snapshot

import "fmt"

// check checks what spans several places of the document.
func (d *decoder) check() error {
	g := &d.global
	if d.status != g.Status() {
		return within(".status", misfits("is %q, but missing has %d elements", clip(d.status), len(g.Missing)))
	}
	if len(g.Initiators) == 0 {
		return within(".initiators", misfits("is empty"))
	}
	known := map[ProcessID]bool{}
	for _, p := range g.Processes {
		known[p.ID] = true
	}
	for _, m := range g.Missing {
		if m.Process != "" {
			known[m.Process] = true
		}
	}
	unknown := func(id ProcessID) error {
		if known[id] {
			return nil
		}
		return misfits("is %q, which is neither in processes nor in missing", id)
	}
	for _, j := range g.Journals {
		if g.Process(j.Process) == nil {
			return within(".journal"+processStep(j.Process), misfits("is of a process that is not in processes"))
		}
	}
	listed := map[ProcessID]bool{}
	for i, id := range g.Initiators {
		err := unknown(id)
		if listed[id] {
			err = misfits("is %q, which is there twice", id)
		}
		if err != nil {
			return within(fmt.Sprintf(".initiators[%d]", i), err)
		}
		listed[id] = true
	}
	for i := range g.Channels {
		if err := d.checkChannel(i, unknown); err != nil {
			return within(fmt.Sprintf(".channels[%d]", i), err)
		}
	}
	return nil
}

func (d *decoder) checkChannel(i int, unknown func(ProcessID) error) error {
	c := &d.global.Channels[i]
	if err := unknown(c.Channel.From); err != nil {
		return within(".from", err)
	}
	if err := unknown(c.Channel.To); err != nil {
		return within(".to", err)
	}
	for j, r := range c.Resets {
		if r.Process != c.Channel.From && r.Process != c.Channel.To {
			return within(fmt.Sprintf(".reset[%d].process", j), misfits("is %q, which is no end of %s", r.Process, c.Channel))
		}
	}
	if i > 0 {
		if last := d.global.Channels[i-1].Channel; last.Compare(c.Channel) >= 0 {
			return misfits("is %s, after %s: channels must be sorted, and each be there once", c.Channel, last)
		}
	}
	return nil
}
