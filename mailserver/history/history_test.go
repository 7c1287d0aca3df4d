package history

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku/wire"
)

var (
	topicA = wire.Topic{0xa, 1, 2, 3}
	topicB = wire.Topic{0xb, 1, 2, 3}
)

// start is the creation time of the first envelope in most tests, in the past
// of the bubble's clock.
const start = 946_000_000

// exactlyOnce checks what the filters saw.
func (n *fakeNetwork) exactlyOnce(want []*wire.Envelope) {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, env := range want {
		if n.seen[env.Hash()] != 1 {
			n.t.Errorf("envelope of second %d came %d times", env.Sent(), n.seen[env.Hash()])
		}
	}
	if len(n.seen) != len(want) {
		n.t.Errorf("%d envelopes came, want %d", len(n.seen), len(want))
	}
}

func TestFetchFollowsCursorToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stored := envelopes(topicA, start, 25)
		s := newFakeServer(t, append(envelopes(topicB, start, 10), stored...)...)
		n := newNetwork(t, nil, s)
		var pages int
		r, err := n.client.Fetch(t.Context(), Request{
			Topics: []wire.Topic{topicA}, From: start, To: start + 100, Limit: 10,
			Progress: func(Result) { pages++ },
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Pages != 3 || pages != 3 || r.Envelopes != 25 || r.Cursor != nil {
			t.Errorf("got %+v and %d progress calls", r, pages)
		}
		n.exactlyOnce(stored)
		for i, p := range s.asked {
			if len(p.Topics) != 1 || len(p.Bloom) != wire.BloomLength || !p.Batch || p.Lower != start || p.Upper != start+100 {
				t.Errorf("page %d asks for %+v", i, p)
			}
		}
	})
}

func TestFetchConnectsToAServerThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t, envelopes(topicA, start, 3)...)
		s.up = false
		n := newNetwork(t, nil, s)
		if _, err := n.client.Fetch(t.Context(), Request{Topics: []wire.Topic{topicA}, From: start}); err != nil {
			t.Fatal(err)
		}
		n.exactlyOnce(s.stored)
	})
}

// TestFetchGoesToAnotherServer runs every way in which a server can fail on
// its second page; the other server has everything.
func TestFetchGoesToAnotherServer(t *testing.T) {
	faults := map[string]struct {
		behave func(n int, r *reply)
		reason error
	}{
		"silent":      {func(_ int, r *reply) { r.envs, r.silent = nil, true }, ErrTimeout},
		"drops":       {func(_ int, r *reply) { r.drop = true }, ErrGone},
		"early end":   {func(_ int, r *reply) { r.early = true }, ErrUnverified},
		"wrong last":  {func(_ int, r *reply) { r.end.Last = wire.Hash{1} }, ErrUnverified},
		"same cursor": {func(_ int, r *reply) { r.end.Cursor = make([]byte, 36) }, ErrUnverified},
		"no data":     {func(_ int, r *reply) { r.envs = nil }, ErrUnverified},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stored := envelopes(topicA, start, 25)
				bad, good := newFakeServer(t, stored...), newFakeServer(t, stored...)
				bad.behave = func(n int, r *reply) {
					if n > 0 {
						fault.behave(n, r)
					}
				}
				n := newNetwork(t, nil, bad, good)
				n.client.servers[good.node.ID()].status.Latency = time.Hour // asked second
				r, err := n.client.Fetch(t.Context(), Request{Topics: []wire.Topic{topicA}, From: start, Limit: 10})
				if err != nil {
					t.Fatal(err)
				}
				if r.Server != good.node.ID() || r.Cursor != nil {
					t.Errorf("got %+v", r)
				}
				n.wg.Wait()
				for _, env := range stored {
					if n.seen[env.Hash()] == 0 {
						t.Errorf("envelope of second %d is missing", env.Sent())
					}
				}
				_, err = n.client.Fetch(t.Context(), Request{
					Topics: []wire.Topic{topicA}, From: start, Limit: 10, Server: bad.node.ID(),
				})
				if !errors.Is(err, fault.reason) {
					t.Errorf("bad server alone: %v; want %v", err, fault.reason)
				}
			})
		})
	}
}

func TestServerErrorIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t)
		s.behave = func(_ int, r *reply) { r.end.Failed, r.end.Text = true, "too many requests" }
		n := newNetwork(t, nil, s)
		_, err := n.client.Fetch(t.Context(), Request{Topics: []wire.Topic{topicA}, From: start})
		var answer *ServerError
		if !errors.As(err, &answer) || answer.Text != "too many requests" || len(s.asked) != DefaultTries {
			t.Errorf("got %v after %d requests", err, len(s.asked))
		}
		if st := n.client.Status()[0]; st.Streak != DefaultTries || st.LastError == "" {
			t.Errorf("record of the server: %+v", st)
		}
	})
}

func TestHostileServer(t *testing.T) {
	good := envelopes(topicA, start, 5)
	outside := append(envelopes(topicA, start-50, 3), envelopes(topicA, start+500, 3)...)
	tests := map[string]struct {
		envs              []*wire.Envelope
		wanted, unw, refd uint64
	}{
		"unrequested topics": {append(envelopes(topicB, start, 3), good...), 5, 3, 0},
		"outside the range":  {append(outside, good...), 5, 0, 6},
		"the same twice":     {append(append([]*wire.Envelope{}, good...), good...), 5, 0, 5},
		"more than asked for": {
			append(envelopes(topicA, start, 40), good...), 10, 0, 35,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newFakeServer(t)
				s.behave = func(_ int, r *reply) {
					r.envs = tt.envs
					r.end.Last = wire.Hash{}
				}
				n := newNetwork(t, nil, s)
				request := Request{Topics: []wire.Topic{topicA}, From: start, To: start + 100, Limit: 10}
				r, err := n.client.Fetch(t.Context(), request)
				if err != nil {
					t.Fatal(err)
				}
				st := n.client.Status()[0]
				if uint64(r.Envelopes) != tt.wanted || st.Envelopes != tt.wanted || st.Unwanted != tt.unw || st.Refused != tt.refd {
					t.Errorf("got %+v, record %+v", r, st)
				}
				if !n.client.Accept(s.node.ID(), envelopes(topicA, start+60, 1)[0]) && name == "unrequested topics" {
					t.Error("a straggler just after the end is refused")
				}
				time.Sleep(grace + time.Second)
				if n.client.Accept(s.node.ID(), envelopes(topicA, start+70, 1)[0]) {
					t.Error("an unrequested envelope is taken")
				}
			})
		})
	}
}

// TestTricklingServer gives up a server that sends something now and then and
// never ends, be it what was asked for or not.
func TestTricklingServer(t *testing.T) {
	for name, c := range map[string]struct {
		envs []*wire.Envelope
		ends time.Duration
	}{
		"unrequested": {envelopes(topicA, start+5000, 1), DefaultTimeout},
		"requested":   {envelopes(topicA, start, 200), longestPage},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newFakeServer(t)
				s.behave = func(_ int, r *reply) { r.silent = true }
				n := newNetwork(t, nil, s)
				ended, began := make(chan error, 1), time.Now()
				go func() {
					_, err := n.client.Fetch(t.Context(), Request{
						Topics: []wire.Topic{topicA}, From: start, To: start + 1000, Tries: 1,
					})
					ended <- err
				}()
				for i := 0; ; i++ {
					select {
					case err := <-ended:
						if took := time.Since(began); !errors.Is(err, ErrTimeout) || took < c.ends || took > c.ends+time.Minute {
							t.Errorf("%v after %s", err, took)
						}
						return
					case <-time.After(10 * time.Second):
						n.client.Accept(s.node.ID(), c.envs[i%len(c.envs)])
					}
				}
			})
		})
	}
}

func TestServerTextIsPrintable(t *testing.T) {
	x := exchange{}
	_, err := x.complete(&wire.RequestComplete{Failed: true, Text: "no\x1b[31m\r\n\u202e way \xff"})
	if want := "no\ufffd[31m\ufffd\ufffd\ufffd way \ufffd"; !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %q", err)
	}
}

func TestEndlessPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t)
		s.behave = func(n int, r *reply) {
			r.end.Cursor = make([]byte, 36)
			r.end.Cursor[35] = byte(1 + n%2) // forth and back
		}
		n := newNetwork(t, nil, s)
		_, err := n.client.Fetch(t.Context(), Request{Topics: []wire.Topic{topicA}, From: start})
		if !errors.Is(err, ErrUnverified) {
			t.Errorf("got %v", err)
		}
		if len(s.asked) > 4 {
			t.Errorf("%d pages were asked for", len(s.asked))
		}
	})
}

func TestSyncAsksOnlyForGaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stored := append(envelopes(topicA, start, 50), envelopes(topicB, start, 50)...)
		s := newFakeServer(t, stored...)
		n := newNetwork(t, nil, s)
		topics := []wire.Topic{topicA, topicB, topicA}
		if _, err := n.client.Sync(t.Context(), topics, start, start+20, nil); err != nil {
			t.Fatal(err)
		}
		if len(s.asked) != 1 {
			t.Fatalf("%d requests for topics with equal gaps", len(s.asked))
		}
		r, err := n.client.Sync(t.Context(), topics, start, start+20, nil)
		if err != nil || r.Pages != 0 || len(s.asked) != 1 {
			t.Errorf("synced again: %+v, %v", r, err)
		}
		if _, err := n.client.Sync(t.Context(), topics[:1], start, start+40, nil); err != nil {
			t.Fatal(err)
		}
		last := s.asked[len(s.asked)-1]
		if last.Lower != start || last.Upper != start+40 || len(last.Topics) != 1 {
			t.Errorf("with the overlap of %d s asked for %d to %d", Overlap, last.Lower-start, last.Upper-start)
		}
	})
}

func TestSyncResumesAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stored := envelopes(topicA, start, 2500)
		s := newFakeServer(t, stored...)
		s.behave = func(n int, r *reply) {
			if n == 1 || n == 2 {
				r.drop = true
			}
		}
		store := newMemory()
		n := newNetwork(t, store, s)
		if _, err := n.client.Sync(t.Context(), []wire.Topic{topicA}, start, start+5000, nil); !errors.Is(err, ErrGone) {
			t.Fatalf("got %v", err)
		}
		if len(store.spans[topicA]) != 0 {
			t.Fatal("an unfinished fetch is in the ledger")
		}
		again := newNetwork(t, store, s)
		r, err := again.client.Sync(t.Context(), []wire.Topic{topicA}, start+10, start+5000, nil)
		if err != nil || r.Pages != 2 || r.Envelopes != 1500 {
			t.Fatalf("resumed: %+v, %v", r, err)
		}
		if got := store.spans[topicA]; len(got) != 1 || got[0] != (Span{start, start + 5000}) || len(store.marks) != 0 {
			t.Errorf("ledger after it: %v, bookmarks %v", got, store.marks)
		}
	})
}

func TestRequestsTakeTurnsAtOneServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stored := append(envelopes(topicA, start, 30), envelopes(topicB, start, 30)...)
		n := newNetwork(t, nil, newFakeServer(t, stored...))
		errs := make(chan error, 2)
		for _, topic := range []wire.Topic{topicA, topicB} {
			go func() {
				_, err := n.client.Fetch(t.Context(), Request{Topics: []wire.Topic{topic}, From: start, Limit: 7})
				errs <- err
			}()
		}
		for range 2 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		n.exactlyOnce(stored)
	})
}

func TestInvalidRequests(t *testing.T) {
	n := newNetwork(t, nil, newFakeServer(t))
	for name, r := range map[string]Request{
		"range":  {Topics: []wire.Topic{topicA}, From: 2, To: 1},
		"limit":  {Topics: []wire.Topic{topicA}, Limit: 1001},
		"cursor": {Topics: []wire.Topic{topicA}, Cursor: make([]byte, 35)},
		"topics": {},
	} {
		if _, err := n.client.Fetch(t.Context(), r); !errors.Is(err, ErrBadRequest) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err := n.client.Fetch(t.Context(), Request{Topics: []wire.Topic{topicA}, Server: enode.ID{1}})
	if !errors.Is(err, ErrNoServer) {
		t.Errorf("unknown server: got %v", err)
	}
}

// TestSpans compares the set with a plain map of seconds.
func TestSpans(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var s Spans
		model := make(map[uint32]bool)
		for range r.IntN(12) {
			from := r.Uint32N(80)
			add := Span{from, from + r.Uint32N(15)}
			s = s.Add(add)
			for x := add.From; x <= add.To; x++ {
				model[x] = true
			}
		}
		want := Span{r.Uint32N(50), 50 + r.Uint32N(60)}
		missing := make(map[uint32]bool)
		for _, g := range s.Missing(want) {
			for x := g.From; x <= g.To; x++ {
				missing[x] = true
			}
		}
		for x := want.From; x <= want.To; x++ {
			if missing[x] == model[x] {
				t.Fatalf("%v, missing of %v: second %d is wrong", s, want, x)
			}
		}
		for i := 1; i < len(s); i++ {
			if s[i].From <= s[i-1].To+1 {
				t.Fatalf("%v is not ordered, disjoint and apart", s)
			}
		}
	}
	full := Spans{}.Add(Span{0, 1<<32 - 1})
	if got := full.Missing(Span{0, 1<<32 - 1}); len(got) != 0 {
		t.Errorf("full range misses %v", got)
	}
}

