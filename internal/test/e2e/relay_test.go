//go:build integration

package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"testing"

	"statusd/api"
	"statusd/api/client"
)

// party is a node with the keys that the tests use.
type party struct {
	*node
	ipc     *client.Client
	keyPair string
	public  []byte
	symKey  string
}

const password = "end to end"

func newParty(t *testing.T, n *node) *party {
	t.Helper()
	p := &party{node: n, ipc: n.dial(t, "ipc")}
	p.keyPair = call(t, p.ipc, api.WakuNewKeyPair, api.None{})
	p.public = call(t, p.ipc, api.WakuGetPublicKey, api.KeyPairArgs{ID: p.keyPair})
	p.symKey = call(t, p.ipc, api.WakuGenerateSymKeyFromPassword, api.KeyPasswordArgs{Password: password})
	return p
}

// inbox receives at one party in one way.
type inbox struct {
	name string
	next func(t *testing.T) api.WakuMessage
}

// polling installs a filter and asks for its messages.
func (p *party) polling(t *testing.T, via string, criteria api.FilterCriteria) inbox {
	t.Helper()
	c := p.dial(t, via)
	filter := api.FilterArgs{ID: call(t, c, api.WakuNewMessageFilter, api.FilterCriteriaArgs{Criteria: criteria})}
	var waiting []api.WakuMessage
	return inbox{"polling over " + via, func(t *testing.T) api.WakuMessage {
		await(t, "a message in the filter", func() error {
			if len(waiting) == 0 {
				waiting = call(t, c, api.WakuGetFilterMessages, filter)
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
func (p *party) subscribed(t *testing.T, via string, criteria api.FilterCriteria) inbox {
	t.Helper()
	sub, err := client.Subscribe(t.Context(), p.dial(t, via), api.WakuSubscribe, api.WakuSubscribeArgs{
		Name: api.WakuSubscribe.Topic, Criteria: criteria,
	})
	if err != nil {
		t.Fatalf("subscribe over %s: %v", via, err)
	}
	return inbox{"subscription over " + via, func(t *testing.T) api.WakuMessage {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		m, err := sub.Next(ctx)
		if err != nil {
			t.Fatalf("no message by subscription over %s: %v", via, err)
		}
		return m
	}}
}

// inboxes are every way to receive at a party.
func (p *party) inboxes(t *testing.T, criteria api.FilterCriteria) []inbox {
	t.Helper()
	return []inbox{
		p.polling(t, "http", criteria), p.polling(t, "ws", criteria), p.polling(t, "ipc", criteria),
		p.subscribed(t, "ws", criteria), p.subscribed(t, "ipc", criteria),
	}
}

// post sends a message and returns the envelope's hash.
func (p *party) post(t *testing.T, via string, msg api.PostMessage) string {
	t.Helper()
	msg.TTL, msg.PoWTarget, msg.PoWTime = 20, 0.000002, 10
	return call(t, p.dial(t, via), api.WakuPost, api.PostArgs{Message: msg}).String()
}

// TestRelay is the main job: three nodes, of which two are connected only to
// the third, post and receive in every way; the relay dies and comes back; a
// light node takes part; everybody ends well.
func TestRelay(t *testing.T) {
	relay := newNode(t, "relay", settings{"FullNode": true})
	relay.start(t)
	alice := startParty(t, newNode(t, "alice", nil, relay))
	bob := startParty(t, newNode(t, "bob", nil, relay))

	one, other := api.Topic{0x11, 0x22, 0x33, 0x44}, api.Topic{0x55, 0x66, 0x77, 0x88}
	symmetric := api.FilterCriteria{SymKeyID: bob.symKey, Topics: []api.Topic{one}}
	asymmetric := api.FilterCriteria{PrivateKeyID: bob.keyPair, Topics: []api.Topic{other}}
	boxes := map[bool][]inbox{false: bob.inboxes(t, symmetric), true: bob.inboxes(t, asymmetric)}

	exchange := func(t *testing.T, from *party, via string, asym, signed bool, size int) {
		payload := make([]byte, size)
		rand.Read(payload)
		msg := api.PostMessage{Payload: payload, Topic: one}
		if asym {
			msg.PubKey, msg.Topic = bob.public, other
		} else {
			msg.SymKeyID = from.symKey
		}
		var signer []byte
		if signed {
			msg.Sig, signer = from.keyPair, from.public
		}
		hash := from.post(t, via, msg)
		for _, box := range boxes[asym] {
			m := box.next(t)
			sig, err := m.Sig.Decode()
			if err != nil || string(m.Hash) != hash || text(t, m) != string(payload) || !bytes.Equal(sig, signer) {
				t.Fatalf("%s: got %s, %d bytes, signed by %s, %v; want %s, %d bytes, signed by %x",
					box.name, m.Hash, len(m.Payload), m.Sig, err, hash, size, signer)
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
		topic := api.Topic{0x0a, 0x0b, 0x0c, 0x0d}
		box := light.subscribed(t, "ipc", api.FilterCriteria{SymKeyID: light.symKey, Topics: []api.Topic{topic}})
		hash := bob.post(t, "ipc", api.PostMessage{
			SymKeyID: bob.symKey, Topic: topic, Payload: []byte("to the light node"),
		})
		if m := box.next(t); string(m.Hash) != hash || text(t, m) != "to the light node" {
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
