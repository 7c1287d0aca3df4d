package waku

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/internal/bucket"
	"statusd/waku/wire"
)

// Policy towards peers (spec 01 sections 2 and 5).
const (
	handshakeTimeout    = 5 * time.Second
	maxMalformed        = 3   // malformed packets of codes other than Messages
	rejectionsTolerated = 300 // refused envelopes in rejectionWindow
	rejectionWindow     = 60 * time.Second

	// intakeBurst and intakeRate, per second, bound how many envelopes are read
	// from one peer before it is made to wait. Each costs two hashes, while a
	// packet of 75 kB on the wire unpacks to 157 000 of them.
	intakeBurst = 300_000
	intakeRate  = 150_000

	// maxRefused bounds the envelopes that a Message Response lists, so that
	// it fits into a packet whatever a peer sends. Those beyond count as taken.
	maxRefused = 4096
)

// Bits of peer.dirty: what the peer must be told of.
const (
	dirtyPoW = 1 << iota
	dirtyInterest
)

// peer is one connection. Its reader is the goroutine that go-ethereum calls
// the protocol on; its writer is started by the reader, which waits for it.
type peer struct {
	host    *Host
	pp      *p2p.Peer
	rw      p2p.MsgReadWriter
	id      enode.ID
	addr    netip.Addr
	version uint
	slot    *peerSlot
	log     *zap.Logger

	view   atomic.Pointer[peerView] // replaced by the reader
	light  atomic.Bool              // it said once that it forwards nothing; stays
	dirty  atomic.Uint32
	resync atomic.Bool // the view changed: walk the pool from its start
	woken  atomic.Bool
	wakeup chan struct{} // capacity 1
	out    chan packet   // replies; the reader never blocks on it
	unsent atomic.Int64  // bytes in out

	quit     chan struct{} // closed once reason is set
	quitOnce sync.Once
	reason   CloseReason

	// Owned by the reader.
	usage      *peerUsage
	rejections bucket.Bucket
	intake     bucket.Bucket
	malformed  int
	testified  time.Time // when the TimeWitness was told last; belongs to the reader

	count   peerCounts
	unacked ackTable
}

// packet is a control packet that the writer sends before envelopes.
type packet struct {
	code    uint64
	payload []byte
}

type peerCounts struct {
	envIn, envOut, bytesIn, bytesOut, rejected, exceeded atomic.Uint64
	lastSeen                                             atomic.Int64 // Unix nanoseconds
}

// runPeer serves one connection until it ends, and returns why.
func (h *Host) runPeer(version uint, pp *p2p.Peer, rw p2p.MsgReadWriter) error {
	slot := h.slots.take()
	if slot == nil {
		h.metrics.closed[CloseFull].Inc()
		return CloseFull.disc()
	}
	now := time.Now()
	p := &peer{
		host: h, pp: pp, rw: rw, id: pp.ID(), addr: remoteIP(pp), version: version, slot: slot,
		log:    h.log.With(zap.Stringer("peer", pp.ID())),
		wakeup: make(chan struct{}, 1), out: make(chan packet, maxReplies), quit: make(chan struct{}),
		rejections: bucket.New(rejectionsTolerated/rejectionWindow.Seconds(), rejectionsTolerated, now),
		intake:     bucket.New(intakeRate, intakeBurst, now),
	}
	h.pool.greet(slot, p.id, p.addr)
	p.usage = h.limiter.open(p.id, p.addr, now)
	// Deferred, so that a reader that panics, which costs that peer alone its
	// connection, leaves neither its number nor its writer behind.
	defer func() {
		h.limiter.close(p.usage)
		h.pool.forget(slot)
		h.slots.release(slot)
		h.metrics.closed[p.reason].Inc()
		p.log.Debug("waku peer gone", zap.Stringer("reason", p.reason))
	}()
	p.serve()
	return p.reason.disc()
}

// serve runs handshake, writer and reader.
func (p *peer) serve() {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer p.close(CloseRemote)   // closed already unless the reader panics
	ready := make(chan struct{}) // the peer's Status is in p.view
	status := p.host.statusOptions(p.version)
	wg.Go(func() { p.write(status.EncodeStatus(p.version), ready) })
	wg.Go(p.stopWithHost)
	if p.handshake() {
		p.host.addPeer(p)
		defer p.host.removePeer(p)
		p.announceSince(&status)
		close(ready)
		p.read()
	}
}

// stopWithHost ends the connection when the host stops.
func (p *peer) stopWithHost() {
	select {
	case <-p.host.stopped:
		p.close(CloseStopped)
	case <-p.quit:
	}
}

// announceSince covers settings that changed between the Status that was sent
// and the moment the peer became visible to announce.
func (p *peer) announceSince(sent *wire.StatusOptions) {
	s := p.host.set.Load()
	if *sent.PoW != s.minPoW {
		p.dirty.Or(dirtyPoW)
	}
	now, then := s.interest, defaultView().apply(sent).interest
	if !now.equal(&then) {
		p.dirty.Or(dirtyInterest)
	}
	p.wake()
}

