package mailserver_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/waku/wire"
)

// everything asks for all envelopes.
func everything() mailserver.Payload {
	full := wire.FullBloom()
	return mailserver.Payload{Upper: 1<<32 - 1, Bloom: full[:], Batch: true}
}

// bubble runs a test with a server in virtual time.
func bubble(t *testing.T, cfg mailserver.ServerConfig, fn func(t *testing.T, s *mailserver.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, err := mailserver.NewServer(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		synctest.Wait()
		defer func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}()
		fn(t, s)
	})
}

// request sends a request and waits for what comes.
func request(
	t *testing.T, s *mailserver.Server, p *fakePeer, payload mailserver.Payload,
) ([]wire.Hash, *wire.RequestComplete) {
	t.Helper()
	if err := s.HandleRequest(p, p.sealedRequest(t, payload, time.Now())); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	hashes, completions := p.got()
	if len(completions) != 1 {
		t.Fatalf("got %d completions, want 1", len(completions))
	}
	return hashes, completions[0]
}

func filled(t *testing.T, n, size int) (*archivetest.Memory, []*wire.Envelope) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(n)))
	a := new(archivetest.Memory)
	var envs []*wire.Envelope
	for i := range n {
		envs = append(envs, archivetest.Envelope(r, 1000+uint32(i), archivetest.Topic(i%5), size))
	}
	if _, err := a.Put(t.Context(), envs); err != nil {
		t.Fatal(err)
	}
	return a, envs
}

func TestServerPages(t *testing.T) {
	archive, envs := filled(t, 95, 100)
	bubble(t, mailserver.ServerConfig{Archive: archive}, func(t *testing.T, s *mailserver.Server) {
		p := newPeer(t)
		payload := everything()
		payload.Limit = 20
		var all []wire.Hash
		for page := 1; ; page++ {
			hashes, c := request(t, s, p, payload)
			all = append(all, hashes...)
			if c.Failed || c.Last != hashes[len(hashes)-1] {
				t.Fatalf("page %d: %+v", page, c)
			}
			if c.Cursor == nil {
				if page != 5 {
					t.Errorf("%d pages, want 5", page)
				}
				break
			}
			payload.Cursor = c.Cursor
		}
		slices.Reverse(envs)
		if len(all) != len(envs) {
			t.Fatalf("got %d envelopes, want %d", len(all), len(envs))
		}
		for i, env := range envs {
			if all[i] != env.Hash() {
				t.Fatalf("envelope %d differs", i)
			}
		}
	})
}

// TestServerCursorAtTheEnd: a full last page has no cursor.
func TestServerCursorAtTheEnd(t *testing.T) {
	archive, _ := filled(t, 40, 100)
	bubble(t, mailserver.ServerConfig{Archive: archive}, func(t *testing.T, s *mailserver.Server) {
		payload := everything()
		payload.Limit = 40
		if hashes, c := request(t, s, newPeer(t), payload); len(hashes) != 40 || c.Cursor != nil {
			t.Errorf("got %d envelopes, cursor %x", len(hashes), c.Cursor)
		}
		payload.Upper = 500
		if hashes, c := request(t, s, newPeer(t), payload); len(hashes) != 0 || c.Cursor != nil || c.Last != (wire.Hash{}) {
			t.Errorf("nothing: got %d envelopes, %+v", len(hashes), c)
		}
	})
}

func TestServerPacketSizes(t *testing.T) {
	archive, envs := filled(t, 60, 1000)
	cfg := mailserver.ServerConfig{Archive: archive, MaxPacket: 5000}
	bubble(t, cfg, func(t *testing.T, s *mailserver.Server) {
		p := newPeer(t)
		if hashes, _ := request(t, s, p, everything()); len(hashes) != len(envs) || p.largest > 5000 || p.largest < 4000 {
			t.Errorf("got %d envelopes, largest packet %d", len(hashes), p.largest)
		}
		payload := everything()
		payload.Batch = false
		if err := s.HandleRequest(p, p.sealedRequest(t, payload, time.Now())); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(p.packets) != len(envs) {
			t.Errorf("without batch: %d packets, want %d", len(p.packets), len(envs))
		}
		p.got()
	})
	// Envelopes that fit into no packet are skipped, and paging goes on.
	cfg.MaxPacket = 900
	bubble(t, cfg, func(t *testing.T, s *mailserver.Server) {
		p, payload := newPeer(t), everything()
		payload.Limit = 50
		hashes, c := request(t, s, p, payload)
		if len(hashes) != 0 || c.Failed || c.Cursor == nil {
			t.Fatalf("got %d envelopes, %+v", len(hashes), c)
		}
		payload.Cursor = c.Cursor
		if hashes, c = request(t, s, p, payload); len(hashes) != 0 || c.Cursor != nil {
			t.Errorf("got %d envelopes, %+v", len(hashes), c)
		}
	})
}

// TestServerManyRequests: each of 100 requests at once gets an answer, the
// handler never blocks, and not more than the queue is served.
func TestServerManyRequests(t *testing.T) {
	archive, _ := filled(t, 3, 10)
	bubble(t, mailserver.ServerConfig{Archive: archive}, func(t *testing.T, s *mailserver.Server) {
		p := newPeer(t)
		p.stall(true)
		for range 100 {
			if err := s.HandleRequest(p, p.sealedRequest(t, everything(), time.Now())); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if p.blocked != 1 {
			t.Errorf("%d writes at once", p.blocked)
		}
		p.stall(false)
		synctest.Wait()
		served, refused := 0, 0
		_, completions := p.got()
		for _, c := range completions {
			switch {
			case !c.Failed:
				served++
			case c.Text == "too many requests":
				refused++
			default:
				t.Errorf("got %q", c.Text)
			}
		}
		if served < 2 || served > 4 || served+refused != 100 {
			t.Errorf("%d served, %d refused", served, refused)
		}
		if _, c := request(t, s, p, everything()); c.Failed {
			t.Errorf("afterwards: %s", c.Text)
		}
	})
}

// TestServerManyRefusals bounds what is kept for a peer that never reads.
func TestServerManyRefusals(t *testing.T) {
	archive, _ := filled(t, 3, 10)
	bubble(t, mailserver.ServerConfig{Archive: archive, AllowDirect: true}, func(t *testing.T, s *mailserver.Server) {
		p := newPeer(t)
		p.stall(true)
		full := wire.FullBloom()
		for i := range 5000 {
			d := wire.DirectRequest{ID: fmt.Appendf(nil, "%032d", i), To: 1 << 31, Limit: 1000, Bloom: full[:]}
			if err := s.HandleRequest(p, d.Encode()); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		p.stall(false)
		synctest.Wait()
		if _, completions := p.got(); len(completions) < 4 || len(completions) > 2*256+4 {
			t.Errorf("%d answers were kept", len(completions))
		}
	})
}

// TestServerStalledPeers: peers that do not read hold no worker.
func TestServerStalledPeers(t *testing.T) {
	archive, _ := filled(t, 3, 10)
	bubble(t, mailserver.ServerConfig{Archive: archive, Workers: 2}, func(t *testing.T, s *mailserver.Server) {
		var stalled []*fakePeer
		for range 10 {
			p := newPeer(t)
			p.stall(true)
			stalled = append(stalled, p)
			if err := s.HandleRequest(p, p.sealedRequest(t, everything(), time.Now())); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if hashes, c := request(t, s, newPeer(t), everything()); len(hashes) != 3 || c.Failed {
			t.Errorf("got %d envelopes, %+v", len(hashes), c)
		}
		for _, p := range stalled {
			p.leave()
		}
	})
}
