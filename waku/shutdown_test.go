package waku

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p"

	"statusd/waku/wire"
)

func TestStopIdle(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := newHost(t, Config{})
		stop := run(t, h)
		a, b := dial(t, h, version, 0, nil), dialDeaf(t, h, version, 1, nil)
		silent := connect(t, h, version, 2) // has not even read our status
		synctest.Wait()
		stop()
		for _, r := range []*remote{a, b, silent} {
			r.wantClosed(CloseStopped)
		}
		if h.PeerCount() != 0 {
			t.Errorf("%d peers are left", h.PeerCount())
		}
		stop()
		late := connect(t, h, version, 3)
		late.wantClosed(CloseStopped)
	})
}

func TestStopBeforeStart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, Config{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := h.Run(ctx); err != nil {
			t.Error(err)
		}
		connect(t, h, 1, 0).wantClosed(CloseStopped)
		if err := h.Probe(t.Context()); !errors.Is(err, ErrStopped) {
			t.Errorf("probe: got %v, want %v", err, ErrStopped)
		}
		newHost(t, Config{}) // never run: nothing is left
	})
}

// gate is a Sink that delivers nothing until it is opened.
type gate struct {
	open  chan struct{}
	count atomic.Int64
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) Deliver(*ReceivedMessage) {
	g.count.Add(1)
	<-g.open
}

// flood sends envelopes for testKey(0) on topic 0, each once, until the
// connection ends.
func flood(t *testing.T, r *remote) {
	var prepared []*wire.Envelope
	for i := range 64 {
		prepared = append(prepared, sealedAt(t, time.Now(), 0, 50, testTopic(0), []byte{byte(i)}))
	}
	go func() {
		for nonce := uint64(0); ; nonce++ {
			env := prepared[nonce%64]
			env = wire.NewEnvelope(env.Expiry(), env.TTL(), env.Topic(), env.Data(), nonce)
			if r.sendEnvelopes(env) != nil {
				return
			}
		}
	}()
}

// TestStopWithFullQueue: the owner of a filter is stuck, so that the queue of
// envelopes to open is full and readers wait, while a peer goes on sending.
// What is queued is still delivered, nothing more is taken.
func TestStopWithFullQueue(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := newHost(t, Config{})
		sink := newGate()
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0)}, sink); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.Run(ctx) }()
		r := dial(t, h, version, 0, nil)
		flood(t, r)
		other := dial(t, h, version, 1, nil)
		flood(t, other)
		synctest.Wait()
		queued := int64(poolLen(h)) // all of them wait to be opened
		if queued < openQueue {
			t.Fatalf("only %d envelopes are queued", queued)
		}
		cancel()
		r.wantClosed(CloseStopped)
		other.wantClosed(CloseStopped)
		select {
		case err := <-done:
			t.Fatalf("run returned while a message was being delivered: %v", err)
		default:
		}
		close(sink.open)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if n := sink.count.Load(); n < queued-4 || n > queued {
			t.Errorf("delivered %d envelopes, want the %d that were queued", n, queued)
		}
	})
}

// TestReaderBlockedWithoutRun: a host that was not started holds a reader back
// when its queue is full; starting or stopping it frees the reader.
func TestReaderBlockedWithoutRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, Config{})
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0)}, new(recorder)); err != nil {
			t.Fatal(err)
		}
		r := dial(t, h, 1, 0, nil)
		flood(t, r)
		synctest.Wait()
		r.close()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := h.Run(ctx); err != nil {
			t.Error(err)
		}
		if !r.gone() {
			t.Error("the reader is still blocked")
		}
	})
}

// TestPostEndsWithContext: a post that has to wait for the owner of a filter
// is given up when its context ends; the envelope has left by then.
func TestPostEndsWithContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, Config{})
		sink := newGate()
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0)}, sink); err != nil {
			t.Fatal(err)
		}
		stop := run(t, h)
		flood(t, dial(t, h, 1, 0, nil))
		other := dial(t, h, 1, 1, &wire.StatusOptions{PoW: new(float64)})
		other.packets()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		hash, err := h.Post(ctx, Post{SymKey: testKey(0), Payload: []byte{9}})
		if err != nil || time.Since(start) != time.Second {
			t.Errorf("got %v after %v, want nil after 1 s", err, time.Since(start))
		}
		if hashes(other.envelopes())[hash] != 1 {
			t.Error("the post did not reach the other peer")
		}
		close(sink.open)
		stop()
	})
}

// TestStopWithDelayedPosts: posts whose random delay is not over do not leave
// after the end, and nothing of theirs runs on.
func TestStopWithDelayedPosts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, Config{OwnPostJitter: time.Hour})
		stop := run(t, h)
		for i := range 20 {
			if err := h.Submit(envelopeAt(time.Now(), uint64(i), 7200, testTopic(0), 10)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(30 * time.Minute)
		stop()
		n := poolLen(h)
		time.Sleep(time.Hour)
		if poolLen(h) != n || n == 0 || n == 20 {
			t.Errorf("pool has %d envelopes, had %d at the end", poolLen(h), n)
		}
		if err := h.Submit(testEnvelope(1)); !errors.Is(err, ErrStopped) {
			t.Errorf("submit after the end: got %v, want %v", err, ErrStopped)
		}
	})
}

// TestStopDuringDelayedPost: Run waits for a delayed post that is just being
// admitted.
func TestStopDuringDelayedPost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		archive := &slowArchive{entered: make(chan struct{}), leave: make(chan struct{})}
		h := newHost(t, Config{OwnPostJitter: time.Second, Archive: archive})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.Run(ctx) }()
		if err := h.Submit(testEnvelope(1)); err != nil {
			t.Fatal(err)
		}
		<-archive.entered
		cancel()
		synctest.Wait()
		select {
		case <-done:
			t.Error("run returned while a post was being archived")
		default:
		}
		close(archive.leave)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

type slowArchive struct{ entered, leave chan struct{} }

func (a *slowArchive) Put(*wire.Envelope) {
	close(a.entered)
	<-a.leave
}

func poolLen(h *Host) int {
	n, _ := h.pool.size()
	return n
}

// brokenArchive has a defect that a packet from outside brings out.
type brokenArchive struct{}

func (brokenArchive) Put(*wire.Envelope) { panic("defect") }

// TestPanicLeavesNothingBehind: the owner of the connection may survive a
// panic of the reader; then the peer is gone altogether.
func TestPanicLeavesNothingBehind(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := startHost(t, Config{Archive: brokenArchive{}, RateLimits: RateLimits{Enabled: true}})
		near, far := p2p.MsgPipe()
		r := &remote{tb: t, version: 1, rw: far}
		ended := make(chan any)
		go func() {
			defer func() { ended <- recover() }()
			_ = h.Protocols()[0].Run(p2p.NewPeerPipe(testID(0), "remote", nil, near), near)
		}()
		r.readStatus()
		if err := r.send(wire.CodeStatus, new(wire.StatusOptions).EncodeStatus(1)); err != nil {
			t.Fatal(err)
		}
		if err := r.sendEnvelopes(testEnvelope(0)); err != nil {
			t.Fatal(err)
		}
		if p := <-ended; p != "defect" {
			t.Errorf("got %v", p)
		}
		if h.PeerCount() != 0 || h.slots.used[0] != 0 || len(h.limiter.ips) != 0 {
			t.Errorf("%d peers, slots %b, %d addresses", h.PeerCount(), h.slots.used[0], len(h.limiter.ips))
		}
	})
}
