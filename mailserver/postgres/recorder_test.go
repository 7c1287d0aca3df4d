package postgres

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"statusd/mailserver"
	"statusd/mailserver/postgres/pgtest"
)

// TestRecorderOverCrash stores through a recorder while the database crashes
// and comes back: nothing is lost, and nobody who hands in envelopes waits.
func TestRecorderOverCrash(t *testing.T) {
	server := pgtest.Start(t, false)
	a := openTest(t, server.Database())
	r, err := mailserver.NewRecorder(mailserver.RecorderConfig{
		Archive: a, SpillPath: filepath.Join(t.TempDir(), "spill"),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	envs := testEnvelopes(9000, 0)
	// await polls until the condition holds.
	await := func(what string, done func() bool) {
		t.Helper()
		deadline := time.Now().Add(60 * time.Second)
		for !done() {
			if time.Now().After(deadline) {
				t.Fatalf("%s: status %+v, health %+v", what, r.Status(), r.Health())
			}
			<-time.After(5 * time.Millisecond)
		}
	}
	for _, env := range envs[:3000] {
		r.Put(env)
	}
	await("stored before", func() bool { return r.Status().Stored == 3000 })
	server.Stop()
	for _, env := range envs[3000:6000] {
		r.Put(env)
	}
	await("spilled", func() bool { return r.Status().SpillBytes > 0 && r.Status().Pending == 0 })
	if r.Health().OK {
		t.Error("healthy without a database")
	}
	server.Restart()
	for _, env := range envs[6000:] {
		r.Put(env)
	}
	await("stored after", func() bool { return r.Status().Stored == 9000 })
	await("healthy", func() bool { return r.Health().OK && r.Status().SpillBytes == 0 })
	if s, err := a.Stats(t.Context()); err != nil || s.Envelopes != 9000 || r.Status().Dropped != 0 {
		t.Errorf("%+v, %v, %+v", s, err, r.Status())
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
