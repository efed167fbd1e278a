package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"chandy/internal/cmdline"
	"chandy/snapshot"
)

// watchEvery is how often --watch asks.
const watchEvery = time.Second

// watch prints the status every second until ctx is done or nobody reads stdout any more.
func (p statusPrinter) watch(ctx context.Context, a asker) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var screen screen
	for {
		s := a.statuses(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if f, ok := s.verdict().(*failure); ok && f.Code == exitUsage {
			return f // another cluster file: watching does not help
		}
		if err := p.again(&screen, s); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// again prints one status of many.
func (p statusPrinter) again(screen *screen, s clusterStatus) error {
	var text bytes.Buffer
	switch {
	case p.json:
		encoder := json.NewEncoder(&text) // one line
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(s); err != nil {
			return err
		}
	case cmdline.Redraws(p.Stdout):
		if err := p.all(&text, cmdline.Width(p.Stdout), s); err != nil {
			return err
		}
		frame := screen.frame(text.String(), cmdline.Width(p.Stdout), cmdline.Height(p.Stdout))
		text.Reset()
		text.WriteString(frame)
	default:
		printLine(&text, "%s %s", time.Now().Format(time.TimeOnly), s.line())
	}
	_, err := p.Stdout.Write(text.Bytes()) // printable, or JSON
	return err
}

// line returns the status in one line.
func (s clusterStatus) line() string {
	var away []snapshot.ProcessID
	for _, p := range s.Processes {
		if !p.Reachable {
			away = append(away, p.Process)
		}
	}
	up, inFlight := 0, uint64(0)
	for _, c := range s.joined() {
		n, known := c.inFlight()
		inFlight += n
		if known && c.up() {
			up++
		}
	}
	text := fmt.Sprintf("%d of %s up, %d of %s up, %s in flight",
		len(s.Processes)-len(away), count(len(s.Processes), "process", "processes"),
		up, count(len(s.channels), "channel", "channels"), count(int(inFlight), "message", "messages"))
	if len(away) > 0 {
		text += "; not reachable: " + list(away)
	}
	return text
}

// screen is a text on a terminal, which is redrawn in place.
type screen struct {
	lines int // of the text that stands there
}

// frame returns what replaces the text on the terminal. Its lines are cut before the right edge, so that each is one line
// of the terminal, and those that do not fit on the terminal are left out. A width or a
// height of 0 means no limit.
func (s *screen) frame(text string, width, height int) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if height > 0 && len(lines) > height-1 { // the cursor is below the last line
		shown := max(0, height-2)
		lines = append(lines[:shown:shown], fmt.Sprintf("… %d more lines", len(lines)-shown))
	}
	frame := ""
	if s.lines > 0 {
		frame = fmt.Sprintf("\x1b[%dA", s.lines)
	}
	frame += "\r\x1b[J\x1b[?7l"
	for _, line := range lines {
		frame += cut(line, width) + "\n"
	}
	s.lines = len(lines)
	return frame + "\x1b[?7h"
}
