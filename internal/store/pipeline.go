package store

import "io"

const (
	// pipelineBuffer is the length of a write to a file, in bytes. Programs write states in
	// small pieces.
	pipelineBuffer = 256 << 10
	pipelineDepth  = 3 // buffers
)

// pipeline writes to w in a goroutine, while the caller makes the next bytes: the hash of a
// large part takes about half as long as the write. The goroutine starts when a first
// buffer is full. Close ends it. A pipeline is not safe for concurrent use.
type pipeline struct {
	w     io.Writer
	b     []byte      // bytes not handed over yet
	made  int         // buffers
	full  chan []byte // to the goroutine
	free  chan []byte // back from it
	fails chan error  // the first error of w, and nil at the end
	err   error
}

func newPipeline(w io.Writer) *pipeline { return &pipeline{w: w} }

func (p *pipeline) Write(b []byte) (n int, err error) {
	for len(b) > n && p.err == nil {
		if p.b == nil {
			p.next()
		}
		k := min(len(b)-n, pipelineBuffer-len(p.b))
		p.b = append(p.b, b[n:n+k]...)
		n += k
		if len(p.b) == pipelineBuffer {
			p.handOver()
		}
	}
	return n, p.err
}

// next takes an empty buffer. It waits for one if all are full.
func (p *pipeline) next() {
	if p.made < pipelineDepth {
		p.made++
		p.b = make([]byte, 0, pipelineBuffer)
		return
	}
	select {
	case p.b = <-p.free:
	case p.err = <-p.fails:
	}
}

func (p *pipeline) handOver() {
	if p.full == nil {
		p.full, p.free, p.fails = make(chan []byte, pipelineDepth), make(chan []byte, pipelineDepth), make(chan error, 1)
		go p.run()
	}
	p.full <- p.b // has room for every buffer
	p.b = nil
}

// run writes the buffers until full is closed, or until w fails.
func (p *pipeline) run() {
	for b := range p.full {
		if _, err := p.w.Write(b); err != nil {
			p.fails <- err
			return
		}
		p.free <- b[:0]
	}
	p.fails <- nil
}

// Close writes what is left, and waits until all is written. It returns the first error.
func (p *pipeline) Close() error {
	if p.full != nil {
		close(p.full)
		if p.err == nil {
			p.err = <-p.fails
		}
	}
	if p.err == nil && len(p.b) > 0 {
		_, p.err = p.w.Write(p.b)
	}
	return p.err
}
