package leveldb

import (
	"math/rand/v2"
	"testing"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/waku/wire"
)

// TestScanHandsOver asks for topics that make up a third of the archive but
// have had nothing for long: walking by time looks cheap and is not.
func TestScanHandsOver(t *testing.T) {
	a := openTest(t, t.TempDir())
	r := rand.New(rand.NewPCG(1, 1))
	model := new(archivetest.Model)
	var envs []*wire.Envelope
	for i := range 9000 {
		topic := i % 10
		if i >= 3000 {
			topic += 10
		}
		envs = append(envs, archivetest.Envelope(r, 1000+uint32(i), archivetest.Topic(topic), 20))
	}
	fillTest(t, a, envs)
	model.Put(envs)
	for _, limit := range []int{0, 1, 100, 5000} {
		q := archivetest.Everything()
		q.Limit = limit
		for i := range 10 {
			q.Topics = append(q.Topics, archivetest.Topic(i))
		}
		rows, err := a.Select(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		want := model.Select(q)
		n := 0
		for ; rows.Next(t.Context()); n++ {
			data, err := rows.Data(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if n >= len(want) || rows.Row().Key != mailserver.KeyOf(want[n]) || string(data) != string(want[n].RLP()) {
				t.Fatalf("limit %d: row %d differs", limit, n)
			}
		}
		if rows.Err() != nil || n != len(want) {
			t.Errorf("limit %d: %d rows, want %d, %v", limit, n, len(want), rows.Err())
		}
		if s, ok := rows.(*scan); (limit == 1 || limit == 100) && (!ok || s.rest == nil) {
			t.Errorf("limit %d: the walk did not hand over", limit)
		}
		rows.Close()
	}
}

// TestWaysAgree compares both ways to answer with the model.
func TestWaysAgree(t *testing.T) {
	a := openTest(t, t.TempDir())
	r := rand.New(rand.NewPCG(2, 2))
	model := new(archivetest.Model)
	var envs []*wire.Envelope
	for range 2000 {
		envs = append(envs, archivetest.Envelope(r, 1000+r.Uint32N(500), archivetest.Topic(r.IntN(20)), 10))
	}
	fillTest(t, a, envs)
	model.Put(envs)
	for range 300 {
		q := mailserver.Query{Lower: 1000 + r.Uint32N(500), Limit: r.IntN(50)}
		q.Upper = q.Lower + r.Uint32N(300)
		for range 1 + r.IntN(12) {
			q.Topics = append(q.Topics, archivetest.Topic(r.IntN(25)))
		}
		if r.IntN(2) == 0 {
			key := mailserver.KeyOf(envs[r.IntN(len(envs))])
			q.After = &key
		}
		want := model.Select(q)
		topics, _, _, _ := a.topics.candidates(q)
		for _, budget := range []float64{0, 10, 1e9} {
			snap, err := a.db.GetSnapshot()
			if err != nil {
				t.Fatal(err)
			}
			rows := newScan(a, snap, q, append([]wire.Topic{}, topics...), budget)
			n := 0
			for ; rows.Next(t.Context()); n++ {
				if n >= len(want) || rows.Row().Key != mailserver.KeyOf(want[n]) {
					t.Fatalf("%+v, budget %v: row %d differs", q, budget, n)
				}
			}
			if rows.Err() != nil || n != len(want) {
				t.Fatalf("%+v, budget %v: %d rows, want %d, %v", q, budget, n, len(want), rows.Err())
			}
			rows.Close()
		}
	}
}
