package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"statusd/fault"
)

// lifecycle is the stack of what runs. Components are started bottom-up and
// stopped top-down, each within its own time. It belongs to the goroutine of
// Run.
type lifecycle struct {
	log    *zap.Logger
	failed chan error // capacity 1: the first component that ended by itself
	steps  []stopStep
}

// stopStep is one named step of the shutdown.
type stopStep struct {
	name  string
	limit time.Duration
	stop  func()
}

func newLifecycle(log *zap.Logger) *lifecycle {
	return &lifecycle{log: log, failed: make(chan error, 1)}
}

// run starts a component in a goroutine of its own, which stopAll ends by
// cancelling its context. A component that returns before that makes the
// whole node stop.
func (l *lifecycle) run(name string, limit time.Duration, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // owned by l; ends when run does
		defer close(done)
		err := run(ctx)
		if ctx.Err() != nil {
			if err != nil && !errors.Is(err, context.Canceled) {
				l.log.Warn("component stopped with an error", zap.String("component", name), zap.Error(err))
			}
			return
		}
		if err == nil {
			err = ErrEnded
		}
		select {
		case l.failed <- ofComponent(name, err):
		default: // an earlier failure is enough
		}
	}()
	l.onStop(name, limit, func() {
		cancel()
		<-done
	})
}

// ofComponent names the component that an error ended, unless the error was
// declared: then it says itself what it is about.
func ofComponent(name string, err error) error {
	if fault.Undeclared(err) {
		return fmt.Errorf("%s: %w", name, err)
	}
	return err
}

// onStop adds a step that has no goroutine.
func (l *lifecycle) onStop(name string, limit time.Duration, stop func()) {
	l.steps = append(l.steps, stopStep{name, limit, stop})
}

// stopAll runs the steps from the last to the first. A step that exceeds its
// time is left behind and named in the error.
func (l *lifecycle) stopAll() error {
	var late []string
	for len(l.steps) > 0 {
		step := l.steps[len(l.steps)-1]
		l.steps = l.steps[:len(l.steps)-1]
		if !step.run() {
			l.log.Error("step of the shutdown exceeded its time",
				zap.String("step", step.name), zap.Duration("limit", step.limit))
			late = append(late, step.name)
		}
	}
	if late != nil {
		return &StopError{Steps: late}
	}
	return nil
}

func (s stopStep) run() (inTime bool) {
	done := make(chan struct{})
	go func() { // ends with the step, even after its time
		defer close(done)
		s.stop()
	}()
	timer := time.NewTimer(s.limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
