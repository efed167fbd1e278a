package core

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chandy/internal/config"
	"chandy/program"
	"chandy/snapshot"
)

// begun is the first event of a core: epoch 1, with a program that echoes.
func begun() Event { return Begin{Epoch: 1, Program: &echo{}} }

// echo is a program that sends back what it receives.
type echo struct{ process program.Process }

func (p *echo) Start(process program.Process)                   { p.process = process }
func (p *echo) Receive(from snapshot.ProcessID, payload []byte) { p.process.Send(from, payload) }
func (p *echo) Restore(_ []byte, done func(error))              { done(nil) }
func (p *echo) Capture(done func(program.State))                { done(program.State{}) }

// newCores returns the cores of p1 and p2, which have a channel to each other, for tests
// that are their host. They have made no step; [begun] is their first event.
func newCores(t testing.TB) (cores [2]*Core) {
	t.Helper()
	cluster, err := config.Build(config.Definition{Name: "t", Processes: []config.ProcessDefinition{
		{ID: "p1", Address: "127.0.0.1:1"},
		{ID: "p2", Address: "127.0.0.1:2"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range []snapshot.ProcessID{"p1", "p2"} {
		cores[i] = New(Options{
			Cluster: cluster, ID: id, Incarnation: snapshot.Incarnation(id), Log: zerolog.Nop(),
			Rand: rand.New(rand.NewPCG(1, 1)), Wall: time.Now, Do: func(f func()) { f() },
		})
	}
	return cores
}
