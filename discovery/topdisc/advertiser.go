package topdisc

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/deadline"
)

// Rules of the advertiser (spec 08 section 2.8).
const (
	maxTimeouts   = 4           // of an attempt
	maxAttempt    = 4           // lifetimes that an attempt may last in all
	renewAt       = 0.8         // of the lifetime of an advertisement
	maxRetryDelay = time.Second // on top of the wait that the registrar said
)

// Advertiser keeps this node registered for one service. It is not safe for
// concurrent use.
type Advertiser struct {
	table *Table
	p     Params
	rng   *rand.Rand
	self  *enode.Node
	slots [Buckets][]*slot
	avoid map[enode.ID]time.Time // registrars that refused or were given up, until when
	fill  time.Time              // next fill pass
	grown uint64                 // Table.Grown at the last one
	soon  time.Time              // no request is due before; zero: none at all
	stats AdvertiserStats
}

// AdvertiserStats counts what an advertiser did.
type AdvertiserStats struct {
	Sent     uint64 // requests
	Admitted uint64
	Waits    uint64 // answers with a ticket
	GivenUp  uint64 // attempts
	Refused  uint64 // answers with an error
	Timeouts uint64 // requests without a valid answer
}

// slot is a registration, active or pending or both while it is renewed.
type slot struct {
	node     *enode.Node
	id       enode.ID
	asking   bool      // a request is on its way
	seq      uint64    // of the record in that request
	due      time.Time // of the next request
	began    time.Time // of this attempt
	placed   time.Time // last admission; zero: never
	expires  time.Time // likewise
	ticket   []byte
	visits   int // with a ticket as answer
	timeouts int // in this attempt
}

// Registration is a request to send.
type Registration struct {
	To      *enode.Node
	Request RegRequest
}

// NewAdvertiser returns an advertiser of the node self that chooses registrars
// from the table.
func NewAdvertiser(t *Table, self *enode.Node, rng *rand.Rand) *Advertiser {
	return &Advertiser{table: t, p: t.p, rng: rng, self: self, avoid: make(map[enode.ID]time.Time)}
}

// SetRecord gives the advertiser a newer record of its node. Attempts begin
// again, since tickets belong to a record; what is registered stays until it
// is renewed.
func (a *Advertiser) SetRecord(self *enode.Node, now time.Time) {
	if self.Seq() <= a.self.Seq() {
		return
	}
	a.self = self
	for _, bucket := range a.slots {
		for _, s := range bucket {
			if s.pending(now) {
				s.restart(now)
				a.soon = now
			}
		}
	}
}

func (s *slot) active(now time.Time) bool { return s.expires.After(now) }

// pending reports whether an attempt is under way.
func (s *slot) pending(now time.Time) bool {
	return !s.active(now) || !s.due.After(now) || s.ticket != nil
}

func (s *slot) restart(now time.Time) {
	s.due, s.began, s.ticket, s.timeouts, s.visits = now, now, nil, 0, 0
}

// Due returns up to limit requests to send now. Confirmed or Failed tells how
// each went.
func (a *Advertiser) Due(limit int, now time.Time) []Registration {
	if !now.Before(a.fill) || a.table.Grown() != a.grown {
		a.fillSlots(now)
	}
	if a.soon.IsZero() || now.Before(a.soon) {
		return nil
	}
	var due []Registration
	var later time.Time
	for _, bucket := range a.slots {
		for _, s := range bucket {
			if s.asking {
				continue
			}
			if s.due.After(now) || len(due) == limit {
				later = deadline.Earliest(later, s.due)
				continue
			}
			if s.timeouts == 0 && s.ticket == nil {
				s.began = now
			}
			s.asking, s.seq = true, a.self.Seq()
			a.stats.Sent++
			due = append(due, Registration{To: s.node, Request: RegRequest{
				Service: a.table.service, Node: a.self, Ticket: s.ticket, Distances: a.table.Room(),
			}})
		}
	}
	a.soon = later
	return due
}

// Next returns when Due may have something to do, if nothing else happens
// before.
func (a *Advertiser) Next() time.Time {
	if a.table.Grown() != a.grown {
		return time.Unix(0, 0)
	}
	return deadline.Earliest(a.fill, a.soon)
}

// fillSlots begins registrations in every bucket with room, farthest first.
func (a *Advertiser) fillSlots(now time.Time) {
	a.fill = now.Add(a.p.FillPeriod)
	a.grown = a.table.Grown()
	for id, until := range a.avoid {
		if !now.Before(until) {
			delete(a.avoid, id)
		}
	}
	a.recheck(now)
	for b := range a.slots {
		room := a.p.RegisterPerBucket - len(a.slots[b])
		if room <= 0 {
			continue
		}
		taken := func(id enode.ID) bool {
			_, avoided := a.avoid[id]
			return avoided || a.slot(b, id) >= 0
		}
		for _, n := range a.table.Pick(b, room, taken, now) {
			a.slots[b] = append(a.slots[b], &slot{node: n, id: n.ID(), due: now, began: now})
			a.soon = now
		}
	}
}

