package channel

import (
	"slices"
	"testing"

	"chandy/snapshot"
	"chandy/wire"
)

// TestPlantedFaults plants one fault at a time, and checks that the exploration finds
// it and by which checks: a check that misses a fault proves nothing when there is
// none.
func TestPlantedFaults(t *testing.T) {
	t.Parallel()
	for _, test := range slices.Concat(channelFaults, connectionFaults, snapshotFaults, restoredFaults) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := test.scope()
			test.plant(s.hooks)
			newExplorer(s).Expect(t, test.by...)
		})
	}
}

type plantedFault struct {
	name  string
	scope func() *scope
	by    []string // sorted
	plant func(*hooks)
}

// Scopes, each as large as its faults need.

func one(rule Rule) func() *scope {
	return func() *scope { return channelScope("", rule, oneWay, 2, 1, 1, 0) }
}

func sentAgain() *scope {
	return again(channelScope("", Ahead, oneWay, 2, 1, 1, 0))
}

func full() *scope       { return channelScope("", Ahead, oneWay, 4, 0, 1, 0) }
func restarted() *scope  { return channelScope("", Ahead, oneWay, 2, 0, 1, 1) }
func bothResets() *scope { return channelScope("", Ahead, bothWay, 1, 0, 0, 1) }

// restartedTwice has no messages: it is about which incarnation is believed to live.
func restartedTwice() *scope {
	s := channelScope("no message, 1 disconnect, 2 restarts of the sender", Ahead, oneWay, 0, 0, 1, 2)
	s.restarting = []snapshot.ProcessID{"p1"}
	return s
}

// skip makes the sender believe that it wrote everything on this connection.
func skip(s *Sender) {
	for n := len(s.outbox); n > 0; {
		last := s.outbox[n-1]
		s.cursor, s.cursorBytes = n-1, len(last.Body)
		s.offset = last.start + uint64(len(last.Body))
		break
	}
	s.written = s.sent
}

func resumeThen(then func(*Sender)) func(*hooks) {
	return func(h *hooks) {
		h.resume = func(s *Sender, at wire.Position) error {
			err := s.Resume(at)
			then(s)
			return err
		}
	}
}

func resumeAt(alter func(*wire.Position)) func(*hooks) {
	return func(h *hooks) {
		h.resume = func(s *Sender, at wire.Position) error { alter(&at); return s.Resume(at) }
	}
}

func told(alter func(*Receiver, *wire.Position)) func(*Receiver) wire.Position {
	return func(r *Receiver) wire.Position { at := r.Acknowledge(); alter(r, &at); return at }
}

// lenient makes the receiver take what it should refuse.
func lenient(h *hooks, alter func(*Receiver, *wire.Data)) {
	h.data = func(r *Receiver, d wire.Data) (snapshot.Batch, error) { alter(r, &d); return r.Data(d) }
}

