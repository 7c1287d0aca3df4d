package messenger

import (
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"statusd/payloads"
)

// Signatures of group events are what an update costs: computing who made one
// takes about as long as making it. Somebody who sends the same events again,
// or peers of 2020 who go on to send events that are not kept here, cost them
// once; and each person has an allowance of new ones.
const (
	// maxSigners bounds the signatures whose signers are remembered, some 250
	// bytes each: a few of the largest updates.
	maxSigners = 1 << 14
	// An author pays for the signatures in what he sends: some at once, then a
	// number a second. A list beyond that goes on where it ended when it comes
	// again. Contacts, members and former members may send nearly the largest
	// update at once: peers of 2020 in a group that somebody bloated go on to send
	// all of it, and hardly the same twice.
	memberSignatures = 6000
	authorSignatures = 1000
	authorRefill     = 50
	// Keys cost nothing, and an admin makes members of as many as he likes. So
	// whoever is not a contact pays also from what all such people have together,
	// members and strangers apart, but for the first of each update: invitations
	// and what is new in a group have fewer.
	allMembersSignatures = 30_000
	allMembersRefill     = 500
	strangerSignatures   = 2000
	strangerRefill       = 200
	freeSignatures       = 32
	// maxAuthors bounds the allowances that are remembered.
	maxAuthors = 4096
)

// errSignatures says that somebody's allowance of signatures is used up.
var errSignatures = errors.New("too many signatures")

// allowance refills with time. The zero value is full.
type allowance struct {
	spent float64
	at    time.Time
}

func (a *allowance) take(now time.Time, most, refill float64) bool {
	if passed := now.Sub(a.at).Seconds(); passed > 0 {
		a.spent, a.at = max(0, a.spent-passed*refill), now
	}
	if a.spent+1 > most {
		return false
	}
	a.spent++
	return true
}

// standing says whose allowance of signatures somebody shares.
type standing int

const (
	anybody     standing = iota
	groupMember          // of the group of the update, now or before
	trusted              // ourselves and contacts: shares with nobody
)

// signers remembers who made the signatures of group events.
type signers struct {
	mu        sync.Mutex
	known     map[[sha256.Size]byte]string
	order     [][sha256.Size]byte // of known, a ring
	next      int
	authors   map[string]*allowance
	members   allowance // shared
	strangers allowance // shared
}

func newSigners() *signers {
	return &signers{known: make(map[[sha256.Size]byte]string), authors: make(map[string]*allowance)}
}

// chargedTo returns a function that computes signers on somebody's account, for
// one update.
func (s *signers) chargedTo(author string, as standing, now time.Time) payloads.SignerOf {
	computed := 0
	return func(digest [32]byte, signature []byte) (string, error) {
		id := sha256.Sum256(append(digest[:], signature...))
		s.mu.Lock()
		from, known := s.known[id]
		if !known {
			computed++
			if !s.pay(author, as, computed <= freeSignatures, now) {
				s.mu.Unlock()
				return "", errSignatures
			}
		}
		s.mu.Unlock()
		if known {
			return from, nil
		}
		from, err := payloads.Signer(digest, signature)
		if err == nil {
			s.remember(id, from)
		}
		return from, err
	}
}

// pay takes one signature from the allowances.
func (s *signers) pay(author string, as standing, free bool, now time.Time) bool {
	a := s.authors[author]
	if a == nil {
		if len(s.authors) >= maxAuthors {
			clear(s.authors)
		}
		a = new(allowance)
		s.authors[author] = a
	}
	switch as {
	case trusted:
		return a.take(now, memberSignatures, authorRefill)
	case groupMember:
		return a.take(now, memberSignatures, authorRefill) &&
			(free || s.members.take(now, allMembersSignatures, allMembersRefill))
	}
	return a.take(now, authorSignatures, authorRefill) &&
		(free || s.strangers.take(now, strangerSignatures, strangerRefill))
}

func (s *signers) remember(id [sha256.Size]byte, from string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.known[id]; known {
		return
	}
	if len(s.order) < maxSigners {
		s.order = append(s.order, id)
	} else {
		delete(s.known, s.order[s.next])
		s.order[s.next] = id
		s.next = (s.next + 1) % maxSigners
	}
	s.known[id] = from
}
