// Package deadline has the timer behind everything that must happen at a
// known moment: expiry of an envelope, the next retry, the next check.
//
// The owner arms it for the next deadline it knows and receives from C. A
// Timer belongs to one goroutine, starts none, and knows nothing of what is
// due. It uses the monotonic clock of package time, so that tests run it in
// virtual time.
package deadline

import "time"

// Timer fires once at the deadline it was armed for last. The zero value is
// not armed and ready for use.
type Timer struct {
	timer *time.Timer
	at    time.Time // zero: not armed
}

// Arm sets the deadline, replacing an earlier one; a deadline in the past
// fires at once. The zero time disarms. Arming for the deadline already set
// costs nothing.
func (t *Timer) Arm(at time.Time) {
	switch {
	case at.IsZero():
		t.Disarm()
	case t.at.Equal(at) && !t.at.IsZero():
	case t.timer == nil:
		t.at = at
		t.timer = time.NewTimer(time.Until(at))
	default:
		t.at = at
		t.timer.Reset(time.Until(at))
	}
}

// Disarm stops the timer: nothing arrives on C until it is armed again.
func (t *Timer) Disarm() {
	t.at = time.Time{}
	if t.timer != nil {
		t.timer.Stop()
	}
}

// C returns the channel that fires, nil when the timer was never armed. The
// receiver calls Fired or Arm afterwards.
func (t *Timer) C() <-chan time.Time {
	if t.timer == nil {
		return nil
	}
	return t.timer.C
}

// Fired notes that the receiver took the event, so that Arm with the same
// deadline fires again.
func (t *Timer) Fired() { t.at = time.Time{} }

// At returns the deadline, zero when not armed.
func (t *Timer) At() time.Time { return t.at }

// Earliest returns the earlier of two deadlines, where zero means none.
func Earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
