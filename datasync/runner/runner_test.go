package runner_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"statusd/datasync"
	"statusd/datasync/memstore"
	"statusd/datasync/runner"
)

var errTest = errors.New("test")

// account is a runner with a memory store whose port hands payloads to a
// network when the transaction commits.
type account struct {
	t     *testing.T
	id    datasync.PeerID
	store *memstore.Store
	run   *runner.Runner[*memstore.Tx]

	out func(to datasync.PeerID, payload []byte) // called after the commit

	faults
	record
}

// faults are set by tests, through set.
type faults struct {
	sendErr    func(to datasync.PeerID) error
	receiptErr error
	updateErr  error
}

// record is what happened, read by tests through look.
type record struct {
	updates   int
	sent      []datasync.Send
	receipts  []datasync.Receipt
	delivered []string
}

// set changes faults between transactions.
func (a *account) set(fn func(f *faults)) {
	a.t.Helper()
	if err := a.store.Update(context.Background(), func(*memstore.Tx) error { fn(&a.faults); return nil }); err != nil {
		a.t.Fatal(err)
	}
}

// look returns a copy of the record, taken between transactions.
func (a *account) look() (r record) {
	a.t.Helper()
	err := a.store.Update(context.Background(), func(*memstore.Tx) error {
		r = a.record
		r.sent, r.receipts = slices.Clone(r.sent), slices.Clone(r.receipts)
		r.delivered = slices.Clone(r.delivered)
		return nil
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return r
}

func (a *account) Update(ctx context.Context, fn func(*memstore.Tx) error) error {
	return a.store.Update(ctx, func(tx *memstore.Tx) error {
		a.updates++
		if a.updateErr != nil {
			return a.updateErr
		}
		return fn(tx)
	})
}

func (a *account) View(ctx context.Context, fn func(*memstore.Tx) error) error {
	return a.store.View(ctx, fn)
}

func (a *account) Records(tx *memstore.Tx) runner.Records { return tx }

func (a *account) Send(_ context.Context, tx *memstore.Tx, s datasync.Send, payload []byte) error {
	if a.sendErr != nil {
		if err := a.sendErr(s.To); err != nil {
			return err
		}
	}
	tx.OnFinish(func(committed bool) {
		if !committed {
			return
		}
		a.sent = append(a.sent, s)
		if a.out != nil {
			a.out(s.To, payload)
		}
	})
	return nil
}

func (a *account) Receipts(_ context.Context, _ *memstore.Tx, receipts []datasync.Receipt) error {
	if a.receiptErr != nil {
		return a.receiptErr
	}
	a.receipts = append(a.receipts, receipts...)
	return nil
}

func refOf(body string) datasync.Ref { return sha256.Sum256([]byte(body)) }

func testPeer(i int) datasync.PeerID {
	p := datasync.PeerID{4}
	copy(p[1:], fmt.Sprintf("peer %027d%032d", i, i))
	return p
}

func newAccount(t *testing.T, i int, store *memstore.Store) *account {
	t.Helper()
	schedule := datasync.DefaultSchedule()
	schedule.Jitter = 0
	node, err := datasync.New(datasync.Config{Self: testPeer(i), Schedule: schedule})
	if err != nil {
		t.Fatal(err)
	}
	a := &account{t: t, id: testPeer(i), store: store}
	a.run, err = runner.New(runner.Config[*memstore.Tx]{Node: node, Store: a, Port: a})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// start runs the account until the returned function is called.
func (a *account) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.run.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			a.t.Errorf("run: %v", err)
		}
	}
}

// append queues a message in a transaction of its own.
func (a *account) append(body string, to ...datasync.PeerID) {
	a.t.Helper()
	err := a.Update(context.Background(), func(tx *memstore.Tx) error {
		_, err := a.run.Append(tx, datasync.Outgoing{
			Ref: refOf(body), Body: []byte(body), To: to,
		})
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// receive handles a payload; fail lets the transaction end without a commit.
func (a *account) receive(from datasync.PeerID, payload []byte, fail error) error {
	return a.Update(context.Background(), func(tx *memstore.Tx) error {
		in, ok := datasync.Unwrap(payload)
		if !ok {
			a.t.Errorf("not data sync: %x", payload)
		}
		deliveries, err := a.run.Handle(context.Background(), tx, from, in, true)
		if err != nil || fail != nil {
			return errors.Join(err, fail)
		}
		for _, d := range deliveries {
			a.delivered = append(a.delivered, string(d.Body))
		}
		return a.run.Flush(context.Background(), tx)
	})
}

// sentTo counts the payloads for a peer.
func (r record) sentTo(peer datasync.PeerID) int {
	n := 0
	for _, s := range r.sent {
		if s.To == peer {
			n++
		}
	}
	return n
}

func TestAppendLeavesAtOnceAndAgainOnSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, 0, memstore.New())
		defer a.start()()
		var at []time.Duration
		begin := time.Now()
		a.set(func(*faults) {
			a.out = func(datasync.PeerID, []byte) { at = append(at, time.Since(begin)) }
		})
		a.append("hello", testPeer(1))
		pass(7*time.Minute + time.Millisecond)
		want := []time.Duration{0, 20 * time.Second, time.Minute, 140 * time.Second, 300 * time.Second}
		if !slices.Equal(at, want) {
			t.Errorf("sent after %v, want %v", at, want)
		}
		// One transaction for the append, one for each transmission: no ticks.
		if got := a.look().updates; got != 1+len(want) {
			t.Errorf("%d transactions", got)
		}
	})
}

func TestIdleRunnerDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, 0, memstore.New())
		stop := a.start()
		pass(1000 * time.Hour)
		stop()
		if got := a.look().updates; got != 0 {
			t.Errorf("%d transactions while idle", got)
		}
	})
}

func TestTwoAccountsOverALossyLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		accounts := []*account{newAccount(t, 0, memstore.New()), newAccount(t, 1, memstore.New())}
		for i, a := range accounts {
			other, rng := accounts[1-i], rand.New(rand.NewPCG(3, uint64(i)))
			a.out = func(_ datasync.PeerID, payload []byte) {
				for range 2 {
					if rng.Float64() > 0.5 {
						continue
					}
					time.AfterFunc(time.Duration(rng.IntN(300))*time.Millisecond, func() {
						if err := other.receive(a.id, payload, nil); err != nil {
							t.Error(err)
						}
					})
				}
			}
		}
		stop0 := accounts[0].start()
		stop1 := accounts[1].start()
		for i := range 50 {
			accounts[i%2].append(fmt.Sprintf("message %d", i), accounts[1-i%2].id)
			pass(time.Second)
		}
		pass(5 * time.Hour)
		stop0()
		stop1()
		for i, a := range accounts {
			got := a.look()
			slices.Sort(got.delivered)
			if len(got.delivered) != 25 || len(slices.Compact(got.delivered)) != 25 {
				t.Errorf("account %d: delivered %d", i, len(got.delivered))
			}
			if states, bodies, _ := a.store.Counts(); states+bodies != 0 {
				t.Errorf("account %d: %d records, %d bodies left", i, states, bodies)
			}
			if len(got.receipts) != 25 {
				t.Errorf("account %d: %d receipts", i, len(got.receipts))
			}
		}
	})
}

func TestNoAckBeforeTheBodyIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newAccount(t, 0, memstore.New()), newAccount(t, 1, memstore.New())
		defer b.start()()
		var payload []byte
		a.out = func(_ datasync.PeerID, p []byte) { payload = p }
		defer a.start()()
		a.append("hello", b.id)
		synctest.Wait()
		if err := b.receive(a.id, payload, errTest); !errors.Is(err, errTest) {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := b.look(); len(got.sent) != 0 || len(got.delivered) != 0 {
			t.Fatalf("acked %d, delivered %d in a transaction that failed", len(got.sent), len(got.delivered))
		}
		if err := b.receive(a.id, payload, nil); err != nil {
			t.Fatal(err)
		}
		if got := b.look(); len(got.sent) != 1 || len(got.sent[0].Acks) != 1 || len(got.delivered) != 1 {
			t.Errorf("sent %+v, delivered %q", got.sent, got.delivered)
		}
	})
}

func TestOneFailingPeerDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, 0, memstore.New())
		a.sendErr = func(to datasync.PeerID) error {
			if to == testPeer(2) {
				return errTest
			}
			return nil
		}
		defer a.start()()
		a.append("hello", testPeer(1), testPeer(2), testPeer(3))
		synctest.Wait()
		got := a.look()
		if got.sentTo(testPeer(1)) != 1 || got.sentTo(testPeer(2)) != 0 || got.sentTo(testPeer(3)) != 1 {
			t.Errorf("sent %d, %d, %d", got.sentTo(testPeer(1)), got.sentTo(testPeer(2)), got.sentTo(testPeer(3)))
		}
		a.set(func(f *faults) { f.sendErr = nil })
		pass(21 * time.Second)
		if a.look().sentTo(testPeer(2)) != 1 {
			t.Error("the failing peer is not tried again on schedule")
		}
	})
}

func TestOfflineWaitsAndOnlineSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, 0, memstore.New())
		a.run.SetOnline(false)
		defer a.start()()
		a.append("hello", testPeer(1))
		pass(100 * time.Hour)
		if got := a.look(); len(got.sent) != 0 || got.updates > 3 {
			t.Fatalf("offline: sent %d, %d transactions", len(got.sent), got.updates)
		}
		a.run.SetOnline(true)
		synctest.Wait()
		if got := a.look(); len(got.sent) != 1 {
			t.Errorf("online: sent %d", len(got.sent))
		}
	})
}

func TestStoreFailureIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, 0, memstore.New())
		defer a.start()()
		a.run.SetOnline(false)
		synctest.Wait()
		a.append("hello", testPeer(1))
		a.set(func(f *faults) { f.updateErr = errTest })
		before := a.look().updates
		a.run.SetOnline(true)
		pass(10 * time.Minute)
		if n := a.look().updates - before; n < 5 || n > 20 {
			t.Errorf("%d attempts in ten minutes", n)
		}
		a.set(func(f *faults) { f.updateErr = nil })
		pass(2 * time.Minute)
		if len(a.look().sent) == 0 {
			t.Error("not sent after the store recovered")
		}
	})
}

func TestReceiptFailureKeepsTheRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, 0, memstore.New())
		defer a.start()()
		a.append("hello", testPeer(1))
		synctest.Wait()
		ack := datasync.Payload{Acks: []datasync.MessageID{a.look().sent[0].Messages[0].ID}}
		a.set(func(f *faults) { f.receiptErr = errTest })
		if err := a.receive(testPeer(1), ack.Encode(), nil); !errors.Is(err, errTest) {
			t.Fatal(err)
		}
		if states, _, _ := a.store.Counts(); states != 1 {
			t.Fatalf("%d records", states)
		}
		a.set(func(f *faults) { f.receiptErr = nil })
		if err := a.receive(testPeer(1), ack.Encode(), nil); err != nil {
			t.Fatal(err)
		}
		receipts := a.look().receipts
		if states, _, _ := a.store.Counts(); states != 0 || len(receipts) != 1 || receipts[0].Outcome != datasync.Acked {
			t.Errorf("%d records, receipts %+v", states, receipts)
		}
	})
}

func TestRestartContinues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a := newAccount(t, 0, store)
		stop := a.start()
		a.append("hello", testPeer(1))
		pass(5 * time.Second)
		stop()
		b := newAccount(t, 0, store)
		defer b.start()()
		synctest.Wait()
		if len(b.look().sent) != 0 {
			t.Error("sent again before the deadline")
		}
		pass(16 * time.Second)
		if got := b.look(); len(got.sent) != 1 {
			t.Errorf("sent %d after the deadline", len(got.sent))
		}
	})
}

func TestControls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t, 0, memstore.New())
		ref := refOf("hello")
		defer a.start()()
		a.append("hello", testPeer(1), testPeer(2), testPeer(3))
		synctest.Wait()
		err := a.Update(t.Context(), func(tx *memstore.Tx) error {
			ctx := t.Context()
			undo := tx.Savepoint()
			if err := a.run.Cancel(ctx, tx, ref); err != nil {
				return err
			}
			tx.RollbackTo(undo)
			a.receipts = nil
			err := errors.Join(a.run.Heard(tx, testPeer(1)), a.run.Missed(tx, testPeer(1)), a.run.Forget(ctx, tx, testPeer(1)))
			waiting, errRetry := a.run.Retry(tx, ref)
			if waiting != 2 {
				t.Errorf("waiting for %d", waiting)
			}
			return errors.Join(err, errRetry)
		})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		got := a.look()
		if len(got.receipts) != 1 || got.sentTo(testPeer(1)) != 1 || got.sentTo(testPeer(2)) != 2 {
			t.Errorf("receipts %+v, sent %d and %d", got.receipts, got.sentTo(testPeer(1)), got.sentTo(testPeer(2)))
		}
		err = a.Update(t.Context(), func(tx *memstore.Tx) error {
			if got := a.run.Stats(tx); got.Sent != 5 || got.Retransmitted != 2 {
				t.Errorf("stats %+v", got)
			}
			return a.run.Cancel(t.Context(), tx, ref)
		})
		if err != nil {
			t.Fatal(err)
		}
		if states, bodies, _ := a.store.Counts(); states+bodies != 0 {
			t.Errorf("%d records, %d bodies left", states, bodies)
		}
	})
}

func TestShutdown(t *testing.T) {
	for name, prepare := range map[string]func(*account){
		"idle":       func(*account) {},
		"retrying":   func(a *account) { a.append("x", testPeer(1)); a.updateErr = errTest },
		"waiting":    func(a *account) { a.append("x", testPeer(1)); pass(time.Second) },
		"store busy": func(a *account) { a.append("x", testPeer(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAccount(t, 0, memstore.New())
				prepare(a)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				release := make(chan struct{})
				if name == "store busy" {
					go a.store.Update(context.Background(), func(*memstore.Tx) error { <-release; return nil })
					synctest.Wait()
				}
				go func() { done <- a.run.Run(ctx) }()
				synctest.Wait()
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
				close(release)
				// Run once more, cancelled from the start.
				if err := a.run.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := runner.New(runner.Config[*memstore.Tx]{}); !errors.Is(err, runner.ErrConfig) {
		t.Errorf("%v", err)
	}
}

// pass lets virtual time go by and everybody finish what that woke.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
