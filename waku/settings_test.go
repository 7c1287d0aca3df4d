package waku

import (
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"statusd/waku/wire"
)

func TestConfigErrors(t *testing.T) {
	for _, pow := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, err := New(Config{MinPoW: &pow}); !errors.Is(err, ErrInvalidPoW) {
			t.Errorf("minimum %v: got %v", pow, err)
		}
	}
	if _, err := New(Config{MaxMessageSize: MaxMessageSizeCeiling + 1}); !errors.Is(err, ErrMessageSizeTooLarge) {
		t.Errorf("message size: got %v", err)
	}
	if _, err := New(Config{LightNode: true, FullNode: true}); err == nil {
		t.Error("a node both light and full was built")
	}
	h, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	want := Info{MinPoW: DefaultMinPoW, MaxMessageSize: DefaultMaxMessageSize}
	if got := h.Info(); got != want {
		t.Errorf("info: got %+v, want %+v", got, want)
	}
}

func TestSettingErrors(t *testing.T) {
	h := newHost(t, Config{})
	for _, pow := range []float64{-1e-9, math.NaN(), math.Inf(1), math.Inf(-1)} {
		if err := h.SetMinPoW(pow); !errors.Is(err, ErrInvalidPoW) {
			t.Errorf("minimum %v: got %v", pow, err)
		}
	}
	if err := h.SetMaxMessageSize(MaxMessageSizeCeiling + 1); !errors.Is(err, ErrMessageSizeTooLarge) {
		t.Errorf("message size: got %v", err)
	}
	if err := h.SetMaxMessageSize(MaxMessageSizeCeiling); err != nil {
		t.Errorf("message size: got %v", err)
	}
	for _, n := range []int{0, 63, 65} {
		if err := h.SetBloomFilter(make([]byte, n)); !errors.Is(err, ErrInvalidBloomSize) {
			t.Errorf("bloom of %d bytes: got %v", n, err)
		}
	}
}

// updates decodes the Status Updates among a remote's packets.
func updates(t *testing.T, r *remote) []*wire.StatusOptions {
	t.Helper()
	var list []*wire.StatusOptions
	for _, pkt := range r.packets() {
		if pkt.code != wire.CodeStatusUpdate {
			continue
		}
		o, err := wire.DecodeUpdate(r.version, pkt.payload)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	return list
}

// wantUpdate checks that exactly one update came and holds one option.
func wantUpdate(t *testing.T, what string, r *remote, want wire.StatusOptions) {
	t.Helper()
	list := updates(t, r)
	if len(list) != 1 {
		t.Fatalf("%s: got %d updates, want 1", what, len(list))
	}
	got := list[0]
	byBytes := func(a, b wire.Topic) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(got.Topics, byBytes)
	slices.SortFunc(want.Topics, byBytes)
	if g, w := got.EncodeUpdate(1), want.EncodeUpdate(1); !slices.Equal(g, w) {
		t.Errorf("%s: got update %x, want %x", what, g, w)
	}
}

// TestInterestFollowsFilters: peers are told of what the filters want, wider
// and narrower, and of nothing when it stays the same.
func TestInterestFollowsFilters(t *testing.T) {
	full := wire.FullBloom()
	everything := wire.StatusOptions{Bloom: full[:]}
	topics := func(n ...int) wire.StatusOptions {
		o := wire.StatusOptions{Topics: []wire.Topic{}}
		for _, n := range n {
			o.Topics = append(o.Topics, testTopic(n))
		}
		return o
	}
	for _, light := range []bool{false, true} {
		none := everything
		if light {
			none = topics()
		}
		bothVersions(t, func(t *testing.T, version uint) {
			h := startHost(t, Config{LightNode: light})
			r := dial(t, h, version, 0, nil)
			first := wire.StatusOptions{Bloom: r.status.Bloom, Topics: r.status.Topics}
			if !slices.Equal(first.EncodeUpdate(1), none.EncodeUpdate(1)) {
				t.Errorf("status: got %+v, want %+v", first, none)
			}
			install := func(n ...int) FilterID {
				id, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), Topics: topics(n...).Topics}, nil)
				if err != nil {
					t.Fatal(err)
				}
				return id
			}
			one := install(1)
			wantUpdate(t, "first filter", r, topics(1))
			three := install(1, 2, 3)
			wantUpdate(t, "second filter", r, topics(1, 2, 3))
			again := install(2)
			if list := updates(t, r); len(list) != 0 {
				t.Errorf("nothing new: got %d updates", len(list))
			}
			any := install()
			wantUpdate(t, "filter without topics", r, everything)
			h.UninstallFilter(three)
			if list := updates(t, r); len(list) != 0 {
				t.Errorf("narrowed below everything: got %d updates", len(list))
			}
			h.UninstallFilter(any)
			wantUpdate(t, "without it", r, topics(1, 2))
			h.UninstallFilter(one)
			wantUpdate(t, "one less", r, topics(2))
			h.UninstallFilter(again)
			wantUpdate(t, "none left", r, none)
		})
	}
}

