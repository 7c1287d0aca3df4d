package waku

import (
	"encoding/binary"
	"errors"
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"statusd/waku/wire"
)

func TestFilterSpecErrors(t *testing.T) {
	h := newHost(t, Config{})
	key := newKey(t, 0)
	for _, c := range []struct {
		name string
		spec FilterSpec
		want error
	}{
		{"no key", FilterSpec{}, ErrFilterKey},
		{"two keys", FilterSpec{SymKey: testKey(0), PrivateKey: key}, ErrFilterKey},
		{"short key", FilterSpec{SymKey: make([]byte, 31)}, wire.ErrSymKey},
		{"zero key", FilterSpec{SymKey: make([]byte, 32)}, wire.ErrSymKey},
	} {
		if _, err := h.InstallFilter(c.spec, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := h.FilterMessages("x"); !errors.Is(err, ErrUnknownFilter) {
		t.Errorf("unknown filter: got %v", err)
	}
	if h.UninstallFilter("x") {
		t.Error("an unknown filter was uninstalled")
	}
}

// TestTooManyTopics: more topics than can be announced are refused, whatever
// number of filters ask for them; the same ones again are not.
func TestTooManyTopics(t *testing.T) {
	h := newHost(t, Config{})
	topics := make([]wire.Topic, wire.MaxTopicInterest)
	for i := range topics {
		binary.BigEndian.PutUint32(topics[i][:], uint32(i))
	}
	id, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), Topics: topics}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(1), Topics: topics[:5]}, nil); err != nil {
		t.Errorf("known topics: %v", err)
	}
	more := FilterSpec{SymKey: testKey(1), Topics: []wire.Topic{testTopic(0)}}
	if _, err := h.InstallFilter(more, nil); !errors.Is(err, ErrTooManyTopics) {
		t.Errorf("one topic more: got %v, want %v", err, ErrTooManyTopics)
	}
	if !h.UninstallFilter(id) || h.UninstallFilter(id) {
		t.Error("a filter could not be uninstalled once")
	}
	if _, err := h.InstallFilter(more, nil); err != nil {
		t.Error(err)
	}
	if topics, filters, _ := h.filters.topics(); len(topics) != 6 || filters != 2 {
		t.Errorf("%d topics of %d filters are left, want 6 of 2", len(topics), filters)
	}
}

// TestFilterKeys: an envelope is opened once for each key that fits a filter
// of its topic, and goes to every filter with the key that opens it.
func TestFilterKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := startHost(t, Config{})
		key, signer := newKey(t, 1), newKey(t, 2)
		want := map[string]FilterSpec{
			"same key":            {SymKey: testKey(0), Topics: []wire.Topic{testTopic(0)}},
			"same key, any topic": {SymKey: testKey(0)},
			"topic listed twice":  {SymKey: testKey(0), Topics: []wire.Topic{testTopic(0), testTopic(1), testTopic(0)}},
			"signer":              {SymKey: testKey(0), Src: &signer.PublicKey},
			"low minimum":         {SymKey: testKey(0), MinPoW: 1e-12},
		}
		not := map[string]FilterSpec{
			"other key":    {SymKey: testKey(1), Topics: []wire.Topic{testTopic(0)}},
			"other topic":  {SymKey: testKey(0), Topics: []wire.Topic{testTopic(1)}},
			"other signer": {SymKey: testKey(0), Src: &key.PublicKey},
			"asymmetric":   {PrivateKey: key},
			"high minimum": {SymKey: testKey(0), MinPoW: math.MaxFloat64},
		}
		install := func(specs map[string]FilterSpec) map[string]FilterID {
			ids := make(map[string]FilterID)
			for name, spec := range specs {
				id, err := h.InstallFilter(spec, nil)
				if err != nil {
					t.Fatal(err)
				}
				ids[name] = id
			}
			return ids
		}
		wanted, others := install(want), install(not)
		_, err := h.Post(t.Context(), Post{
			SymKey: testKey(0), Signer: signer, Topic: testTopic(0), Payload: []byte("hello"), TTL: 20,
		})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := h.Info().Messages; n != len(wanted) {
			t.Errorf("%d messages wait, want %d", n, len(wanted))
		}
		for name, id := range wanted {
			list, err := h.FilterMessages(id)
			if err != nil || len(list) != 1 {
				t.Errorf("%s: got %d messages (%v), want 1", name, len(list), err)
				continue
			}
			m := list[0]
			if string(m.Payload) != "hello" || !signer.PublicKey.Equal(m.Src) || m.Dst != nil || m.P2P ||
				m.TTL != 20 || m.Sent != uint32(time.Now().Unix()) || m.Topic != testTopic(0) {
				t.Errorf("%s: got %+v", name, m)
			}
			if again, _ := h.FilterMessages(id); len(again) != 0 {
				t.Errorf("%s: got the message again", name)
			}
		}
		for name, id := range others {
			if list, _ := h.FilterMessages(id); len(list) != 0 {
				t.Errorf("%s: got %d messages, want none", name, len(list))
			}
		}
	})
}

