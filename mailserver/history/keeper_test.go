package history

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku/wire"
)

// connected lists the servers that are up.
func (n *fakeNetwork) connected() []enode.ID {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []enode.ID
	for id, s := range n.servers {
		if s.up {
			out = append(out, id)
		}
	}
	return out
}

// keep runs a keeper for the length of a test.
func (n *fakeNetwork) keep(target int) {
	n.t.Helper()
	ctx, cancel := context.WithCancel(n.t.Context())
	done := make(chan error, 1)
	k := NewKeeper(KeeperConfig{Client: n.client, Dialer: n, Target: target})
	go func() { done <- k.Run(ctx) }()
	n.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			n.t.Error(err)
		}
	})
}

func downServers(t *testing.T, count int) []*fakeServer {
	t.Helper()
	list := make([]*fakeServer, count)
	for i := range list {
		list[i] = newFakeServer(t, envelopes(topicA, start, 3)...)
		list[i].up = false
	}
	return list
}

func TestKeeperHoldsTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, nil, downServers(t, 4)...)
		n.keep(2)
		settle := func(want int) {
			t.Helper()
			time.Sleep(10 * delay)
			synctest.Wait()
			if got := n.connected(); len(got) != want {
				t.Fatalf("%d servers are connected, want %d", len(got), want)
			}
		}
		settle(2)
		n.setUp(n.connected()[0], false)
		settle(2)
		n.client.SetServers(nil)
		settle(0)
	})
}

func TestKeeperReplacesServerThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		servers := downServers(t, 2)
		n := newNetwork(t, nil, servers...)
		n.keep(1)
		time.Sleep(10 * delay)
		synctest.Wait()
		first := n.connected()[0]
		bad, good := servers[0], servers[1]
		if good.node.ID() == first {
			bad, good = good, bad
		}
		bad.behave = func(_ int, r *reply) { r.end.Failed, r.end.Text = true, "out of order" }
		request := Request{Topics: []wire.Topic{topicA}, From: start, Server: first}
		if _, err := n.client.Fetch(t.Context(), request); err == nil {
			t.Fatal("a failing server answers")
		}
		time.Sleep(10 * delay)
		synctest.Wait()
		if got := n.connected(); len(got) != 1 || got[0] != good.node.ID() {
			t.Errorf("connected: %v, want the other server only", got)
		}
		n.setUp(good.node.ID(), false)
		time.Sleep(serverRest + time.Second) // both are tried again
		synctest.Wait()
		if len(n.connected()) != 1 {
			t.Errorf("connected: %v", n.connected())
		}
	})
}

func TestKeeperHoldsTheOnlyServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t)
		s.behave = func(_ int, r *reply) { r.end.Failed = true }
		n := newNetwork(t, nil, s)
		n.keep(1)
		for range 3 {
			_, err := n.client.Fetch(t.Context(), Request{Topics: []wire.Topic{topicA}, From: start})
			if err == nil {
				t.Fatal("a failing server answers")
			}
			synctest.Wait()
		}
		if len(n.connected()) != 1 {
			t.Error("the only server was dropped")
		}
	})
}

// TestVisit asks a server that is not one of the client's. The connection is
// kept a while, for whoever asks for the next page, and then given up.
func TestVisit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t, envelopes(topicA, start, 3)...)
		s.up, s.password = false, "secret"
		n := newNetwork(t, nil, s)
		n.client.SetServers(nil)
		var ids []wire.Hash
		r, err := n.client.Fetch(t.Context(), Request{
			Topics: []wire.Topic{topicA}, From: start, At: &Server{Node: s.node, Password: "secret"},
			Sent: func(id wire.Hash, _ enode.ID) {
				ids = append(ids, id)
				if n.client.Outstanding() == nil {
					t.Error("no list")
				}
			},
		})
		if err != nil || r.Envelopes != 3 || len(ids) != 1 || ids[0] != r.RequestID {
			t.Fatalf("got %+v, ids %v: %v", r, ids, err)
		}
		n.exactlyOnce(s.stored)
		time.Sleep(visitLinger - time.Second)
		if len(n.connected()) != 1 {
			t.Error("the connection is given up at once")
		}
		request := Request{Topics: []wire.Topic{topicB}, From: start, At: &Server{Node: s.node, Password: "secret"}}
		if _, err := n.client.Fetch(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		time.Sleep(visitLinger - time.Second)
		if len(n.connected()) != 1 {
			t.Error("the second visit does not count")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(n.connected()) != 0 || len(n.client.visits) != 0 || len(n.client.Status()) != 0 {
			t.Errorf("left: %v, %v, %v", n.connected(), n.client.visits, n.client.Status())
		}
	})
}

func TestRequestWaitsForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer(t)
		s.behave = func(n int, r *reply) { r.silent = n == 0 }
		n := newNetwork(t, nil, s)
		first := make(chan error, 1)
		go func() {
			request := Request{Topics: []wire.Topic{topicA}, From: start, Timeout: 40 * time.Second, Tries: 1}
			_, err := n.client.Fetch(t.Context(), request)
			first <- err
		}()
		synctest.Wait()
		if out := n.client.Outstanding(); len(out) != 1 || out[0].Topics[0] != topicA || out[0].From != start {
			t.Errorf("outstanding: %+v", out)
		}
		_, err := n.client.Fetch(t.Context(), Request{
			Topics: []wire.Topic{topicB}, From: start, Timeout: 10 * time.Second, Tries: 1,
			Sent: func(wire.Hash, enode.ID) {},
		})
		if !errors.Is(err, ErrTimeout) || len(s.asked) != 1 {
			t.Errorf("second request: %v after %d requests", err, len(s.asked))
		}
		if err := <-first; !errors.Is(err, ErrTimeout) {
			t.Errorf("first request: %v", err)
		}
	})
}

func TestRecords(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	db, err := OpenLevelDB(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []Record{{"b", []byte("2")}, {"a", []byte("0")}, {"a", []byte("1")}} {
		if err := db.PutRecords("t", r); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.PutRecords("tt", Record{"a", []byte("other")}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "a\x00b", strings.Repeat("x", maxRecordName+1)} {
		err := db.PutRecords("t", Record{"fine", nil}, Record{bad, nil})
		if !errors.Is(err, ErrRecordName) {
			t.Errorf("%.10q: %v", bad, err)
		}
		if err := db.DeleteRecords("t", bad); err != nil {
			t.Errorf("delete %.10q: %v", bad, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = OpenLevelDB(dir); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	list, err := db.Records("t")
	if err != nil || len(list) != 2 || list[0].Key != "a" || string(list[0].Value) != "1" || list[1].Key != "b" {
		t.Errorf("got %q: %v", list, err)
	}
	if err := db.DeleteRecords("t", "a", "unknown"); err != nil {
		t.Fatal(err)
	}
	if list, _ := db.Records("t"); len(list) != 1 {
		t.Errorf("after delete: %q", list)
	}
	if list, _ := db.Records("none"); len(list) != 0 {
		t.Errorf("empty table: %q", list)
	}
}
