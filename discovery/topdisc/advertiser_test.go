package topdisc

import (
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/tdtenr"
)

// rig is an advertiser with registrars in two buckets.
type rig struct {
	*Advertiser
	now time.Time
}

func self(seq uint64) *enode.Node {
	return make1(making{id: 0xffff, seq: seq, version: tdtenr.Version})
}

func newRig(p Params, registrars int) *rig {
	table := newTable(p)
	for i := range registrars {
		table.Insert(good(uint64(i)*512+1), true, start)   // bucket 0
		table.Insert(good(uint64(i)*512+256), true, start) // bucket 1
	}
	return &rig{Advertiser: NewAdvertiser(table, self(1), newRNG()), now: start}
}

// due advances to the next time and returns the requests.
func (r *rig) due(t *testing.T) []Registration {
	t.Helper()
	for range 100 {
		if next := r.Next(); next.After(r.now) {
			r.now = next
		}
		if due := r.Due(100, r.now); len(due) > 0 {
			return due
		}
	}
	t.Fatal("nothing is ever due")
	return nil
}

// dueOf returns the next request to one registrar.
func (r *rig) dueOf(t *testing.T, id enode.ID) Registration {
	t.Helper()
	for range 1000 {
		for _, d := range r.due(t) {
			if d.To.ID() == id {
				return d
			}
			r.Confirmed(d.To.ID(), Confirmation{Ticket: []byte{1}, Wait: time.Minute}, nil, r.now)
		}
	}
	t.Fatal("registrar is never asked")
	return Registration{}
}

func TestAdvertiserFillsBuckets(t *testing.T) {
	r := newRig(Params{}, 8)
	due := r.Due(100, r.now)
	if len(due) != 10 {
		t.Fatalf("%d requests, want 5 in each of two buckets", len(due))
	}
	for i, d := range due {
		if got := BucketOf(far().Distance(d.To.ID())); got != i/5 {
			t.Errorf("request %d goes to bucket %d", i, got)
		}
		if len(d.Request.Ticket) != 0 || d.Request.Node.ID() != self(1).ID() || len(d.Request.Distances) != 17 {
			t.Errorf("request %+v", d.Request)
		}
	}
	if got := r.Due(100, r.now); len(got) != 0 {
		t.Errorf("%d more before an answer", len(got))
	}
	active, pending := r.Bucket(0, r.now)
	if active != 0 || pending != 5 {
		t.Errorf("%d active, %d pending", active, pending)
	}
}

func TestAdvertiserRespectsLimit(t *testing.T) {
	r := newRig(Params{}, 8)
	if got := r.Due(3, r.now); len(got) != 3 {
		t.Errorf("%d requests, want 3", len(got))
	}
}

func TestAdvertiserComesBackInTime(t *testing.T) {
	p := Params{}.WithDefaults()
	r := newRig(p, 1)
	d := r.due(t)[0]
	asked := r.now
	ticket := []byte{1, 2, 3}
	r.Confirmed(d.To.ID(), Confirmation{Ticket: ticket, Wait: 5 * time.Minute}, nil, asked)
	again := r.dueOf(t, d.To.ID())
	if late := r.now.Sub(asked.Add(5 * time.Minute)); late < 0 || late > time.Second || late >= p.RetryWindow {
		t.Errorf("comes back %s after the agreed moment", late)
	}
	if string(again.Request.Ticket) != string(ticket) {
		t.Errorf("ticket %x", again.Request.Ticket)
	}
	r.Confirmed(d.To.ID(), Confirmation{Wait: 15 * time.Minute}, nil, r.now)
	admitted := r.now
	if active, _ := r.Bucket(BucketOf(far().Distance(d.To.ID())), r.now); active != 1 {
		t.Error("not active")
	}
	renewal := r.dueOf(t, d.To.ID())
	if after := r.now.Sub(admitted); after != 12*time.Minute {
		t.Errorf("renewed after %s", after)
	}
	if len(renewal.Request.Ticket) != 0 {
		t.Error("a renewal begins anew")
	}
}

func TestAdvertiserWaitsAtLeast(t *testing.T) {
	r := newRig(Params{}, 1)
	d := r.due(t)[0]
	requests := 0
	for r.now.Before(start.Add(20 * time.Minute)) {
		r.Confirmed(d.To.ID(), Confirmation{Ticket: []byte{1}, Wait: 0}, nil, r.now)
		last := r.now
		r.dueOf(t, d.To.ID())
		if pause := r.now.Sub(last); pause < 50*time.Millisecond || pause >= 10*time.Second {
			t.Fatalf("pause of %s", pause)
		}
		requests++
	}
	if requests > 20*60/5+20 {
		t.Errorf("a registrar that always says \"now\" got %d requests in 20 minutes", requests)
	}
}

