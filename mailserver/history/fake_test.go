package history

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/binary"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/mailserver"
	"statusd/waku"
	"statusd/waku/wire"
)

// fakeServer answers requests out of a list of envelopes, newest first, after
// a delay. Its behave function may change or replace an answer.
type fakeServer struct {
	node     *enode.Node
	password string
	stored   []*wire.Envelope
	up       bool
	asked    []*mailserver.Payload
	behave   func(n int, reply *reply) // n: how many requests came before
}

// reply is what a server is going to send.
type reply struct {
	envs   []*wire.Envelope
	end    wire.RequestComplete
	silent bool // no completion
	early  bool // completion before the envelopes
	drop   bool // disconnect instead
}

// fakeNetwork connects a client to fake servers. Answers come from goroutines
// that the test's bubble waits for.
type fakeNetwork struct {
	t       *testing.T
	client  *Client
	key     *ecdsa.PrivateKey
	mu      sync.Mutex
	servers map[enode.ID]*fakeServer
	seen    map[wire.Hash]int // envelopes that reached the filters
	wg      sync.WaitGroup
}

// defaultKey is derived once: that is slow under the race detector.
var defaultKey = sync.OnceValue(func() []byte { return wire.SymKeyFromPassword("status-offline-inbox") })

const delay = 100 * time.Millisecond

func newNetwork(t *testing.T, store Store, servers ...*fakeServer) *fakeNetwork {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	n := &fakeNetwork{t: t, key: key, servers: make(map[enode.ID]*fakeServer), seen: make(map[wire.Hash]int)}
	var list []Server
	for _, s := range servers {
		n.servers[s.node.ID()] = s
		list = append(list, Server{Node: s.node, Password: s.password})
	}
	if store == nil {
		store = newMemory()
	}
	n.client, err = New(Config{NodeKey: key, Store: store, Servers: list, Dialer: n})
	if err != nil {
		t.Fatal(err)
	}
	n.client.Attach(n)
	t.Cleanup(n.wg.Wait)
	return n
}

func newFakeServer(t *testing.T, stored ...*wire.Envelope) *fakeServer {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return &fakeServer{node: enode.NewV4(&key.PublicKey, nil, 0, 0), stored: stored, up: true}
}

func (n *fakeNetwork) Seal(_ context.Context, m waku.Post) (*wire.Envelope, error) {
	plain, err := wire.EncodePlain(m.Payload, make([]byte, 16), m.Signer)
	if err != nil {
		return nil, err
	}
	cipher, err := wire.NewSymCipher(m.SymKey)
	if err != nil {
		return nil, err
	}
	var nonce [12]byte
	binary.BigEndian.PutUint64(nonce[:], uint64(time.Now().UnixNano()))
	return wire.NewEnvelope(uint32(time.Now().Unix())+m.TTL, m.TTL, m.Topic, cipher.Seal(nonce, plain), 0), nil
}

func (n *fakeNetwork) TrustPeer(enode.ID) {}

func (n *fakeNetwork) PeerConnected(id enode.ID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.servers[id].up
}

// Connect implements Dialer: a server that is down comes up after a while.
func (n *fakeNetwork) Connect(node *enode.Node) error {
	n.wg.Go(func() {
		time.Sleep(delay)
		n.setUp(node.ID(), true)
	})
	return nil
}

// Disconnect implements Dialer.
func (n *fakeNetwork) Disconnect(node *enode.Node) error {
	n.wg.Go(func() { n.setUp(node.ID(), false) })
	return nil
}

func (n *fakeNetwork) setUp(id enode.ID, up bool) {
	n.mu.Lock()
	n.servers[id].up = up
	n.mu.Unlock()
	if up {
		n.client.PeerUp(id)
	} else {
		n.client.PeerDown(id)
	}
}

func (n *fakeNetwork) SendP2PRequest(id enode.ID, raw []byte) error {
	n.mu.Lock()
	s := n.servers[id]
	n.mu.Unlock()
	request, reqID := n.open(s, raw)
	n.mu.Lock()
	count := len(s.asked)
	s.asked = append(s.asked, request)
	n.mu.Unlock()
	r := s.answer(request)
	r.end.ID = reqID
	if s.behave != nil {
		s.behave(count, r)
	}
	n.wg.Go(func() { n.deliver(id, r) })
	return nil
}

