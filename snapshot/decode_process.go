package snapshot

import (
	"fmt"
	"slices"
)

var processKeys = keys{
	required: []string{"incarnation", "recorded_after_ms", "completed_after_ms"},
	optional: []string{"state", "state_base64", "state_error", "settled", "printed_before_reply", "unanswered", "idle", "open", "open_total", "times"},
}

// processes reads the local states. The order of keys means nothing in JSON, so it
// sorts them.
func (d *decoder) processes() error {
	all := &d.global.Processes
	err := d.members(func(name []byte) error {
		p := ProcessState{ID: ProcessID(name)}
		err := checkID(p.ID)
		if err == nil {
			err = d.processState(&p)
		}
		if err != nil {
			return within(processStep(p.ID), err)
		}
		*all = append(*all, p)
		return nil
	})
	slices.SortStableFunc(*all, func(a, b ProcessState) int { return compare(a.ID, b.ID) })
	for i := 1; i < len(*all) && err == nil; i++ {
		if id := (*all)[i].ID; id == (*all)[i-1].ID {
			err = within(processStep(id), misfits("is there twice"))
		}
	}
	return err
}

func processStep(id ProcessID) string { return fmt.Sprintf("[%q]", clip(string(id))) }

func (d *decoder) processState(p *ProcessState) error {
	state := content{name: "state"}
	asked, members := About{}, 0
	total := false
	err := d.object(&processKeys, func(key string) error {
		switch key {
		case "state":
			return d.plain(&state)
		case "state_base64":
			return d.base64(&state)
		case "state_error":
			return d.name(&p.State.Error)
		case "settled":
			members++
			return d.name(&asked.Settled)
		case "printed_before_reply":
			members++
			return d.count(&asked.Printed)
		case "unanswered":
			members++
			return d.count(&asked.Unanswered)
		case "idle":
			var idle bool
			err := d.truth(&idle)
			p.State.Idle = IdleIf(idle)
			return err
		case "open":
			return d.openRequests(&p.State)
		case "open_total":
			total = true
			return d.count(&p.State.OpenTotal)
		case "incarnation":
			return d.name((*string)(&p.Incarnation))
		case "recorded_after_ms":
			return d.milliseconds(&p.RecordedAfter)
		case "times":
			return d.times(&p.Times)
		default: // "completed_after_ms"
			var err error
			p.Completed, err = d.millisecondsOrNull(&p.CompletedAfter)
			return err
		}
	})
	if err == nil {
		err = state.check()
	}
	switch {
	case err != nil:
		return err
	case p.State.Error != "" && string(state.bytes) != "null":
		return misfits(`has a "state_error", and a state that is not null`)
	case members != 0 && members != 3:
		return misfits(`has only some of "settled", "printed_before_reply" and "unanswered"`)
	case total != (p.State.Open != nil):
		return misfits(`has only one of "open" and "open_total"`)
	}
	if err := p.State.CheckOpen(); err != nil {
		return misfits("%v", err)
	}
	if members != 0 {
		p.State.About = &asked
	}
	if p.State.Error == "" {
		p.State.Bytes = state.bytes
	}
	return nil
}

var openKeys = keys{required: []string{"from", "msg_id", "since_ms"}}

// openRequests reads the open requests of a process. What spans several of them is checked
// by CheckOpen.
func (d *decoder) openRequests(s *State) error {
	s.Open = []OpenRequest{}
	return d.array(func(i int) error {
		if i == OpenMax {
			return misfits("is one more than %d", OpenMax)
		}
		var r OpenRequest
		err := d.object(&openKeys, func(key string) error {
			switch key {
			case "from":
				return d.text((*string)(&r.From))
			case "msg_id":
				if !d.null() {
					r.MsgID = string(d.raw())
				}
				return nil
			default: // "since_ms"
				return d.milliseconds(&r.Since)
			}
		})
		if err == nil {
			if fault := r.Check(); fault != nil {
				err = misfits("%v", fault)
			}
		}
		s.Open = append(s.Open, r)
		return err
	})
}
