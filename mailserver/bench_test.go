package mailserver_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/mailserver/leveldb"
	"statusd/waku/wire"
)

// benchPeer counts what it is sent and passes completions on.
type benchPeer struct {
	*identity
	bytes    int
	packets  int
	complete chan *wire.RequestComplete
}

func newBenchPeer(b *testing.B) *benchPeer {
	b.Helper()
	return &benchPeer{identity: newIdentity(b), complete: make(chan *wire.RequestComplete, 1)}
}

func (p *benchPeer) Done() <-chan struct{} { return nil }

func (p *benchPeer) SendMessages(payload []byte) error {
	p.bytes += len(payload)
	p.packets++
	return nil
}

func (p *benchPeer) SendComplete(payload []byte) error {
	c, err := wire.DecodeRequestComplete(payload)
	if err == nil {
		p.complete <- c
	}
	return err
}

// ask sends a sealed request and follows the cursor to the end, or takes only
// the first page.
func (p *benchPeer) ask(b *testing.B, s *mailserver.Server, payload mailserver.Payload, all bool) (pages int) {
	b.Helper()
	for {
		if err := s.HandleRequest(p, p.sealedRequest(b, payload, time.Now())); err != nil {
			b.Fatal(err)
		}
		c := <-p.complete
		if c.Failed {
			b.Fatal(c.Text)
		}
		if pages++; c.Cursor == nil || !all {
			return pages
		}
		payload.Cursor = c.Cursor
	}
}

// BenchmarkServer is the table of the issue: whole requests at a server over
// the embedded archive, from the packet to the completion.
func BenchmarkServer(b *testing.B) {
	w := archivetest.BenchWorkload(b)
	dir := fmt.Sprintf("%s/statusd-bench-archive-1-%d", os.TempDir(), w.Envelopes)
	archive, err := leveldb.Open(dir, leveldb.Options{MinFree: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer archive.Close()
	if s, err := archive.Stats(b.Context()); err != nil || s.Envelopes < int64(w.Envelopes) {
		archivetest.Fill(b, archive, w)
	}
	s, err := mailserver.NewServer(mailserver.ServerConfig{Archive: archive})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	<-time.After(50 * time.Millisecond) // until Run takes requests

	end := w.End()
	payload := func(from uint32, topics ...wire.Topic) mailserver.Payload {
		var bloom wire.Bloom
		bloom.Add(topics...)
		if len(topics) == 0 {
			bloom = wire.FullBloom()
		}
		return mailserver.Payload{Lower: from, Upper: end, Bloom: bloom[:], Limit: 1000, Batch: true}
	}
	one := func(from uint32) func(*testing.B) {
		return func(b *testing.B) {
			p, i := newBenchPeer(b), 0
			defer archivetest.ReportCPU(b)()
			for b.Loop() {
				p.ask(b, s, payload(from, w.Topic(i%w.Topics)), false)
				i++
			}
		}
	}
	b.Run("one topic, 24 h, bloom", one(end-86400))
	b.Run("one topic, 30 days, bloom", one(w.Start))
	b.Run("every topic, 1 h, first 1000", func(b *testing.B) {
		p := newBenchPeer(b)
		defer archivetest.ReportCPU(b)()
		for b.Loop() {
			p.ask(b, s, payload(end-3600), false)
		}
	})
	b.Run("50 topics, 30 days, all pages", func(b *testing.B) {
		p, pages := newBenchPeer(b), 0
		defer archivetest.ReportCPU(b)()
		for b.Loop() {
			request := payload(w.Start)
			for i := range 50 {
				t := w.Topic(i * 7 % w.Topics)
				request.Topics = append(request.Topics, t[:])
			}
			pages = p.ask(b, s, request, true)
		}
		b.ReportMetric(float64(pages), "pages/op")
	})
	b.Run("8 parallel, one topic, 30 days", func(b *testing.B) {
		var peers []*benchPeer
		for range 8 {
			peers = append(peers, newBenchPeer(b))
		}
		i := 0
		defer archivetest.ReportCPU(b)()
		for b.Loop() {
			var wg sync.WaitGroup
			for j, p := range peers {
				wg.Go(func() { p.ask(b, s, payload(w.Start, w.Topic((8*i+j)%w.Topics)), false) })
			}
			wg.Wait()
			i++
		}
	})
	b.ReportMetric(archivetest.PeakRSS(), "MiB-peak")
}
