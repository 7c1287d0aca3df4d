package messenger

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"statusd/accounts/secret"
	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// envMessages sets how many messages the benchmarks of reading work on, and
// envBase a folder where their database is kept for the next time.
const (
	envMessages = "STATUSD_BENCH_MESSAGES"
	envBase     = "STATUSD_BENCH_BASE"
)

const benchChats = 100

// benchParty makes somebody with many messages in a hundred chats: ninety
// with people, ten public.
func benchParty(b *testing.B) (*party, []string) {
	b.Helper()
	n := 20_000
	if v := os.Getenv(envMessages); v != "" {
		var err error
		if n, err = strconv.Atoi(v); err != nil {
			b.Fatal(err)
		}
	}
	k := newKey(b)
	p := newParty(b, k)
	if base := os.Getenv(envBase); base != "" {
		p.db = openAt(b, filepath.Join(base, fmt.Sprintf("messages-%d.db", n)))
		p.open()
	}
	stored := 0
	p.tx(func(tx *store.Tx) error {
		_, err := tx.Get(`SELECT count(*) FROM message`, nil, func(r store.Row) { stored = int(r.Int64(0)) })
		return err
	})
	if stored < n {
		fillChats(b, p, stored, n)
	}
	chats := must[[]api.Chat](b)(p.m.Chats().List(b.Context()))
	b.Logf("%d messages", max(stored, n))
	ids := make([]string, len(chats))
	for i := range chats {
		ids[i] = chats[i].ID
	}
	return p, ids
}

