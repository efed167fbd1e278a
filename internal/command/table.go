package command

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
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
		texts[i] = strings.NewReplacer("\t", " ", "\n", " ").Replace(fmt.Sprint(c))
	}
	fmt.Fprintln(t.w, strings.TrimRight(strings.Join(texts, "\t"), "\t "))
}

func (t table) flush() { t.w.Flush() }
