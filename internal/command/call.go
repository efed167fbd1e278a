package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"chandy/internal/config"
	"chandy/snapshot"
	"chandy/wire"
)

// callTimeout is how long chandy call waits for a reply unless --timeout says
// otherwise.
const callTimeout = 10 * time.Second

func (e *env) call() *cli.Command {
	return &cli.Command{
		Name:      "call",
		Usage:     "send a request to the program of a process",
		ArgsUsage: "ID JSON",
		Flags: []cli.Flag{
			clusterFlag(),
			&cli.StringFlag{Name: "timeout", Usage: "D: wait this long for the reply, such as 500ms (default: 10s)"},
		},
		CustomHelpTemplate: `usage: chandy call [flags] ID JSON

Sends a request to the program of process ID, as a client does, and prints the
reply. The request is a JSON object. If it has no "msg_id", chandy adds one. In place
of JSON, - reads the request from stdin, and @FILE from a file.

{flags}

exit codes: 0 a reply; 1 an error reply, printed as well; 2 bad usage or
configuration; 3 no reply, or the node is busy.

example:
  chandy call p1 '{"type": "balance"}'
`,
		Action: onProcess("ID JSON", func(c *cli.Context, cluster *config.Cluster, p config.Process) error {
			timeout, err := duration(c, "timeout", callTimeout)
			if err != nil {
				return err
			}
			text, err := e.requestText(c.Args().Get(1))
			if err != nil {
				return err
			}
			request, err := numbered(text)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(c.Context, timeout)
			defer cancel()
			reply, err := asker{cluster}.send(ctx, p.ID, request)
			if err != nil {
				return e.noReply(c.Context, ctx, timeout, p.ID, err)
			}
			return e.printReply(reply)
		}),
	}
}

// requestText returns the text of a request. The argument is the text itself, or - for stdin,
// or @ and the name of a file. A byte order mark is passed over.
func (e *env) requestText(argument string) (string, error) {
	in, name := e.Stdin, "stdin"
	if path, isFile := strings.CutPrefix(argument, "@"); isFile {
		f, err := os.Open(path)
		if err != nil {
			return "", fail(exitUsage, "", "call: %w", err)
		}
		defer f.Close()
		in, name = f, path
	} else if argument != "-" {
		return argument, nil
	}
	text, err := io.ReadAll(io.LimitReader(in, wire.MessageMax+1))
	switch {
	case err != nil:
		return "", fail(exitUsage, "", "call: read the request: %w", err)
	case len(text) > wire.MessageMax:
		return "", fail(exitUsage, "", "call: the request in %s is longer than %d MiB", name, wire.MessageMax>>20)
	case bytes.HasPrefix(text, []byte("\xFF\xFE")), bytes.HasPrefix(text, []byte("\xFE\xFF")):
		return "", fail(exitUsage, "iconv -f UTF-16 -t UTF-8 converts it", "call: the request in %s is UTF-16, not UTF-8", name)
	}
	return string(bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))), nil
}

// numbered checks a request and adds a msg_id if it has none. Nothing else changes,
// not even the white space inside.
func numbered(text string) (json.RawMessage, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &object); err != nil || object == nil {
		return nil, fail(exitUsage, `a request is a JSON object, such as '{"type": "balance"}'`, "call: %q is not a JSON object", short(text))
	}
	request := bytes.TrimSpace([]byte(text))
	if _, ok := object["msg_id"]; ok {
		return request, nil
	}
	id := `{"msg_id":1`
	if len(object) > 0 {
		id += ","
	}
	return append([]byte(id), request[1:]...), nil
}

// short returns the beginning of a text that may be long.
func short(text string) string {
	if begin := cut(text[:min(len(text), 400)], 100); len(begin) < len(text) {
		return begin + "…"
	}
	return text
}

// send sends a request to the program of a process and returns the reply.
func (a asker) send(ctx context.Context, id snapshot.ProcessID, request json.RawMessage) ([]byte, error) {
	client, err := a.dial(ctx, id)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	reply, err := client.Call(ctx, request)
	if err != nil {
		return nil, &unanswered{err}
	}
	return reply, nil
}

// unanswered is the error of a request that the node may have received.
type unanswered struct{ error }

func (u *unanswered) Unwrap() error { return u.error }

// noReply returns the error of a call without a reply. The context interrupted ends
// with a signal, and late also when the time-out is over.
func (e *env) noReply(interrupted, late context.Context, timeout time.Duration, id snapshot.ProcessID, err error) error {
	var refusal *wire.ErrorReply
	switch {
	case interrupted.Err() != nil:
		return fail(exitUnknown, "", "interrupted")
	case isRefusal(err):
		return refused(id, err)
	case isBusy(err):
		return fail(exitUnknown, "", "no reply: %w", err)
	case late.Err() != nil:
		return fail(exitUnknown, "a longer --timeout may help, but some programs never answer a request that they do not know", "no reply within %v", timeout)
	case errors.As(err, &refusal) && refusal.Code == wire.CodeBadRequest:
		return fail(exitUsage, "", "%w", err)
	case errors.As(err, &refusal) && refusal.Code == wire.CodeForbidden:
		return fail(exitUsage, otherRole, "%w", err)
	}
	hint := ""
	if errors.As(err, new(*unanswered)) {
		hint = fmt.Sprintf("perhaps the program ended at this request, as many do at one that they do not know: the log of %s says so (chandy logs %s, or the terminal of chandy up)", id, id)
	}
	return fail(exitUnknown, hint, "no reply: %w", err)
}

func (e *env) printReply(reply []byte) error {
	reply = bytes.TrimSpace(reply)
	if json.Valid(reply) {
		printExact(e.Stdout, string(reply)+"\n")
	} else { // no data for other programs
		printLine(e.Stdout, "%s", reply)
	}
	var head struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(reply, &head) == nil && head.Type == "error" {
		return errNo
	}
	return nil
}
