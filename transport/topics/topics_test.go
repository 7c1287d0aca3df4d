package topics

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"statusd/accounts/key"
	"statusd/internal/test/vectors"
	"statusd/transport/dh"
)

type row struct {
	Chat     string      `json:"chat_id"`
	Key      vectors.Hex `json:"public_key"`
	Sym      vectors.Hex `json:"symmetric_key"`
	Topic    vectors.Hex `json:"topic"`
	Private  vectors.Hex `json:"private"`
	Peer     vectors.Hex `json:"peer_public"`
	Password string      `json:"password"`
	Shared   vectors.Hex `json:"shared_secret"`
}

func (r row) check(t *testing.T, p Place, kind Kind, name string) {
	t.Helper()
	topic := p.Topic()
	if p.Kind != kind || p.Name() != name || !bytes.Equal(topic[:], r.Topic) {
		t.Errorf("%s: %q on %x, want %q on %x", p.Kind, p.Name(), topic, name, []byte(r.Topic))
	}
	if r.Sym != nil && !bytes.Equal(p.SymKey(), r.Sym) {
		t.Errorf("%s %q: symmetric key %x, want %x", p.Kind, name, p.SymKey(), []byte(r.Sym))
	}
	if p.Kind.Symmetric() != (r.Sym != nil) && kind != Generic {
		t.Errorf("%s: symmetric is %v", kind, p.Kind.Symmetric())
	}
}

func public(t *testing.T, b []byte) key.Public {
	t.Helper()
	p, err := key.ParsePublic(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestVectorTopics(t *testing.T) {
	s := vectors.Section[struct {
		ContactCode []row `json:"contact_code"`
		Generic     row   `json:"discovery_generic"`
		Negotiated  []row `json:"negotiated"`
		Partitioned []row `json:"partitioned"`
		Personal    []row `json:"personal_discovery"`
		Public      []row `json:"public_chat"`
	}](t, vectors.Load(t, "secure-transport"), "topics")
	for _, r := range s.ContactCode {
		r.check(t, ContactCodeOf(public(t, r.Key)), ContactCode, r.Chat)
	}
	for _, r := range s.Partitioned {
		r.check(t, PartitionOf(public(t, r.Key)), Partitioned, r.Chat)
	}
	for _, r := range s.Personal {
		r.check(t, PersonalOf(public(t, r.Key)), Personal, r.Chat)
	}
	for _, r := range s.Public {
		r.check(t, PublicChat(r.Chat), Public, r.Chat)
	}
	for _, r := range s.Negotiated {
		k, err := key.NewPrivate(r.Private)
		if err != nil {
			t.Fatal(err)
		}
		shared, err := dh.Shared(k, public(t, r.Peer))
		if err != nil || !bytes.Equal(shared.Reveal(), r.Shared) {
			t.Errorf("shared secret differs: %v", err)
		}
		r.check(t, NegotiatedOf(shared), Negotiated, r.Password)
	}
	s.Generic.check(t, GenericDiscovery(), Generic, s.Generic.Chat)
	t.Logf("vectors: topics: %d cases",
		1+len(s.ContactCode)+len(s.Partitioned)+len(s.Personal)+len(s.Public)+len(s.Negotiated))
}

func TestNegotiatedPlacesDoNotPrint(t *testing.T) {
	shared, err := dh.NewSecret(bytes.Repeat([]byte{0xab}, 32))
	if err != nil {
		t.Fatal(err)
	}
	p := NegotiatedOf(shared)
	for _, verb := range []string{"%v", "%s", "%#v", "%+v"} {
		if got := fmt.Sprintf(verb, p); strings.Contains(got, "abab") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}
