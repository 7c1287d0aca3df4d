package payloads

import "math"

// MaxClockAhead is how far a received clock may lie ahead of the time it is
// compared with, in milliseconds (spec 05 section 7).
const MaxClockAhead = 120_000

// NextClock returns the Lamport clock of the next payload of a chat: the time
// in Unix milliseconds, or one more than the chat's last clock if that is not
// older. At the end of the range it stays there.
func NextClock(last, nowMillis uint64) uint64 {
	if last == 0 || last < nowMillis {
		return nowMillis
	}
	if last == math.MaxUint64 {
		return last
	}
	return last + 1
}

// CheckClock refuses a received clock that is zero or too far ahead of a time
// in Unix milliseconds: the envelope's, or for group events and reactions the
// local one. There is no lower bound.
func CheckClock(clock, millis uint64) error {
	switch {
	case clock == 0:
		return broken(RuleClockZero, "the clock is zero")
	case clock > millis && clock-millis > MaxClockAhead:
		return broken(RuleClockAhead, "the clock %d is more than %d s ahead of %d", clock, MaxClockAhead/1000, millis)
	}
	return nil
}