func TestAdvertiserGivesUp(t *testing.T) {
	id := good(1).ID()
	for _, c := range []struct {
		name string
		err  error
		want int // requests
	}{
		{"timeouts", errTimeout, 4},
		{"malformed", ErrMalformed, 4},
		{"busy", Refuse(ReasonNetLimit), 4},
		{"refused", &Refusal{Code: CodeRefused}, 1},
		{"address mismatch", &Refusal{Code: CodeAddressMismatch}, 1},
		{"unknown type", &Refusal{Code: CodeUnknownType}, 1},
		{"not capable", ErrNotCapable, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(Params{}, 1)
			requests := 0
			for r.now.Before(start.Add(10 * time.Minute)) {
				r.dueOf(t, id)
				requests++
				r.Failed(id, c.err, r.now)
				if r.Stats().GivenUp > 0 {
					break
				}
			}
			if requests != c.want || r.Stats().GivenUp != 1 {
				t.Errorf("given up after %d requests, want %d", requests, c.want)
			}
			if active, pending := r.Bucket(0, r.now); active+pending != 0 {
				t.Error("the slot is not free")
			}
			for end := r.now.Add(15 * time.Minute); r.now.Before(end); {
				for _, d := range r.due(t) {
					if d.To.ID() == id && r.now.Before(end) {
						t.Fatalf("asked again after %s", r.now.Sub(start))
					}
					r.Confirmed(d.To.ID(), Confirmation{Ticket: []byte{1}, Wait: time.Minute}, nil, r.now)
				}
			}
		})
	}
}

// TestRetriesFitIntoWindow: a datagram may get lost without the wait being
// forfeited.
func TestRetriesFitIntoWindow(t *testing.T) {
	p := Params{}.WithDefaults()
	id := good(1).ID()
	for name, err := range map[string]error{"lost": errTimeout, "busy": Refuse(ReasonTotalLimit)} {
		r := newRig(p, 1)
		r.dueOf(t, id)
		r.Confirmed(id, Confirmation{Ticket: []byte{7}, Wait: time.Minute}, nil, r.now)
		agreed := r.now.Add(time.Minute)
		r.dueOf(t, id)
		r.Failed(id, err, r.now.Add(time.Second))
		r.now = r.now.Add(time.Second)
		again := r.dueOf(t, id)
		if len(again.Request.Ticket) == 0 || r.now.Sub(agreed) > p.RetryWindow {
			t.Errorf("%s: comes %s after the agreed moment with ticket %x", name, r.now.Sub(agreed), again.Request.Ticket)
		}
	}
}

func TestAttemptIsBounded(t *testing.T) {
	r := newRig(Params{}, 1)
	id := good(1).ID()
	for r.Stats().GivenUp == 0 {
		r.dueOf(t, id)
		r.Confirmed(id, Confirmation{Ticket: []byte{1}, Wait: 14 * time.Minute}, nil, r.now)
	}
	if d := r.now.Sub(start); d > time.Hour {
		t.Errorf("given up after %s, want four lifetimes at most", d)
	}
	r = newRig(Params{}, 1)
	r.dueOf(t, id)
	r.Confirmed(id, Confirmation{Ticket: []byte{1}, Wait: 24 * time.Hour}, nil, r.now)
	if r.Stats().GivenUp != 1 {
		t.Error("waits a day")
	}
}

