package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// The nodes of a cluster do not start in the same instant. A node that stays away is news.
func TestEarlyDialsAreDebug(t *testing.T) {
	c, _ := started(t)
	var log bytes.Buffer
	c.log = zerolog.New(&log)
	dial := func(now time.Duration) {
		for _, e := range c.Step(now, nil) {
			if d, ok := e.(Dial); ok {
				c.Step(now, []Event{Dialled{d.Conn, errors.New("connection refused")}})
			}
		}
	}
	c.Step(0, []Event{Dialled{c.epoch.out[0].conn, errors.New("connection refused")}})
	for now := time.Duration(0); now < startTime+5*time.Second; now += 10 * time.Millisecond {
		dial(now)
	}
	var levels []string
	for lines := json.NewDecoder(&log); lines.More(); {
		var line struct{ Level, Message string }
		if err := lines.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.Message == "no connection yet, trying again" {
			levels = append(levels, line.Level)
		}
	}
	if len(levels) != 2 || levels[0] != "debug" || levels[1] != "info" {
		t.Errorf("the same error for 15 s: got lines at the levels %q, want one at debug and, after %v, one at info", levels, startTime)
	}
}
