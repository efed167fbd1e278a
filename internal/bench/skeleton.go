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

// skeleton is the least that a snapshot of a full mesh takes: one marker on every
// channel, one part from every process, one JSON document to a client who asked
// for it. There are no recordings, names, checksums, time-outs or acknowledgements,
// and only one snapshot at a time.
type skeleton struct {
	processes []*bare
	flow      *flow // nil: the channels are idle
	lanes     []*lane
	client    net.Conn
	answers   *bufio.Reader
	conns     []net.Conn
	work      sync.WaitGroup // readers, and writers of lanes
	forget    func() bool    // that the end of the context closes it
}

// bare is one process of a skeleton.
type bare struct {
	id    string
	door  net.Listener // open while the skeleton connects
	out   []io.Writer  // for the markers of its channels; none waits
	parts net.Conn     // to the assembler; nil: it is the assembler

	mu       sync.Mutex
	recorded bool
	awaited  int // markers
	// Of the assembler:
	document []byte
	came     int
	client   net.Conn
}

const bareMarker = 64 // bytes of a marker, about as many as ours has

// newSkeleton connects n processes over loopback, and lets messages flow unless flow
// is nil. It must be closed; the end of ctx ends what it does.
func newSkeleton(ctx context.Context, n int, flow *flow) (_ *skeleton, err error) {
	s := &skeleton{flow: flow}
	defer func() {
		if err != nil {
			s.close()
			return
		}
		s.forget = context.AfterFunc(ctx, s.disconnect)
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
			end, err := s.channel(ctx, to)
			if err != nil {
				return nil, err
			}
			from.out = append(from.out, end)
		}
		if i > 0 {
			if from.parts, err = s.connect(ctx, s.processes[0].door, nil, s.processes[0].takeParts); err != nil {
				return nil, err
			}
		}
	}
	first := s.processes[0]
	s.client, err = s.connect(ctx, first.door, nil, func(conn net.Conn) error {
		first.client = conn
		return first.takeRequests(conn)
	})
	if err != nil {
		return nil, err
	}
	s.answers = bufio.NewReaderSize(s.client, 64<<10)
	for _, l := range s.lanes { // now: messages would hold up the connecting
		s.work.Go(l.writeLoop)
	}
	return s, nil
}

// channel connects a channel to a process and gives the end that takes its markers.
func (s *skeleton) channel(ctx context.Context, to *bare) (io.Writer, error) {
	if s.flow != nil {
		l, err := s.connectLane(ctx, to)
		if err != nil || !s.flow.own {
			return l, err
		}
	}
	return s.connect(ctx, to.door, nil, to.takeMarkers)
}

// connect makes a connection through door, at whose other end read runs. dialled sets
// options of the socket that dials; nil: it has the defaults.
func (s *skeleton) connect(ctx context.Context, door net.Listener, dialled options, read func(net.Conn) error) (net.Conn, error) {
	d := net.Dialer{Control: dialled}
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
	if s.forget != nil {
		s.forget()
	}
	s.disconnect()
	s.work.Wait()
}

func (s *skeleton) disconnect() {
	for _, l := range s.lanes {
		l.close()
	}
	for _, conn := range s.conns {
		conn.Close()
	}
}

// snapshot asks for one and reads the JSON document.
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
		return fmt.Errorf("read the length of the document: %w", err)
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

// record sends the markers. The lock is held.
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

// report sends the part. The lock is held.
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

// add adds a part to the document and sends that when it is whole. The lock is held.
func (p *bare) add(part []byte) {
	p.document = append(append(p.document, part...), ',')
	if p.came++; p.came > len(p.out) {
		p.client.Write(append(binary.AppendUvarint(nil, uint64(len(p.document))), p.document...))
		p.document, p.came = p.document[:0], 0
	}
}