func TestRecordChange(t *testing.T) {
	r := newRig(Params{}, 2)
	due := r.Due(100, r.now)
	active, pending, flying := due[0].To.ID(), due[1].To.ID(), due[2].To.ID()
	r.Confirmed(active, Confirmation{Wait: 15 * time.Minute}, nil, r.now)
	r.Confirmed(pending, Confirmation{Ticket: []byte{1}, Wait: 10 * time.Minute}, nil, r.now)
	r.now = r.now.Add(time.Second)
	r.SetRecord(self(1), r.now)
	if got := r.Due(100, r.now); len(got) != 0 {
		t.Fatalf("the same record makes %d requests", len(got))
	}
	r.SetRecord(self(2), r.now)
	got := r.Due(100, r.now)
	if len(got) != 1 || got[0].To.ID() != pending || len(got[0].Request.Ticket) != 0 || got[0].Request.Node.Seq() != 2 {
		t.Fatalf("got %+v, want the pending attempt anew", got)
	}
	r.Confirmed(flying, Confirmation{Ticket: []byte{9}, Wait: 10 * time.Minute}, nil, r.now)
	got = r.Due(100, r.now)
	if len(got) != 1 || got[0].To.ID() != flying || len(got[0].Request.Ticket) != 0 {
		t.Fatalf("got %+v, want the attempt whose ticket is for the former record", got)
	}
	if n, _ := r.Bucket(BucketOf(far().Distance(active)), r.now); n != 1 {
		t.Error("an active registration was dropped")
	}
}

func TestHostileAnswers(t *testing.T) {
	r := newRig(Params{}, 1)
	id := good(1).ID()
	requests := 0
	for r.now.Before(start.Add(time.Hour)) {
		r.dueOf(t, id)
		requests++
		r.Confirmed(id, Confirmation{Wait: 0}, nil, r.now) // admitted, for no time
	}
	if requests > 60 {
		t.Errorf("%d requests in an hour", requests)
	}
	before := r.Stats()
	r.Confirmed(good(9999).ID(), Confirmation{}, nil, r.now) // never asked
	r.Failed(good(9999).ID(), errTimeout, r.now)
	if r.Stats() != before {
		t.Error("answers nobody asked for count")
	}
}

func TestAuxiliaryRecordsGrowTheTable(t *testing.T) {
	r := newRig(Params{}, 1)
	d := r.due(t)
	var aux []*enode.Node
	for i := range 40 {
		aux = append(aux, good(uint64(i)*512+4096*512+1))
	}
	r.Confirmed(d[0].To.ID(), Confirmation{Ticket: []byte{1}, Wait: time.Minute}, aux, r.now)
	if nodes, verified := r.table.Len(); nodes > 2+MaxAux || nodes < MaxAux || verified != 2 {
		t.Errorf("%d registrars, %d verified", nodes, verified)
	}
}

func TestGrowthFillsAtOnce(t *testing.T) {
	r := newRig(Params{}, 1)
	r.Due(100, r.now)
	r.table.Insert(good(513), true, r.now)
	if !r.Next().Before(r.now.Add(time.Second)) {
		t.Error("a new registrar waits for the next fill pass")
	}
	if got := r.Due(100, r.now); len(got) != 1 || got[0].To.ID() != good(513).ID() {
		t.Errorf("got %v", got)
	}
}

// TestRestartedRegistrarIsAskedAgain: a registrar that was restarted has lost
// its advertisements, and its record is newer than before.
func TestRestartedRegistrarIsAskedAgain(t *testing.T) {
	r := newRig(Params{}, 1)
	for _, d := range r.due(t) {
		r.Confirmed(d.To.ID(), Confirmation{Wait: r.p.Lifetime}, nil, r.now)
	}
	newer := func(seq uint64) *enode.Node { return make1(making{id: 1, seq: seq, version: tdtenr.Version}) }
	admitted := r.now
	r.table.Insert(newer(2), true, r.now)
	due := r.due(t)
	if len(due) != 1 || due[0].To.ID() != good(1).ID() || due[0].To.Seq() != 2 {
		t.Fatalf("due %v", due)
	}
	if after := r.now.Sub(admitted); after != r.p.FillPeriod {
		t.Errorf("asked again after %v", after)
	}
	if active, _ := r.Bucket(0, r.now); active != 1 {
		t.Error("the advertisement is given up before it is renewed")
	}
	r.Confirmed(due[0].To.ID(), Confirmation{Wait: r.p.Lifetime}, nil, r.now)
	// Whatever records it shows, it is not asked more often than that.
	again := r.now
	for i := range 50 {
		r.table.Insert(newer(uint64(3+i)), true, r.now)
		r.table.Insert(good(uint64(1000+i)*512+256), true, r.now) // the table grows
		for _, d := range r.Due(100, r.now) {
			if d.To.ID() == good(1).ID() {
				t.Fatal("asked again at once")
			}
		}
		r.now = r.now.Add(time.Second)
	}
	if d := r.dueOf(t, good(1).ID()); r.now.Sub(again) < r.p.FillPeriod {
		t.Errorf("asked %s after %v", d.To.ID(), r.now.Sub(again))
	}
}