// channelFaults are faults of the two halves.
var channelFaults = []plantedFault{
	{
		"a message is acknowledged before it arrives", one(Ahead), []string{checkAcked, checkViolation},
		func(h *hooks) { h.tell = told(func(_ *Receiver, at *wire.Position) { at.Arrived++ }) },
	},
	{
		"a marker is acknowledged before it is processed", one(Ahead), []string{checkAcked, checkViolation},
		func(h *hooks) { h.tell = told(func(_ *Receiver, at *wire.Position) { at.Marker++ }) },
	},
	{
		"what is written counts as arrived", one(Ahead), []string{checkAcked},
		func(h *hooks) {
			h.next = func(s *Sender) (*Marker, *wire.Data) {
				m, d := s.Next()
				s.Acknowledge(wire.Position{Arrived: s.written})
				return m, d
			}
		},
	},
	{
		"the sender ignores the window", full, []string{checkViolation},
		func(h *hooks) { h.next = unlimited },
	},
	{
		"both ignore the window", full, []string{checkInbox},
		func(h *hooks) {
			h.next = unlimited
			lenient(h, func(r *Receiver, _ *wire.Data) { r.advertised.Credit = 1 << 20 })
		},
	},
	{
		"credit is given for what arrived, not for what was received", full, []string{checkInbox, checkViolation},
		func(h *hooks) {
			h.tell = told(func(r *Receiver, at *wire.Position) {
				at.Credit = r.arrivedBytes + uint64(r.Window)
				r.advertised.Credit = at.Credit
			})
		},
	},
	{
		"a duplicate is delivered", sentAgain, []string{checkAcked, checkOrder, checkViolation},
		func(h *hooks) {
			lenient(h, func(r *Receiver, d *wire.Data) { d.First = max(d.First, r.arrived+1) })
		},
	},
	{
		"a gap is accepted", one(Ahead), []string{checkOrder, checkProgress},
		func(h *hooks) {
			resumeThen(func(s *Sender) { skip(s); s.markerWritten = s.markerAcked })(h)
			lenient(h, func(r *Receiver, d *wire.Data) { d.First = min(d.First, r.arrived+1) })
		},
	},
	{
		"an old acknowledgement takes the sender back", full, []string{checkAcked, checkOutbox},
		func(h *hooks) {
			h.tell = told(func(_ *Receiver, at *wire.Position) {
				if at.Arrived == 4 {
					at.Arrived, at.Received = 1, 1
				}
			})
			h.acknowledge = func(s *Sender, at wire.Position) error {
				err := s.Acknowledge(at)
				s.acked = at.Arrived
				return err
			}
		},
	},
	{
		"markers are counted instead of taken by their ordinals", sentAgain, []string{checkMarkers, checkViolation},
		func(h *hooks) {
			h.marker = func(r *Receiver, m Marker) (bool, error) { m.Ordinal = r.marker + 1; return r.Marker(m) }
		},
	},
	{
		"a marker goes before the data before it, in order", one(InOrder), []string{checkViolation},
		func(h *hooks) { h.next = early },
	},
	{
		"a marker goes before the data before it, and the receiver takes it", one(InOrder), []string{checkStamp},
		func(h *hooks) {
			h.next = early
			h.marker = func(r *Receiver, m Marker) (bool, error) {
				r.Rule, m.Acked = Ahead, 0
				defer func() { r.Rule = InOrder }()
				return r.Marker(m)
			}
		},
	},
	{
		"data goes before the marker before it", one(Ahead), []string{checkViolation},
		func(h *hooks) { h.next = late },
	},
	{
		"data goes before the marker before it, and is received at once", one(Ahead), []string{checkStamp, checkViolation},
		func(h *hooks) {
			h.next = late
			lenient(h, func(_ *Receiver, d *wire.Data) { d.Stamp = 0 })
		},
	},
}

// unlimited is Next without credit.
func unlimited(s *Sender) (*Marker, *wire.Data) {
	credit := s.credit
	s.credit = 1 << 20
	defer func() { s.credit = credit }()
	return s.Next()
}

// early is Next with markers before data, whatever the rule.
func early(s *Sender) (*Marker, *wire.Data) {
	rule := s.Rule
	s.Rule = Ahead
	defer func() { s.Rule = rule }()
	return s.Next()
}

// late is Next with data before markers.
func late(s *Sender) (*Marker, *wire.Data) {
	written := s.markerWritten
	s.markerWritten = s.markerSent
	m, d := s.Next()
	s.markerWritten = written
	if d != nil {
		return m, d
	}
	return early(s)
}

