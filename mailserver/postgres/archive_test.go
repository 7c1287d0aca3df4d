package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/mailserver/postgres/pgtest"
	"statusd/waku/wire"
)

func openTest(t testing.TB, uri string) *Archive {
	t.Helper()
	a, err := Open(t.Context(), uri, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func TestArchive(t *testing.T) {
	server := pgtest.Start(t, false)
	archivetest.Run(t, func(t *testing.T) mailserver.Archive { return openTest(t, server.Database()) })
}

func testEnvelopes(n, from int) []*wire.Envelope {
	r := rand.New(rand.NewPCG(uint64(n), uint64(from)))
	envs := make([]*wire.Envelope, n)
	for i := range envs {
		envs[i] = archivetest.Envelope(r, uint32(1000+from+i), archivetest.Topic(i%30), 100)
	}
	return envs
}

// openReplicas opens two archives on one database, which both migrate.
func openReplicas(t *testing.T) [2]*Archive {
	t.Helper()
	uri := pgtest.Start(t, false).Database()
	var replicas [2]*Archive
	var wg sync.WaitGroup
	for i := range replicas {
		wg.Go(func() {
			a, err := Open(t.Context(), uri, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			replicas[i] = a
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	t.Cleanup(func() { replicas[0].Close(); replicas[1].Close() })
	return replicas
}

// TestReplicasStore lets the same gossip arrive at two servers at once.
func TestReplicasStore(t *testing.T) {
	replicas := openReplicas(t)
	envs := testEnvelopes(2000, 0)
	other := slices.Clone(envs)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
	var wg sync.WaitGroup
	added := [2]int{}
	for i, envs := range [][]*wire.Envelope{envs, other} {
		wg.Go(func() {
			for chunk := range slices.Chunk(envs, 100) {
				n, err := replicas[i].Put(t.Context(), chunk)
				if err != nil {
					t.Errorf("replica %d: %v", i, err)
				}
				added[i] += n
			}
		})
	}
	wg.Wait()
	if added[0]+added[1] != len(envs) {
		t.Errorf("added %v, want %d together", added, len(envs))
	}
	for i, a := range replicas {
		if s, err := a.Stats(t.Context()); err != nil || s.Envelopes != int64(len(envs)) {
			t.Errorf("replica %d: %+v, %v", i, s, err)
		}
	}
}

// TestReplicasQuery stores at one server and asks the other, by a bloom filter
// of a topic that it has never seen, and with the cursors of the first.
func TestReplicasQuery(t *testing.T) {
	replicas := openReplicas(t)
	model := new(archivetest.Model)
	envs := testEnvelopes(1000, 0)
	model.Put(envs)
	if _, err := replicas[0].Put(t.Context(), envs); err != nil {
		t.Fatal(err)
	}
	q := archivetest.Everything()
	q.Bloom = new(wire.Bloom)
	q.Bloom.Add(archivetest.Topic(500))
	if n := len(archivetest.Rows(t, replicas[1], q)); n != 0 {
		t.Fatalf("%d rows", n)
	}
	fresh := archivetest.Envelope(rand.New(rand.NewPCG(2, 2)), 9000, archivetest.Topic(500), 50)
	model.Put([]*wire.Envelope{fresh})
	if _, err := replicas[0].Put(t.Context(), []*wire.Envelope{fresh}); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Second)
	for len(archivetest.Rows(t, replicas[1], q)) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("not found at the other replica within a second")
		}
	}
	q = archivetest.Everything()
	q.Limit = 37
	var all []mailserver.Row
	for i := 0; ; i++ {
		page := archivetest.Rows(t, replicas[i%2], q)
		all = append(all, page...)
		if len(page) < q.Limit {
			break
		}
		q.After = &page[len(page)-1].Key
	}
	want := model.Select(archivetest.Everything())
	if len(all) != len(want) {
		t.Fatalf("got %d rows, want %d", len(all), len(want))
	}
	for i, env := range want {
		if all[i].Hash != env.Hash() {
			t.Fatalf("row %d differs", i)
		}
	}
}

// TestReplicasPrune lets two servers prune the same archive at once.
func TestReplicasPrune(t *testing.T) {
	replicas := openReplicas(t)
	model := new(archivetest.Model)
	envs := testEnvelopes(5000, 0)
	model.Put(envs)
	if _, err := replicas[0].Put(t.Context(), envs); err != nil {
		t.Fatal(err)
	}
	limits := mailserver.Limits{Envelopes: 1234}
	want := model.Prune(limits)
	removed := [2]int64{}
	var wg sync.WaitGroup
	for i, a := range replicas {
		wg.Go(func() {
			n, err := a.Prune(t.Context(), limits)
			if err != nil {
				t.Errorf("replica %d: %v", i, err)
			}
			removed[i] = n
		})
	}
	wg.Wait()
	s, err := replicas[0].Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if removed[0]+removed[1] != want || s.Envelopes != 1234 || s.Bytes != model.Stats().Bytes {
		t.Errorf("removed %v, want %d; %+v", removed, want, s)
	}
}

// TestDatabaseDown stops the database under an open archive.
func TestDatabaseDown(t *testing.T) {
	server := pgtest.Start(t, false)
	uri := server.Database()
	a := openTest(t, uri)
	envs := testEnvelopes(300, 0)
	if _, err := a.Put(t.Context(), envs[:100]); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	if _, err := a.Put(t.Context(), envs[100:200]); !errors.Is(err, mailserver.ErrUnavailable) {
		t.Errorf("put: got %v, want %v", err, mailserver.ErrUnavailable)
	}
	if _, err := a.Stats(t.Context()); !errors.Is(err, mailserver.ErrUnavailable) {
		t.Errorf("stats: got %v, want %v", err, mailserver.ErrUnavailable)
	}
	if rows, err := a.Select(t.Context(), archivetest.Everything()); err == nil {
		if rows.Next(t.Context()) || !errors.Is(rows.Err(), mailserver.ErrUnavailable) {
			t.Errorf("rows: got %v, want %v", rows.Err(), mailserver.ErrUnavailable)
		}
		rows.Close()
	}
	// An archive that starts while the database is down works later.
	late, err := Open(t.Context(), uri, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	server.Restart()
	for _, archive := range []*Archive{a, late} {
		if _, err := archive.Put(t.Context(), envs[100:]); err != nil {
			t.Errorf("put after restart: %v", err)
		}
	}
	if n := len(archivetest.Rows(t, late, archivetest.Everything())); n != len(envs) {
		t.Errorf("%d rows, want %d", n, len(envs))
	}
}

func TestOpenErrors(t *testing.T) {
	server := pgtest.Start(t, false)
	uri := server.Database()
	a := openTest(t, uri)
	if _, err := a.pool.Exec(t.Context(), `INSERT INTO schema_migrations VALUES (99, 'later')`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), uri, Options{}); !errors.Is(err, ErrSchema) {
		t.Errorf("newer schema: got %v", err)
	}
	for name, uri := range map[string]string{
		"no such database": uri + "x", "bad address": "postgres://user:secret@[::1:port/", "bad port": "host=x port=secret",
	} {
		_, err := Open(t.Context(), uri, Options{})
		if err == nil || errors.Is(err, mailserver.ErrUnavailable) {
			t.Errorf("%s: got %v", name, err)
		}
		if !errors.Is(err, ErrAddress) {
			t.Errorf("%s: got %v, want %v", name, err, ErrAddress)
		}
		if err != nil && slices.Contains([]string{"bad address", "bad port"}, name) &&
			err.Error() != "the database cannot be used with this address: it cannot be parsed" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestTopicsAreForgotten removes topics without envelopes after their time.
func TestTopicsAreForgotten(t *testing.T) {
	a := openTest(t, pgtest.Start(t, false).Database())
	ctx := context.Background()
	if _, err := a.Put(ctx, testEnvelopes(300, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.pool.Exec(ctx, `UPDATE topics SET last_seen = 0`); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Prune(ctx, mailserver.Limits{Envelopes: 3}); err != nil {
		t.Fatal(err)
	}
	if s, err := a.Stats(ctx); err != nil || s.Topics != 3 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestMigrationsAreNumbered(t *testing.T) {
	all, err := migrations()
	if err != nil || len(all) == 0 {
		t.Fatalf("got %v, %v", all, err)
	}
	for _, m := range all {
		if len(m.statements) == 0 {
			t.Errorf("%s has no statements", m.name)
		}
	}
}
