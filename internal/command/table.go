package command

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"chandy/internal/cmdline"
	"chandy/internal/printable"
)

// table prints rows in columns that line up. On a terminal that is too narrow for them, it
// prints each row as a block, with a line for each cell.
type table struct {
	out   io.Writer
	width int              // columns of the terminal; 0 means no limit
	apart bool             // print an empty line before the table
	rows  [][]string       // the header first
	notes map[int][]string // lines below a row, by its index
	// widths holds the least width of each column. A flush keeps what it needed.
	widths  []int
	flushed bool // the header is printed
}

func newTable(out io.Writer, header ...any) *table {
	t := &table{out: out, width: cmdline.Width(out)}
	t.row(header...)
	return t
}

// row adds a row, which may have fewer cells than the header but not more.
func (t *table) row(cells ...any) {
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = printable.Text(fmt.Sprint(c))
	}
	t.rows = append(t.rows, texts)
}

// note adds a line below the last row.
func (t *table) note(format string, a ...any) {
	if t.notes == nil {
		t.notes = map[int][]string{}
	}
	last := len(t.rows) - 1
	t.notes[last] = append(t.notes[last], printable.Text(fmt.Sprintf(format, a...)))
}

// flush prints the rows, if there are any besides the header, and removes them. The first
// flush prints the header. A long table is flushed in parts, so that it takes little memory.
func (t *table) flush() {
	if len(t.rows) == 1 {
		return
	}
	if t.apart && !t.flushed {
		printExact(t.out, "\n")
	}
	t.print()
	t.rows, t.notes, t.flushed = t.rows[:1], nil, true
}

func (t *table) print() {
	t.widths = append(t.widths, make([]int, len(t.rows[0])-len(t.widths))...)
	for _, row := range t.rows {
		for i, cell := range row[:len(row)-1] { // the last cell of a row needs no column
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell))
		}
	}
	var text strings.Builder
	for i, row := range t.rows {
		if i == 0 && t.flushed {
			continue
		}
		line := ""
		for i, cell := range row {
			line += padded(cell, t.widths[i]+2)
		}
		line = strings.TrimRight(line, " ")
		if t.width > 0 && utf8.RuneCountInString(line) > t.width {
			t.blocks()
			return
		}
		text.WriteString(line + "\n" + t.below(i))
	}
	printExact(t.out, text.String())
}

// blocks prints each row as a block: its first cell, and below it the other cells with
// their headers. The terminal breaks a cell that is too long.
func (t *table) blocks() {
	header := t.rows[0]
	width := 0
	for _, name := range header[1:] {
		width = max(width, utf8.RuneCountInString(name))
	}
	for n, row := range t.rows[1:] {
		printExact(t.out, header[0]+" "+row[0]+"\n")
		for i, cell := range row[1:] {
			printExact(t.out, "  "+padded(header[i+1], width+2)+cell+"\n")
		}
		printExact(t.out, t.below(n+1))
	}
}

// below returns the notes of a row. On a terminal they are broken between words.
func (t *table) below(row int) string {
	var text strings.Builder
	for _, note := range t.notes[row] {
		line := " "
		for _, word := range strings.Fields(note) {
			if t.width > 0 && strings.TrimSpace(line) != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > t.width {
				text.WriteString(line + "\n")
				line = "   "
			}
			line += " " + word
		}
		text.WriteString(line + "\n")
	}
	return text.String()
}

func padded(cell string, width int) string {
	return cell + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(cell)))
}
