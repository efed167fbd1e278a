package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"chandy/snapshot"
	"chandy/wire"
)

// hintAnswers prints a hint if a process whose part is missing as unreachable answers this
// client. Its own status then shows why it has no channel with the others.
func (i *initiator) hintAnswers(ctx context.Context, end wire.EndReply) {
	var mu sync.Mutex
	var answer []snapshot.ProcessID
	var asked sync.WaitGroup
	for _, id := range i.topology.Processes {
		missing := fmt.Sprintf("%s: %s", id, snapshot.Unreachable)
		if !slices.ContainsFunc(end.Missing, func(m string) bool { return strings.HasPrefix(m, missing) }) {
			continue
		}
		asked.Go(func() {
			if client, err := i.dial(ctx, id); err == nil {
				client.Close()
				mu.Lock()
				defer mu.Unlock()
				answer = append(answer, id)
			}
		})
	}
	asked.Wait()
	if len(answer) > 0 {
		slices.Sort(answer)
		printLine(i.Stderr, "chandy: hint: %s can be reached from here: chandy status shows why the others have no channel with it", list(answer))
	}
}
