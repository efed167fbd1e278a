package command

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"chandy/internal/printable"
)

// table prints rows in columns that line up.
type table struct{ w *tabwriter.Writer }

func newTable(out io.Writer, header ...any) table {
	t := table{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	t.row(header...)
	return t
}

func (t table) row(cells ...any) {
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = printable.Text(fmt.Sprint(c))
	}
	printExact(t.w, strings.TrimRight(strings.Join(texts, "\t"), "\t ")+"\n")
}

func (t table) flush() { t.w.Flush() }
