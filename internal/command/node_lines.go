package command

import (
	"bufio"
	"io"
)

// nodeLineMax is the most bytes of a line of a node that are printed. The node may be a
// program of somebody else, so a line may have no end.
const nodeLineMax = 64 << 10

// eachNodeLine calls f for each line until it cannot read further, and returns why, which
// may be [io.EOF]. An ellipsis shows that a line was cut.
func eachNodeLine(from io.Reader, f func(line string)) error {
	lines := bufio.NewReaderSize(from, nodeLineMax+1) // with the line feed
	for {
		line, more, err := lines.ReadLine()
		if err != nil {
			return err
		}
		text := string(line[:min(len(line), nodeLineMax)])
		if more {
			text += "…"
		}
		for more && err == nil { // skip the remaining bytes of a long line
			_, more, err = lines.ReadLine()
		}
		f(text)
	}
}
