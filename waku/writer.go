package waku

import (
	"bytes"
	"io"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"

	"statusd/internal/bucket"
	"statusd/waku/wire"
)

const (
	// maxReplies and maxReplyBytes bound the control packets that wait for a
	// peer. A peer that lets more pile up is not reading and is dropped.
	maxReplies    = 1024
	maxReplyBytes = 2 << 20
	// scanBatch is how many log entries a writer looks at per lock.
	scanBatch = 256
	// paceRate, per second, and paceBurst bound the packets of envelopes to one
	// peer. Envelopes that come faster share packets; an envelope waits for
	// others for 1/paceRate at most.
	paceRate  = 2000
	paceBurst = 16
	// walkPause is the time between two walks through the whole pool for a peer
	// that changes its interest. What it changes meanwhile, as clients do that
	// start with many chats, is covered by the next one.
	walkPause = 2 * time.Second
)

// writer sends to one peer. It belongs to the peer's writer goroutine.
type writer struct {
	p      *peer
	cursor uint64        // position in the pool's log
	packet bucket.Bucket // what the peer lets us send
	bytes  bucket.Bucket
	limits [2]wire.Limits // that the buckets were made from
	walked time.Time      // when it last went back to the start of the pool
	scan   []*entry
	batch  []*entry
	envs   []*wire.Envelope
	header []byte
	pace   bucket.Bucket // packets of envelopes
}

// write is the writer goroutine: the Status, then, once the peer's own has
// come, whatever there is to send, whenever it is woken.
func (p *peer) write(status []byte, ready <-chan struct{}) {
	if !p.send(wire.CodeStatus, status) {
		return
	}
	select {
	case <-ready:
	case <-p.quit:
		return
	}
	w := &writer{p: p, scan: make([]*entry, 0, scanBatch), pace: newPace(time.Now())}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p.woken.Store(false)
		wait, ok := w.drain()
		if !ok {
			return
		}
		timer.Stop()
		if wait > 0 {
			timer.Reset(wait)
		}
		select {
		case <-p.wakeup:
		case <-timer.C:
		case <-p.quit:
			return
		}
	}
}

// send writes one packet.
func (p *peer) send(code uint64, payload []byte) bool {
	return p.sendFrom(code, len(payload), bytes.NewReader(payload))
}

func (p *peer) sendFrom(code uint64, size int, payload io.Reader) bool {
	if err := p.rw.WriteMsg(p2p.Msg{Code: code, Size: uint32(size), Payload: payload}); err != nil {
		p.close(CloseWrite)
		return false
	}
	p.count.bytesOut.Add(uint64(size))
	return true
}

func newPace(now time.Time) bucket.Bucket { return bucket.New(paceRate, paceBurst, now) }

// drain sends everything there is to send now. It returns how long to wait
// for the peer's rate limits, zero when nothing is held back by them.
func (w *writer) drain() (wait time.Duration, ok bool) {
	for {
		if wait, ok = w.control(); wait > 0 || !ok {
			return wait, ok
		}
		later := w.restart()
		if !w.gatherMore() {
			return 0, false
		}
		size, wait := w.gather()
		if wait > 0 {
			return wait, true
		}
		if size == 0 {
			return later, true
		}
		if !w.sendBatch(size) {
			return 0, false
		}
	}
}

// gatherMore waits when many packets went out lately, so that the next one takes
// more: every packet costs its frame, a system call, and a wake-up at the other
// side. What comes when little is sent leaves at once.
func (w *writer) gatherMore() bool {
	if w.p.host.pool.last.Load() < w.cursor {
		return true // there is nothing
	}
	return w.p.pause(w.pace.Wait(1, time.Now()))
}

// restart goes back to the start of the pool when the peer wants more than
// before. It returns how long to wait for that when the peer changes its mind
// all the time; what is new is sent meanwhile.
func (w *writer) restart() (later time.Duration) {
	if !w.p.resync.Load() {
		return 0
	}
	now := time.Now()
	if later = walkPause - now.Sub(w.walked); later > 0 {
		return later
	}
	w.walked = now
	w.p.resync.Store(false) // before the walk: a change meanwhile asks for the next
	w.cursor = 0
	w.p.host.metrics.walks.Inc()
	if wants := w.p.host.cfg.WantsMore; wants != nil {
		wants(w.p.id)
	}
	return 0
}

// control sends what the peer must know of our settings, then replies. They
// count against the peer's limits as everything else does.
func (w *writer) control() (wait time.Duration, ok bool) {
	p := w.p
	for p.dirty.Load() != 0 || len(p.out) > 0 {
		now := time.Now()
		w.adoptLimits(now)
		if wait = max(w.packet.Wait(1, now), w.bytes.Wait(1, now)); wait > 0 {
			return wait, true
		}
		pkt := w.nextControl()
		w.packet.Debit(1, now)
		w.bytes.Debit(float64(len(pkt.payload)), now)
		if !p.send(pkt.code, pkt.payload) {
			return 0, false
		}
	}
	select {
	case <-p.quit:
		return 0, false
	default:
		return 0, true
	}
}