// TestFullNodeInterest: a full node asks for everything whatever its filters
// and bloom.
func TestFullNodeInterest(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{FullNode: true})
		r := dial(t, h, version, 0, nil)
		if b := r.status.Bloom; len(b) != wire.BloomLength || b[0] != 0xff || r.status.Topics != nil {
			t.Errorf("status: %+v", r.status)
		}
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), Topics: []wire.Topic{testTopic(0)}}, nil); err != nil {
			t.Fatal(err)
		}
		if err := h.SetBloomFilter(make([]byte, wire.BloomLength)); err != nil {
			t.Fatal(err)
		}
		if list := updates(t, r); len(list) != 0 {
			t.Errorf("got %d updates", len(list))
		}
	})
}

// TestBloomMode announces the OR of the topics, and a bloom set by hand is
// widened by what the filters want.
func TestBloomMode(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		for _, mode := range []bool{true, false} {
			h := startHost(t, Config{BloomMode: mode})
			r := dial(t, h, version, 0, nil)
			var want wire.Bloom
			if !mode {
				want.Add(testTopic(5))
				if err := h.SetBloomFilter(want[:]); err != nil {
					t.Fatal(err)
				}
				wantUpdate(t, "by hand", r, wire.StatusOptions{Bloom: want[:]})
			}
			id, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), Topics: []wire.Topic{testTopic(0), testTopic(1)}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			before := want
			want.Add(testTopic(0), testTopic(1))
			wantUpdate(t, "filter", r, wire.StatusOptions{Bloom: want[:]})
			if mode {
				before = wire.FullBloom()
			}
			h.UninstallFilter(id)
			wantUpdate(t, "no filter", r, wire.StatusOptions{Bloom: before[:]})
		}
	})
}

// TestUpdatesReachEveryMoment: a change while a peer shakes hands is neither
// lost nor told twice.
func TestUpdatesReachEveryMoment(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		r := connect(t, h, version, 0)
		r.readStatus() // what was true then
		if err := h.SetMinPoW(0.25); err != nil {
			t.Fatal(err)
		}
		if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), Topics: []wire.Topic{testTopic(0)}}, nil); err != nil {
			t.Fatal(err)
		}
		if err := r.send(wire.CodeStatus, new(wire.StatusOptions).EncodeStatus(version)); err != nil {
			t.Fatal(err)
		}
		go r.listen()
		list := updates(t, r)
		if len(list) != 2 || list[0].PoW == nil || *list[0].PoW != 0.25 || len(list[1].Topics) != 1 {
			t.Errorf("got updates %+v", list)
		}
		late := dial(t, h, version, 1, nil)
		if *late.status.PoW != 0.25 || len(late.status.Topics) != 1 || len(updates(t, late)) != 0 {
			t.Errorf("late peer: status %+v", late.status)
		}
	})
}

// TestMinPoWTolerance: after a rise the old minimum counts for 10 s.
func TestMinPoWTolerance(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		low, high := 1e-6, 1.0
		h := startHost(t, Config{MinPoW: &low})
		r := dial(t, h, version, 0, nil)
		seed := uint64(0)
		taken := func() bool {
			t.Helper()
			seed++
			env := testEnvelope(seed)
			if pow := env.PoW(0); pow < low || pow >= high {
				t.Fatalf("envelope has a proof of work of %g", pow)
			}
			if err := r.sendEnvelopes(env); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			return h.pool.get(env.Hash()) != nil
		}
		time.Sleep(time.Minute)
		if err := h.SetMinPoW(high); err != nil {
			t.Fatal(err)
		}
		wantUpdate(t, "rise", r, wire.StatusOptions{PoW: &high})
		if err := h.SetMinPoW(high); err != nil || len(updates(t, r)) != 0 {
			t.Error("the same minimum was told again")
		}
		if !taken() {
			t.Error("refused at once")
		}
		time.Sleep(settingTolerance - time.Millisecond)
		if !taken() {
			t.Error("refused before 10 s were over")
		}
		time.Sleep(time.Millisecond)
		if taken() {
			t.Error("taken after 10 s")
		}
		if err := h.SetMinPoW(low); err != nil {
			t.Fatal(err)
		}
		if !taken() {
			t.Error("refused after the minimum was lowered")
		}
		wantUpdate(t, "fall", r, wire.StatusOptions{PoW: &low})
		for i := range 100 { // changes that come fast are bounded in memory
			if err := h.SetMinPoW(high + float64(i)); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(h.set.Load().tolerated); n != maxTolerated {
			t.Errorf("%d earlier settings are remembered", n)
		}
	})
}

// TestMaxMessageSize: the limit can be changed and applies to both ways in.
func TestMaxMessageSize(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		h := startHost(t, Config{})
		r := dial(t, h, version, 0, nil)
		if err := h.SetMaxMessageSize(1000); err != nil {
			t.Fatal(err)
		}
		for i, size := range []int{980, 981} {
			env := envelopeAt(time.Now(), uint64(i), 50, testTopic(0), size)
			if err := r.sendEnvelopes(env); err != nil {
				t.Fatal(err)
			}
			r.wantOpen()
			if got := h.pool.get(env.Hash()) != nil; got != (size == 980) {
				t.Errorf("%d bytes: pooled %t", size, got)
			}
		}
		_, err := h.Post(t.Context(), Post{SymKey: testKey(0), Payload: make([]byte, 1000)})
		if reason, ok := IsReject(err); !ok || reason != RejectSize {
			t.Errorf("own post: got %v", err)
		}
	})
}