func TestLevelDBKeepsLedger(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	db, err := OpenLevelDB(dir)
	if err != nil {
		t.Fatal(err)
	}
	mark := Bookmark{Server: enode.ID{1, 2}, Span: Span{3, 4}, Cursor: make([]byte, 36)}
	if err := db.SaveBookmark("k", mark); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveSpans(map[wire.Topic]Spans{topicA: {{5, 6}}}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLevelDB(dir); err == nil {
		t.Error("a second owner got in")
	}
	db.Close()
	if db, err = OpenLevelDB(dir); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got, err := db.Resume("k")
	if err != nil || got == nil || got.Server != mark.Server || got.Span != mark.Span || len(got.Cursor) != 36 {
		t.Errorf("bookmark: %+v, %v", got, err)
	}
	if s, err := db.Spans(topicA); err != nil || len(s) != 1 || s[0] != (Span{5, 6}) {
		t.Errorf("spans: %v, %v", s, err)
	}
	if err := db.SaveSpans(map[wire.Topic]Spans{topicA: {{5, 9}}}, "k"); err != nil {
		t.Fatal(err)
	}
	if got, err := db.Resume("k"); err != nil || got != nil {
		t.Errorf("bookmark after the end: %+v, %v", got, err)
	}
}

// TestFetchTakesEnvelopes gives what was asked for to the caller, and nothing
// to the filters.
func TestFetchTakesEnvelopes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t, append(envelopes(topicB, start, 10), envelopes(topicA, start, 25)...)...)
		n := newNetwork(t, nil, s)
		taken := make(map[wire.Hash]int)
		r, err := n.client.Fetch(t.Context(), Request{
			Topics: []wire.Topic{topicA}, From: start, To: start + 9, Limit: 4,
			Take: func(env *wire.Envelope) { taken[env.Hash()]++ },
		})
		if err != nil || r.Envelopes != 10 || len(taken) != 10 {
			t.Errorf("%+v, %v, %d taken", r, err, len(taken))
		}
		n.exactlyOnce(nil)
	})
}

// TestEnds reports the end of every request that was sent.
func TestEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stored := envelopes(topicA, start, 5)
		s := newFakeServer(t, stored...)
		n := newNetwork(t, nil, s)
		var ends []RequestEnd
		n.client.cfg.Ended = func(e RequestEnd) { ends = append(ends, e) }
		s.behave = func(i int, r *reply) {
			switch i {
			case 2:
				r.envs, r.end.Failed, r.end.Text = nil, true, "too many requests"
			case 3:
				r.silent = true
			case 4:
				r.end.Last = wire.Hash{1}
			}
		}
		request := Request{Topics: []wire.Topic{topicA}, From: start, To: start + 10, Limit: 3, Tries: 1}
		var ids []wire.Hash
		request.Sent = func(id wire.Hash, _ enode.ID) { ids = append(ids, id) }
		for i := range 4 {
			if _, err := n.client.Fetch(t.Context(), request); (err == nil) != (i == 0) {
				t.Errorf("fetch %d: %v", i, err)
			}
		}
		want := []RequestEnd{
			{Last: stored[2].Hash(), Cursor: ends[0].Cursor}, {Last: stored[0].Hash()}, {Error: "too many requests"},
			{Silent: true}, {Error: ErrUnverified.Error() + ": the last envelope it names did not come"},
		}
		if len(ends[0].Cursor) != wire.CursorLength || len(ends) != len(want) {
			t.Fatalf("got %+v", ends)
		}
		for i := range want {
			want[i].ID = ids[i]
			if !reflect.DeepEqual(ends[i], want[i]) {
				t.Errorf("end %d: got %+v, want %+v", i, ends[i], want[i])
			}
		}
	})
}
