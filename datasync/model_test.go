package datasync_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"statusd/datasync"
	"statusd/datasync/memstore"
)

// longRuns is the environment variable that asks for the long forms of the
// simulations.
const longRuns = "STATUSD_LONG"

// maxSkew bounds the clock error of a node in the model test, so that no
// lifetime of 30 days ends and no received id of 62 days is forgotten.
const maxSkew = 5 * 24 * time.Hour

// FuzzModel drives two to five nodes through a program of appends, losses,
// crashes, failed transactions and clock jumps, and then demands that every
// message was delivered exactly once and that nothing is left.
func FuzzModel(f *testing.F) {
	f.Add(uint64(1), []byte{0x00, 0x01, 0x02, 0x03})
	f.Add(uint64(2), []byte("append, lose, crash, jump, heal"))
	f.Add(uint64(3), []byte{3, 0x10, 0x25, 0x31, 0x42, 0x53, 0x64, 0x75, 0x86, 0x97, 0xa8, 0xb9, 0xca, 0xdb, 0xec, 0xfd})
	f.Add(uint64(4), []byte{1, 0xf4, 0x05, 0x16, 0x27, 0x38, 0x49, 0x5a, 0x6b, 0x7c, 0x8d, 0x9e, 0xaf, 0xb0, 0xc1})
	f.Fuzz(func(t *testing.T, seed uint64, program []byte) {
		if len(program) > 400 {
			return
		}
		runModel(t, seed, program)
	})
}

// TestModel runs random programs, so that an ordinary test run covers more
// than the seeds.
func TestModel(t *testing.T) {
	runs := uint64(60)
	if os.Getenv(longRuns) != "" {
		runs = 5000
	}
	for seed := range runs {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			program := make([]byte, 300)
			s := newSim(t, 2, seed, datasync.DefaultSchedule())
			for i := range program {
				program[i] = byte(s.rng.Uint32())
			}
			runModel(t, seed, program)
		})
	}
}

// runModel interprets a program: the first byte chooses the number of nodes,
// each further one an operation and its arguments.
func runModel(t *testing.T, seed uint64, program []byte) {
	nodes := 2
	if len(program) > 0 {
		nodes = 2 + int(program[0])%4
	}
	s := newSim(t, nodes, seed, datasync.DefaultSchedule())
	armed := noCrash
	for _, n := range s.nodes {
		n.crash = func() crashPoint {
			p := armed
			armed = noCrash
			return p
		}
	}
	for i, b := range program {
		if i == 0 {
			continue
		}
		arg := int(b >> 4)
		node := arg % nodes
		switch b & 0x0f {
		case 0, 1, 2:
			s.append(node, 5, (node+1)%nodes)
		case 3:
			s.append(node, 5, others(node, nodes)...)
		case 4:
			s.append(node, 20_000, (node+1)%nodes)
		case 5:
			s.run(s.now.Add(time.Duration(1+arg) * 100 * time.Millisecond))
		case 6:
			s.run(s.now.Add(time.Duration(1+arg) * 10 * time.Second))
		case 7:
			s.run(s.now.Add(time.Duration(1+arg) * 10 * time.Minute))
		case 8:
			s.loss, s.dup, s.reorder = float64(arg)/15, float64(15-arg)/15, 0.5
		case 9:
			s.cut = func(from, to int) bool { return (from < node) != (to < node) }
		case 10:
			s.cut = nil
		case 11:
			armed = crashPoint(arg % 4)
		case 12:
			s.nodes[node].boot()
		case 13:
			skew := s.nodes[node].skew + time.Duration(arg-8)*6*time.Hour
			s.nodes[node].skew = min(max(skew, -maxSkew), maxSkew)
		case 14:
			s.nodes[node].modes[s.nodes[(node+1)%nodes].id] = datasync.Mode(arg & 1)
		case 15:
			s.savepoint(node, (node+1)%nodes)
		}
	}
	s.loss, s.cut = 0, nil
	s.settle(10 * 24 * time.Hour)
}

func others(node, nodes int) []int {
	var out []int
	for i := range nodes {
		if i != node {
			out = append(out, i)
		}
	}
	return out
}

// savepoint does work in a transaction, takes it back to a savepoint, and does
// other work that is kept.
func (s *sim) savepoint(from, to int) {
	n := s.nodes[from]
	n.transact(func(tx *memstore.Tx) (datasync.Effects, error) {
		mark := tx.Savepoint()
		_, err := n.node.Append(tx, datasync.Outgoing{
			Ref: datasync.Ref{1}, Body: []byte("never sent"), To: []datasync.PeerID{s.nodes[to].id},
		}, n.clock())
		if err != nil {
			return datasync.Effects{}, err
		}
		g := datasync.OneToOne(n.id, s.nodes[to].id)
		in := datasync.Payload{
			Offers:   []datasync.MessageID{{1}},
			Messages: []datasync.Message{{Group: g[:], Body: []byte("never received")}},
		}
		for id := range n.store.States() {
			in.Acks, in.Requests = append(in.Acks, id.ID), append(in.Requests, id.ID)
		}
		if _, err := n.node.Handle(tx, s.nodes[to].id, in, n.clock()); err != nil {
			return datasync.Effects{}, err
		}
		if _, err := n.node.Due(tx, n.clock()); err != nil {
			return datasync.Effects{}, err
		}
		tx.RollbackTo(mark)
		return datasync.Effects{}, nil
	})
}

// TestDayOfGroups is the long virtual run: 20 nodes in groups of five, a day
// of messages, 30 % loss, restarts, crashes and partitions.
func TestDayOfGroups(t *testing.T) {
	const nodes, group = 20, 5
	span, every := 24*time.Hour, time.Minute
	if testing.Short() {
		span = time.Hour
	}
	if os.Getenv(longRuns) != "" {
		every = 5 * time.Second
	}
	s := newSim(t, nodes, 24, datasync.DefaultSchedule())
	s.loss, s.dup, s.reorder = 0.3, 0.1, 0.2
	for _, n := range s.nodes {
		n.crash = func() crashPoint {
			if s.rng.IntN(200) > 0 {
				return noCrash
			}
			return crashPoint(1 + s.rng.IntN(3))
		}
	}
	restarts, partitions := 0, 0
	for s.now.Before(simStart.Add(span)) {
		from := s.rng.IntN(nodes)
		var to []int
		for i := from / group * group; i < (from/group+1)*group; i++ {
			if i != from {
				to = append(to, i)
			}
		}
		s.append(from, 200, to...)
		if s.rng.IntN(30) == 0 {
			restarts++
			s.nodes[s.rng.IntN(nodes)].boot()
		}
		switch s.rng.IntN(60) {
		case 0:
			partitions++
			side := s.rng.Uint32()
			s.cut = func(a, b int) bool { return (side>>a)&1 != (side>>b)&1 }
		case 1, 2, 3:
			s.cut = nil
		}
		s.run(s.now.Add(time.Duration(s.rng.Int64N(int64(2 * every)))))
	}
	s.cut = nil
	s.settle(7 * 24 * time.Hour)
	d := s.delays()
	t.Logf("%d messages to %d recipients, %d restarts, %d partitions: all delivered once, queues empty %v after the end; "+
		"delay median %v, 90 %% %v, worst %v; %d payloads, %d bytes",
		len(s.receipts), len(d), restarts, partitions, s.now.Sub(simStart.Add(span)).Round(time.Second),
		d[len(d)/2], d[len(d)*9/10], d[len(d)-1], s.payloads, s.bytes)
}