// recheck renews what is registered with a registrar whose record became
// newer: it has most likely been restarted, and then it knows of no
// advertisement. A registrar cannot have itself asked all the time that way.
func (a *Advertiser) recheck(now time.Time) {
	for _, bucket := range a.slots {
		for _, s := range bucket {
			e := a.table.known[s.id]
			if e == nil || s.asking || e.node.Seq() <= s.node.Seq() || now.Sub(s.placed) < a.p.FillPeriod {
				continue
			}
			s.node = e.node
			if s.active(now) && s.ticket == nil {
				s.restart(now)
				a.soon = now
			}
		}
	}
}

func (a *Advertiser) slot(bucket int, id enode.ID) int {
	return slices.IndexFunc(a.slots[bucket], func(s *slot) bool { return s.id == id })
}

// find returns the slot that waits for an answer of a registrar.
func (a *Advertiser) find(id enode.ID) (s *slot, free func()) {
	b := BucketOf(a.table.service.Distance(id))
	i := a.slot(b, id)
	if i < 0 || !a.slots[b][i].asking {
		return nil, nil
	}
	s = a.slots[b][i]
	return s, func() { a.slots[b] = slices.Delete(a.slots[b], i, i+1) }
}

// Confirmed takes a registrar's answer and the registrars that came with it.
func (a *Advertiser) Confirmed(id enode.ID, c Confirmation, aux []*enode.Node, now time.Time) {
	a.table.Succeeded(id)
	for _, n := range aux[:min(len(aux), MaxAux)] {
		a.table.Insert(n, false, now)
	}
	s, free := a.find(id)
	if s == nil {
		return
	}
	s.asking = false
	defer func() { a.soon = deadline.Earliest(a.soon, s.due) }()
	if c.Admitted() {
		// Whatever the registrar says, it is asked no more often than this.
		lifetime := min(max(c.Wait, a.p.Lifetime/10), 24*time.Hour)
		a.stats.Admitted++
		s.restart(now)
		s.placed, s.expires = now, now.Add(lifetime)
		s.due = now.Add(time.Duration(renewAt * float64(lifetime)))
		return
	}
	a.stats.Waits++
	if s.seq != a.self.Seq() { // the ticket is for the former record
		s.restart(now)
		return
	}
	s.ticket, s.timeouts = c.Ticket, 0
	wait := max(c.Wait, a.minWait(s.visits))
	s.visits++
	if now.Add(wait).Sub(s.began) > maxAttempt*a.p.Lifetime {
		a.giveUp(s, free, now)
		return
	}
	s.due = now.Add(wait + a.jitter(min(maxRetryDelay, a.p.RetryWindow/4)))
}

// minWait keeps a registrar that always says "soon" from being asked all the
// time; it stays well inside the retry window.
func (a *Advertiser) minWait(visits int) time.Duration {
	return min(a.p.MinWait<<min(visits, 20), max(a.p.RetryWindow/2, a.p.MinWait))
}

func (a *Advertiser) jitter(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return time.Duration(a.rng.Int64N(int64(most)))
}

// Failed notes that a request got no confirmation.
func (a *Advertiser) Failed(id enode.ID, err error, now time.Time) {
	a.table.Failed(id, err, now)
	s, free := a.find(id)
	if s == nil {
		return
	}
	s.asking = false
	defer func() { a.soon = deadline.Earliest(a.soon, s.due) }()
	var refusal *Refusal
	refused := errors.As(err, &refusal)
	if refused {
		a.stats.Refused++
	} else {
		a.stats.Timeouts++
	}
	s.timeouts++
	final := refused && refusal.Code != CodeBusy || errors.Is(err, ErrNotCapable)
	if final || s.timeouts >= maxTimeouts || now.Sub(s.began) > maxAttempt*a.p.Lifetime {
		a.giveUp(s, free, now)
		return
	}
	// A busy registrar gets as much time as the ticket allows, a lost datagram
	// is sent again so early that several tries fit into the window.
	pause := a.p.RetryWindow / 10 * time.Duration(s.timeouts)
	if refused {
		pause = a.p.RetryWindow * 6 / 10
	}
	s.due = now.Add(pause + a.jitter(a.p.RetryWindow/10))
}

func (a *Advertiser) giveUp(s *slot, free func(), now time.Time) {
	a.stats.GivenUp++
	a.avoid[s.id] = now.Add(a.p.Lifetime)
	free()
}

// Bucket returns the number of registrations of a bucket that are active, and
// of those that wait for their first admission.
func (a *Advertiser) Bucket(bucket int, now time.Time) (active, pending int) {
	for _, s := range a.slots[bucket] {
		if s.active(now) {
			active++
		} else {
			pending++
		}
	}
	return active, pending
}

// Active calls yield for each registrar that admitted this node and has not
// let the advertisement expire.
func (a *Advertiser) Active(now time.Time, yield func(registrar enode.ID)) {
	for _, bucket := range a.slots {
		for _, s := range bucket {
			if s.active(now) {
				yield(s.id)
			}
		}
	}
}

// Stats returns the counters.
func (a *Advertiser) Stats() AdvertiserStats { return a.stats }
