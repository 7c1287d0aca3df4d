package redial

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
)

func testNode(b byte) *enode.Node {
	var r enr.Record
	r.Set(enr.IP(net.IP{127, 0, 0, 1}))
	r.Set(enr.TCP(30303))
	return enode.SignNull(&r, enode.ID{b})
}

func testRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

var epoch = time.Unix(1_700_000_000, 0)

func TestPauseGrowsToItsBound(t *testing.T) {
	p := newPlan(testRand())
	for range 200 {
		if got := p.pause(0); got < 0 || got >= quick {
			t.Fatalf("after a stable connection: %v", got)
		}
		if got := p.pause(1); got < 750*time.Millisecond || got > 1250*time.Millisecond {
			t.Fatalf("after one failure: %v", got)
		}
		for _, n := range []int{10, 100, 1 << 30} {
			if got := p.pause(n); got > MaxPause || got < MaxPause/2 {
				t.Fatalf("after %d failures: %v", n, got)
			}
		}
	}
}

// TestPauseIsAtMostHalfOfTheOutage walks through an outage and compares each
// pause with the time since the connection ended.
func TestPauseIsAtMostHalfOfTheOutage(t *testing.T) {
	p, id := newPlan(testRand()), testNode(1).ID()
	p.add(testNode(1), epoch)
	p.connected(id, epoch)
	down := epoch.Add(time.Hour)
	p.dropped(id, down)
	for now := p.next(); now.Sub(down) < time.Hour; now = p.next() {
		if n := p.due(now); len(n) != 1 {
			t.Fatalf("at %v due: %d", now.Sub(down), len(n))
		}
		p.dialled(id, false, now)
		pause, outage := p.next().Sub(now), now.Sub(down)
		if pause > MaxPause || pause > 2*time.Second+outage*3/4 {
			t.Errorf("pause %v after %v", pause, outage)
		}
	}
}

func TestPlanStates(t *testing.T) {
	n := testNode(1)
	id := n.ID()
	type step struct {
		do   func(p *plan, now time.Time)
		due  int           // targets due at once
		next time.Duration // bound of the time to the next dial; 0: none
	}
	add := func(p *plan, now time.Time) { p.add(n, now) }
	remove := func(p *plan, _ time.Time) { p.remove(id) }
	up := func(p *plan, now time.Time) { p.connected(id, now) }
	down := func(p *plan, now time.Time) { p.dropped(id, now) }
	ok := func(p *plan, now time.Time) { p.dialled(id, true, now) }
	fail := func(p *plan, now time.Time) { p.dialled(id, false, now) }
	long := func(p *plan, _ time.Time) { p.targets[id].since = epoch.Add(-time.Hour) }
	tests := map[string][]step{
		"dialled and connected": {{add, 1, 0}, {up, 0, 0}, {ok, 0, 0}},
		"success before event":  {{add, 1, 0}, {ok, 0, 2 * time.Second}, {up, 0, 0}},
		"failure":               {{add, 1, 0}, {fail, 0, 2 * time.Second}},
		"stable, then dropped":  {{add, 1, 0}, {up, 0, 0}, {ok, 0, 0}, {long, 0, 0}, {down, 0, quick}},
		"short, then dropped":   {{add, 1, 0}, {up, 0, 0}, {ok, 0, 0}, {down, 0, 2 * time.Second}},
		"dropped before the dial returns": {
			{add, 1, 0}, {up, 0, 0}, {down, 0, 0}, {ok, 0, 2 * time.Second},
		},
		"inbound while dialling":            {{add, 1, 0}, {up, 0, 0}, {fail, 0, 0}},
		"old connection ends after new one": {{add, 1, 0}, {up, 0, 0}, {ok, 0, 0}, {up, 0, 0}, {down, 0, 0}},
		"added while connected":             {{up, 0, 0}, {add, 0, 0}, {down, 0, 2 * time.Second}},
		"removed and added while connected": {{add, 1, 0}, {up, 0, 0}, {ok, 0, 0}, {remove, 0, 0}, {add, 0, 0}},
		"removed":                           {{add, 1, 0}, {remove, 0, 0}, {fail, 0, 0}},
		"added again while waiting":         {{add, 1, 0}, {fail, 0, 2 * time.Second}, {add, 1, 0}},
		"a stranger":                        {{up, 0, 0}, {down, 0, 0}, {down, 0, 0}},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPlan(testRand())
			for i, s := range steps {
				s.do(p, epoch)
				if got := len(p.due(epoch)); got != s.due {
					t.Errorf("step %d: %d due, want %d", i, got, s.due)
				}
				next := p.next()
				if next.IsZero() != (s.next == 0) || next.Sub(epoch) > s.next && s.next > 0 {
					t.Errorf("step %d: next %v, want within %v", i, next, s.next)
				}
			}
			if name == "a stranger" && len(p.conns) != 0 {
				t.Errorf("%d strangers remembered", len(p.conns))
			}
		})
	}
}

var errRefused = errors.New("refused")

// network is a peer that is up or down.
type network struct {
	mu    sync.Mutex
	up    bool
	dials int
}

func (n *network) set(up bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.up = up
}

func (n *network) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials
}

func TestDialerReconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			peer  = testNode(1)
			net   network
			d     *Dialer
			upped = make(chan time.Time, 8)
		)
		d = New(Config{Rand: testRand(), Dial: func(context.Context, *enode.Node) error {
			net.mu.Lock()
			defer net.mu.Unlock()
			net.dials++
			if !net.up {
				return errRefused
			}
			d.Connected(peer.ID())
			upped <- time.Now()
			return nil
		}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()

		net.set(true)
		d.Add(peer)
		<-upped
		time.Sleep(time.Hour)
		if got := net.count(); got != 1 {
			t.Errorf("%d dials of a connected peer", got)
		}
		for _, outage := range []time.Duration{0, time.Second, 10 * time.Second, 10 * time.Minute} {
			net.set(false)
			d.Dropped(peer.ID())
			time.Sleep(outage)
			net.set(true)
			back := time.Now()
			if took, most := (<-upped).Sub(back), min(2*time.Second+outage*3/4, MaxPause); took > most {
				t.Errorf("outage of %v: back after %v more, want within %v", outage, took, most)
			}
			time.Sleep(time.Minute)
		}
		if d.Target(peer.ID()) != peer || d.Count() != 1 {
			t.Error("target lost")
		}
		before := net.count()
		if !d.Remove(peer.ID()) || d.Remove(peer.ID()) || d.Target(peer.ID()) != nil {
			t.Error("remove")
		}
		d.Dropped(peer.ID())
		time.Sleep(time.Hour)
		if got := net.count(); got != before {
			t.Errorf("%d dials after removal", got-before)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestDialerStops(t *testing.T) {
	hang := func(ctx context.Context, _ *enode.Node) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for name, prepare := range map[string]func(*Dialer){
		"idle":          func(*Dialer) {},
		"while dialing": func(d *Dialer) { d.Add(testNode(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := New(Config{Dial: hang})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- d.Run(ctx) }()
				prepare(d)
				synctest.Wait()
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
				if err := d.Run(ctx); err != nil {
					t.Errorf("second run: %v", err)
				}
			})
		})
	}
}
