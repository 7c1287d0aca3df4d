package datasync

import (
	"testing"
	"time"
)

// TestStore is a store in an open transaction that can be looked into.
type TestStore interface {
	Store
	// Dump describes everything in it.
	Dump() string
	Counts() (states, bodies, received int)
	Peers() int
}

// NewTestStore makes one: the package of the store in memory imports this one.
var NewTestStore func() TestStore

// testNode is a node with its store. A failing store fails the test.
type testNode struct {
	*Node
	tb    testing.TB
	st    TestStore
	modes map[PeerID]Mode
	// changes is 1 when the last call changed the store, else 0.
	changes int
}

func newNode(tb testing.TB, cfg Config) *testNode {
	tb.Helper()
	if cfg.Self == (PeerID{}) {
		cfg.Self = testPeer(0)
	}
	n, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return &testNode{Node: n, tb: tb, st: NewTestStore(), modes: make(map[PeerID]Mode)}
}

// call runs fn and notes whether it changed the store.
func (n *testNode) call(fn func() error) {
	n.tb.Helper()
	before := n.st.Dump()
	if err := fn(); err != nil {
		n.tb.Fatal(err)
	}
	n.changes = 0
	if n.st.Dump() != before {
		n.changes = 1
	}
}

func (n *testNode) SetMode(peer PeerID, mode Mode) { n.modes[peer] = mode }

func (n *testNode) Append(m Outgoing, now time.Time) ([]MessageID, error) {
	if len(m.To) > 0 {
		m.Mode = n.modes[m.To[0]]
	}
	return n.Node.Append(n.st, m, now)
}

func (n *testNode) Handle(from PeerID, p Payload, now time.Time) (e Effects) {
	n.tb.Helper()
	n.call(func() (err error) { e, err = n.Node.Handle(n.st, from, p, now); return err })
	return e
}

func (n *testNode) HandleArchived(from PeerID, p Payload, now time.Time) (e Effects) {
	n.tb.Helper()
	n.call(func() (err error) { e, err = n.Node.HandleArchived(n.st, from, p, now); return err })
	return e
}

func (n *testNode) Due(now time.Time) (e Effects) {
	n.tb.Helper()
	n.call(func() (err error) { e, err = n.Node.Due(n.st, now); return err })
	return e
}

func (n *testNode) Next() time.Time {
	n.tb.Helper()
	next, err := n.Node.Next(n.st)
	if err != nil {
		n.tb.Fatal(err)
	}
	return next
}

func (n *testNode) Heard(from PeerID, now time.Time) {
	n.tb.Helper()
	n.call(func() error { return n.Node.Heard(n.st, from, now) })
}

func (n *testNode) Missed(from PeerID, now time.Time) {
	n.tb.Helper()
	n.call(func() error { return n.Node.Missed(n.st, from, now) })
}

func (n *testNode) Refuse(id MessageID) {
	n.tb.Helper()
	n.call(func() error { return n.Node.Refuse(n.st, id) })
}

func (n *testNode) Cancel(ref Ref) (e Effects) {
	n.tb.Helper()
	n.call(func() (err error) { e, err = n.Node.Cancel(n.st, ref); return err })
	return e
}

func (n *testNode) Forget(peer PeerID) (e Effects) {
	n.tb.Helper()
	n.call(func() (err error) { e, err = n.Node.Forget(n.st, peer); return err })
	return e
}

func (n *testNode) Retry(ref Ref, now time.Time) {
	n.tb.Helper()
	n.call(func() error {
		_, err := n.Node.Retry(n.st, ref, now)
		return err
	})
}

// waitingFor returns the recipients that have not acknowledged a message.
func (n *testNode) waitingFor(ref Ref) (to []PeerID) {
	n.tb.Helper()
	list, err := n.st.RecordsOf(ref)
	if err != nil {
		n.tb.Fatal(err)
	}
	for i := range list {
		to = append(to, list[i].Peer)
	}
	return to
}

// delivered reports whether a receipt says that the last recipient acknowledged.
func delivered(r Receipt) bool { return r.Outcome == Acked && r.Waiting == 0 }

// Outstanding counts the records that wait for an answer.
func (n *testNode) Outstanding() int {
	n.tb.Helper()
	list, err := n.st.RecordsAfter(0, 1<<20)
	if err != nil {
		n.tb.Fatal(err)
	}
	return len(list)
}

// Idle reports whether there is no record, no body and no owed ack.
func (n *testNode) Idle() bool {
	n.tb.Helper()
	status, err := n.st.Status()
	if err != nil {
		n.tb.Fatal(err)
	}
	states, bodies, _ := n.st.Counts()
	return states+bodies == 0 && !status.Owed
}
