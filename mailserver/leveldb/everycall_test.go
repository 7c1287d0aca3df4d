//go:build !race

package leveldb

// The engine closes a channel to whose other end it may still be sending, and
// recovers from that; the race detector would blame these tests for it. Our own
// side of opening again is in TestOpensAgainInUse.

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/storage"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/waku/wire"
)

// faultyRun stores envelopes and prunes while calls fail, and checks that the
// archive goes on by itself, here and after a restart.
func faultyRun(t *testing.T, f *faults) {
	t.Helper()
	dir := t.TempDir()
	o := testOptions
	o.writeBuffer = 32 << 10
	o.wrap = func(s storage.Storage) storage.Storage { return faultyStorage{s, f} }
	a, err := Open(dir, o)
	for try := 0; err != nil && try < 5; try++ { // it is the first start that fails
		a, err = Open(dir, o)
	}
	if err != nil {
		t.Fatalf("%+v: %v", f, err)
	}
	defer a.Close()
	envs := testEnvelopes(600, 300)
	want := make(map[wire.Hash]bool)
	walk, err := a.Select(t.Context(), archivetest.Everything())
	if err != nil {
		t.Fatal(err)
	}
	defer walk.Close()
	for i := 0; i < len(envs); i += 30 {
		batch := envs[i : i+30]
		for try := 0; ; try++ {
			_, err := a.Put(t.Context(), batch)
			if err == nil {
				break
			}
			if try > 6 || !errors.Is(err, mailserver.ErrUnavailable) {
				t.Fatalf("%+v: batch %d: %v", f, i, err)
			}
		}
		for _, env := range batch {
			want[env.Hash()] = true
		}
	}
	for n := range 2 {
		_, err := a.Put(t.Context(), envs[n:n+1])
		_, pruneErr := a.Prune(t.Context(), mailserver.Limits{Envelopes: int64(550 - n)})
		for _, err := range []error{err, pruneErr} {
			if err != nil && !errors.Is(err, mailserver.ErrUnavailable) {
				t.Fatalf("%+v: %v", f, err)
			}
		}
	}
	f.mu.Lock()
	f.first = 0
	f.mu.Unlock()
	for try := 0; ; try++ { // the engine may still tell of the last fault
		_, err := a.Prune(t.Context(), mailserver.Limits{Envelopes: 500})
		if err == nil {
			break
		}
		if try > 1 {
			t.Fatalf("%+v: prune: %v", f, err)
		}
	}
	for _, env := range envs[:100] { // the oldest
		delete(want, env.Hash())
	}
	check := func(when string) {
		t.Helper()
		for _, row := range archivetest.Rows(t, a, archivetest.Everything()) {
			if !want[row.Hash] {
				t.Errorf("%+v: %s: an envelope that was pruned", f, when)
			}
		}
		if n := checkConsistent(t, a); n != len(want) {
			t.Errorf("%+v: %s: %d envelopes, want %d", f, when, n, len(want))
		}
		if s, err := a.Stats(t.Context()); err != nil || s.Damage != nil {
			t.Errorf("%+v: %s: damage %+v, %v", f, when, s.Damage, err)
		}
	}
	check("in use")
	a.Close() // an error of an earlier compaction says nothing here
	a = openTest(t, dir)
	check("after a restart")
}

// TestEveryCallFails lets each write, sync and other call of the engine to its
// files fail, once or three times: the archive opens itself again and stores
// on, and what it acknowledged is there.
func TestEveryCallFails(t *testing.T) {
	for _, kind := range []string{"create", "write", "sync", "rename", "meta", "remove"} {
		for how, name := range map[int]string{failBefore: "before", failHalf: "half", failAfter: "after"} {
			if how == failHalf && kind != "write" || how == failAfter && kind == "create" {
				continue
			}
			t.Run(fmt.Sprint(kind, " ", name), func(t *testing.T) {
				t.Parallel()
				count := &faults{kind: kind}
				faultyRun(t, count)
				step := 1
				if testing.Short() {
					step = max(1, count.calls/8)
				}
				hit := 0
				for at := 1; at <= count.calls; at += step {
					f := &faults{kind: kind, how: how, err: syscall.ENOSPC, first: at, last: at + 2*(at%2)}
					faultyRun(t, f)
					hit += f.hit
				}
				if count.calls > 0 && hit == 0 {
					t.Error("no call failed")
				}
			})
		}
	}
}