// connectionFaults are about what follows a disconnect or a restart.
var connectionFaults = []plantedFault{
	{
		"no message is sent again", one(Ahead), []string{checkProgress, checkViolation},
		resumeThen(skip),
	},
	{
		"no marker is sent again", one(Ahead), []string{checkProgress, checkViolation},
		resumeThen(func(s *Sender) { s.markerWritten = s.markerSent }),
	},
	{
		"what is first after a resume is lost", one(Ahead), []string{checkProgress, checkViolation},
		resumeThen(func(s *Sender) { s.Next() }),
	},
	{
		"the sender resumes one message too far", one(Ahead), []string{checkAcked, checkBroken},
		resumeAt(func(at *wire.Position) { at.Arrived++ }),
	},
	{
		"the sender resumes one message too early", one(Ahead), []string{checkBroken, checkViolation},
		resumeAt(func(at *wire.Position) { at.Arrived -= min(at.Arrived, 1) }),
	},
	{
		"the sender resumes one marker too far", one(Ahead), []string{checkAcked, checkBroken},
		resumeAt(func(at *wire.Position) { at.Marker++ }),
	},
	{
		"a welcome says one message too many", one(Ahead), []string{checkAcked, checkBroken},
		func(h *hooks) { h.welcome = told(func(_ *Receiver, at *wire.Position) { at.Arrived++ }) },
	},
	{
		"a welcome says one message too few", one(Ahead), []string{checkBroken, checkViolation},
		func(h *hooks) {
			h.welcome = told(func(_ *Receiver, at *wire.Position) { at.Arrived -= min(at.Arrived, 1) })
		},
	},
	{
		"positions of bytes begin again on a resume", full, []string{checkViolation},
		resumeThen(func(s *Sender) { s.offset = 0 }),
	},
	{
		"the credit is lost on a resume", one(Ahead), []string{checkProgress},
		resumeThen(func(s *Sender) { s.credit = 0 }),
	},
	{
		"a hello is believed before its incarnation is known to live", restarted, []string{checkProgress},
		func(h *hooks) { h.careful, h.current = false, false },
	},
	{
		"a pong counts although another incarnation was met since the ping", restartedTwice, []string{checkProgress},
		func(h *hooks) { h.current = false },
	},
	{
		"a welcome counts although another incarnation was met since the hello", bothResets, []string{checkProgress},
		func(h *hooks) { h.current = false },
	},
	{
		"an old incarnation is accepted", restarted, []string{checkAcked},
		func(h *hooks) {
			h.careful, h.current = false, false
			h.meet = func(p *Peer, i snapshot.Incarnation) (Meeting, Discarded, error) { p.dead = nil; return p.Meet(i) }
		},
	},
	{
		"a connection with a dead incarnation goes on", bothResets, []string{checkViolation},
		func(h *hooks) { h.endOld = false },
	},
	{
		"only the outgoing half is reset", bothResets, []string{checkAcked},
		func(h *hooks) { h.meet = keep(func(p *Peer, old Peer) { *p.In = *old.In }) },
	},
	{
		"only the incoming half is reset", bothResets, []string{checkAcked, checkBroken, checkOrder},
		func(h *hooks) { h.meet = keep(func(p *Peer, old Peer) { *p.Out = *old.Out; p.Out.up = false }) },
	},
	{
		"what a reset discards is not counted", bothResets, []string{checkReset},
		func(h *hooks) {
			h.meet = func(p *Peer, i snapshot.Incarnation) (Meeting, Discarded, error) {
				m, _, err := p.Meet(i)
				return m, Discarded{}, err
			}
		},
	},
}

// keep returns a Meet that keeps what it should reset.
func keep(what func(p *Peer, old Peer)) func(*Peer, snapshot.Incarnation) (Meeting, Discarded, error) {
	return func(p *Peer, i snapshot.Incarnation) (Meeting, Discarded, error) {
		old := clonePeer(*p)
		m, lost, err := p.Meet(i)
		if m == Restarted {
			what(p, old)
		}
		return m, lost, err
	}
}

func joined() *scope { return disconnectOfTwo("", Ahead) }

func abandonedOfTwo() *scope { return abandoned(joinedScope("", Ahead, bothWay, 1, "p1")) }

func restartedInSnapshot() *scope {
	s := restartScope("", Ahead, 2, "p1")
	s.senders = []snapshot.ProcessID{"p1"}
	return s
}