func openAt(b *testing.B, path string) *store.DB {
	b.Helper()
	db, err := store.Open(b.Context(), store.Config{
		Path: path, Key: secret.New(make([]byte, store.KeySize)), Create: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

// words of the texts: "common" is in every third message, "rare" in one of ten
// thousand.
func benchText(rnd *rand.Rand, i int) string {
	var s strings.Builder
	if i%3 == 0 {
		s.WriteString("Common ")
	}
	if i%10_000 == 0 {
		s.WriteString("needle ")
	}
	for range 8 + rnd.IntN(8) {
		fmt.Fprintf(&s, "%c%c%c%c ", 'a'+rnd.IntN(26), 'a'+rnd.IntN(26), 'a'+rnd.IntN(26), 'a'+rnd.IntN(26))
	}
	return s.String()
}

// fillChats adds messages until there are n.
func fillChats(b *testing.B, p *party, stored, n int) {
	b.Helper()
	rnd := rand.New(rand.NewPCG(1, uint64(stored)))
	var chats []store.Chat
	var authors []string
	p.tx(func(tx *store.Tx) error {
		known, err := tx.Chats().List()
		if err != nil {
			return err
		}
		for i := range benchChats {
			id := newKey(b).Public().ContactID()
			authors = append(authors, id)
			chat := store.Chat{ID: id, Type: store.ChatOneToOne, Name: id[:8], Active: true, Timestamp: int64(i)}
			if len(known) > i {
				chats = append(chats, known[i])
				continue
			}
			if i%10 == 0 {
				chat = p.m.chats.newPublic(fmt.Sprint("channel-", i), store.ChatPublic)
			}
			if err := tx.Chats().Save(&chat); err != nil {
				return err
			}
			chats = append(chats, chat)
		}
		return nil
	})
	for at := stored; at < n; {
		p.tx(func(tx *store.Tx) error {
			for range min(2000, n-at) {
				at++
				c := rnd.IntN(benchChats)
				var id store.MessageID
				binary.BigEndian.PutUint64(id[:], rnd.Uint64())
				m := store.Message{
					ID: id, ChatKey: chats[c].Key, ChatID: chats[c].ID, WireChat: chats[c].ID, Author: authors[c],
					Clock: uint64(start().UnixMilli()) - uint64(n-at)*1000, Timestamp: 1, Type: 1, Content: 1,
					Text: benchText(rnd, at), Seen: at%50 != 0,
				}
				if err := tx.Messages().Put(&m); err != nil {
					return err
				}
			}
			return nil
		})
	}
	p.tx(func(tx *store.Tx) error {
		for i := range chats {
			if err := tx.Chats().Refresh(&chats[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err := p.db.Checkpoint(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkReading reads what a user looks at, with many messages stored.
func BenchmarkReading(b *testing.B) {
	p, chats := benchParty(b)
	ctx := context.Background()
	rnd := rand.New(rand.NewPCG(3, 4))
	s := p.m.Messages()
	search := func(chat func() string, text string) func() error {
		return func() error {
			_, _, err := s.Search(ctx, chat(), text, "", 20)
			return err
		}
	}
	everywhere := func() string { return "" }
	one := func() string { return chats[rnd.IntN(len(chats))] }
	for name, fn := range map[string]func() error{
		"chat list": func() error {
			_, err := p.m.Chats().List(ctx)
			return err
		},
		"page": func() error {
			_, _, err := s.Page(ctx, one(), "", 20)
			return err
		},
		"old page": func() error {
			at := fmt.Sprintf("%064d%s", uint64(start().UnixMilli())-rnd.Uint64N(20_000_000), payloads.MessageID{}.String())
			_, _, err := s.Page(ctx, one(), at, 20)
			return err
		},
		"search rare":          search(everywhere, "needle"),
		"search common":        search(everywhere, "common"),
		"search nothing":       search(everywhere, "absent words"),
		"search common chat":   search(one, "common"),
		"search rare chat":     search(one, "needle"),
		"search two letters":   search(everywhere, "qx"),
		"search two of a chat": search(one, "é"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := fn(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReceive handles a one-to-one message: parse, verify, file, tell,
// commit to disk.
func BenchmarkReceive(b *testing.B) {
	alice, bob := newParty(b, newKey(b)), newParty(b, newKey(b))
	ok(b, bob.m.Contacts().Save(b.Context(), added(alice.id)))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		alice.pass(time.Millisecond)
		bob.pass(time.Millisecond)
		alice.write(bob.id, "a message of ordinary length, about something that matters")
		s := alice.flush()[0]
		b.StartTimer()
		bob.takeOne(alice, s)
	}
}

// BenchmarkSendToGroup sends to a group of fifty.
func BenchmarkSendToGroup(b *testing.B) {
	alice := newParty(b, newKey(b))
	ids := make([]string, 49)
	keys := make([]*party, 49)
	for i := range keys {
		keys[i] = &party{key: newKey(b)}
		ids[i] = keys[i].key.Public().ContactID()
	}
	group := must[api.Changes](b)(alice.m.Groups().Create(b.Context(), "fifty", ids)).Chats[0].ID
	alice.tx(func(tx *store.Tx) error {
		chat, err := alice.m.chat(tx, group)
		if err != nil {
			return err
		}
		g, err := alice.m.membership.group(tx, &chat)
		if err != nil {
			return err
		}
		folded := payloads.Folded{}
		for i, k := range keys {
			after, err := g.Join(k.key, g.Events[len(g.Events)-1].Clock+1)
			if err != nil {
				return fmt.Errorf("member %d: %w", i, err)
			}
			folded.New, folded.Group = append(folded.New, newEvents(&g, &after)...), after
			g = after
		}
		folded.Changed, folded.Effective = true, folded.New
		return alice.m.membership.applyGroup(tx, &chat, &folded, false, nil)
	})
	alice.flush()
	b.ReportAllocs()
	for b.Loop() {
		alice.pass(time.Millisecond)
		must[api.Changes](b)(alice.m.Messages().Send(b.Context(), api.OutgoingMessage{ChatID: group, Text: "hello all"}))
		if s := alice.flush(); len(s) != 1 || len(s[0].to) != 49 {
			b.Fatalf("sent %d", len(s))
		}
	}
}
