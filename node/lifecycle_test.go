package node

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestLifecycleStopsTopDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLifecycle(zap.NewNop())
		var mu sync.Mutex
		var order []string
		note := func(s string) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, s)
		}
		l.onStop("lock", time.Second, func() { note("lock") })
		for _, name := range []string{"server", "rpc"} {
			l.run(name, time.Second, func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(500 * time.Millisecond)
				note(name)
				return ctx.Err()
			})
		}
		start := time.Now()
		if err := l.stopAll(); err != nil {
			t.Error(err)
		}
		if want := []string{"rpc", "server", "lock"}; !slices.Equal(order, want) {
			t.Errorf("stopped %v, want %v", order, want)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v", took)
		}
		if err := l.stopAll(); err != nil {
			t.Errorf("second stop: %v", err)
		}
	})
}

func TestLifecycleLeavesHangingStepBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logged := observer.New(zap.ErrorLevel)
		l := newLifecycle(zap.New(core))
		lastRan := false
		l.onStop("last", time.Second, func() { lastRan = true })
		l.run("hangs", 5*time.Second, func(context.Context) error {
			time.Sleep(time.Hour)
			return nil
		})
		start := time.Now()
		err := l.stopAll()
		var stop *StopError
		if !errors.As(err, &stop) || !errors.Is(err, ErrStop) || !slices.Equal(stop.Steps, []string{"hangs"}) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 5*time.Second || !lastRan {
			t.Errorf("took %v, later steps ran: %v", took, lastRan)
		}
		if lines := logged.All(); len(lines) != 1 || lines[0].ContextMap()["step"] != "hangs" {
			t.Errorf("logged %v", lines)
		}
		time.Sleep(time.Hour) // the component that was left behind ends
	})
}

func TestLifecycleReportsFirstFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLifecycle(zap.NewNop())
		boom := errors.New("boom")
		l.run("a", time.Second, func(context.Context) error { return boom })
		synctest.Wait()
		l.run("b", time.Second, func(context.Context) error { return nil })
		synctest.Wait()
		if err := <-l.failed; !errors.Is(err, boom) || err.Error() != "a: boom" {
			t.Errorf("got %v", err)
		}
		l.run("c", time.Second, func(context.Context) error { return nil })
		if err := <-l.failed; !errors.Is(err, ErrEnded) {
			t.Errorf("got %v", err)
		}
		if err := l.stopAll(); err != nil {
			t.Error(err)
		}
	})
}
