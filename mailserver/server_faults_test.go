package mailserver_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/waku/wire"
)

// hugeArchive gives a thousand rows of the same envelope of 1 MiB, and counts.
type hugeArchive struct {
	*archivetest.Memory
	env  *wire.Envelope
	mu   sync.Mutex
	read int
}

type hugeRows struct {
	a    *hugeArchive
	next int
}

func (a *hugeArchive) Select(context.Context, mailserver.Query) (mailserver.Rows, error) {
	return &hugeRows{a: a}, nil
}

func (r *hugeRows) Next(context.Context) bool { r.next++; return r.next <= 1000 }
func (r *hugeRows) Row() mailserver.Row {
	return mailserver.Row{Key: mailserver.KeyOf(r.a.env), Size: len(r.a.env.RLP())}
}

func (r *hugeRows) Data(context.Context) ([]byte, error) {
	r.a.mu.Lock()
	defer r.a.mu.Unlock()
	r.a.read++
	return slices.Clone(r.a.env.RLP()), nil
}
func (r *hugeRows) Err() error { return nil }
func (r *hugeRows) Close()     {}

// TestServerMemory: a thousand envelopes of 1 MiB to readers that stall are
// not buffered.
func TestServerMemory(t *testing.T) {
	env := archivetest.Envelope(rand.New(rand.NewPCG(1, 1)), 1000, wire.Topic{}, 1<<20-100)
	archive := &hugeArchive{Memory: new(archivetest.Memory), env: env}
	bubble(t, mailserver.ServerConfig{Archive: archive}, func(t *testing.T, s *mailserver.Server) {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var peers []*fakePeer
		for i := range 40 {
			p := newPeer(t)
			p.ip = fmt.Sprintf("192.0.2.%d", i)
			p.stall(true)
			peers = append(peers, p)
			if err := s.HandleRequest(p, p.sealedRequest(t, everything(), time.Now())); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		runtime.GC()
		runtime.ReadMemStats(&after)
		grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
		t.Logf("%d envelopes read, %d MiB held", archive.read, grown>>20)
		if archive.read > 32 || grown > 64<<20 {
			t.Errorf("%d envelopes read, %d MiB held for %d stalled peers", archive.read, grown>>20, len(peers))
		}
		for _, p := range peers {
			p.leave()
		}
	})
}

// TestServerMemoryOfOneAddress: readers that stall behind one address, or in
// one network of IPv6, do not keep out the others.
func TestServerMemoryOfOneAddress(t *testing.T) {
	env := archivetest.Envelope(rand.New(rand.NewPCG(1, 1)), 1000, wire.Topic{}, 1<<20-100)
	archive := &hugeArchive{Memory: new(archivetest.Memory), env: env}
	bubble(t, mailserver.ServerConfig{Archive: archive, Workers: 2}, func(t *testing.T, s *mailserver.Server) {
		var peers []*fakePeer
		for i := range 100 {
			p := newPeer(t)
			p.ip = []string{"192.0.2.7", "::ffff:192.0.2.7", fmt.Sprintf("2001:db8::%x", i+1)}[i%3]
			p.stall(true)
			peers = append(peers, p)
			if err := s.HandleRequest(p, p.sealedRequest(t, everything(), time.Now())); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if archive.read > 16 {
			t.Errorf("%d packets are held for two addresses", archive.read)
		}
		honest := newPeer(t)
		honest.ip = "192.0.2.8"
		few := everything()
		few.Limit = 12 // more than one address may have waiting
		if hashes, c := request(t, s, honest, few); c.Failed || len(hashes) != 12 {
			t.Errorf("an honest peer got %d envelopes, %+v", len(hashes), c)
		}
		for _, p := range peers {
			p.leave()
		}
		synctest.Wait()
	})
}

// TestServerSlowReader: an answer that takes too long ends with an error and
// without a cursor.
func TestServerSlowReader(t *testing.T) {
	archive, _ := filled(t, 100, 1000)
	cfg := mailserver.ServerConfig{Archive: archive, MaxPacket: 5000, AnswerTimeout: time.Minute}
	bubble(t, cfg, func(t *testing.T, s *mailserver.Server) {
		p := newPeer(t)
		p.stall(true)
		if err := s.HandleRequest(p, p.sealedRequest(t, everything(), time.Now())); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		p.stall(false)
		synctest.Wait()
		_, completions := p.got()
		if len(completions) != 1 || completions[0].Text != "answer took too long" || completions[0].Cursor != nil {
			t.Errorf("got %+v", completions)
		}
	})
}

func TestServerArchiveErrors(t *testing.T) {
	archive, _ := filled(t, 50, 1000)
	cfg := mailserver.ServerConfig{Archive: archive, MaxPacket: 5000}
	bubble(t, cfg, func(t *testing.T, s *mailserver.Server) {
		for _, c := range []struct {
			sel, rows error
			want      string
		}{
			{fmt.Errorf("x: %w", mailserver.ErrUnavailable), nil, "archive is not available, try again later"},
			{nil, fmt.Errorf("x: %w", mailserver.ErrCorrupted), "archive is damaged"},
			{nil, errors.New("secret path"), "archive could not be read"},
		} {
			archive.Fail(nil, c.sel, c.rows, 20)
			if _, got := request(t, s, newPeer(t), everything()); !got.Failed || got.Text != c.want {
				t.Errorf("got %+v, want %q", got, c.want)
			}
		}
		archive.Fail(nil, nil, nil, 0)
		if hashes, got := request(t, s, newPeer(t), everything()); len(hashes) != 50 || got.Failed {
			t.Errorf("afterwards: got %d, %+v", len(hashes), got)
		}
	})
}

func TestServerRateLimit(t *testing.T) {
	archive, _ := filled(t, 50, 10)
	limit := mailserver.RateLimit{Requests: mailserver.Rate{Volume: 1, Period: 5 * time.Second}}
	cfg := mailserver.ServerConfig{Archive: archive, RateLimits: mailserver.NewRateLimits(limit)}
	bubble(t, cfg, func(t *testing.T, s *mailserver.Server) {
		p, payload := newPeer(t), everything()
		payload.Limit = 10
		_, c := request(t, s, p, payload)
		for c.Cursor != nil { // pages of one answer are not refused
			payload.Cursor = c.Cursor
			if _, c = request(t, s, p, payload); c.Failed {
				t.Fatalf("page: %s", c.Text)
			}
		}
		if _, c = request(t, s, p, everything()); c.Text != "rate limit exceeded" {
			t.Errorf("got %+v", c)
		}
		time.Sleep(6 * time.Second)
		if _, c = request(t, s, p, everything()); c.Failed {
			t.Errorf("after the time: %s", c.Text)
		}
	})
}

func TestServerRefusesBeforeReading(t *testing.T) {
	archive, _ := filled(t, 5, 10)
	bubble(t, mailserver.ServerConfig{Archive: archive}, func(t *testing.T, s *mailserver.Server) {
		p := newPeer(t)
		packet := p.sealedRequest(t, everything(), time.Now())
		direct := wire.DirectRequest{ID: make([]byte, 32), To: 1 << 31, Topics: [][]byte{{1, 2, 3, 4}}}
		stranger := newPeer(t)
		for _, c := range []struct {
			peer   *fakePeer
			packet []byte
			want   string
		}{
			{stranger, packet, "signer is not the requesting peer"},
			{p, packet, ""},
			{p, packet, "request repeated"},
			{p, direct.Encode(), "unsealed requests are not accepted"},
			{p, p.sealedRequest(t, everything(), time.Now().Add(-2*time.Minute)), "request expired"},
			{p, p.sealedRequest(t, everything(), time.Now().Add(time.Minute)), "request from the future"},
		} {
			if err := s.HandleRequest(c.peer, c.packet); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			_, completions := c.peer.got()
			if len(completions) != 1 || completions[0].Text != c.want {
				t.Errorf("got %+v, want %q", completions, c.want)
			}
		}
		for _, junk := range [][]byte{nil, {0xc0}, packet[1:], append(slices.Clone(packet), 0)} {
			if err := s.HandleRequest(p, junk); !errors.Is(err, mailserver.ErrMalformed) {
				t.Errorf("%x: got %v", junk, err)
			}
		}
	})
}

// TestServerShutdown stops a server before it ran, idle, with a stalled answer,
// and twice.
func TestServerShutdown(t *testing.T) {
	archive, _ := filled(t, 5, 10)
	synctest.Test(t, func(t *testing.T) {
		s, err := mailserver.NewServer(mailserver.ServerConfig{Archive: archive})
		if err != nil {
			t.Fatal(err)
		}
		p := newPeer(t)
		for range 2 { // not running: dropped
			if err := s.HandleRequest(p, p.sealedRequest(t, everything(), time.Now())); err != nil {
				t.Fatal(err)
			}
		}
		for round := range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- s.Run(ctx) }()
			synctest.Wait()
			if round == 1 {
				p.stall(true)
				if err := s.HandleRequest(p, p.sealedRequest(t, everything(), time.Now())); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			cancel()
			synctest.Wait()
			p.stall(false) // the connection is closed or writes time out
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if _, completions := p.got(); len(completions) > 1 {
			t.Errorf("got %+v", completions)
		}
	})
}

func TestServerPeerGone(t *testing.T) {
	archive, _ := filled(t, 50, 1000)
	bubble(t, mailserver.ServerConfig{Archive: archive, MaxPacket: 2000}, func(t *testing.T, s *mailserver.Server) {
		p := newPeer(t)
		p.stall(true)
		for range 3 {
			if err := s.HandleRequest(p, p.sealedRequest(t, everything(), time.Now())); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		p.leave()
		synctest.Wait()
		if hashes, c := request(t, s, newPeer(t), everything()); len(hashes) != 50 || c.Failed {
			t.Errorf("another peer: got %d, %+v", len(hashes), c)
		}
	})
}
