package diagram

import (
	"fmt"

	"chandy/snapshot"
)

// flight is what is in flight on a channel.
type flight struct {
	channel snapshot.Channel
	count   uint64
	message int // index of the first one
}

// flights returns what is in flight between the lanes, by channel.
func (s *Story) flights() (all []flight) {
	at := map[snapshot.Channel]int{}
	for i, m := range s.Messages {
		if m.Class != InFlight {
			continue
		}
		j, ok := at[m.Channel]
		if !ok {
			j = len(all)
			at[m.Channel] = j
			all = append(all, flight{m.Channel, 0, i})
		}
		all[j].count += m.Count
	}
	return all
}

// drawMatrix draws how many messages are in flight from each process, downwards, to each
// process, rightwards.
func (l *layout) drawMatrix(y float64) float64 {
	const width, height = 26.0, 17.0
	y += 24
	l.text(marginX, y, Note, Start, "Messages in flight, from the process of the row to the process of the column, which has the number of its row.")
	y += 18
	left := l.left + 24
	for i, lane := range l.Lanes {
		number := fmt.Sprint(i + 1)
		base := y + 6 + float64(i)*height + 12
		l.text(left+(float64(i)+0.5)*width, y, CellText, Middle, number)
		l.text(left-8, base, CellText, End, number)
		l.text(left-32, base, CellText, End, shortID(lane.ID))
	}
	y += 6
	flights := l.flights()
	most := uint64(1)
	for _, f := range flights {
		most = max(most, f.count)
	}
	for _, f := range flights {
		x, top := left+float64(l.lane(f.channel.To))*width, y+float64(l.lane(f.channel.From))*height
		l.Cells = append(l.Cells, Cell{x, top, width - 2, height - 2, float64(f.count) / float64(most), f.channel.String(), f.message})
		l.text(x+width/2-1, top+12, CellText, Middle, brief(f.count))
	}
	return y + float64(len(l.Lanes))*height + 8
}

// brief writes a number in at most four characters, or with an exponent.
func brief(n uint64) string {
	switch {
	case n < 10_000:
		return fmt.Sprint(n)
	case n < 1_000_000:
		return fmt.Sprintf("%dk", n/1000)
	case n < 1_000_000_000:
		return fmt.Sprintf("%dM", n/1_000_000)
	}
	return fmt.Sprintf("%.0e", float64(n))
}