// close ends the connection; the first reason given counts.
func (p *peer) close(reason CloseReason) {
	p.quitOnce.Do(func() {
		p.reason = reason
		close(p.quit)
		p.pp.Disconnect(reason.disc())
	})
}

// handshake reads the peer's Status. On failure the connection is closed.
func (p *peer) handshake() bool {
	timer := time.AfterFunc(handshakeTimeout, func() { p.close(CloseHandshakeTimeout) })
	defer timer.Stop()
	msg, err := p.rw.ReadMsg()
	if err != nil {
		p.close(CloseRemote)
		return false
	}
	payload, err := readPayload(msg, wire.MaxPacketSent)
	if err == nil && msg.Code != wire.CodeStatus {
		err = fmt.Errorf("first packet has code %d", msg.Code)
	}
	var status *wire.StatusOptions
	if err == nil {
		status, err = wire.DecodeStatus(p.version, payload)
	}
	if err != nil {
		p.log.Debug("waku handshake refused", zap.Error(err))
		p.close(CloseHandshake)
		return false
	}
	view := defaultView().apply(status)
	if view.light && p.host.set.Load().light && !p.host.cfg.AllowLightToLight {
		p.close(CloseLightLight)
		return false
	}
	p.view.Store(view)
	p.light.Store(view.light)
	p.count.lastSeen.Store(time.Now().UnixNano())
	return true
}

var errOversize = errors.New("packet is too large")

// readPayload reads a packet of at most limit bytes.
func readPayload(msg p2p.Msg, limit uint32) ([]byte, error) {
	if msg.Size > limit {
		msg.Discard()
		return nil, errOversize
	}
	payload := make([]byte, msg.Size)
	if _, err := io.ReadFull(msg.Payload, payload); err != nil {
		return nil, fmt.Errorf("read packet: %w", err)
	}
	return payload, nil
}

// read handles packets until the connection ends.
func (p *peer) read() {
	for {
		msg, err := p.rw.ReadMsg()
		if err != nil {
			if !isClosed(err) {
				p.log.Debug("waku read failed", zap.Error(err))
			}
			p.close(CloseRemote)
			return
		}
		payload, err := readPayload(msg, p.host.packetLimit())
		if errors.Is(err, errOversize) {
			p.close(CloseOversize)
			return
		}
		if err != nil {
			p.close(CloseRemote)
			return
		}
		now := time.Now()
		p.count.lastSeen.Store(now.UnixNano())
		p.count.bytesIn.Add(uint64(len(payload)))
		if !p.withinLimits(msg.Size, now) {
			p.close(CloseRateLimit)
			return
		}
		if reason := p.handle(msg.Code, payload); reason != 0 {
			p.close(reason)
			return
		}
		if !p.pause(p.intake.Wait(1, time.Now())) {
			return
		}
	}
}

// pause waits; false when the connection has ended, before or meanwhile.
func (p *peer) pause(d time.Duration) bool {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-p.quit:
		case <-timer.C:
		}
	}
	select {
	case <-p.quit:
		return false
	default:
		return true
	}
}

// withinLimits accounts for a packet; false means that the peer must go.
func (p *peer) withinLimits(size uint32, now time.Time) bool {
	if p.usage.ip == nil {
		return true
	}
	over, drop := p.host.limiter.count(p.usage, size, now)
	p.host.metrics.limited.Inc()
	if over.ip {
		p.host.metrics.exceededIP.Inc()
	}
	if over.peer {
		p.host.metrics.exceededID.Inc()
	}
	if over.ip || over.peer {
		p.count.exceeded.Add(1)
	}
	return !drop
}

// handle works on one packet. It returns the reason to close the connection,
// or zero. Unknown codes and a second Status are ignored.
func (p *peer) handle(code uint64, payload []byte) CloseReason {
	var err error
	switch code {
	case wire.CodeMessages:
		return p.handleMessages(payload)
	case wire.CodeStatusUpdate:
		err = p.handleUpdate(payload)
	case wire.CodeBatchAck:
		err = p.handleAck(payload)
	case wire.CodeMessageResponse:
		err = p.handleResponse(payload)
	case wire.CodeP2PMessage:
		err = p.handleP2PMessage(payload)
	case wire.CodeP2PRequest:
		err = p.handleP2PRequest(payload)
	case wire.CodeRequestComplete:
		err = p.handleComplete(payload)
	}
	if err == nil {
		return 0
	}
	p.host.metrics.malformed.Inc()
	p.log.Debug("malformed packet", zap.Uint64("code", code), zap.Error(err))
	if p.malformed++; p.malformed >= maxMalformed {
		return CloseMalformedOther
	}
	return 0
}

