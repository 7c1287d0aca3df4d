//go:build integration

package e2e

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"
)

// message is what filters and subscriptions return.
type message struct {
	Sig       hexutil.Bytes `json:"sig"`
	Topic     string        `json:"topic"`
	Payload   hexutil.Bytes `json:"payload"`
	Hash      string        `json:"hash"`
	Recipient hexutil.Bytes `json:"recipientPublicKey"`
}

// party is a node with the keys that the tests use.
type party struct {
	*node
	ipc     *rpc.Client
	keyPair string
	public  hexutil.Bytes
	symKey  string
}

const password = "end to end"

func newParty(t *testing.T, n *node) *party {
	t.Helper()
	p := &party{node: n, ipc: n.dial(t, "ipc")}
	call(t, p.ipc, &p.keyPair, "waku_newKeyPair")
	call(t, p.ipc, &p.public, "waku_getPublicKey", p.keyPair)
	call(t, p.ipc, &p.symKey, "waku_generateSymKeyFromPassword", password)
	return p
}

func call(t *testing.T, c *rpc.Client, result any, method string, args ...any) {
	t.Helper()
	if err := c.CallContext(t.Context(), result, method, args...); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

// inbox receives at one party in one way.
type inbox struct {
	name string
	next func(t *testing.T) message
}

// polling installs a filter and asks for its messages.
func (p *party) polling(t *testing.T, via string, criteria settings) inbox {
	t.Helper()
	c := p.dial(t, via)
	var id string
	call(t, c, &id, "waku_newMessageFilter", criteria)
	var waiting []message
	return inbox{"polling over " + via, func(t *testing.T) message {
		await(t, "a message in the filter", func() error {
			if len(waiting) == 0 {
				call(t, c, &waiting, "waku_getFilterMessages", id)
			}
			if len(waiting) == 0 {
				return fmt.Errorf("no message")
			}
			return nil
		})
		m := waiting[0]
		waiting = waiting[1:]
		return m
	}}
}

// subscribed opens a push subscription.
func (p *party) subscribed(t *testing.T, via string, criteria settings) inbox {
	t.Helper()
	ch := make(chan message, 64)
	sub, err := p.dial(t, via).Subscribe(t.Context(), "waku", ch, "messages", criteria)
	if err != nil {
		t.Fatalf("subscribe over %s: %v", via, err)
	}
	t.Cleanup(sub.Unsubscribe)
	return inbox{"subscription over " + via, func(t *testing.T) message {
		select {
		case m := <-ch:
			return m
		case err := <-sub.Err():
			t.Fatalf("subscription over %s ended: %v", via, err)
		case <-time.After(patience):
			t.Fatalf("no message by subscription over %s", via)
		}
		return message{}
	}}
}

// inboxes are every way to receive at a party.
func (p *party) inboxes(t *testing.T, criteria settings) []inbox {
	t.Helper()
	return []inbox{
		p.polling(t, "http", criteria), p.polling(t, "ws", criteria), p.polling(t, "ipc", criteria),
		p.subscribed(t, "ws", criteria), p.subscribed(t, "ipc", criteria),
	}
}

// post sends a message and returns the envelope's hash.
func (p *party) post(t *testing.T, via string, msg settings) string {
	t.Helper()
	msg["ttl"], msg["powTarget"], msg["powTime"] = 20, 0.000002, 10
	var hash string
	call(t, p.dial(t, via), &hash, "waku_post", msg)
	return hash
}

// TestRelay is the main job: three nodes, of which two are connected only to
// the third, post and receive in every way; the relay dies and comes back; a
// light node takes part; everybody ends well.
func TestRelay(t *testing.T) {
	relay := newNode(t, "relay", settings{"FullNode": true})
	relay.start(t)
	alice := startParty(t, newNode(t, "alice", nil, relay))
	bob := startParty(t, newNode(t, "bob", nil, relay))

	symmetric := settings{"symKeyID": bob.symKey, "topics": []string{"0x11223344"}}
	asymmetric := settings{"privateKeyID": bob.keyPair, "topics": []string{"0x55667788"}}
	boxes := map[bool][]inbox{false: bob.inboxes(t, symmetric), true: bob.inboxes(t, asymmetric)}

	exchange := func(t *testing.T, from *party, via string, asym, signed bool, size int) {
		payload := make([]byte, size)
		rand.Read(payload)
		msg := settings{"payload": hexutil.Bytes(payload), "topic": "0x11223344"}
		if asym {
			msg["pubKey"], msg["topic"] = bob.public, "0x55667788"
		} else {
			msg["symKeyID"] = from.symKey
		}
		var signer hexutil.Bytes
		if signed {
			msg["sig"], signer = from.keyPair, from.public
		}
		hash := from.post(t, via, msg)
		for _, box := range boxes[asym] {
			m := box.next(t)
			if m.Hash != hash || !bytes.Equal(m.Payload, payload) || !bytes.Equal(m.Sig, signer) {
				t.Fatalf("%s: got %s, %d bytes, signed by %v; want %s, %d bytes, signed by %v",
					box.name, m.Hash, len(m.Payload), m.Sig, hash, size, signer)
			}
		}
	}
	all := func(t *testing.T, from *party) {
		for _, via := range []string{"http", "ws", "ipc"} {
			for _, asym := range []bool{false, true} {
				for _, signed := range []bool{false, true} {
					for _, size := range []int{1, 700_000} {
						name := fmt.Sprintf("%s/asymmetric=%v/signed=%v/%d", via, asym, signed, size)
						t.Run(name, func(t *testing.T) { exchange(t, from, via, asym, signed, size) })
					}
				}
			}
		}
	}
	t.Run("first", func(t *testing.T) { all(t, alice) })

	relay.kill(t)
	relay.start(t)
	alice.awaitPeers(t, 1)
	bob.awaitPeers(t, 1)
	t.Run("after the relay's return", func(t *testing.T) {
		exchange(t, alice, "http", false, true, 1)
		exchange(t, alice, "ws", true, false, 700_000)
	})

	light := startParty(t, newNode(t, "light", settings{"LightClient": true}, relay))
	t.Run("light node", func(t *testing.T) {
		exchange(t, light, "http", false, true, 1)
		box := light.subscribed(t, "ipc", settings{"symKeyID": light.symKey, "topics": []string{"0x0a0b0c0d"}})
		hash := bob.post(t, "ipc", settings{
			"symKeyID": bob.symKey, "topic": "0x0a0b0c0d", "payload": hexutil.Bytes("to the light node"),
		})
		if m := box.next(t); m.Hash != hash || string(m.Payload) != "to the light node" {
			t.Fatalf("got %s %q, want %s", m.Hash, m.Payload, hash)
		}
	})
	for _, n := range []*node{light.node, alice.node, bob.node, relay} {
		n.terminate(t)
	}
}

func startParty(t *testing.T, n *node) *party {
	t.Helper()
	n.start(t)
	n.awaitPeers(t, 1)
	return newParty(t, n)
}
