package pool

import "time"

// Times are the periods of a pool. A zero field means the default; tests and
// measurements shorten them.
type Times struct {
	// Fast and Slow pass between two searches of one source: fast while peers
	// are missing and the search is younger than FastFor (status-go v0.63.12
	// peers/peerpool.go).
	Fast, Slow, FastFor time.Duration
	// Search is how long a search goes on in vain before it pauses.
	Search time.Duration
	// RetryMin and RetryMax bound the pause between searches in vain; it
	// doubles.
	RetryMin, RetryMax time.Duration
	// SourceMin and SourceMax bound the pause of a source that failed.
	SourceMin, SourceMax time.Duration
	// StopDelay passes between the end of the last search and the end of
	// discovery.
	StopDelay time.Duration
	// Step passes between the starts of two sources.
	Step time.Duration
	// Fresh is how long a found node counts as worth a dial.
	Fresh time.Duration
	// Patience is how long a dial may take before another node is dialled in
	// addition.
	Patience time.Duration
	// Handshake is how long a dialled node may take to become a peer.
	Handshake time.Duration
	// Stable is how long a connection must last for its end not to count as a
	// failure.
	Stable time.Duration
	// Useless is how long a node rests for a topic that it does not serve.
	Useless time.Duration
}

// Defaults of Times (spec 08 sections 5.1 and 5.3).
func (t Times) withDefaults() Times {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.Fast, 3 * time.Second}, {&t.Slow, 30 * time.Second}, {&t.FastFor, 30 * time.Second},
		{&t.Search, 3 * time.Minute}, {&t.RetryMin, 10 * time.Second}, {&t.RetryMax, 5 * time.Minute},
		{&t.SourceMin, 2 * time.Second}, {&t.SourceMax, 5 * time.Minute},
		{&t.StopDelay, 10 * time.Second}, {&t.Step, 2 * time.Second}, {&t.Fresh, time.Hour},
		{&t.Patience, time.Second}, {&t.Handshake, 20 * time.Second}, {&t.Stable, 10 * time.Second},
		{&t.Useless, 6 * time.Hour},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return t
}

// restLadder are the rests of a node after one, two, … failures in a row (spec
// 08 section 5.3 point 8); the last one repeats.
func restLadder() []time.Duration {
	return []time.Duration{35 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute}
}

// lostLadder are the rests of a node whose connection was stable before the
// other rests follow: a relay that is restarted is back in seconds.
func lostLadder() []time.Duration {
	return []time.Duration{2 * time.Second, 5 * time.Second, 15 * time.Second}
}

// doubled returns from·2^n, at most to.
func doubled(from, to time.Duration, n int) time.Duration {
	for ; n > 0 && from < to; n-- {
		from *= 2
	}
	return min(from, to)
}
