package ratchet

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/internal/test/vectors"
	"statusd/transport/dh"
)

type vectorHeader struct {
	DH vectors.Hex `json:"dh"`
	N  uint32      `json:"n"`
	PN uint32      `json:"pn"`
}

func (h vectorHeader) header() Header {
	var out Header
	copy(out.Key[:], h.DH)
	out.N, out.PN = h.N, h.PN
	return out
}

func TestVectorKDF(t *testing.T) {
	type section struct {
		Root []struct {
			Root  vectors.Hex `json:"root_key"`
			DH    vectors.Hex `json:"dh_out"`
			Next  vectors.Hex `json:"new_root_key"`
			Chain vectors.Hex `json:"chain_key"`
		} `json:"root_kdf"`
		Chain []struct {
			Chain   vectors.Hex `json:"chain_key"`
			Next    vectors.Hex `json:"next_chain_key"`
			Message vectors.Hex `json:"message_key"`
		} `json:"chain_kdf"`
		Expansion []struct {
			Message vectors.Hex `json:"message_key"`
			Enc     vectors.Hex `json:"encryption_key"`
			Auth    vectors.Hex `json:"authentication_key"`
			IV      vectors.Hex `json:"iv"`
		} `json:"message_key_expansion"`
		Headers []struct {
			vectorHeader
			Encoded vectors.Hex `json:"encoded"`
		} `json:"header_encoding"`
		AEAD []struct {
			Message   vectors.Hex `json:"message_key"`
			AD        vectors.Hex `json:"associated_data"`
			Plaintext vectors.Hex `json:"plaintext"`
			Output    vectors.Hex `json:"output"`
		} `json:"message_aead"`
	}
	s := vectors.Section[section](t, vectors.Load(t, "secure-transport"), "kdf")
	for _, c := range s.Root {
		root, chain, err := RootKey{secret.New(c.Root)}.next(dh.Secret{Bytes: secret.New(c.DH)})
		if err != nil || !bytes.Equal(root.Reveal(), c.Next) || !bytes.Equal(chain.Reveal(), c.Chain) {
			t.Errorf("root key %x: %x, %x, %v", []byte(c.Root), root.Reveal(), chain.Reveal(), err)
		}
	}
	for _, c := range s.Chain {
		next, mk := ChainKey{secret.New(c.Chain)}.next()
		if !bytes.Equal(next.Reveal(), c.Next) || !bytes.Equal(mk.Reveal(), c.Message) {
			t.Errorf("chain key %x: %x, %x", []byte(c.Chain), next.Reveal(), mk.Reveal())
		}
	}
	for _, c := range s.Expansion {
		var e expanded
		e.expand(MessageKey{secret.New(c.Message)})
		if !bytes.Equal(e.enc(), c.Enc) || !bytes.Equal(e.auth(), c.Auth) || !bytes.Equal(e.iv(), c.IV) {
			t.Errorf("message key %x expands to %x", []byte(c.Message), e.bytes)
		}
	}
	for _, c := range s.Headers {
		if got := c.header().associated(); !bytes.Equal(got[:], c.Encoded) {
			t.Errorf("header: %x, want %x", got, []byte(c.Encoded))
		}
	}
	for _, c := range s.AEAD {
		mk := MessageKey{secret.New(c.Message)}
		if got, err := seal(mk, c.Plaintext, c.AD, derived); err != nil || !bytes.Equal(got, c.Output) {
			t.Errorf("sealed %x, %v, want %x", got, err, []byte(c.Output))
		}
		if got, err := open(mk, c.Output, c.AD); err != nil || !bytes.Equal(got, c.Plaintext) {
			t.Errorf("opened %x, %v, want %x", got, err, []byte(c.Plaintext))
		}
	}
	t.Logf("vectors: kdf: %d cases", len(s.Root)+len(s.Chain)+len(s.Expansion)+len(s.Headers)+len(s.AEAD))
}

type vectorState struct {
	DHr   vectors.Hex `json:"dhr"`
	DHs   vectors.Hex `json:"dhs_private"`
	DHsP  vectors.Hex `json:"dhs_public"`
	Keys  uint64      `json:"keys_count"`
	PN    uint32      `json:"pn"`
	Recv  vectors.Hex `json:"recv_chain_key"`
	RecvN uint32      `json:"recv_n"`
	Root  vectors.Hex `json:"root_key"`
	Send  vectors.Hex `json:"send_chain_key"`
	SendN uint32      `json:"send_n"`
}

