package waku

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := h.Probe(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("before Run: got %v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.Run(ctx) }()
		if err := h.Probe(t.Context()); err != nil {
			t.Errorf("while running: got %v", err)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := h.Probe(t.Context()); !errors.Is(err, ErrStopped) {
			t.Errorf("after Run: got %v", err)
		}
	})
}
