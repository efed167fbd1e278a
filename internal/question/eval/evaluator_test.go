package eval

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"chandy/internal/question"
)

// evaluator returns an Evaluator whose process is this program.
func evaluator(t *testing.T, timeout time.Duration) *Evaluator {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	e := &Evaluator{Command: []string{self, evaluate}, Timeout: timeout}
	t.Cleanup(func() { e.Close() })
	return e
}

// wantYes asks a question whose answer is yes.
func wantYes(t *testing.T, e *Evaluator) {
	t.Helper()
	answers, err := e.Ask(context.Background(), []string{"total(.balance; .amount) == 3000"}, cluster())
	if err != nil || answers[0].Verdict != question.Yes {
		t.Errorf("got the answers %v and error %v, want yes", answers, err)
	}
}

func TestEvaluatorAnswersAllExpressionsAgainAndAgain(t *testing.T) {
	e := evaluator(t, time.Minute)
	wantYes(t, e)
	first := e.process.cmd.Process.Pid
	answers, err := e.Ask(context.Background(), []string{"terminated", "true", "1"}, cluster())
	if err != nil || len(answers) != 3 || answers[0].Verdict != question.No || answers[1].Verdict != question.Yes || answers[2].Verdict != question.Unknown {
		t.Errorf("got the answers %v and error %v, want no, yes, cannot tell", answers, err)
	}
	if w := answers[0].Notes[0].Witness; len(w) != 1 || w[0] != "messages 6 to 7 on p1->p2" {
		t.Errorf("got the witness %q, want the messages in flight", w)
	}
	answer, err := e.Query(context.Background(), ".id, .epoch", cluster())
	if err != nil || joinValues(answer.Values) != `"S" 1` {
		t.Errorf(`got the values %s and error %v, want "S" 1`, joinValues(answer.Values), err)
	}
	if got := e.process.cmd.Process.Pid; got != first {
		t.Errorf("got process %d for the last question, want that of the first, %d", got, first)
	}
}

func TestEndlessExpressionEndsAtItsDeadline(t *testing.T) {
	for _, text := range []string{"def f: f; f", "[range(1e18)] | length == 0", "last(range(1e18)) == 0", "[limit(1; repeat(empty))] == []", "until(false; .) == 0"} {
		e := evaluator(t, 100*time.Millisecond)
		begin := time.Now()
		answers, err := e.Ask(context.Background(), []string{text}, cluster())
		if err == nil && answers[0].Verdict != question.Unknown {
			t.Errorf("%s: got %v, want cannot tell", text, answers[0])
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%s: it took %v, want about the deadline of 100ms and the grace of %v", text, took, grace)
		}
		wantAnswersAfter(t, e)
	}
}

// wantAnswersAfter asks an Evaluator a question once more, with time enough.
func wantAnswersAfter(t *testing.T, e *Evaluator) {
	t.Helper()
	e.Timeout = time.Minute
	wantYes(t, e)
}

func TestDeadlineNamesItsFlag(t *testing.T) {
	e := evaluator(t, 50*time.Millisecond)
	answers, err := e.Ask(context.Background(), []string{"last(range(1e18)) == 0"}, cluster())
	text := ""
	if err != nil {
		text = err.Error()
	} else {
		text = answers[0].Why
	}
	if !strings.Contains(text, "--eval-timeout") {
		t.Errorf("got %q, want a reason that names --eval-timeout", text)
	}
}

func TestKilledProcessIsAnErrorAndTheNextQuestionStartsAnother(t *testing.T) {
	e := evaluator(t, time.Minute)
	wantYes(t, e)
	e.process.cmd.Process.Kill()
	e.process.cmd.Process.Wait()
	if answers, err := e.Ask(context.Background(), []string{"true"}, cluster()); err == nil {
		t.Errorf("got the answers %v after the process was killed, want an error", answers)
	}
	wantYes(t, e)
}

func TestCancelledQuestionEndsAtOnce(t *testing.T) {
	e := evaluator(t, time.Hour)
	wantYes(t, e)
	why := errors.New("somebody pressed Ctrl-C")
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(10*time.Millisecond, func() { cancel(why) })
	_, err := e.Ask(ctx, []string{"last(range(1e18)) == 0"}, cluster())
	if !errors.Is(err, why) {
		t.Errorf("got error %v, want %v", err, why)
	}
	if _, err := e.Ask(ctx, []string{"true"}, cluster()); !errors.Is(err, why) {
		t.Errorf("got error %v for a context that has ended, want %v", err, why)
	}
	wantYes(t, e)
}

func TestDocumentThatIsNoSnapshotIsAnError(t *testing.T) {
	e := evaluator(t, time.Minute)
	for _, text := range []string{"", "not JSON", "[]", "{"} {
		if answers, err := e.Ask(context.Background(), []string{"true"}, []byte(text)); err == nil {
			t.Errorf("%q: got the answers %v, want an error", text, answers)
		}
		wantYes(t, e)
	}
	answers, err := e.Ask(context.Background(), []string{"terminated"}, []byte("{}"))
	if err != nil || answers[0].Verdict != question.Unknown {
		t.Errorf("an object that is no snapshot: got the answers %v and error %v, want cannot tell", answers, err)
	}
}

func TestExpressionThatCannotBeParsedIsAnError(t *testing.T) {
	e := evaluator(t, time.Minute)
	if answers, err := e.Ask(context.Background(), []string{"true", "("}, cluster()); err == nil {
		t.Errorf("got the answers %v, want an error", answers)
	}
	wantYes(t, e)
}

func TestProcessThatIsNoEvaluatorIsAnError(t *testing.T) {
	for _, command := range [][]string{{"/nowhere/chandy"}, {"/bin/echo", "nonsense"}, {"/bin/sh", "-c", "echo broken >&2; exit 1"}} {
		e := &Evaluator{Command: command, Timeout: time.Minute}
		if answers, err := e.Ask(context.Background(), []string{"true"}, cluster()); err == nil {
			t.Errorf("%q: got the answers %v, want an error", command, answers)
		}
		e.Close()
	}
}

func TestProcessThatDoesNotAnswerIsKilled(t *testing.T) {
	e := &Evaluator{Command: []string{"/bin/sh", "-c", "read line; exec sleep 3600"}, Timeout: time.Millisecond}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answers, err := e.Ask(ctx, []string{"true"}, cluster())
	if err == nil || !strings.Contains(err.Error(), "--eval-timeout") || ctx.Err() != nil {
		t.Errorf("got the answers %v and error %v, want one that names --eval-timeout, within a minute", answers, err)
	}
}

func TestProcessHasNoEnvironment(t *testing.T) {
	t.Setenv("CHANDY_SECRET", "secret")
	e := evaluator(t, time.Minute)
	wantYes(t, e)
	if got := e.process.cmd.Env; got == nil || len(got) != 0 {
		t.Errorf("got the environment %q, want an empty one", got)
	}
	answer, err := e.Query(context.Background(), "env, $ENV", cluster())
	if err != nil || joinValues(answer.Values) != "{} {}" {
		t.Errorf("got the values %s and error %v, want {} {}", joinValues(answer.Values), err)
	}
}