type vectorStored struct {
	DH vectors.Hex `json:"dh"`
	N  uint32      `json:"n"`
	MK vectors.Hex `json:"message_key"`
}

type vectorStep struct {
	Op         string         `json:"op"`
	By         string         `json:"by"`
	Message    string         `json:"message"`
	Count      int            `json:"count"`
	Expect     string         `json:"expect"`
	Header     vectorHeader   `json:"header"`
	AD         vectors.Hex    `json:"associated_data"`
	Ciphertext vectors.Hex    `json:"ciphertext"`
	Plaintext  vectors.Hex    `json:"plaintext"`
	Generated  []vectors.Hex  `json:"generated_ratchet_private"`
	State      *vectorState   `json:"state_after"`
	Stored     []vectorStored `json:"stored_keys_after"`
	StoredN    *int           `json:"stored_keys_count_after"`
}

type vectorScenario struct {
	Name        string       `json:"name"`
	Shared      vectors.Hex  `json:"shared_key"`
	AliceKey    vectors.Hex  `json:"alice_initial_ratchet_private"`
	BobKey      vectors.Hex  `json:"bob_prekey_private"`
	AliceState  vectorState  `json:"alice_state_initial"`
	BobState    vectorState  `json:"bob_state_initial"`
	MaxSkip     uint32       `json:"max_skip"`
	MaxKeep     uint64       `json:"max_keep"`
	MaxMessages int          `json:"max_message_keys"`
	Steps       []vectorStep `json:"steps"`
}

// side is a party with its stored keys.
type side struct {
	state  State
	keys   []StoredKey
	limits Limits
}

func (s *side) find(h Header) int {
	return slices.IndexFunc(s.keys, func(k StoredKey) bool { return k.Key == h.Key && k.N == h.N })
}

func (s *side) decrypt(h Header, payload []byte, fresh func() (key.Private, error)) ([]byte, error) {
	if i := s.find(h); i >= 0 {
		return Reopen(s.keys[i], h, payload)
	}
	o, err := s.state.Decrypt(h, payload, s.limits, fresh)
	if err != nil {
		return nil, err
	}
	s.state = o.State
	s.keys = append(s.keys, o.Keys...)
	highest, through, ok := s.limits.Trim(o.State)
	if n := len(s.keys) - highest; n > 0 {
		s.keys = slices.Delete(s.keys, 0, n)
	}
	if ok {
		s.keys = slices.DeleteFunc(s.keys, func(k StoredKey) bool { return k.Seq <= through })
	}
	return o.Plaintext, nil
}

func (s *side) check(t *testing.T, want vectorState) {
	t.Helper()
	pub := dh.PointOf(s.state.Own.Public())
	for _, c := range []struct {
		name      string
		got, want []byte
	}{
		{"root", s.state.Root.Reveal(), want.Root}, {"send chain", s.state.Send.Reveal(), want.Send},
		{"receive chain", s.state.Recv.Reveal(), want.Recv}, {"own key", s.state.Own.Reveal(), want.DHs},
		{"own point", pub[:], want.DHsP},
	} {
		if !bytes.Equal(c.got, c.want) {
			t.Errorf("%s: %x, want %x", c.name, c.got, c.want)
		}
	}
	var peer []byte
	if !s.state.Peer.IsZero() {
		peer = s.state.Peer[:]
	}
	if !bytes.Equal(peer, want.DHr) {
		t.Errorf("peer key %x, want %x", peer, []byte(want.DHr))
	}
	got := [4]uint64{
		uint64(s.state.SendCount), uint64(s.state.RecvCount), uint64(s.state.PrevCount), s.state.KeyCount,
	}
	if w := [4]uint64{uint64(want.SendN), uint64(want.RecvN), uint64(want.PN), want.Keys}; got != w {
		t.Errorf("counters %v, want %v", got, w)
	}
}

