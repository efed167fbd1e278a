package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// skeleton does the least that a snapshot of a full mesh requires: one marker on every
// channel, one part from every process, one JSON document to the client who asked.
// It has no recordings, names, checksums, time-outs or acknowledgements, and takes
// only one snapshot at a time.
type skeleton struct {
	processes []*bare
	client    net.Conn
	answers   *bufio.Reader
	conns     []net.Conn
	work      sync.WaitGroup // the goroutines that read
	detach    func() bool    // keeps the end of the context from closing the connections
}

// bare is one process of a skeleton.
type bare struct {
	id    string
	door  net.Listener // open while the skeleton connects
	out   []net.Conn   // its outgoing channels, which carry markers only
	parts net.Conn     // to the assembler; nil at the assembler itself

	mu       sync.Mutex
	recorded bool
	awaited  int // markers that have not arrived yet
	// Used by the assembler only:
	document []byte
	came     int // parts in document
	client   net.Conn
}

const bareMarker = 64 // bytes of a marker, about as long as chandy's

// newSkeleton connects n processes over loopback. The caller must close the skeleton.
// The end of ctx closes its connections.
func newSkeleton(ctx context.Context, n int) (_ *skeleton, err error) {
	s := &skeleton{}
	defer func() {
		if err != nil {
			s.close()
			return
		}
		s.detach = context.AfterFunc(ctx, s.disconnect)
	}()
	for i := range n {
		door, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer door.Close()
		s.processes = append(s.processes, &bare{id: string(name(i)), door: door, awaited: n - 1})
	}
	for i, from := range s.processes {
		for j, to := range s.processes {
			if i == j {
				continue
			}
			conn, err := s.connect(ctx, to.door, to.takeMarkers)
			if err != nil {
				return nil, err
			}
			from.out = append(from.out, conn)
		}
		if i > 0 {
			if from.parts, err = s.connect(ctx, s.processes[0].door, s.processes[0].takeParts); err != nil {
				return nil, err
			}
		}
	}
	first := s.processes[0]
	s.client, err = s.connect(ctx, first.door, func(conn net.Conn) error {
		first.client = conn
		return first.takeRequests(conn)
	})
	if err != nil {
		return nil, err
	}
	s.answers = bufio.NewReaderSize(s.client, 64<<10)
	return s, nil
}

// connect dials door, starts read on the accepted end and returns the dialling end.
func (s *skeleton) connect(ctx context.Context, door net.Listener, read func(net.Conn) error) (net.Conn, error) {
	var d net.Dialer
	near, err := d.DialContext(ctx, "tcp", door.Addr().String())
	if err != nil {
		return nil, err
	}
	s.conns = append(s.conns, near)
	far, err := door.Accept()
	if err != nil {
		return nil, err
	}
	s.conns = append(s.conns, far)
	s.work.Go(func() { read(far) })
	return near, nil
}

func (s *skeleton) close() {
	if s.detach != nil {
		s.detach()
	}
	s.disconnect()
	s.work.Wait()
}

func (s *skeleton) disconnect() {
	for _, conn := range s.conns {
		conn.Close()
	}
}

// snapshot requests a snapshot and reads the JSON document.
func (s *skeleton) snapshot() error {
	for _, p := range s.processes {
		p.mu.Lock()
		p.recorded, p.awaited = false, len(s.processes)-1
		p.mu.Unlock()
	}
	if _, err := s.client.Write([]byte{1}); err != nil {
		return err
	}
	n, err := binary.ReadUvarint(s.answers)
	if err != nil {
		return fmt.Errorf("read the length of the skeleton's document: %w", err)
	}
	_, err = io.CopyN(io.Discard, s.answers, int64(n))
	return err
}

func (p *bare) takeRequests(conn net.Conn) error {
	request := make([]byte, 1)
	for {
		if _, err := io.ReadFull(conn, request); err != nil {
			return err
		}
		p.mu.Lock()
		p.record()
		p.mu.Unlock()
	}
}

// record sends the markers. The caller must hold p.mu.
func (p *bare) record() {
	p.recorded = true
	marker := make([]byte, bareMarker)
	for _, conn := range p.out {
		conn.Write(marker)
	}
}

func (p *bare) takeMarkers(conn net.Conn) error {
	marker := make([]byte, bareMarker)
	for {
		if _, err := io.ReadFull(conn, marker); err != nil {
			return err
		}
		p.takeMarker()
	}
}

func (p *bare) takeMarker() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.recorded {
		p.record()
	}
	if p.awaited--; p.awaited == 0 {
		p.report()
	}
}

// report sends the part of p to the assembler. The caller must hold p.mu.
func (p *bare) report() {
	part := fmt.Appendf(nil, `{"process":%q,"state":{"state":"quiet"},"channels":[`, p.id)
	for range p.out {
		part = append(part, `{"sent":0,"received":0,"messages":[]},`...)
	}
	part = append(part, "]}"...)
	if p.parts == nil {
		p.add(part)
		return
	}
	p.parts.Write(append(binary.AppendUvarint(nil, uint64(len(part))), part...))
}

func (p *bare) takeParts(conn net.Conn) error {
	r := bufio.NewReader(conn)
	for {
		n, err := binary.ReadUvarint(r)
		if err != nil {
			return err
		}
		part := make([]byte, n)
		if _, err := io.ReadFull(r, part); err != nil {
			return err
		}
		p.mu.Lock()
		p.add(part)
		p.mu.Unlock()
	}
}

// add appends a part to the document, and sends the document to the client when all
// parts are in it. The caller must hold p.mu.
func (p *bare) add(part []byte) {
	p.document = append(append(p.document, part...), ',')
	if p.came++; p.came > len(p.out) {
		p.client.Write(append(binary.AppendUvarint(nil, uint64(len(p.document))), p.document...))
		p.document, p.came = p.document[:0], 0
	}
}
