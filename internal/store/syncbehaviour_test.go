package store

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"statusd/datasync"
)

var updateBehaviour = flag.Bool("update-behaviour", false, "rewrite "+behaviourFile)

const behaviourFile = "testdata/datasync-behaviour.txt"

// witness writes down what one party does, with the beginnings of ids.
type witness struct {
	*syncParty
	t    *testing.T
	dir  string
	rng  *rand.Rand
	sent map[datasync.PeerID][]datasync.MessageID // messages that were sent to somebody
	refs int

	offline bool // until the next start
	text    strings.Builder
	lines   []string // of this step
}

func (o *witness) peer(i int) datasync.PeerID { return datasync.PeerID{0: 4, 1: 100, 2: byte(i)} }

func (o *witness) ref(i int) datasync.Ref { return datasync.Ref{7: byte(i), 31: 1} }

func (o *witness) name(id datasync.MessageID) string { return id.String()[:6] }

func (o *witness) note(format string, args ...any) {
	o.lines = append(o.lines, fmt.Sprintf(format, args...))
}

// Send implements runner.Port.
func (o *witness) Send(_ context.Context, _ *Tx, s datasync.Send, payload []byte) error {
	p, err := datasync.Decode(payload)
	if err != nil {
		return err
	}
	var acks, asks, messages []string
	for _, id := range p.Acks {
		acks = append(acks, o.name(id))
	}
	slices.Sort(acks)
	for _, id := range p.Requests {
		asks = append(asks, o.name(id))
	}
	slices.Sort(asks)
	for i, m := range p.Messages {
		name := o.name(m.ID())
		if s.Messages[i].Again {
			name += " again"
		}
		messages = append(messages, name)
		if !slices.Contains(o.sent[s.To], m.ID()) {
			o.sent[s.To] = append(o.sent[s.To], m.ID())
		}
	}
	o.note("sent to %d: acks %v, requests %v, messages %v, %d bytes", s.To[2], acks, asks, messages, len(payload))
	return nil
}

// Receipts implements runner.Port.
func (o *witness) Receipts(_ context.Context, _ *Tx, receipts []datasync.Receipt) error {
	for _, r := range receipts {
		o.note("receipt of %d by %d: %v, waiting %d", r.Ref[7], r.Peer[2], r.Outcome, r.Waiting)
	}
	return nil
}

// some picks messages that were sent to a peer.
func (o *witness) some(peer datasync.PeerID) (ids []datasync.MessageID) {
	for range o.rng.IntN(4) {
		if list := o.sent[peer]; len(list) > 0 {
			ids = append(ids, list[o.rng.IntN(len(list))])
		}
	}
	return ids
}

// payload is what a peer sends: something new, something old, answers.
func (o *witness) payload(peer datasync.PeerID) (p datasync.Payload) {
	group := datasync.OneToOne(o.self, peer)
	p.Acks = o.some(peer)
	if o.rng.IntN(5) == 0 {
		p.Requests = o.some(peer)
	}
	if o.rng.IntN(6) == 0 {
		p.Offers = append(p.Offers, datasync.MessageID{byte(o.rng.IntN(20)), 9})
	}
	for range o.rng.IntN(3) {
		m := datasync.Message{
			Group: group[:], Timestamp: int64(o.rng.IntN(5)), Body: fmt.Appendf(nil, "body %d", o.rng.IntN(30)),
		}
		p.Messages = append(p.Messages, m)
	}
	return p
}

var errTakenBack = errors.New("taken back")

// work does one random thing in a transaction.
func (o *witness) work(tx *Tx) error {
	ctx, peer := context.Background(), o.peer(1+o.rng.IntN(4))
	switch k := o.rng.IntN(20); {
	case k < 6:
		o.refs++
		m := datasync.Outgoing{Ref: o.ref(o.refs), Body: fmt.Appendf(nil, "%d", o.refs), To: []datasync.PeerID{peer}}
		if k == 0 {
			m.To = []datasync.PeerID{o.peer(1), o.peer(2), o.peer(3), o.peer(4), o.self}
		}
		_, err := o.run.Append(tx, m)
		return err
	case k < 14:
		in := o.payload(peer)
		list, err := o.run.Handle(ctx, tx, peer, in, k < 13)
		for _, d := range list {
			o.note("delivered %s of %d: %s", o.name(d.ID), d.From[2], d.Body)
			if err == nil && o.rng.IntN(8) == 0 {
				err = o.run.Refuse(tx, d.ID)
			}
		}
		return err
	case k == 14:
		return o.run.Heard(tx, peer)
	case k == 15:
		return o.run.Missed(tx, peer)
	case k == 16 && o.refs > 0:
		return o.run.Cancel(ctx, tx, o.ref(1+o.rng.IntN(o.refs)))
	case k == 17 && o.refs > 0:
		_, err := o.run.Retry(tx, o.ref(1+o.rng.IntN(o.refs)))
		return err
	case k == 18 && o.rng.IntN(3) == 0:
		return o.run.Forget(ctx, tx, peer)
	}
	return nil
}

