package try

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"chandy/internal/printable"
)

// The values of the setting state that are not a request.
const (
	stateNone     = "none"
	stateSnapshot = "snapshot"
)

const snapshotRequest = `{"type":"snapshot"}`

// howTo is advice for a program whose state cannot be restored.
const howTo = `to restore it, let it answer {"type":"snapshot"} with {"type":"snapshot_ok","state":…}`

// tryState checks that the program answers the request for its state.
func (t *trial) tryState() (Result, error) {
	r, err := t.judgeState()
	if err != nil { // it could not be asked
		t.state = stateNone
	}
	return r, err
}

func (t *trial) judgeState() (Result, error) {
	switch t.state {
	case stateNone:
		return Result{Verdict: Skipped, Text: `state = "none": a snapshot contains its channels and not its state`}, nil
	case "":
		return t.findState()
	}
	text, fault, err := t.askState(t.state)
	if err != nil {
		return Result{}, err
	}
	if fault != nil {
		result := Result{Verdict: Not, Text: fmt.Sprintf("%s is not answered: %v", t.stateRequest(), fault), Advice: `if it cannot answer, use state = "none"`}
		switch waits := waitsForOthers(fault); {
		case waits && t.state == stateSnapshot:
			result.Advice = "let it answer from what it has, without a lock that is held while it waits for a reply"
		case waits:
			result.Advice = `let it answer {"type":"snapshot"} with {"type":"snapshot_ok","state":…} from what it has, without asking others; or use state = "none"`
		}
		t.state = stateNone
		return result, nil
	}
	return Result{Verdict: Works, Text: text}, nil
}

// findState finds the setting state: "snapshot" if the program answers that, or else the
// first known request that shows the state, or else "none".
func (t *trial) findState() (Result, error) {
	text, refused, err := t.askState(stateSnapshot)
	if err != nil {
		return Result{}, err
	}
	if refused == nil {
		t.state = stateSnapshot
		return Result{Verdict: Works, Text: text}, nil
	}
	why := fmt.Sprintf("it does not answer %s: %v", snapshotRequest, refused)
	for _, one := range t.answered {
		if one.look == "" {
			continue
		}
		text, fault, err := t.askState(one.look)
		if err != nil {
			return Result{}, err
		}
		if fault != nil {
			why += fmt.Sprintf("; and %s does not work as the request for the state: %v", one.look, fault)
		}
		if fault == nil {
			t.state = one.look
			return Result{Verdict: Works, Text: fmt.Sprintf("%s; for inspection only, because it does not answer %s: %v", text, snapshotRequest, refused), Advice: howTo}, nil
		}
	}
	t.state = stateNone
	return Result{
		Verdict: Skipped, Text: why,
		Advice: `with state = "none" a snapshot contains its channels only; name a request that shows its state: --state '{"type":"…"}'; ` + howTo,
	}, nil
}

func (t *trial) stateRequest() string {
	if t.state == stateSnapshot {
		return snapshotRequest
	}
	return t.state
}

// waitsForOthers reports whether a child has no state because it waits for another process.
func waitsForOthers(fault error) bool {
	var missing *noReply
	return errors.As(fault, &missing) && missing.waits != ""
}

// several is the number of children of which the first must answer without the others.
const several = 3

// askState asks a child for its state. A child that is alone might have nobody to ask, so
// askState also asks one of several. fault is the reason why the child has no state.
func (t *trial) askState(setting string) (text string, fault, err error) {
	text, fault, err = t.askStateOnce(setting)
	if err != nil || fault != nil || t.Nodes > 1 {
		return text, fault, err
	}
	t.Nodes = several
	defer func() { t.Nodes = 1 }()
	// Anything else that goes wrong with several children is for --nodes to find.
	var missing *noReply
	if _, fault, _ := t.askStateOnce(setting); errors.As(fault, &missing) && missing.ended == nil {
		return "", fmt.Errorf("as one of %d processes: %w", several, fault), nil
	}
	return text, nil, t.ctx.Err()
}

// askStateOnce sends a few requests to a fresh child, asks twice for its state and describes it.
func (t *trial) askStateOnce(setting string) (text string, fault, err error) {
	k, err := t.begin("state")
	if err != nil {
		return "", nil, err
	}
	defer k.close()
	if len(t.answered) > 0 {
		for _, body := range t.answered[0].take(0, 3) {
			// A refusal is an answer too.
			if err := k.answers(body); err != nil && !errors.As(err, new(refused)) {
				return "", nil, fmt.Errorf("%s, before the request for its state: %w", typeOf(body), err)
			}
		}
	}
	body := setting
	if setting == stateSnapshot {
		body = snapshotRequest
	}
	var states [2][]byte
	for i := range states {
		reply, err := k.askState(body)
		var missing *noReply
		switch {
		case errors.As(err, &missing):
			return "", err, nil
		case err != nil:
			return "", nil, err
		case reply.Type == "error":
			return "", fmt.Errorf("an error: %s", printable.Start(reply.Body, quoteMax)), nil
		case setting != stateSnapshot:
			states[i] = reply.Body
		case reply.Type != "snapshot_ok":
			return "", fmt.Errorf(`the reply has type %q, not "snapshot_ok"`, reply.Type), nil
		default:
			if states[i] = reply.Member("state"); states[i] == nil {
				return "", fmt.Errorf(`the reply has no "state": %s`, printable.Start(reply.Body, quoteMax)), nil
			}
		}
	}
	return described(body, states, setting != stateSnapshot), nil, nil
}

// described describes a state, and whether it was the same when asked for again.
func described(request string, states [2][]byte, reply bool) string {
	text := fmt.Sprintf("%s returns %s, %d bytes", request, shape(states[0], reply), len(states[0]))
	switch compare(states[0], states[1], reply) {
	case different:
		return text + "; asked again at once, it is another state"
	case reordered:
		return text + "; asked again, its lists are in another order"
	}
	if !slices.Equal(keys(states[0]), keys(states[1])) {
		return text + "; asked again, its members are in another order"
	}
	return text
}

// shape describes the outermost value of a state.
func shape(state []byte, reply bool) string {
	switch v := decoded(state, reply).(type) {
	case map[string]any:
		names := slices.DeleteFunc(keys(state), func(name string) bool { _, there := v[name]; return !there })
		if len(names) > 8 {
			return fmt.Sprintf("an object with %d members", len(names))
		}
		return "an object with " + printable.Start([]byte(strings.Join(names, ", ")), quoteMax)
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	}
	return printable.Start(state, quoteMax)
}

// keys returns the keys of a JSON object in their order, or nil for any other value.
func keys(object []byte) (names []string) {
	d := json.NewDecoder(strings.NewReader(string(object)))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return names
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return names
		}
		names = append(names, fmt.Sprint(name))
	}
	return names
}