func (s *side) checkStored(t *testing.T, step vectorStep) {
	t.Helper()
	if step.StoredN != nil && len(s.keys) != *step.StoredN {
		t.Errorf("%d stored keys, want %d", len(s.keys), *step.StoredN)
	}
	if step.Stored == nil {
		return
	}
	if step.StoredN == nil && len(s.keys) != len(step.Stored) {
		t.Errorf("%d stored keys, want %d", len(s.keys), len(step.Stored))
	}
	for _, w := range step.Stored {
		i := s.find(vectorHeader{DH: w.DH, N: w.N}.header())
		if i < 0 {
			t.Errorf("key %x, %d is not stored", []byte(w.DH), w.N)
		} else if !bytes.Equal(s.keys[i].Seal.Reveal(), w.MK) {
			t.Errorf("key %x, %d differs", []byte(w.DH), w.N)
		}
	}
}

func TestVectorDoubleRatchet(t *testing.T) {
	f := vectors.Load(t, "secure-transport")
	name := func(_ int, c vectorScenario) string { return c.Name }
	vectors.Each(t, f, "double_ratchet", name, func(t *testing.T, c vectorScenario) {
		shared := dh.Secret{Bytes: secret.New(c.Shared)}
		bobKey := mustKey(t, c.BobKey)
		alice, err := NewInitiator(shared, mustKey(t, c.AliceKey), bobKey.Public())
		if err != nil {
			t.Fatal(err)
		}
		bob, err := NewResponder(shared, bobKey)
		if err != nil {
			t.Fatal(err)
		}
		limits := Limits{MaxSkip: c.MaxSkip, MaxKeep: c.MaxKeep, MaxStored: c.MaxMessages}
		sides := map[string]*side{"alice": {alice, nil, limits}, "bob": {bob, nil, limits}}
		sides["alice"].check(t, c.AliceState)
		sides["bob"].check(t, c.BobState)
		sent := make(map[string]Header)
		for i, step := range c.Steps {
			if t.Failed() {
				t.Fatalf("stopped before step %d (%s %s)", i, step.Op, step.Message)
			}
			runStep(t, sides[step.By], step, sent)
		}
	})
}

// derived is the IV of deployed peers, with which output is reproducible.
func derived(iv [IVSize]byte) ([IVSize]byte, error) { return iv, nil }

func runStep(t *testing.T, s *side, step vectorStep, sent map[string]Header) {
	t.Helper()
	switch step.Op {
	case "encrypt":
		next, h, payload, err := s.state.Encrypt(step.Plaintext, derived)
		if err != nil {
			t.Fatal(err)
		}
		s.state = next
		ad := h.associated()
		if h != step.Header.header() || !bytes.Equal(ad[:], step.AD) || !bytes.Equal(payload, step.Ciphertext) {
			t.Errorf("%s: %+v, %x, want %+v, %x", step.Message, h, payload, step.Header, []byte(step.Ciphertext))
		}
		sent[step.Message] = h
	case "encrypt_discard":
		for range step.Count {
			next, _, _, err := s.state.Encrypt(nil, derived)
			if err != nil {
				t.Fatal(err)
			}
			s.state = next
		}
	case "decrypt":
		decryptStep(t, s, step)
	case "confirm":
		if i := s.find(sent[step.Message]); i >= 0 {
			s.keys = slices.Delete(s.keys, i, i+1)
		}
	default:
		t.Fatalf("unknown step %q", step.Op)
	}
	if step.State != nil {
		s.check(t, *step.State)
	}
	s.checkStored(t, step)
}

func decryptStep(t *testing.T, s *side, step vectorStep) {
	t.Helper()
	generated := step.Generated
	fresh := func() (key.Private, error) {
		if len(generated) == 0 {
			return key.Private{}, errors.New("no key left")
		}
		k := mustKey(t, generated[0])
		generated = generated[1:]
		return k, nil
	}
	plain, err := s.decrypt(step.Header.header(), step.Ciphertext, fresh)
	switch {
	case step.Expect == "error" && err == nil:
		t.Errorf("%s: opened, want an error", step.Message)
	case step.Expect == "ok" && err != nil:
		t.Errorf("%s: %v", step.Message, err)
	case step.Expect == "ok" && !bytes.Equal(plain, step.Plaintext):
		t.Errorf("%s: %x, want %x", step.Message, plain, []byte(step.Plaintext))
	case step.Expect != "ok" && step.Expect != "error":
		t.Fatalf("unknown expectation %q", step.Expect)
	}
}

func mustKey(tb testing.TB, b []byte) key.Private {
	tb.Helper()
	k, err := key.NewPrivate(b)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}
