package runner_test

import (
	"context"
	"testing"
	"testing/synctest"

	"statusd/datasync"
	"statusd/datasync/memstore"
	"statusd/datasync/runner"
)

// unsteady is an account whose connection is gone just while the next deadline
// is read.
type unsteady struct {
	*account
	once bool
}

func (u *unsteady) View(ctx context.Context, fn func(*memstore.Tx) error) error {
	if !u.once {
		return u.account.View(ctx, fn)
	}
	u.once = false
	u.run.SetOnline(false)
	defer u.run.SetOnline(true)
	return u.account.View(ctx, fn)
}

func TestConnectionGoneWhileTheDeadlineIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, 0, memstore.New())
		u := &unsteady{account: a}
		node, err := datasync.New(datasync.Config{Self: testPeer(0)})
		if err != nil {
			t.Fatal(err)
		}
		if a.run, err = runner.New(runner.Config[*memstore.Tx]{Node: node, Store: u, Port: a}); err != nil {
			t.Fatal(err)
		}
		defer a.start()()
		synctest.Wait()
		u.once = true
		a.append("hello", testPeer(1))
		synctest.Wait()
		if got := len(a.look().sent); got != 1 {
			t.Errorf("sent %d payloads", got)
		}
	})
}