// nextControl takes the next control packet; there must be one. Each option
// goes in a packet of its own, as old peers send them.
func (w *writer) nextControl() packet {
	p := w.p
	dirty := p.dirty.Load()
	switch {
	case dirty&dirtyPoW != 0:
		p.dirty.And(^uint32(dirtyPoW))
		s := p.host.set.Load() // not before the mark is taken away
		o := wire.StatusOptions{PoW: &s.minPoW}
		return packet{wire.CodeStatusUpdate, o.EncodeUpdate(p.version)}
	case dirty&dirtyInterest != 0:
		p.dirty.And(^uint32(dirtyInterest))
		s := p.host.set.Load() // not before the mark is taken away
		o := s.interest.options()
		return packet{wire.CodeStatusUpdate, o.EncodeUpdate(p.version)}
	}
	pkt := <-p.out // the writer alone takes from it
	p.unsent.Add(-int64(len(pkt.payload)))
	return pkt
}

// gather collects the next envelopes for the peer, as many as one packet and
// the peer's limits take. It returns the size of their encodings, and how long
// to wait when a limit is used up.
func (w *writer) gather() (size int, wait time.Duration) {
	p, h := w.p, w.p.host
	now := time.Now()
	w.adoptLimits(now)
	if wait = w.packet.Wait(1, now); wait > 0 {
		return 0, wait
	}
	w.batch, w.envs = w.batch[:0], w.envs[:0]
	light, clock := h.set.Load().light, uint32(h.cfg.Now().Unix())
	for {
		from := w.cursor
		w.scan, w.cursor = h.pool.after(from, w.scan)
		if len(w.scan) == 0 {
			return size, 0
		}
		for _, e := range w.scan {
			env := e.env.Load()
			if env == nil || light && !e.own || !p.wants(e) || env.Expiry() < clock {
				continue
			}
			n := len(env.RLP())
			if !sendable(n) {
				h.metrics.unsendable.Inc()
				continue
			}
			if size > 0 && wire.MessagesSize(size+n) > wire.MaxPacketSent {
				w.cursor = e.seq
				return size, 0
			}
			total := float64(wire.MessagesSize(size + n))
			if wait = w.bytes.Wait(total, now); wait > 0 || size > 0 && !w.bytes.Fits(total) {
				w.cursor = e.seq
				if size > 0 {
					wait = 0
				}
				return size, wait
			}
			size += n
			w.batch, w.envs = append(w.batch, e), append(w.envs, env)
		}
	}
}

// sendable reports whether an envelope of n bytes fits in a packet alone. The
// bound holds whatever our own limit on messages is: peers do not announce
// theirs, and close the connection to who sends a larger packet, again after
// each reconnection until the envelope expires.
func sendable(n int) bool { return wire.MessagesSize(n) <= wire.MaxPacketSent }

// adoptLimits makes new buckets when the peer has announced other limits.
func (w *writer) adoptLimits(now time.Time) {
	v := w.p.view.Load()
	limits := [2]wire.Limits{v.packets, v.bytes}
	if limits == w.limits {
		return
	}
	w.limits = limits
	w.packet = bucket.Second(tighter(v.packets), now)
	w.bytes = bucket.Second(tighter(v.bytes), now)
}

// tighter returns the stricter of two limits of which zero means none.
func tighter(l wire.Limits) uint64 {
	if l.PerIP == 0 || l.PerPeer == 0 {
		return max(l.PerIP, l.PerPeer)
	}
	return min(l.PerIP, l.PerPeer)
}

// sendBatch writes the gathered envelopes as one Messages packet. The bytes
// are read straight from the envelopes.
func (w *writer) sendBatch(size int) bool {
	p := w.p
	for _, e := range w.batch {
		e.known.set(p.slot.n)
	}
	w.header = wire.AppendMessagesHeader(w.header[:0], size)
	total := len(w.header) + size
	confirms := p.view.Load().confirmations // may change while we write
	if confirms {
		w.expectAck()
	}
	now := time.Now()
	w.pace.Debit(1, now)
	w.packet.Debit(1, now)
	w.bytes.Debit(float64(total), now)
	payload := &batchReader{head: w.header, envs: w.envs}
	if !p.sendFrom(wire.CodeMessages, total, payload) {
		return false
	}
	if !payload.done.Load() { // a pipe that is closed meanwhile may be read on
		p.close(CloseWrite)
		return false
	}
	n := uint64(len(w.envs))
	p.count.envOut.Add(n)
	p.host.metrics.sent.Add(float64(n))
	p.host.metrics.packetsOut.Inc()
	if !confirms {
		p.reportSent(w.batch, w.envs)
	}
	clear(w.envs)
	clear(w.batch)
	return true
}

// batchReader reads a Messages payload piece by piece.
type batchReader struct {
	head []byte
	envs []*wire.Envelope
	done atomic.Bool // everything was read
}

func (r *batchReader) Read(b []byte) (n int, err error) {
	for n < len(b) && r.more() {
		c := copy(b[n:], r.head)
		r.head = r.head[c:]
		n += c
	}
	if r.more() {
		return n, nil
	}
	r.done.Store(true)
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// more reports whether head has bytes left, going on to the next envelope.
func (r *batchReader) more() bool {
	if len(r.head) == 0 && len(r.envs) > 0 {
		r.head, r.envs = r.envs[0].RLP(), r.envs[1:]
	}
	return len(r.head) > 0
}

// expectAck remembers a packet that holds own envelopes until the peer
// confirms it.
func (w *writer) expectAck() {
	var own []wire.Hash
	for i, e := range w.batch {
		if e.own {
			own = append(own, w.envs[i].Hash())
		}
	}
	if len(own) == 0 {
		return
	}
	hash := crypto.NewKeccakState()
	hash.Write(w.header)
	for _, env := range w.envs {
		hash.Write(env.RLP())
	}
	var batch wire.Hash
	hash.Read(batch[:])
	w.p.unacked.add(batch, own)
}