// TestRemovedFilterIsSilent: nothing is delivered after UninstallFilter when
// nothing was under way.
func TestRemovedFilterIsSilent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := startHost(t, Config{FullNode: true})
		sink := new(recorder)
		id, err := h.InstallFilter(FilterSpec{SymKey: testKey(0)}, sink)
		if err != nil {
			t.Fatal(err)
		}
		if list, err := h.FilterMessages(id); err != nil || list != nil {
			t.Errorf("polling a filter with a sink: got %v, %v", list, err)
		}
		send := func(n byte) {
			if err := h.Submit(sealedAt(t, time.Now(), 0, 50, testTopic(0), []byte{n})); err != nil {
				t.Fatal(err)
			}
		}
		send(1)
		synctest.Wait()
		h.UninstallFilter(id)
		send(2)
		if got := sink.take(); len(got) != 1 || got[0].Payload[0] != 1 {
			t.Errorf("got %d messages, want the first alone", len(got))
		}
	})
}

// TestDeliveryInOrder: the many workers that open envelopes do not change the
// order of arrival, however long each takes.
func TestDeliveryInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := startHost(t, Config{})
		key := newKey(t, 1)
		sink := new(recorder)
		for _, spec := range []FilterSpec{{SymKey: testKey(0)}, {PrivateKey: key}} {
			if _, err := h.InstallFilter(spec, sink); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 300 {
			m := Post{SymKey: testKey(0), Payload: binary.BigEndian.AppendUint16(nil, uint16(i))}
			if i%3 == 0 {
				m.SymKey, m.PubKey = nil, &key.PublicKey
			}
			if _, err := h.Post(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		got := sink.take()
		if len(got) != 300 {
			t.Fatalf("got %d messages, want 300", len(got))
		}
		for i, m := range got {
			if n := int(binary.BigEndian.Uint16(m.Payload)); n != i {
				t.Fatalf("message %d came as number %d", n, i)
			}
			if (m.Dst != nil) != (i%3 == 0) {
				t.Errorf("message %d: recipient %v", i, m.Dst)
			}
		}
	})
}

// TestPollingStoreBounds: what is not fetched is bounded in number and bytes,
// the oldest goes first.
func TestPollingStoreBounds(t *testing.T) {
	message := func(n uint64, size int) *ReceivedMessage {
		m := &ReceivedMessage{Payload: make([]byte, size/2), Padding: make([]byte, size-size/2)}
		binary.BigEndian.PutUint64(m.Hash[:], n)
		return m
	}
	t.Run("number", func(t *testing.T) {
		s := &store{total: new(atomic.Int64), seen: make(map[wire.Hash]struct{})}
		const n = storeMaxMessages + 1000
		dropped := 0
		for i := range uint64(n) {
			dropped += s.add(message(i, 1))
			dropped += s.add(message(i, 1)) // the same again is not kept
		}
		list := s.drain()
		if dropped != 1000 || len(list) != storeMaxMessages || list[0].Hash != message(1000, 0).Hash {
			t.Errorf("kept %d, dropped %d, first %s", len(list), dropped, list[0].Hash)
		}
		if s.len() != 0 || s.bytes != 0 || len(s.seen) != 0 {
			t.Errorf("after drain: %d messages, %d bytes, %d hashes", s.len(), s.bytes, len(s.seen))
		}
		if s.add(message(1000, 1)); s.len() != 1 {
			t.Error("a message that was fetched before is refused")
		}
	})
	t.Run("bytes", func(t *testing.T) {
		s := &store{total: new(atomic.Int64), seen: make(map[wire.Hash]struct{})}
		for i := range uint64(100) {
			s.add(message(i, 1<<20))
			if s.bytes > storeMaxBytes || s.bytes != s.len()<<20 {
				t.Fatalf("%d bytes in %d messages", s.bytes, s.len())
			}
		}
		if list := s.drain(); len(list) != storeMaxBytes>>20 || list[len(list)-1].Hash != message(99, 0).Hash {
			t.Errorf("kept %d messages", len(list))
		}
		s.add(message(0, storeMaxBytes+1))
		if s.len() != 1 {
			t.Error("a single message above the bound was not kept")
		}
	})
}

