package waku

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku/wire"
)

// tracks is a Tracker that writes down what it is told.
type tracks struct{ notes[string] }

func (k *tracks) Sent(hash wire.Hash, peer enode.ID) { k.add(fmt.Sprintf("sent %s %s", hash, peer)) }

func (k *tracks) Refused(hash wire.Hash, peer enode.ID, timeError bool, text string) {
	k.add(fmt.Sprintf("refused %s %s %t %s", hash, peer, timeError, text))
}

func (k *tracks) ReceivedBack(hash wire.Hash, peer enode.ID) {
	k.add(fmt.Sprintf("back %s %s", hash, peer))
}

func (k *tracks) Expired(hash wire.Hash) { k.add(fmt.Sprintf("expired %s", hash)) }

func (k *tracks) want(t *testing.T, what string, want ...string) {
	t.Helper()
	if got := k.take(); !slices.Equal(got, want) {
		t.Errorf("%s: got events %q, want %q", what, got, want)
	}
}

func sent(env *wire.Envelope, r *remote) string { return fmt.Sprintf("sent %s %s", env.Hash(), r.id) }

func refused(env *wire.Envelope, r *remote, timeError bool, text string) string {
	return fmt.Sprintf("refused %s %s %t %s", env.Hash(), r.id, timeError, text)
}

// TestTrackerWithoutConfirmations: an own envelope counts as sent when it was
// written; what is relayed is not reported.
func TestTrackerWithoutConfirmations(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		k := new(tracks)
		h := startHost(t, Config{Tracker: k})
		own := testEnvelope(1)
		if err := h.Submit(own); err != nil {
			t.Fatal(err)
		}
		k.want(t, "no peer")
		a := dial(t, h, version, 0, wantAll())
		k.want(t, "first peer", sent(own, a))
		nothing := dial(t, h, version, 1, &wire.StatusOptions{Topics: []wire.Topic{}})
		k.want(t, "peer that does not want it")
		b := dial(t, h, version, 2, wantAll())
		k.want(t, "second peer", sent(own, b))
		if err := nothing.sendEnvelopes(testEnvelope(2)); err != nil {
			t.Fatal(err)
		}
		k.want(t, "relayed")
		deaf := dialDeaf(t, h, version, 3, wantAll())
		k.want(t, "a peer that does not read")
		deaf.close()
		k.want(t, "a peer that went before it read")
	})
}

// messagesHash reads the next Messages packet of a remote and returns its
// batch hash.
func messagesHash(t *testing.T, r *remote) wire.Hash {
	t.Helper()
	packets := r.packets()
	if len(packets) != 1 || packets[0].code != wire.CodeMessages {
		t.Fatalf("got %d packets, want one bundle", len(packets))
	}
	return wire.BatchHash(packets[0].payload)
}

// TestTrackerWithConfirmations: a peer that confirms decides with code 11, or
// with code 12, which comes first.
func TestTrackerWithConfirmations(t *testing.T) {
	yes := true
	bothVersions(t, func(t *testing.T, version uint) {
		k := new(tracks)
		h := startHost(t, Config{Tracker: k})
		o := wantAll()
		o.Confirmations = &yes
		r, other := dial(t, h, version, 0, o), dial(t, h, version, 1, &wire.StatusOptions{Topics: []wire.Topic{}})
		synctest.Wait()
		ack := func(batch wire.Hash) {
			if err := r.send(wire.CodeBatchAck, wire.EncodeBatchAck(batch)); err != nil {
				t.Fatal(err)
			}
		}
		respond := func(batch wire.Hash, list ...wire.EnvelopeError) {
			response := wire.MessageResponse{Batch: batch, Errors: list}
			if err := r.send(wire.CodeMessageResponse, response.Encode()); err != nil {
				t.Fatal(err)
			}
		}
		submit := func(seed uint64) *wire.Envelope {
			env := testEnvelope(seed)
			if err := h.Submit(env); err != nil {
				t.Fatal(err)
			}
			return env
		}
		env := submit(1)
		batch := messagesHash(t, r)
		k.want(t, "written")
		ack(wire.Hash{1})
		respond(wire.Hash{2})
		k.want(t, "unknown batches")
		ack(batch)
		k.want(t, "acknowledged", sent(env, r))
		ack(batch)
		respond(batch)
		k.want(t, "acknowledged again")

		env = submit(2)
		respond(messagesHash(t, r))
		k.want(t, "response without entries", sent(env, r))

		for i, c := range []struct {
			code uint64
			time bool
		}{{wire.ResponseTimeError, true}, {wire.ResponseLegacyTime, true}, {wire.ResponseOther, false}, {77, false}} {
			env = submit(uint64(10 + i))
			batch = messagesHash(t, r)
			respond(batch, wire.EnvelopeError{Hash: env.Hash(), Code: c.code, Description: "no"})
			ack(batch)
			k.want(t, fmt.Sprintf("entry with code %d", c.code), refused(env, r, c.time, "no"))
		}

		if err := other.sendEnvelopes(testEnvelope(50)); err != nil {
			t.Fatal(err)
		}
		ack(messagesHash(t, r))
		k.want(t, "relayed")
		r.wantOpen()
	})
}

