package testnet

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/p2p"

	"statusd/waku/wire"
)

// DefaultWindow bounds what is under way in one direction of a link, in bytes.
const DefaultWindow = 4 << 20

// LinkConfig says how a link treats packets. The zero value is a perfect link
// without delay. Faults do not apply to Status packets, so that connections
// come to be.
type LinkConfig struct {
	Latency   time.Duration
	Jitter    time.Duration // up to this is added to the latency of each packet
	Loss      float64       // share of packets that vanish, 0 to 1
	Duplicate float64       // share of packets that arrive twice
	Reorder   float64       // share of packets that others may overtake
	Bandwidth int           // bytes per second; 0: no limit
	Window    int           // bytes under way before the sender has to wait; 0: DefaultWindow
}

// Traffic is what one direction of a link has carried so far.
type Traffic struct {
	Packets, Bytes int // as sent, Status packets included
	Lost           int
	Duplicated     int
	Reordered      int
}

// Link is one connection between two nodes.
type Link struct {
	Edge
	net  *Net
	ways [2]*way // from A to B, from B to A
	once sync.Once
	quit chan struct{}
}

// newLink joins the far ends of the two hosts' pipes.
func newLink(n *Net, e Edge, cfg LinkConfig, a, b *p2p.MsgPipeRW) *Link {
	if cfg.Window == 0 {
		cfg.Window = DefaultWindow
	}
	l := &Link{Edge: e, net: n, quit: make(chan struct{})}
	for i, ends := range [][2]*p2p.MsgPipeRW{{a, b}, {b, a}} {
		n.drawn++
		l.ways[i] = &way{
			link: l, cfg: cfg, from: ends[0], to: ends[1], ends: Edge{e.A, e.B},
			rnd:     rand.New(rand.NewPCG(n.cfg.Seed, n.drawn)),
			arrived: make(chan struct{}, 1), freed: make(chan struct{}, 1),
		}
	}
	l.ways[1].ends = Edge{e.B, e.A}
	for _, w := range l.ways {
		n.running.Go(w.take)
		n.running.Go(w.give)
	}
	return l
}

// Close ends the connection; packets under way are lost.
func (l *Link) Close() {
	l.once.Do(func() {
		close(l.quit)
		for _, w := range l.ways {
			w.from.Close() //nolint:errcheck // always nil
		}
	})
}

// Silence makes packets vanish in both directions, or stops that. The
// connection stays; what vanished does not come again.
func (l *Link) Silence(on bool) {
	for _, w := range l.ways {
		w.mu.Lock()
		w.silent = on
		w.mu.Unlock()
	}
}

// Traffic returns what was carried from A to B and from B to A.
func (l *Link) Traffic() (there, back Traffic) {
	var list [2]Traffic
	for i, w := range l.ways {
		w.mu.Lock()
		list[i] = w.traffic
		w.mu.Unlock()
	}
	return list[0], list[1]
}

// way is one direction of a link. take reads packets and decides their fate,
// give writes them when their time has come.
type way struct {
	link     *Link
	cfg      LinkConfig
	from, to *p2p.MsgPipeRW
	ends     Edge // sender, receiver

	rnd  *rand.Rand // used by take alone
	busy time.Time  // until then the wire is taken; used by take alone
	last time.Time  // arrival of the latest packet in order; used by take alone

	mu       sync.Mutex
	silent   bool
	queue    []parcel // ascending at
	underway int      // bytes in queue
	traffic  Traffic

	arrived chan struct{} // capacity 1: the queue has changed
	freed   chan struct{} // capacity 1: underway has shrunk
}

// parcel is a packet with the time of its arrival.
type parcel struct {
	at      time.Time
	code    uint64
	payload []byte
}

func (w *way) take() {
	defer w.link.Close()
	for {
		msg, err := w.from.ReadMsg()
		if err != nil {
			return
		}
		payload, err := io.ReadAll(msg.Payload)
		if err != nil {
			return
		}
		if len(payload) != int(msg.Size) {
			w.link.net.tb.Errorf("%v: packet of code %d has %d bytes and says %d", w.ends, msg.Code, len(payload), msg.Size)
		}
		w.link.net.observe(w.ends, msg.Code, payload)
		w.dispatch(msg.Code, payload)
		if !w.waitForRoom() {
			return
		}
	}
}

// dispatch draws the fate of a packet. The same number of random values is
// drawn for each, so that one setting does not shift the others.
func (w *way) dispatch(code uint64, payload []byte) {
	lost, twice := w.rnd.Float64() < w.cfg.Loss, w.rnd.Float64() < w.cfg.Duplicate
	overtaken, jitter := w.rnd.Float64() < w.cfg.Reorder, w.rnd.Float64()
	exempt := code == wire.CodeStatus
	now := time.Now()
	if w.busy.Before(now) {
		w.busy = now
	}
	if w.cfg.Bandwidth > 0 {
		w.busy = w.busy.Add(time.Duration(len(payload)) * time.Second / time.Duration(w.cfg.Bandwidth))
	}
	at := w.busy.Add(w.cfg.Latency + time.Duration(jitter*float64(w.cfg.Jitter)))

	w.mu.Lock()
	defer w.mu.Unlock()
	w.traffic.Packets++
	w.traffic.Bytes += len(payload)
	switch {
	case exempt:
	case w.silent || lost:
		w.traffic.Lost++
		return
	case overtaken:
		w.traffic.Reordered++
		w.insert(parcel{at.Add(w.cfg.Latency + w.cfg.Jitter), code, payload})
		return
	case twice:
		w.traffic.Duplicated++
		defer w.insert(parcel{at.Add(w.cfg.Latency), code, payload})
	}
	if at.Before(w.last) {
		at = w.last // in order, as a stream is
	}
	w.last = at
	w.insert(parcel{at, code, payload})
}

// insert queues a parcel behind those that arrive at the same time. The caller
// holds mu.
func (w *way) insert(p parcel) {
	i := len(w.queue)
	for i > 0 && w.queue[i-1].at.After(p.at) {
		i--
	}
	w.queue = slices.Insert(w.queue, i, p)
	w.underway += len(p.payload)
	signal(w.arrived)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// waitForRoom holds the sender back while too much is under way.
func (w *way) waitForRoom() bool {
	for {
		w.mu.Lock()
		full := w.underway > w.cfg.Window
		w.mu.Unlock()
		if !full {
			return true
		}
		select {
		case <-w.freed:
		case <-w.link.quit:
			return false
		}
	}
}

func (w *way) give() {
	defer w.link.Close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		p, wait, ok := w.next()
		if ok {
			msg := p2p.Msg{Code: p.code, Size: uint32(len(p.payload)), Payload: bytes.NewReader(p.payload)}
			if w.to.WriteMsg(msg) != nil {
				return
			}
			continue
		}
		timer.Stop()
		if wait > 0 {
			timer.Reset(wait)
		}
		select {
		case <-w.arrived:
		case <-timer.C:
		case <-w.link.quit:
			return
		}
	}
}

// next takes the parcel that is due, or returns how long to wait for it; zero
// when there is none.
func (w *way) next() (p parcel, wait time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		return parcel{}, 0, false
	}
	if wait = time.Until(w.queue[0].at); wait > 0 {
		return parcel{}, wait, false
	}
	p, w.queue = w.queue[0], w.queue[1:]
	w.underway -= len(p.payload)
	signal(w.freed)
	return p, 0, true
}

// String names the two nodes.
func (e Edge) String() string { return fmt.Sprintf("%d-%d", e.A, e.B) }