// TestPollingStoresTogether: filters that nobody polls are bounded together,
// and the fullest one pays for what comes to others.
func TestPollingStoresTogether(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := startHost(t, Config{})
		ids := make([]FilterID, 6)
		for i := range ids {
			var err error
			if ids[i], err = h.InstallFilter(FilterSpec{SymKey: testKey(byte(i))}, nil); err != nil {
				t.Fatal(err)
			}
		}
		send := func(filter, n int) {
			for i := range uint64(n) {
				m := &ReceivedMessage{Payload: make([]byte, 1<<20)}
				binary.BigEndian.PutUint64(m.Hash[:], i)
				h.openers.keep(h.filters.get(nil, ids[filter]), m)
			}
		}
		for i := range 5 {
			send(i, storeMaxBytes>>20-4)
		}
		send(5, 10)
		if n := h.filters.stored.Load(); n > storeMaxTotal || n < storeMaxTotal-2<<20 {
			t.Errorf("%d bytes are kept", n)
		}
		if list, err := h.FilterMessages(ids[5]); err != nil || len(list) != 10 {
			t.Errorf("the filter with little has %d messages, %v", len(list), err)
		}
		for _, id := range ids[:3] {
			h.UninstallFilter(id)
		}
		for _, id := range ids[3:] {
			if _, err := h.FilterMessages(id); err != nil {
				t.Error(err)
			}
		}
		if n := h.filters.stored.Load(); n != 0 {
			t.Errorf("%d bytes are counted when all is fetched", n)
		}
	})
}

// TestStoreDropsAreCounted goes the whole way to the metric. The log has it
// once until the filter is polled: anybody can fill a filter.
func TestStoreDropsAreCounted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		core, logs := observer.New(zap.WarnLevel)
		h := startHost(t, Config{Logger: zap.New(core)})
		id, err := h.InstallFilter(FilterSpec{SymKey: testKey(0)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range storeMaxMessages + 3 {
			env := sealedAt(t, time.Now(), 0, 50, testTopic(0), binary.BigEndian.AppendUint16(nil, uint16(i)))
			if err := h.Submit(env); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if n := counted(t, h.metrics.storeDrops); n != 3 {
			t.Errorf("counted %g dropped messages, want 3", n)
		}
		if logs.Len() != 1 {
			t.Errorf("%d log lines", logs.Len())
		}
		if list, _ := h.FilterMessages(id); len(list) != storeMaxMessages || list[0].Payload[1] != 3 {
			t.Errorf("got %d messages, the first is %v", len(list), list[0].Payload)
		}
	})
}

// TestOwnPostOutsideInterest: own posts need not be of a topic we want.
func TestOwnPostOutsideInterest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := startHost(t, Config{})
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), Topics: []wire.Topic{testTopic(1)}}, nil); err != nil {
			t.Fatal(err)
		}
		r := dial(t, h, 1, 0, wantAll())
		own := testEnvelope(1)
		if err := h.Submit(own); err != nil {
			t.Error(err)
		}
		wantHashes(t, "own post", r.envelopes(), []*wire.Envelope{own})
		if err := r.sendEnvelopes(testEnvelope(2)); err != nil {
			t.Fatal(err)
		}
		if synctest.Wait(); poolLen(h) != 1 {
			t.Error("a peer's envelope outside our interest was pooled")
		}
	})
}