// step lets time pass, works in a transaction of which parts are taken back,
// and writes down what came of it.
func (o *witness) step() {
	o.t.Helper()
	o.clock += []int64{1, 1, 5, 25, 25, 120, 3600, 5 * 3600}[o.rng.IntN(8)]
	if o.rng.IntN(40) == 0 {
		o.clock += 8 * 24 * 3600
	}
	if o.rng.IntN(25) == 0 {
		o.offline = o.rng.IntN(3) == 0
		o.run.SetOnline(!o.offline)
	}
	o.lines = nil
	fail := o.rng.IntN(10) == 0
	err := o.db.Update(context.Background(), func(tx *Tx) error {
		for range 1 + o.rng.IntN(3) {
			back := o.rng.IntN(6) == 0
			before := len(o.lines)
			err := tx.Savepoint(func() error {
				if err := o.work(tx); err != nil {
					return err
				}
				if back {
					return errTakenBack
				}
				return nil
			})
			if errors.Is(err, errTakenBack) {
				o.lines = o.lines[:before]
				continue
			}
			if err != nil {
				return err
			}
		}
		if err := o.run.Flush(context.Background(), tx); err != nil {
			return err
		}
		if fail {
			return errTakenBack
		}
		return nil
	})
	if fail && errors.Is(err, errTakenBack) {
		return
	}
	if err != nil {
		o.t.Fatal(err)
	}
	slices.Sort(o.lines)
	for _, line := range o.lines {
		fmt.Fprintf(&o.text, "%8d %s\n", o.clock-1_700_000_000, line)
	}
	next := "never"
	if at := o.next(o.t); !at.IsZero() {
		next = fmt.Sprint(max(at.Unix()-o.clock, 0))
	}
	fmt.Fprintf(&o.text, "%8d next in %s\n", o.clock-1_700_000_000, next)
}

// TestBehaviourOfDataSync plays random days of one account with four others:
// messages to one and to all, acks, lost acks, requests, copies, savepoints
// and transactions that are taken back, restarts, times without a peer, and
// pauses of days. What it does, and when, is compared line by line with what
// was written down: when something is sent again, whom it says was reached,
// what it acknowledges.
func TestBehaviourOfDataSync(t *testing.T) {
	var all strings.Builder
	for seed := range uint64(5) {
		o := &witness{
			t: t, dir: t.TempDir(), rng: rand.New(rand.NewPCG(seed, 20)),
			sent: make(map[datasync.PeerID][]datasync.MessageID),
		}
		o.boot()
		for range 120 {
			o.step()
			if o.rng.IntN(30) == 0 && !o.offline {
				o.clock += 30 // who was heard just before has no meaning any more
				now := o.clock
				closeDB(t, o.db)
				o.boot()
				o.clock = now
			}
		}
		fmt.Fprintf(&all, "seed %d\n%s", seed, o.text.String())
	}
	if *updateBehaviour {
		if err := os.WriteFile(behaviourFile, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(behaviourFile)
	if err != nil {
		t.Fatal(err)
	}
	got := []byte(all.String())
	if bytes.Equal(got, want) {
		return
	}
	old, now := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range min(len(old), len(now)) {
		if old[i] != now[i] {
			t.Fatalf("line %d:\n%s\nwant\n%s\nafter\n%s", i+1, strings.Join(now[i:min(i+6, len(now))], "\n"),
				strings.Join(old[i:min(i+6, len(old))], "\n"), strings.Join(old[max(0, i-12):i], "\n"))
		}
	}
	t.Fatalf("%d lines, want %d", len(now), len(old))
}