// open checks a request as a server would.
func (n *fakeNetwork) open(s *fakeServer, raw []byte) (*mailserver.Payload, wire.Hash) {
	env, err := wire.DecodeEnvelope(raw)
	if err != nil {
		n.t.Error(err)
	}
	key := defaultKey()
	if s.password != "" {
		key = wire.SymKeyFromPassword(s.password)
	}
	cipher, err := wire.NewSymCipher(key)
	if err != nil {
		n.t.Error(err)
	}
	opened, err := cipher.Open(env.Data())
	if err != nil {
		n.t.Error("request is not sealed with the server's password:", err)
		return nil, env.Hash()
	}
	plain, err := wire.DecodePlain(opened)
	if err != nil || plain.Signer == nil || !plain.Signer.Equal(&n.key.PublicKey) {
		n.t.Errorf("request is not signed with the node key: %v", err)
	}
	request, err := mailserver.DecodePayload(plain.Payload)
	if err != nil {
		n.t.Error(err)
	}
	return request, env.Hash()
}

// answer is what an honest server that knows topics sends.
func (s *fakeServer) answer(p *mailserver.Payload) *reply {
	r := new(reply)
	sorted := slices.Clone(s.stored)
	slices.SortFunc(sorted, func(a, b *wire.Envelope) int { return mailserver.KeyOf(b).Compare(mailserver.KeyOf(a)) })
	limit := int(p.Limit)
	if limit == 0 {
		limit = 1000
	}
	for _, env := range sorted {
		cursor := mailserver.KeyOf(env).AppendCursor(nil)
		wanted := slices.ContainsFunc(p.Topics, func(t []byte) bool { return wire.Topic(t) == env.Topic() })
		seen := len(p.Cursor) > 0 && bytes.Compare(cursor, p.Cursor) >= 0
		if !wanted || seen || env.Sent() < p.Lower || env.Sent() > p.Upper {
			continue
		}
		if len(r.envs) == limit {
			r.end.Cursor = mailserver.KeyOf(r.envs[limit-1]).AppendCursor(nil)
			break
		}
		r.envs = append(r.envs, env)
	}
	if len(r.envs) > 0 {
		r.end.Last = r.envs[len(r.envs)-1].Hash()
	}
	return r
}

func (n *fakeNetwork) deliver(id enode.ID, r *reply) {
	time.Sleep(delay)
	if r.drop {
		n.setUp(id, false)
		return
	}
	if r.early {
		n.client.Complete(id, &r.end)
	}
	for _, env := range r.envs {
		if n.client.Accept(id, env) {
			n.mu.Lock()
			n.seen[env.Hash()]++
			n.mu.Unlock()
		}
	}
	if !r.silent && !r.early {
		n.client.Complete(id, &r.end)
	}
}

// memory is a Store for tests. Its contents survive a new client.
type memory struct {
	spans map[wire.Topic]Spans
	marks map[string]Bookmark
}

func newMemory() *memory {
	return &memory{spans: make(map[wire.Topic]Spans), marks: make(map[string]Bookmark)}
}

func (m *memory) Spans(t wire.Topic) (Spans, error) { return m.spans[t], nil }

func (m *memory) SaveSpans(all map[wire.Topic]Spans, key string) error {
	for t, s := range all {
		m.spans[t] = s
	}
	delete(m.marks, key)
	return nil
}

func (m *memory) Resume(key string) (*Bookmark, error) {
	if b, ok := m.marks[key]; ok {
		return &b, nil
	}
	return nil, nil
}

func (m *memory) SaveBookmark(key string, b Bookmark) error {
	m.marks[key] = b
	return nil
}

// envelopes makes count envelopes of a topic, one a second from start on.
func envelopes(topic wire.Topic, start uint32, count int) []*wire.Envelope {
	list := make([]*wire.Envelope, count)
	for i := range list {
		sent := start + uint32(i)
		list[i] = wire.NewEnvelope(sent+20, 20, topic, []byte{byte(i), byte(i >> 8), topic[0]}, uint64(i))
	}
	return list
}
