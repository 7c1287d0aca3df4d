package envelopes

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"statusd/waku/wire"
)

func hash(n int) wire.Hash { return wire.BatchHash([]byte(fmt.Sprint("envelope", n))) }

var (
	relay  = Peer{ID: PeerID{1}}
	server = Peer{ID: PeerID{2}, MailServer: true}
	ids    = []MessageID{{1}, {2}}
)

func posted(t *testing.T, cfg Config) *Tracker {
	t.Helper()
	tr := New(cfg)
	want(t, tr.Queue(7, ids), PutRecord{Record{7, Queued, 1, wire.Hash{}, ids}})
	want(t, tr.Posted(7, hash(1)), PutRecord{Record{7, Posted, 1, hash(1), ids}})
	return tr
}

func want(t *testing.T, got []Effect, want ...Effect) {
	t.Helper()
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("effects %+v, want %+v", got, want)
	}
}

func TestSentOnce(t *testing.T) {
	tr := posted(t, Config{MaxAttempts: 6})
	want(t, tr.SentToPeer(hash(1), relay, nil), DropRecord{7}, Sent{7, ids})
	want(t, tr.SentToPeer(hash(1), relay, nil))
	want(t, tr.ReceivedBack(hash(1), relay))
	want(t, tr.Expired(hash(1)))
	if tr.Pending() != 0 {
		t.Errorf("%d pending", tr.Pending())
	}
}

func TestExpiredIsPostedAgain(t *testing.T) {
	tr := posted(t, Config{MaxAttempts: 3})
	for i := 1; i < 3; i++ {
		want(t, tr.Expired(hash(i)), PutRecord{Record{7, Queued, i + 1, wire.Hash{}, ids}}, Repost{7})
		want(t, tr.Posted(7, hash(i+1)), PutRecord{Record{7, Posted, i + 1, hash(i + 1), ids}})
		want(t, tr.ReceivedBack(hash(i), relay)) // the old envelope no longer counts
	}
	want(t, tr.Expired(hash(3)), DropRecord{7}, Expired{7, ids, Connectivity})
	for _, max := range []int{0, 1} {
		tr = posted(t, Config{MaxAttempts: max})
		want(t, tr.Expired(hash(1)), DropRecord{7}, Expired{7, ids, Connectivity})
	}
}

func TestBatches(t *testing.T) {
	batch := hash(99)
	refuse := func(code uint) []Refusal { return []Refusal{{hash(1), code}, {hash(55), 1}} }
	for code, reason := range map[uint]Reason{1: TimeSync, 21: TimeSync, 2: Connectivity, 22: Connectivity} {
		tr := posted(t, Config{MaxAttempts: 1})
		tr.Queue(8, nil)
		tr.Posted(8, hash(2))
		want(t, tr.SentToPeer(hash(1), server, &batch))
		want(t, tr.SentToPeer(hash(2), server, &batch))
		want(t, tr.Acknowledged(relay, batch, nil)) // not its batch
		got := tr.Acknowledged(server, batch, refuse(code))
		if len(got) != 4 || !slices.ContainsFunc(got, func(e Effect) bool {
			return reflect.DeepEqual(e, Expired{7, ids, reason})
		}) || !slices.ContainsFunc(got, func(e Effect) bool {
			s, ok := e.(Sent)
			return ok && s.Post == 8
		}) {
			t.Errorf("code %d: %+v", code, got)
		}
		want(t, tr.Acknowledged(server, batch, nil))
	}
}

func TestRefusedAfterSentIsSent(t *testing.T) {
	tr, batch := posted(t, Config{MaxAttempts: 6}), hash(99)
	want(t, tr.SentToPeer(hash(1), server, &batch))
	want(t, tr.SentToPeer(hash(1), relay, nil), DropRecord{7}, Sent{7, ids})
	want(t, tr.Acknowledged(server, batch, []Refusal{{hash(1), 21}}))
	if len(tr.batches) != 0 {
		t.Errorf("%d batches are left", len(tr.batches))
	}
}

func TestMailServersOnly(t *testing.T) {
	tr, batch := posted(t, Config{MaxAttempts: 1, MailServersOnly: true}), hash(99)
	want(t, tr.SentToPeer(hash(1), relay, nil))
	want(t, tr.ReceivedBack(hash(1), relay))
	want(t, tr.SentToPeer(hash(1), server, &batch))
	want(t, tr.Acknowledged(Peer{ID: server.ID}, batch, nil))
	want(t, tr.Acknowledged(server, batch, nil), DropRecord{7}, Sent{7, ids})
	tr = posted(t, Config{MaxAttempts: 1, MailServersOnly: true})
	want(t, tr.Expired(hash(1)), DropRecord{7}, Expired{7, ids, Connectivity})
}

