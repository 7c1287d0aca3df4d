package topdisc

import (
	"bytes"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/tdtenr"
	"statusd/internal/test/vectors"
)

// FuzzTicket checks that no bytes but the ones given out open as a ticket.
func FuzzTicket(f *testing.F) {
	v := vectors.Section[ticketVectors](f, vectors.Load(f, "discovery"), "topdisc_talk")
	f.Add([]byte(v.Ticket.Bytes))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{1}, ticketSize))
	key := TicketKey(v.Ticket.Key)
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ok := openTicket(raw, &key, enode.ID(v.Ticket.RegistrarID), enode.ID(v.Ticket.AdvertiserID))
		if !ok {
			return
		}
		if !bytes.Equal(got.encode(&key, enode.ID(v.Ticket.RegistrarID), enode.ID(v.Ticket.AdvertiserID)), raw) {
			t.Errorf("%x opens as %+v", raw, got)
		}
	})
}

// play is two advertisers and three registrars whose messages a fuzzer
// delivers, loses, delays and refuses.
type play struct {
	t          *testing.T
	now        time.Time
	registrars map[enode.ID]*Registrar
	parties    []*party
}

type party struct {
	*Advertiser
	self   *enode.Node
	flying []Registration
}

func newPlay(t *testing.T) *play {
	p := &play{t: t, now: start, registrars: make(map[enode.ID]*Registrar)}
	params := Params{Lifetime: time.Minute, Capacity: 4, RegisterPerBucket: 2}
	for i := range uint64(2) {
		self := good(1000 + i)
		table := NewTable(far(), self.ID(), params, NewHealth(params), newRNG())
		for j := range uint64(3) {
			n := good(j*512 + 1)
			table.Insert(n, true, start)
			p.registrars[n.ID()] = NewRegistrar(RegistrarConfig{Self: n.ID(), Params: params, Start: start})
		}
		p.parties = append(p.parties, &party{Advertiser: NewAdvertiser(table, self, newRNG()), self: self})
	}
	return p
}

// step does what one byte says with one of the parties.
func (p *play) step(op byte) {
	a := p.parties[op&1]
	if next := a.Next(); next.After(p.now) && op&2 != 0 {
		p.now = next
	}
	a.flying = append(a.flying, a.Due(2, p.now)...)
	if len(a.flying) == 0 {
		return
	}
	r := a.flying[0]
	a.flying = a.flying[1:]
	switch op >> 2 & 7 {
	case 0:
		a.Failed(r.To.ID(), errTimeout, p.now)
	case 1: // arrives, the answer does not
		p.serve(a, r)
		a.Failed(r.To.ID(), errTimeout, p.now)
	case 2:
		a.Failed(r.To.ID(), Refuse(ReasonTotalLimit), p.now)
	case 3:
		a.Failed(r.To.ID(), &Refusal{Code: CodeRefused}, p.now)
	case 4:
		p.now = p.now.Add(time.Duration(op>>5) * 7 * time.Second)
		p.deliver(a, r)
	case 5:
		a.self = make1(making{id: 1000 + uint64(op&1), seq: a.self.Seq() + 1, version: tdtenr.Version})
		a.SetRecord(a.self, p.now)
		p.deliver(a, r)
	default:
		p.deliver(a, r)
	}
}

func (p *play) serve(a *party, r Registration) (Confirmation, error) {
	registrar := p.registrars[r.To.ID()]
	if err := registrar.Allow(KindRegister, peerOf(a.self), p.now); err != nil {
		return Confirmation{}, err
	}
	return registrar.Register(peerOf(a.self), r.Request, p.now)
}

func (p *play) deliver(a *party, r Registration) {
	c, err := p.serve(a, r)
	if err != nil {
		a.Failed(r.To.ID(), err, p.now)
		return
	}
	a.Confirmed(r.To.ID(), c, nil, p.now)
}

func (p *play) check() {
	for _, a := range p.parties {
		for b := range a.slots {
			if len(a.slots[b]) > a.p.RegisterPerBucket {
				p.t.Fatalf("%d registrations in bucket %d", len(a.slots[b]), b)
			}
			for _, s := range a.slots[b] {
				if s.timeouts >= maxTimeouts {
					p.t.Fatalf("an attempt goes on after %d timeouts", s.timeouts)
				}
			}
		}
	}
	for _, r := range p.registrars {
		if r.cache.count > r.p.Capacity {
			p.t.Fatalf("%d advertisements", r.cache.count)
		}
	}
}

// FuzzRegistration lets a fuzzer play network between advertisers and
// registrars. Whatever it did, an hour and a half of good network later both
// are registered.
func FuzzRegistration(f *testing.F) {
	f.Add([]byte{26, 27, 26, 27, 26, 27})
	f.Add([]byte{2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23, 254, 255})
	f.Add(bytes.Repeat([]byte{3, 2}, 40))
	f.Fuzz(func(t *testing.T, ops []byte) {
		p := newPlay(t)
		for _, op := range ops[:min(len(ops), 300)] {
			p.step(op)
			p.check()
		}
		placed := make(map[int]bool)
		for end := p.now.Add(150 * time.Minute); p.now.Before(end) && len(placed) < 2; {
			for i, a := range p.parties {
				p.step(26 + byte(i)) // advance and deliver
				if active, _ := a.Bucket(0, p.now); active > 0 {
					placed[i] = true
				}
			}
			p.check()
		}
		if len(placed) < 2 {
			t.Errorf("placed %v", placed)
		}
	})
}