// snapshotFaults are about what a snapshot makes of the channels.
var snapshotFaults = []plantedFault{
	{
		"the inbox is not recorded", joined, []string{checkCertificate},
		func(h *hooks) { h.inbox = func(*Receiver) []snapshot.Batch { return nil } },
	},
	{
		"a message is acknowledged before the recorder can see it", joined, []string{checkCertificate},
		func(h *hooks) {
			h.inbox = func(r *Receiver) (all []snapshot.Batch) {
				for _, b := range r.Inbox() {
					if b = b.Through(r.arrived - 1); b.Count > 0 {
						all = append(all, b)
					}
				}
				return all
			}
		},
	},
	{
		"the recorder is not told what arrives", joined, []string{checkCertificate},
		func(h *hooks) {
			h.data = func(r *Receiver, d wire.Data) (snapshot.Batch, error) {
				fresh, err := r.Data(d)
				return snapshot.Batch{First: fresh.First}, err
			}
		},
	},
	{
		"only what is not written of the outbox is recorded", joined, []string{checkCertificate},
		func(h *hooks) {
			h.outbox = func(s *Sender) (uint64, []snapshot.Batch) {
				acked, all := s.Outbox()
				for i := range all {
					all[i] = all[i].After(s.written)
				}
				return acked, all
			}
		},
	},
	{
		"the sender's half is shrunk by later acknowledgements", joined, []string{checkCertificate},
		func(h *hooks) {
			h.acked = func(l *local) {
				for k := range l.pieces {
					l.pieces[k] = slices.Clone(l.pieces[k])
					for i, p := range l.pieces[k] {
						if c, ok := p.(snapshot.Closed); ok && c.Outgoing {
							c.Messages = slices.Clone(c.Messages)
							for j, b := range c.Messages {
								c.Messages[j] = b.After(l.peer(c.Channel.To).Out.acked)
							}
							l.pieces[k][i] = c
						}
					}
				}
			}
		},
	},
	{
		"the halves are joined without trimming", joined, []string{checkCertificate},
		func(h *hooks) {
			h.assembled = func(g *snapshot.Global, pieces []snapshot.Piece) {
				for i := range g.Channels {
					var all []snapshot.Batch
					for _, p := range pieces {
						if c, ok := p.(snapshot.Closed); ok && c.Channel == g.Channels[i].Channel {
							all = append(all, c.Messages...)
						}
					}
					g.Channels[i].Messages = all
				}
			}
		},
	},
	{
		"the marker says that more was acknowledged", joined, []string{checkViolation},
		func(h *hooks) {
			h.mark = func(s *Sender, m snapshot.Marker) { m.Acked = m.Sent; s.Mark(m) }
		},
	},
	{
		"the program receives during a capture", joined, []string{checkCertificate},
		func(h *hooks) { h.patient = false },
	},
	{
		"a message sent after the cut is received before the marker", joined, []string{checkCertificate},
		func(h *hooks) {
			h.next = late
			lenient(h, func(_ *Receiver, d *wire.Data) { d.Stamp = 0 })
			h.marker = func(r *Receiver, m Marker) (bool, error) { m.Sent = max(m.Sent, r.arrived); return r.Marker(m) }
		},
	},
	{
		"the marker of an abandoned snapshot is not counted", abandonedOfTwo, []string{checkProgress, checkViolation},
		func(h *hooks) {
			h.counted = func(l *local, m Marker) bool { return l.abandoned>>l.number(m.ID)&1 == 0 }
		},
	},
	{
		"a restart during a snapshot is judged by the numbers alone", restartedInSnapshot, []string{checkCertificate, checkReference},
		func(h *hooks) { h.pieces = numbersAlone },
	},
}

// numbersAlone takes everything about incarnations and restarts out of the pieces.
func numbersAlone(pieces []snapshot.Piece) (all []snapshot.Piece) {
	for _, p := range pieces {
		switch p := p.(type) {
		case snapshot.Recorded:
			p.Incarnation = incarnation(p.Process, 1)
			all = append(all, p)
		case snapshot.Closed:
			other := p.Channel.From
			if p.Outgoing {
				other = p.Channel.To
			}
			p.Incarnation, p.Peer = incarnation(p.Process, 1), incarnation(other, 1)
			all = append(all, p)
		}
	}
	return all
}