// handleMessages takes a Messages packet: all of it or, when anything in it is
// malformed, nothing.
func (p *peer) handleMessages(payload []byte) CloseReason {
	h := p.host
	var batch wire.Hash
	if h.cfg.Confirmations {
		batch = wire.BatchHash(payload)
	}
	envs, err := wire.DecodeMessages(payload)
	if err != nil {
		h.metrics.malformed.Inc()
		p.log.Debug("malformed messages packet", zap.Error(err))
		return CloseMalformed
	}
	p.count.envIn.Add(uint64(len(envs)))
	p.intake.Debit(float64(len(envs)), time.Now())
	var refused []wire.EnvelopeError
	if !h.blocked[p.id] {
		at, s := h.cfg.Now(), h.set.Load()
		for _, env := range envs {
			v := h.admit(env, s, at, p, p.quit)
			if v.reason == 0 {
				continue
			}
			if code := v.reason.code(); code != 0 && h.cfg.Confirmations && len(refused) < maxRefused {
				text := s.refusal(env, at, v).Detail
				refused = append(refused, wire.EnvelopeError{Hash: env.Hash(), Code: code, Description: text})
			}
			if !p.tolerates(v, s, at) {
				return CloseRejections
			}
		}
	}
	if !h.cfg.Confirmations {
		return 0
	}
	response := wire.MessageResponse{Batch: batch, Errors: refused}
	if !p.reply(wire.CodeMessageResponse, response.Encode()) || !p.reply(wire.CodeBatchAck, wire.EncodeBatchAck(batch)) {
		return CloseSlowReader
	}
	return 0
}

// tolerates counts a refused envelope. Stale ones are normal, and so are
// those refused just after we changed what we want, or for a clock that is
// behind the peer's: anybody can make envelopes that only one of the two takes.
func (p *peer) tolerates(v verdict, s *settings, at time.Time) bool {
	p.count.rejected.Add(1)
	switch v.reason {
	case RejectSize:
		if at.Sub(s.sizeChanged) < settingTolerance {
			return true
		}
	case RejectPoW, RejectInterest:
		if v.early || at.Sub(s.changed) < settingTolerance {
			return true
		}
	default:
		return true
	}
	return p.rejections.Spend(1, time.Now())
}

// handleUpdate applies a Status Update: all of it or nothing.
func (p *peer) handleUpdate(payload []byte) error {
	update, err := wire.DecodeUpdate(p.version, payload)
	if err != nil {
		return err
	}
	old := p.view.Load()
	next := old.apply(update)
	p.view.Store(next)
	if next.light && !p.light.Swap(true) && p.host.cfg.Watcher != nil {
		p.host.cfg.Watcher.PeerUp(p.id)
	}
	p.intake.Debit(float64(len(update.Topics)), time.Now()) // each is remembered
	if next.pow < old.pow || next.widens(&old.interest) {
		p.resync.Store(true)
	}
	p.wake()
	return nil
}

// reply queues a control packet; false when the peer has left too many unread.
func (p *peer) reply(code uint64, payload []byte) bool {
	if p.unsent.Add(int64(len(payload))) > maxReplyBytes {
		return false
	}
	select {
	case p.out <- packet{code, payload}:
		p.wake()
		return true
	default:
		return false
	}
}

// wants reports whether an entry should go to the peer, as far as is known
// without looking at its expiry.
func (p *peer) wants(e *entry) bool {
	if e.known.has(p.slot.n) {
		return false
	}
	v := p.view.Load()
	return e.pow >= v.pow && v.wants(e.topic)
}

// forwards reports whether the peer passes on what it gets, as far as it says:
// a light peer does not. What only such peers have was not sent.
func (p *peer) forwards() bool { return !p.light.Load() }

// wake makes the writer look for work.
func (p *peer) wake() {
	if p.woken.Swap(true) {
		return
	}
	select {
	case p.wakeup <- struct{}{}:
	default:
	}
}

func (p *peer) stats() PeerStats {
	v := p.view.Load()
	s := PeerStats{
		Version: p.version, PoW: v.pow, Light: v.light, Confirmations: v.confirmations,
		EnvelopesIn: p.count.envIn.Load(), EnvelopesOut: p.count.envOut.Load(),
		BytesIn: p.count.bytesIn.Load(), BytesOut: p.count.bytesOut.Load(),
		Rejected: p.count.rejected.Load(), RateExceeded: p.count.exceeded.Load(),
		Topics: -1, BloomFill: 1, Trusted: p.host.trusted(p.id),
		LastSeen: time.Unix(0, p.count.lastSeen.Load()).UTC(),
	}
	switch {
	case v.topics != nil:
		s.Topics, s.BloomFill = len(v.topics), 0
	case !v.all:
		s.BloomFill = float64(v.bloom.Ones()) / (8 * wire.BloomLength)
	}
	return s
}

func remoteIP(pp *p2p.Peer) netip.Addr {
	if a, ok := pp.RemoteAddr().(*net.TCPAddr); ok {
		addr, _ := netip.AddrFromSlice(a.IP)
		return addr.Unmap()
	}
	return netip.Addr{}
}
