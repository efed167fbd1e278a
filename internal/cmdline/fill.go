package cmdline

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Fill breaks the lines of a help text that are longer than width, which is 0 for no limit.
// Lines without indentation that follow each other are one paragraph. A line that is
// indented, and the lines below it that are indented further, are one entry: the flag or
// command, and after two spaces what it does. Examples stay as they are, to be copied.
func Fill(text string, width int) string {
	lines := strings.Split(text, "\n")
	tooLong := func(line string) bool { return utf8.RuneCountInString(line) > width }
	if width == 0 || !slices.ContainsFunc(lines, tooLong) {
		return text
	}
	var out []string
	for i := 0; i < len(lines); {
		if strings.HasPrefix(lines[i], "example") {
			out = append(out, lines[i:]...)
			break
		}
		next := i + 1
		for next < len(lines) && belongs(lines[i], lines[next]) {
			next++
		}
		out = append(out, fill(lines[i:next], width)...)
		i = next
	}
	return strings.Join(out, "\n")
}

// belongs reports whether a line continues what begins with the line first.
func belongs(first, line string) bool {
	switch {
	case first == "" || line == "":
		return false
	case indent(first) == 0 && !strings.HasPrefix(first, "- "):
		return indent(line) == 0 && !strings.HasPrefix(line, "- ")
	}
	return indent(line) > indent(first)
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// fill breaks a paragraph or an entry. What an entry says stays in its column, unless that
// leaves too little room: then it begins on a line of its own.
func fill(lines []string, width int) []string {
	begin := indent(lines[0])
	name, text, _ := strings.Cut(strings.TrimSpace(lines[0]), "  ")
	column := begin + len(name) + 2 + indent(text)
	words := strings.Fields(text + " " + strings.Join(lines[1:], " "))
	switch {
	case begin == 0:
		words, column = strings.Fields(strings.Join(lines, " ")), 0
		name = ""
		if strings.HasPrefix(lines[0], "- ") {
			column = 2
		}
	case column > width/2:
		column = begin + 4
	}
	var out []string
	line := strings.Repeat(" ", begin) + name
	if column == begin+4 && len(words) > 0 {
		out, line = append(out, line), ""
	}
	if missing := column - len(line); begin > 0 && missing > 0 {
		line += strings.Repeat(" ", missing)
	}
	for _, word := range words {
		switch {
		case strings.TrimSpace(line) == "", strings.HasSuffix(line, " "):
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			out = append(out, line)
			line = strings.Repeat(" ", column) + word
		}
	}
	return append(out, strings.TrimRight(line, " "))
}
