package saved

import (
	"errors"
	"io"
)

func (p *Part) encode(w io.Writer) (Summary, error) { return Summary{}, errors.New("not yet") }
func (p *Part) summary() Summary                    { return Summary{} }