func TestPostingFails(t *testing.T) {
	tr := New(Config{MaxAttempts: 2})
	tr.Queue(7, ids)
	want(t, tr.Posted(7, wire.Hash{})) // no envelope, no registration
	want(t, tr.Failed(7), PutRecord{Record{7, Queued, 2, wire.Hash{}, ids}}, Repost{7})
	want(t, tr.Failed(7), DropRecord{7}, Expired{7, ids, Connectivity})
	want(t, tr.Failed(7))
	want(t, tr.Posted(7, hash(1)))
}

func TestRestartQueuesAgain(t *testing.T) {
	tr := posted(t, Config{MaxAttempts: 6})
	tr.Queue(3, nil)
	again := New(Config{MaxAttempts: 6})
	want(t, again.Load(tr.Records()),
		PutRecord{Record{3, Queued, 1, wire.Hash{}, nil}}, Repost{3},
		PutRecord{Record{7, Queued, 1, wire.Hash{}, ids}}, Repost{7})
	want(t, again.SentToPeer(hash(1), relay, nil))
	again.Posted(7, hash(5))
	want(t, again.Forget(7), DropRecord{7})
	want(t, again.Forget(7))
	want(t, again.SentToPeer(hash(5), relay, nil))
}

// TestRandomEvents expects one outcome for each post, whatever happens, and
// nothing left behind.
func TestRandomEvents(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		tr := New(Config{MaxAttempts: 3})
		outcomes := make(map[PostID]int)
		next, live := 0, []wire.Hash(nil)
		var apply func([]Effect)
		apply = func(effects []Effect) {
			for _, e := range effects {
				switch e := e.(type) {
				case Repost:
					next++
					live = append(live, hash(next))
					apply(tr.Posted(e.Post, hash(next)))
				case Sent:
					outcomes[e.Post]++
				case Expired:
					outcomes[e.Post]++
				}
			}
		}
		for i := range 200 {
			apply(tr.Queue(PostID(i), ids))
			apply([]Effect{Repost{PostID(i)}})
			batch := hash(10_000 + rnd.IntN(5))
			h := live[rnd.IntN(len(live))]
			switch rnd.IntN(6) {
			case 0:
				apply(tr.SentToPeer(h, relay, nil))
			case 1, 2:
				apply(tr.SentToPeer(h, server, &batch))
			case 3:
				apply(tr.Acknowledged(server, batch, []Refusal{{h, uint(rnd.IntN(3))}})) //nolint:gosec // small
			case 4:
				apply(tr.Expired(h))
			case 5:
				tr.Disconnected(server.ID)
			}
		}
		for tr.Pending() > 0 {
			for _, h := range slices.Clone(live) {
				apply(tr.Expired(h))
			}
		}
		for i := range 200 {
			if outcomes[PostID(i)] != 1 {
				t.Errorf("seed %d: post %d has %d outcomes", seed, i, outcomes[PostID(i)])
			}
		}
		if len(tr.posted) != 0 || len(tr.batches) != 0 {
			t.Errorf("seed %d: %d envelopes, %d batches are left", seed, len(tr.posted), len(tr.batches))
		}
	}
}

// TestNobodyThereCostsNothing: what expires while no peer is connected goes
// out again in the same attempt.
func TestNobodyThereCostsNothing(t *testing.T) {
	tr := posted(t, Config{MaxAttempts: 1})
	for i := 1; i < 4; i++ {
		want(t, tr.Unheard(hash(i)), PutRecord{Record{7, Queued, 1, wire.Hash{}, ids}}, Repost{7})
		want(t, tr.Unheard(hash(i)))
		want(t, tr.Posted(7, hash(i+1)), PutRecord{Record{7, Posted, 1, hash(i + 1), ids}})
	}
	want(t, tr.Expired(hash(4)), DropRecord{7}, Expired{7, ids, Connectivity})
}

func TestRefusedWithoutBatches(t *testing.T) {
	tr := posted(t, Config{MaxAttempts: 2, MailServersOnly: true})
	want(t, tr.Refused(hash(1), relay, TimeSync))
	want(t, tr.Refused(hash(9), server, TimeSync))
	want(t, tr.Refused(hash(1), server, TimeSync), PutRecord{Record{7, Queued, 2, wire.Hash{}, ids}}, Repost{7})
	want(t, tr.Posted(7, hash(2)), PutRecord{Record{7, Posted, 2, hash(2), ids}})
	want(t, tr.Refused(hash(2), server, TimeSync), DropRecord{7}, Expired{7, ids, TimeSync})
}

func TestAttemptsStartOver(t *testing.T) {
	tr := posted(t, Config{MaxAttempts: 2})
	want(t, tr.Again(7))
	want(t, tr.Again(8))
	want(t, tr.Expired(hash(1)), PutRecord{Record{7, Queued, 2, wire.Hash{}, ids}}, Repost{7})
	want(t, tr.Again(7), PutRecord{Record{7, Queued, 1, wire.Hash{}, ids}})
	want(t, tr.Posted(7, hash(2)), PutRecord{Record{7, Posted, 1, hash(2), ids}})
	want(t, tr.Expired(hash(2)), PutRecord{Record{7, Queued, 2, wire.Hash{}, ids}}, Repost{7})
}
