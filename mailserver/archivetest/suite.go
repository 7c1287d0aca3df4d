package archivetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// Open opens a new and empty archive, and closes it when the test ends.
type Open func(t *testing.T) mailserver.Archive

// Run tests an implementation.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		fn   func(*testing.T, Open)
	}{
		{"empty", testEmpty},
		{"put twice", testPutTwice},
		{"order of ties", testTies},
		{"range", testRange},
		{"topics and bloom", testTopics},
		{"cursors", testCursors},
		{"prune", testPrune},
		{"prune between pages", testPruneBetweenPages},
		{"large envelopes", testLarge},
		{"cancelled", testCancelled},
		{"closed", testClosed},
		{"random against model", testRandom},
		{"pages while it changes", testPagesWhileChanging},
	} {
		t.Run(c.name, func(t *testing.T) { c.fn(t, open) })
	}
}

// Everything selects all rows.
func Everything() mailserver.Query { return mailserver.Query{Upper: math.MaxUint32} }

// Rows reads a query to its end and checks each row against its envelope.
func Rows(tb testing.TB, a mailserver.Archive, q mailserver.Query) []mailserver.Row {
	tb.Helper()
	rows, err := a.Select(tb.Context(), q)
	if err != nil {
		tb.Fatalf("select: %v", err)
	}
	defer rows.Close()
	var out []mailserver.Row
	for rows.Next(tb.Context()) {
		row := rows.Row()
		data, err := rows.Data(tb.Context())
		if err != nil {
			tb.Fatalf("data: %v", err)
		}
		env, err := wire.DecodeEnvelope(data)
		if err != nil {
			tb.Fatalf("stored envelope: %v", err)
		}
		if want := rowOf(env); row != want {
			tb.Fatalf("row: got %+v, its envelope says %+v", row, want)
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		tb.Fatalf("rows: %v", err)
	}
	return out
}

func rowOf(env *wire.Envelope) mailserver.Row {
	return mailserver.Row{Key: mailserver.KeyOf(env), Topic: env.Topic(), Size: len(env.RLP())}
}

func rowsOf(envs []*wire.Envelope) []mailserver.Row {
	out := make([]mailserver.Row, 0, len(envs))
	for _, env := range envs {
		out = append(out, rowOf(env))
	}
	return out
}

func put(tb testing.TB, a mailserver.Archive, envs ...*wire.Envelope) int {
	tb.Helper()
	added, err := a.Put(tb.Context(), envs)
	if err != nil {
		tb.Fatalf("put: %v", err)
	}
	return added
}

func prune(tb testing.TB, a mailserver.Archive, limits mailserver.Limits) int64 {
	tb.Helper()
	removed, err := a.Prune(tb.Context(), limits)
	if err != nil {
		tb.Fatalf("prune: %v", err)
	}
	return removed
}

func checkRows(tb testing.TB, what string, got, want []mailserver.Row) {
	tb.Helper()
	if len(got) == 0 && len(want) == 0 || slices.Equal(got, want) {
		return
	}
	tb.Fatalf("%s: got %d rows, want %d\ngot  %v\nwant %v", what, len(got), len(want), keys(got), keys(want))
}

func keys(rows []mailserver.Row) (out []string) {
	for i, r := range rows {
		if i == 20 {
			return append(out, "...")
		}
		out = append(out, fmt.Sprintf("%d/%x/%s", r.Created, r.Hash[:3], r.Topic))
	}
	return out
}

// checkCounters compares the exact counters.
func checkCounters(tb testing.TB, a mailserver.Archive, m *Model) {
	tb.Helper()
	got, err := a.Stats(tb.Context())
	if err != nil {
		tb.Fatalf("stats: %v", err)
	}
	want := m.Stats()
	if got.Envelopes != want.Envelopes || got.Bytes != want.Bytes {
		tb.Fatalf("counters: got %d envelopes, %d bytes, want %d, %d",
			got.Envelopes, got.Bytes, want.Envelopes, want.Bytes)
	}
	if got.Topics < want.Topics || want.Envelopes > 0 && (got.Oldest > want.Oldest || got.Newest < want.Newest) {
		tb.Fatalf("bounds: got %+v, want %+v", got, want)
	}
}

func testEmpty(t *testing.T, open Open) {
	a := open(t)
	checkRows(t, "everything", Rows(t, a, Everything()), nil)
	q := Everything()
	q.Topics = []wire.Topic{{1}}
	checkRows(t, "one topic", Rows(t, a, q), nil)
	if n := prune(t, a, mailserver.Limits{Before: math.MaxUint32, Envelopes: 1, Bytes: 1}); n != 0 {
		t.Errorf("pruned %d", n)
	}
	if n := put(t, a); n != 0 {
		t.Errorf("put nothing: added %d", n)
	}
	checkCounters(t, a, new(Model))
}

func testPutTwice(t *testing.T, open Open) {
	a, r := open(t), rand.New(rand.NewPCG(1, 1))
	one, two := Envelope(r, 1000, Topic(1), 100), Envelope(r, 900, Topic(2), 10)
	for _, c := range []struct {
		envs []*wire.Envelope
		want int
	}{{[]*wire.Envelope{one, one}, 1}, {[]*wire.Envelope{one}, 0}, {[]*wire.Envelope{two, one, two}, 1}} {
		if got := put(t, a, c.envs...); got != c.want {
			t.Errorf("added %d, want %d", got, c.want)
		}
	}
	m := new(Model)
	m.Put([]*wire.Envelope{one, two})
	checkCounters(t, a, m)
	checkRows(t, "everything", Rows(t, a, Everything()), rowsOf(m.envs))
}

func testTies(t *testing.T, open Open) {
	a, m, r := open(t), new(Model), rand.New(rand.NewPCG(2, 1))
	var envs []*wire.Envelope
	for i := range 200 {
		envs = append(envs, Envelope(r, 5000+uint32(i%2), Topic(i%7), 20))
	}
	put(t, a, envs...)
	m.Put(envs)
	checkRows(t, "everything", Rows(t, a, Everything()), rowsOf(m.envs))
	q := Everything()
	q.Topics = []wire.Topic{Topic(1), Topic(2), Topic(1)}
	checkRows(t, "two topics", Rows(t, a, q), rowsOf(m.Select(q)))
}

func testRange(t *testing.T, open Open) {
	a, m, r := open(t), new(Model), rand.New(rand.NewPCG(3, 1))
	var envs []*wire.Envelope
	for _, created := range []uint32{0, 1, 999, 1000, 1001, 1<<31 - 1, 1 << 31, math.MaxUint32 - 51, math.MaxUint32 - 50} {
		envs = append(envs, Envelope(r, created, Topic(1), 30))
	}
	put(t, a, envs...)
	m.Put(envs)
	for _, c := range [][2]uint32{
		{0, math.MaxUint32}, {0, 0}, {1, 999}, {999, 1001}, {1000, 1000}, {1002, 1003},
		{1 << 31, math.MaxUint32}, {math.MaxUint32, math.MaxUint32}, {5, 4},
	} {
		for _, topics := range [][]wire.Topic{nil, {Topic(1)}, {Topic(2)}} {
			q := mailserver.Query{Lower: c[0], Upper: c[1], Topics: topics}
			checkRows(t, fmt.Sprint(c, topics), Rows(t, a, q), rowsOf(m.Select(q)))
		}
	}
}

func testTopics(t *testing.T, open Open) {
	a, m, r := open(t), new(Model), rand.New(rand.NewPCG(4, 1))
	var envs []*wire.Envelope
	for i := range 600 {
		envs = append(envs, Envelope(r, 10_000+uint32(i), Topic(i%60), 40))
	}
	put(t, a, envs...)
	m.Put(envs)
	for n := range 60 {
		var topics []wire.Topic
		var or, erasing wire.Bloom
		for i := range n + 1 {
			topics = append(topics, Topic(i))
			sample := wire.SampleBloom(Topic(i))
			erasing.Merge(&sample)
		}
		or.Add(topics...)
		for _, limit := range []int{0, 1, 7} {
			for what, q := range map[string]mailserver.Query{
				"topics":        {Topics: topics},
				"or bloom":      {Bloom: &or},
				"erasing bloom": {Bloom: &erasing},
				"both":          {Topics: topics[:1], Bloom: &or},
			} {
				q.Lower, q.Upper, q.Limit = 10_100, 10_500, limit
				what = fmt.Sprintf("%s of %d, limit %d", what, n+1, limit)
				checkRows(t, what, Rows(t, a, q), rowsOf(m.Select(q)))
			}
		}
	}
	var none wire.Bloom
	q := Everything()
	q.Bloom = &none
	checkRows(t, "empty bloom", Rows(t, a, q), nil)
	full := wire.FullBloom()
	q.Bloom = &full
	checkRows(t, "full bloom", Rows(t, a, q), rowsOf(m.envs))
}

func testCursors(t *testing.T, open Open) {
	a, m, r := open(t), new(Model), rand.New(rand.NewPCG(5, 1))
	var envs []*wire.Envelope
	for i := range 100 {
		envs = append(envs, Envelope(r, 2000+uint32(i/3), Topic(i%5), 25))
	}
	put(t, a, envs...)
	m.Put(envs)
	var cursors []mailserver.Key
	for _, env := range envs {
		k := mailserver.KeyOf(env)
		cursors = append(cursors, k)
		k.Hash[31] ^= 1
		cursors = append(cursors, k, mailserver.Key{Created: k.Created}, mailserver.Key{Created: k.Created + 1})
	}
	cursors = append(cursors, mailserver.Key{}, mailserver.Key{Created: math.MaxUint32})
	for i, c := range cursors {
		q := mailserver.Query{Lower: 2003, Upper: 2020, After: &c, Limit: i % 9}
		if i%2 == 0 {
			q.Topics = []wire.Topic{Topic(i % 5), Topic(3)}
		}
		checkRows(t, fmt.Sprintf("cursor %d/%x", c.Created, c.Hash[:3]), Rows(t, a, q), rowsOf(m.Select(q)))
	}
}

func testPrune(t *testing.T, open Open) {
	a, m, r := open(t), new(Model), rand.New(rand.NewPCG(6, 1))
	var envs []*wire.Envelope
	for i := range 3000 {
		envs = append(envs, Envelope(r, 50_000+uint32(i/2), Topic(i%40), 30+i%50))
	}
	put(t, a, envs...)
	m.Put(envs)
	for _, limits := range []mailserver.Limits{
		{Before: 50_000}, {Before: 50_001}, {Before: 50_100}, {Envelopes: 2500}, {Envelopes: 2500},
		{Bytes: m.Stats().Bytes / 2}, {Before: 50_900, Envelopes: 1100, Bytes: 1 << 40}, {},
		{Before: math.MaxUint32},
	} {
		got, want := prune(t, a, limits), m.Prune(limits)
		if got != want {
			t.Fatalf("%+v: removed %d, want %d", limits, got, want)
		}
		checkCounters(t, a, m)
		checkRows(t, fmt.Sprintf("after %+v", limits), Rows(t, a, Everything()), rowsOf(m.envs))
		q := Everything()
		q.Topics = []wire.Topic{Topic(3), Topic(4)}
		checkRows(t, "two topics", Rows(t, a, q), rowsOf(m.Select(q)))
	}
	// What was pruned may be stored again.
	if added := put(t, a, envs[:10]...); added != 10 {
		t.Errorf("added %d after pruning, want 10", added)
	}
	m.Put(envs[:10])
	checkRows(t, "stored again", Rows(t, a, Everything()), rowsOf(m.envs))
	if got, want := prune(t, a, mailserver.Limits{Envelopes: 3}), m.Prune(mailserver.Limits{Envelopes: 3}); got != want {
		t.Errorf("removed %d, want %d", got, want)
	}
	checkRows(t, "pruned again", Rows(t, a, Everything()), rowsOf(m.envs))
}

// testPruneBetweenPages pages with a cursor whose envelope goes away.
func testPruneBetweenPages(t *testing.T, open Open) {
	a, m, r := open(t), new(Model), rand.New(rand.NewPCG(7, 1))
	var envs []*wire.Envelope
	for i := range 100 {
		envs = append(envs, Envelope(r, 7000+uint32(i), Topic(1), 30))
	}
	put(t, a, envs...)
	m.Put(envs)
	q := Everything()
	q.Limit = 60
	first := Rows(t, a, q)
	checkRows(t, "page 1", first, rowsOf(m.Select(q)))
	limits := mailserver.Limits{Envelopes: 50}
	prune(t, a, limits)
	m.Prune(limits)
	last := first[len(first)-1].Key
	q.After = &last
	checkRows(t, "page 2 of what is gone", Rows(t, a, q), nil)
	middle := first[20].Key
	q.After = &middle
	checkRows(t, "page 2", Rows(t, a, q), rowsOf(m.Select(q)))
}

func testLarge(t *testing.T, open Open) {
	a, m, r := open(t), new(Model), rand.New(rand.NewPCG(8, 1))
	var envs []*wire.Envelope
	for i := range 12 {
		envs = append(envs, Envelope(r, 100+uint32(i), Topic(1), 1<<20-200))
	}
	put(t, a, envs...)
	m.Put(envs)
	q := Everything()
	checkRows(t, "by time", Rows(t, a, q), rowsOf(m.envs))
	q.Topics = []wire.Topic{Topic(1)}
	checkRows(t, "by topic", Rows(t, a, q), rowsOf(m.envs))
}

func testCancelled(t *testing.T, open Open) {
	a, r := open(t), rand.New(rand.NewPCG(9, 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Put(ctx, []*wire.Envelope{Envelope(r, 1, Topic(1), 1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("put: got %v", err)
	}
	if rows, err := a.Select(ctx, Everything()); err == nil {
		if rows.Next(ctx) || !errors.Is(rows.Err(), context.Canceled) {
			t.Errorf("rows: got %v", rows.Err())
		}
		rows.Close()
	} else if !errors.Is(err, context.Canceled) {
		t.Errorf("select: got %v", err)
	}
}

func testClosed(t *testing.T, open Open) {
	a, r := open(t), rand.New(rand.NewPCG(10, 1))
	rows, err := a.Select(t.Context(), Everything())
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
	rows.Close()
	for range 2 {
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Put(t.Context(), []*wire.Envelope{Envelope(r, 1, Topic(1), 1)}); !errors.Is(err, mailserver.ErrClosed) {
		t.Errorf("put: got %v", err)
	}
	if _, err := a.Select(t.Context(), Everything()); !errors.Is(err, mailserver.ErrClosed) {
		t.Errorf("select: got %v", err)
	}
	if _, err := a.Prune(t.Context(), mailserver.Limits{Envelopes: 1}); !errors.Is(err, mailserver.ErrClosed) {
		t.Errorf("prune: got %v", err)
	}
}
