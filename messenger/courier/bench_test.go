package courier

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"testing"
	"time"

	"statusd/internal/store"
	"statusd/transport"
	"statusd/transport/memstore"
	"statusd/waku"
	"statusd/waku/wire"
)

// writer is a device in memory that writes to the courier under test.
type writer struct {
	b      testing.TB
	dev    *transport.Device
	state  *memstore.Store
	host   *waku.Host
	person identity
}

func newWriter(b testing.TB, host *waku.Host) *writer {
	b.Helper()
	w := &writer{b: b, state: memstore.New(), host: host, person: newPersona(b)}
	var err error
	w.dev, err = transport.New(transport.Config{Identity: w.person.Private, Installation: "writer-1"})
	if err != nil {
		b.Fatal(err)
	}
	return w
}

func (w *writer) do(fn func(st transport.Store) error) {
	w.b.Helper()
	if err := w.state.Update(context.Background(), func(tx *memstore.Tx) error { return fn(tx) }); err != nil {
		w.b.Fatal(err)
	}
}

// meet has the courier's device write to the writer, so that both know each
// other.
func (w *writer) meet(c *Courier) {
	w.b.Helper()
	var out transport.Outgoing
	err := c.cfg.DB.Update(context.Background(), func(tx *store.Tx) (err error) {
		out, err = c.device.SendDirect(tx.Transport(), w.dev.Identity(), []byte("hello"), time.Now())
		return err
	})
	if err != nil {
		w.b.Fatal(err)
	}
	w.do(func(st transport.Store) error {
		in := transport.Incoming{From: c.own, Data: out.Data, Envelope: wire.BatchHash(out.Data)}
		_, err := w.dev.Receive(st, in, time.Now())
		return errors.Join(err, w.dev.Confirm(st, in.Envelope))
	})
}

// signer returns the writer's key.
func (w *writer) signer() *ecdsa.PrivateKey {
	k, err := w.person.ECDSA()
	if err != nil {
		w.b.Fatal(err)
	}
	return k
}

// outgoing seals n messages of 256 bytes for the courier.
func (w *writer) outgoing(c *Courier, n int) (list []transport.Outgoing) {
	w.b.Helper()
	for i := range n {
		text := fmt.Appendf(nil, "%0256d", i)
		w.do(func(st transport.Store) error {
			out, err := w.dev.SendDirect(st, c.own, text, time.Now())
			list = append(list, out)
			return err
		})
	}
	return list
}

// envelopes puts messages into envelopes.
func (w *writer) envelopes(c *Courier, n int) (list []*wire.Envelope) {
	w.b.Helper()
	for _, out := range w.outgoing(c, n) {
		m := waku.Post{Signer: w.signer(), TTL: 3600, Topic: out.Place.Topic(), Payload: out.Data, PubKey: c.own.ECDSA()}
		if out.Place.Kind.Symmetric() {
			k, err := c.keys.get(context.Background(), out.Place)
			if err != nil {
				w.b.Fatal(err)
			}
			m.SymKey, m.PubKey = k, nil
		}
		env, err := w.host.Seal(context.Background(), m)
		if err != nil {
			w.b.Fatal(err)
		}
		list = append(list, env)
	}
	return list
}

// BenchmarkReceive is the whole way of a one-to-one message: envelope, filter,
// decryption, signature, bundle, ratchet, row, commit to disk.
func BenchmarkReceive(b *testing.B) {
	none := 0.0
	host, err := waku.New(waku.Config{MinPoW: &none})
	if err != nil {
		b.Fatal(err)
	}
	db, err := openDB(context.Background(), b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	me, chats := newPersona(b), newFakeChats()
	c, err := New(context.Background(), Config{Identity: me.Private, Installation: "reader-1", DB: db, Host: host})
	if err != nil {
		b.Fatal(err)
	}
	c.Serve(chats)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- host.Run(ctx) }()
	go func() { done <- c.Run(ctx) }()
	<-c.filters.ready
	w := newWriter(b, host)
	w.meet(c)
	c.filters.changed()
	list := w.envelopes(c, b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for i, env := range list {
		if err := host.Submit(env); err != nil {
			b.Fatal(err)
		}
		if i == b.N-1 {
			for chats.count() < b.N {
				time.Sleep(100 * time.Microsecond)
			}
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	cancel()
	if err := errors.Join(<-done, <-done, db.Close()); err != nil {
		b.Error(err)
	}
}

// BenchmarkSendGroup seals a message for 50 people in one transaction.
func BenchmarkSendGroup(b *testing.B) {
	host, err := waku.New(waku.Config{})
	if err != nil {
		b.Fatal(err)
	}
	db, err := openDB(context.Background(), b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	me := newPersona(b)
	c, err := New(context.Background(), Config{Identity: me.Private, Installation: "reader-1", DB: db, Host: host})
	if err != nil {
		b.Fatal(err)
	}
	c.Serve(newFakeChats())
	c.sync.SetOnline(true)
	var to []*person
	for range 50 {
		k := newPersona(b)
		to = append(to, &person{identity: k.Private})
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		text := fmt.Sprint("message ", n)
		err := db.Update(context.Background(), func(tx *store.Tx) error {
			return c.SendReliable(context.Background(), tx, keysOf(to...), idOf(text), []byte(text))
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}
