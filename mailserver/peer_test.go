package mailserver_test

import (
	"crypto/ecdsa"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/mailserver"
	"statusd/waku/wire"
)

// requestKey opens requests; deriving it takes long with the race detector.
var requestKey = sync.OnceValue(func() []byte { return wire.SymKeyFromPassword(mailserver.DefaultPassword) })

// identity seals the requests of one peer.
type identity struct {
	key    *ecdsa.PrivateKey
	id     enode.ID
	sym    *wire.SymCipher
	sealed uint64
	ip     string
}

func newIdentity(tb testing.TB) *identity {
	tb.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		tb.Fatal(err)
	}
	sym, err := wire.NewSymCipher(requestKey())
	if err != nil {
		tb.Fatal(err)
	}
	return &identity{key: key, id: enode.PubkeyToIDV4(&key.PublicKey), sym: sym, ip: "192.0.2.7"}
}

func (p *identity) ID() enode.ID { return p.id }
func (p *identity) IP() string   { return p.ip }

// sealedRequest makes the packet of a request.
func (p *identity) sealedRequest(tb testing.TB, payload mailserver.Payload, now time.Time) []byte {
	tb.Helper()
	raw, err := payload.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	p.sealed++
	plain, err := wire.EncodePlain(raw, fmt.Append(nil, p.sealed), p.key)
	if err != nil {
		tb.Fatal(err)
	}
	const ttl = 50
	var nonce [wire.SymNonceLength]byte
	binary.BigEndian.PutUint64(nonce[:], p.sealed)
	return wire.NewEnvelope(uint32(now.Unix())+ttl, ttl, wire.Topic{}, p.sym.Seal(nonce, plain), p.sealed).RLP()
}

// fakePeer is a peer that keeps what it is sent. While it is stalled, writes
// to it block.
type fakePeer struct {
	*identity
	done chan struct{}

	mu          sync.Mutex
	moved       *sync.Cond
	stalled     bool
	gone        bool
	blocked     int // writes that wait
	packets     [][]wire.Hash
	completions []*wire.RequestComplete
	largest     int
}

var errGone = errors.New("peer has gone")

func newPeer(t *testing.T) *fakePeer {
	t.Helper()
	p := &fakePeer{identity: newIdentity(t), done: make(chan struct{})}
	p.moved = sync.NewCond(&p.mu)
	return p
}

func (p *fakePeer) Done() <-chan struct{} { return p.done }

func (p *fakePeer) write(fn func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blocked++
	for p.stalled && !p.gone {
		p.moved.Wait()
	}
	p.blocked--
	if p.gone {
		return errGone
	}
	fn()
	return nil
}

func (p *fakePeer) SendMessages(payload []byte) error {
	return p.write(func() {
		p.largest = max(p.largest, len(payload))
		envs, err := wire.DecodeMessages(slices.Clone(payload))
		if err != nil {
			panic(err)
		}
		var hashes []wire.Hash
		for _, env := range envs {
			hashes = append(hashes, env.Hash())
		}
		p.packets = append(p.packets, hashes)
	})
}

func (p *fakePeer) SendComplete(payload []byte) error {
	return p.write(func() {
		c, err := wire.DecodeRequestComplete(payload)
		if err != nil {
			panic(err)
		}
		p.completions = append(p.completions, c)
	})
}

func (p *fakePeer) stall(stalled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = stalled
	p.moved.Broadcast()
}

func (p *fakePeer) leave() {
	close(p.done)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
	p.moved.Broadcast()
}

// got returns the hashes received since the last call, and the completions.
func (p *fakePeer) got() (hashes []wire.Hash, completions []*wire.RequestComplete) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, packet := range p.packets {
		hashes = append(hashes, packet...)
	}
	completions = p.completions
	p.packets, p.completions = nil, nil
	return hashes, completions
}
