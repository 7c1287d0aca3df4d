package deadline

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var timer Timer
		timer.Disarm()
		if timer.C() != nil || !timer.At().IsZero() {
			t.Error("a fresh timer is armed")
		}
		start := time.Now()
		fires := func(want time.Duration) {
			t.Helper()
			select {
			case <-timer.C():
				timer.Fired()
				if got := time.Since(start); got != want {
					t.Errorf("fired after %v, want %v", got, want)
				}
			case <-time.After(time.Hour):
				t.Errorf("did not fire at %v", want)
			}
		}
		timer.Arm(start.Add(time.Minute))
		timer.Arm(start.Add(time.Second)) // earlier
		fires(time.Second)
		timer.Arm(start.Add(time.Second)) // past, and the same as before
		fires(time.Second)
		timer.Arm(start.Add(2 * time.Second))
		timer.Arm(start.Add(5 * time.Second)) // later
		if got := timer.At(); !got.Equal(start.Add(5 * time.Second)) {
			t.Errorf("armed for %v", got)
		}
		fires(5 * time.Second)

		timer.Arm(start.Add(6 * time.Second))
		timer.Arm(time.Time{})
		select {
		case <-timer.C():
			t.Error("a disarmed timer fired")
		case <-time.After(time.Hour):
		}
	})
}

func TestEarliest(t *testing.T) {
	a, b := time.Unix(1, 0), time.Unix(2, 0)
	for _, c := range []struct{ x, y, want time.Time }{
		{a, b, a},
		{b, a, a},
		{time.Time{}, b, b},
		{a, time.Time{}, a},
		{time.Time{}, time.Time{}, time.Time{}},
	} {
		if got := Earliest(c.x, c.y); !got.Equal(c.want) {
			t.Errorf("earliest of %v and %v is %v", c.x, c.y, got)
		}
	}
}
