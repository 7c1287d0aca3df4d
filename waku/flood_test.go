package waku

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"statusd/waku/wire"
)

// TestTinyEnvelopes: thousands in one packet are taken; the pool counts what
// they really cost.
func TestTinyEnvelopes(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		const n, bound = 20_000, 4 << 20
		h := startHost(t, Config{PoolBytes: bound, Confirmations: true})
		served := newWitness(t, h, version)
		r := dial(t, h, version, 0, nil)
		var payload []byte
		expiry := uint32(time.Now().Unix()) + 1
		for i := range uint64(n) {
			payload = append(payload, wire.NewEnvelope(expiry, 1, wire.Topic{}, nil, i).RLP()...)
		}
		payload = append(wire.MessagesHeader(len(payload)), payload...)
		if err := r.send(wire.CodeMessages, payload); err != nil {
			t.Fatal(err)
		}
		if got := confirmation(t, r.packets(), r, payload); len(got) > 0 {
			t.Errorf("%d error entries", len(got))
		}
		count, bytes := h.pool.size()
		if bytes > bound || count < bound/1024 || count > bound/entryOverhead {
			t.Errorf("pool holds %d envelopes of %d bytes, bound %d", count, bytes, bound)
		}
		time.Sleep(3 * time.Second)
		if poolLen(h) > 0 {
			t.Errorf("%d envelopes have not expired", poolLen(h))
		}
		served()
	})
}

// TestEnvelopeFloodIsHeldBack: a peer that sends more envelopes than we want to
// hash is read from more slowly, and nobody else is.
func TestEnvelopeFloodIsHeldBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const n = 15_000
		h := newHost(t, Config{})
		stop := run(t, h)
		served := newWitness(t, h, 1)
		r := dial(t, h, 1, 0, nil)
		stale := wire.NewEnvelope(1, 1, wire.Topic{}, nil, 0).RLP()
		payload := append(wire.MessagesHeader(n*len(stale)), bytes.Repeat(stale, n)...)
		synctest.Wait()
		h.peerByID(r.id).intake.Debit(intakeBurst, time.Now()) // its reader waits for a packet
		begin := time.Now()
		for range 3 {
			if err := r.send(wire.CodeMessages, payload); err != nil {
				t.Fatal(err)
			}
		}
		if took, want := time.Since(begin), 2*n*time.Second/intakeRate; took < want || took > want+time.Second/100 {
			t.Errorf("read for %v, want %v", took, want)
		}
		served()
		r.wantOpen()
		stop() // while it waits
		r.wantClosed(CloseStopped)
	})
}

// TestBudgetServesInTurn: a large claim is not overtaken by small ones that
// still fit.
func TestBudgetServesInTurn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBudget(100)
		b.take(90, nil, nil)
		got := make(chan int, 2)
		for _, n := range []int{50, 5} {
			go func() {
				b.take(n, nil, nil)
				got <- n
			}()
			synctest.Wait()
		}
		if len(got) > 0 {
			t.Errorf("%d was served before its turn", <-got)
		}
		b.give(90)
		if first, second := <-got, <-got; first != 50 || second != 5 {
			t.Errorf("served %d, then %d", first, second)
		}
		cancelled := make(chan struct{})
		close(cancelled)
		if b.take(60, cancelled, nil) {
			t.Error("a claim that does not fit was granted")
		}
		if !b.take(45, nil, nil) {
			t.Error("a claim that was given up blocks others")
		}
	})
}

// TestClosingEndsAPause: a reader that waits because its peer sent too much
// ends at once with its connection.
func TestClosingEndsAPause(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		r := dial(t, h, version, 0, nil)
		synctest.Wait()
		h.peerByID(r.id).intake.Debit(3601*intakeRate+intakeBurst, time.Now()) // its reader waits for a packet
		if err := r.sendEnvelopes(testEnvelope(1)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		h.ClosePeers()
		r.wantClosed(CloseStopped)
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}
