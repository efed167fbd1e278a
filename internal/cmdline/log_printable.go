package cmdline

import (
	"fmt"
	"io"
	"strings"

	"github.com/rs/zerolog"

	"chandy/internal/printable"
)

// jsonLog writes events of a log as JSON, each on one line. It escapes the characters
// that are not printable and that zerolog writes as they are. No value changes.
type jsonLog struct{ io.Writer }

func (l jsonLog) Write(event []byte) (int, error) {
	line := printable.Text(strings.TrimSuffix(string(event), "\n"))
	if _, err := io.WriteString(l.Writer, line+"\n"); err != nil {
		return 0, err
	}
	return len(event), nil
}

// ConsoleLog returns a log for people, which takes events in JSON. By itself, zerolog
// writes a message unescaped, and also a value that is not a string.
func ConsoleLog(out io.Writer, colour bool) zerolog.ConsoleWriter {
	setLogKeys()
	return zerolog.ConsoleWriter{
		Out: out, TimeFormat: "15:04:05.000", NoColor: !colour,
		FormatPrepare: func(event map[string]any) error {
			if message, ok := event[zerolog.MessageFieldName].(string); ok {
				event[zerolog.MessageFieldName] = printable.Text(message)
			}
			return nil
		},
		FormatFieldValue: func(value any) string { return printable.Text(fmt.Sprintf("%s", value)) },
	}
}
