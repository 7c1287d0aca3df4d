package ratchet

// Limits bound what a peer makes us derive and keep (spec 03 section 8.3).
type Limits struct {
	// MaxSkip is how many keys one skip may derive. A message may skip twice:
	// the rest of the old chain, and the start of the new one.
	MaxSkip uint32
	// MaxKeep is how many derived keys later a stored key is dropped.
	MaxKeep uint64
	// MaxStored is how many keys one session keeps.
	MaxStored int
}

// DefaultLimits are those of deployed peers: a peer may rely on 1000 messages
// arriving after a later one.
func DefaultLimits() Limits { return Limits{MaxSkip: 1000, MaxKeep: 3000, MaxStored: 2000} }

// Trim says what to drop once a message was opened: the session keeps the
// highest stored keys by Seq, and of those only the ones with Seq above
// through. ok is false when no key is old enough for the second rule.
func (l Limits) Trim(s State) (highest int, through uint64, ok bool) {
	if s.KeyCount >= l.MaxKeep {
		return l.MaxStored, s.KeyCount - l.MaxKeep, true
	}
	return l.MaxStored, 0, false
}
