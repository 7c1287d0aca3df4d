package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/rlp"

	"statusd/internal/test/rawpeer"
	"statusd/mailserver/leveldb"
	"statusd/waku/wire"
)

// The archive of the mailserver workload.
const (
	mailEnvelopes = 200_000
	mailTopics    = 100
	mailBytes     = 400
	mailPage      = 1000
)

// measureMail asks a mailserver process for one topic and for everything, page
// by page. The asking side counts envelopes and does not open them.
func measureMail(binary string) error {
	now := uint32(time.Now().Unix())
	d, err := startWith(binary, `{"Enabled":true,"EnableMailServer":true}`, func(dir string) error {
		return fillMail(filepath.Join(dir, "mailserver"), now)
	})
	if err != nil {
		return err
	}
	defer d.stop()
	c, err := rawpeer.Dial(d.node, nil, 1, &wire.StatusOptions{Topics: []wire.Topic{}})
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Printf("mailserver, %d envelopes of %d bytes, %d topics, pages of %d:\n\n",
		mailEnvelopes, mailBytes, mailTopics, mailPage)
	fmt.Println("| request | envelopes | pages | median | envelopes/s | peak RSS |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, w := range []struct {
		name   string
		bloom  func(i int) wire.Bloom
		rounds int
	}{
		{"one topic", func(i int) wire.Bloom { var b wire.Bloom; b.Add(mailTopic(i)); return b }, 50},
		{"everything", func(int) wire.Bloom { return wire.FullBloom() }, 5},
	} {
		var took []time.Duration
		var got, pages int
		for i := range w.rounds {
			begin := time.Now()
			if got, pages, err = fetch(c, w.bloom(i), now); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			took = append(took, time.Since(begin))
		}
		slices.Sort(took)
		median := took[len(took)/2]
		fmt.Printf("| %s | %d | %d | %s | %.0f | %.0f MiB |\n", w.name, got, pages, round(median),
			float64(got)/median.Seconds(), float64(d.rss("VmHWM"))/(1<<20))
	}
	fmt.Println()
	return nil
}

func mailTopic(i int) wire.Topic { return wire.Topic{byte(i), byte(i * 37), byte(i * 101), 0} }

// fillMail writes the archive, spread over 30 days.
func fillMail(dir string, now uint32) error {
	archive, err := leveldb.Open(dir, leveldb.Options{})
	if err != nil {
		return err
	}
	defer archive.Close()
	seed := rand.NewChaCha8([32]byte{2})
	const span, ttl = 30 * 86400, 50
	var batch []*wire.Envelope
	for i := range mailEnvelopes {
		data := make([]byte, mailBytes)
		seed.Read(data)
		created := now - span + uint32(i*(span/100)/(mailEnvelopes/100))
		batch = append(batch, wire.NewEnvelope(created+ttl, ttl, mailTopic(i%mailTopics), data, 0))
		if len(batch) == 1000 {
			if _, err := archive.Put(context.Background(), batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
}

// fetch follows the cursor of unsealed requests to the end.
func fetch(c *rawpeer.Conn, bloom wire.Bloom, now uint32) (envelopes, pages int, err error) {
	request := wire.DirectRequest{ID: make([]byte, wire.RequestIDLength), To: now, Limit: mailPage, Bloom: bloom[:]}
	for {
		request.ID[0]++
		if err := c.Send(wire.CodeP2PRequest, request.Encode()); err != nil {
			return 0, 0, err
		}
		for done := false; !done; {
			code, payload, err := c.Read()
			if err != nil {
				return 0, 0, err
			}
			switch code {
			case wire.CodeP2PMessage:
				list, _, err := rlp.SplitList(payload)
				if err != nil {
					return 0, 0, err
				}
				n, err := rlp.CountValues(list)
				if err != nil {
					return 0, 0, err
				}
				envelopes += n
			case wire.CodeRequestComplete:
				end, err := wire.DecodeRequestComplete(payload)
				if err != nil {
					return 0, 0, err
				}
				if end.Failed {
					return 0, 0, errors.New(end.Text)
				}
				pages++
				if end.Cursor == nil {
					return envelopes, pages, nil
				}
				request.Cursor, done = end.Cursor, true
			}
		}
	}
}