// TestTrackerPeerChangesMind: a peer that turns confirmations on or off later
// is taken at its word from then on, and no envelope is forgotten.
func TestTrackerPeerChangesMind(t *testing.T) {
	yes, no := true, false
	bothVersions(t, func(t *testing.T, version uint) {
		k := new(tracks)
		h := startHost(t, Config{Tracker: k})
		r := dial(t, h, version, 0, wantAll())
		env := testEnvelope(1)
		if err := h.Submit(env); err != nil {
			t.Fatal(err)
		}
		k.want(t, "before", sent(env, r))
		r.packets()
		if err := r.update(wire.StatusOptions{Confirmations: &yes}); err != nil {
			t.Fatal(err)
		}
		env = testEnvelope(2)
		if err := h.Submit(env); err != nil {
			t.Fatal(err)
		}
		batch := messagesHash(t, r)
		k.want(t, "on")
		if err := r.update(wire.StatusOptions{Confirmations: &no}); err != nil {
			t.Fatal(err)
		}
		if err := r.send(wire.CodeBatchAck, wire.EncodeBatchAck(batch)); err != nil {
			t.Fatal(err)
		}
		k.want(t, "late confirmation", sent(env, r))
		env = testEnvelope(3)
		if err := h.Submit(env); err != nil {
			t.Fatal(err)
		}
		k.want(t, "off", sent(env, r))
	})
}

// TestUnackedIsBounded: a peer that announces confirmations and sends none
// costs a bounded amount of memory; the latest are still settled.
func TestUnackedIsBounded(t *testing.T) {
	yes := true
	bubble(t, func(t *testing.T) {
		k := new(tracks)
		h := startHost(t, Config{Tracker: k})
		o := wantAll()
		o.Confirmations = &yes
		r := dial(t, h, 1, 0, o)
		var batches []wire.Hash
		for i := range uint64(3 * maxUnacked) {
			if err := h.Submit(testEnvelope(i)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second / paceRate) // each in a packet of its own
			batches = append(batches, messagesHash(t, r))
		}
		table := &h.peerByID(r.id).unacked
		if len(table.batches) != maxUnacked || len(table.order) > maxUnacked {
			t.Errorf("%d packets are remembered", len(table.batches))
		}
		for _, batch := range []wire.Hash{batches[0], batches[len(batches)-1]} {
			if err := r.send(wire.CodeBatchAck, wire.EncodeBatchAck(batch)); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(k.take()); n != 1 {
			t.Errorf("%d envelopes were settled, want the last", n)
		}
	})
}

// TestConfirmationsInOrder: two packets are answered 12, 11, 12, 11, to their
// sender alone.
func TestConfirmationsInOrder(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{Confirmations: true})
		r, other := dial(t, h, version, 0, nil), dial(t, h, version, 1, nil)
		if r.status.Confirmations == nil || !*r.status.Confirmations {
			t.Error("confirmations are not announced")
		}
		low := wire.NewEnvelope(uint32(time.Now().Unix())+50, 0, testTopic(0), nil, 1)
		first, second := wire.EncodeMessages(nil), wire.EncodeMessages([]*wire.Envelope{low, testEnvelope(1)})
		for _, batch := range [][]byte{first, second} {
			if err := r.send(wire.CodeMessages, batch); err != nil {
				t.Fatal(err)
			}
		}
		got := r.packets()
		if len(got) != 4 {
			t.Fatalf("got %d packets, want 4", len(got))
		}
		if list := confirmation(t, got[:2], r, first); len(list) != 0 {
			t.Errorf("first packet: %v", list)
		}
		list := confirmation(t, got[2:], r, second)
		if len(list) != 1 || list[0].Hash != low.Hash() || list[0].Code != wire.ResponseOther || list[0].Description == "" {
			t.Errorf("second packet: %v", list)
		}
		for _, pkt := range other.packets() {
			if pkt.code != wire.CodeMessages {
				t.Errorf("the other peer got code %d", pkt.code)
			}
		}
	})
}
