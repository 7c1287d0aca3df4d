package ratchet

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"statusd/accounts/key"
	"statusd/transport/dh"
)

func TestDecryptRefuses(t *testing.T) {
	alice, bob := pair(t)
	next, h, payload, err := alice.Encrypt([]byte("text"), RandomIV(rand.Reader))
	if err != nil {
		t.Fatal(err)
	}
	far := h
	far.N = 1001
	last := h
	last.N = math.MaxUint32
	for name, c := range map[string]struct {
		header  Header
		payload []byte
		want    error
	}{
		"short":        {h, payload[:Overhead-1], ErrShort},
		"empty":        {h, nil, ErrShort},
		"tampered":     {h, append(bytes.Clone(payload), 0), ErrAuthentic},
		"too far":      {far, payload, ErrTooMany},
		"last number":  {last, payload, ErrExhausted},
		"zero key":     {Header{}, payload, ErrHeaderKey},
		"no curve key": {Header{Key: dh.Point{5}}, payload, ErrHeaderKey},
	} {
		before := bob.Append(nil)
		if _, err := bob.Decrypt(c.header, c.payload, DefaultLimits(), key.Generate); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if !bytes.Equal(bob.Append(nil), before) {
			t.Errorf("%s: state changed", name)
		}
	}
	broken := errors.New("no key")
	none := func() (key.Private, error) { return key.Private{}, broken }
	if _, err := bob.Decrypt(h, payload, DefaultLimits(), none); !errors.Is(err, broken) {
		t.Errorf("no ratchet key: %v", err)
	}
	o, err := bob.Decrypt(h, payload, DefaultLimits(), key.Generate)
	if err != nil || string(o.Plaintext) != "text" {
		t.Fatalf("%q, %v", o.Plaintext, err)
	}
	if _, err := o.State.Decrypt(h, payload, DefaultLimits(), key.Generate); !errors.Is(err, ErrOld) {
		t.Errorf("again: %v", err)
	}
	next.SendCount = math.MaxUint32
	if _, _, _, err := next.Encrypt(nil, RandomIV(rand.Reader)); !errors.Is(err, ErrExhausted) {
		t.Errorf("used up: %v", err)
	}
	if _, _, _, err := (State{}).Encrypt(nil, RandomIV(rand.Reader)); !errors.Is(err, ErrNoState) {
		t.Errorf("no state: %v", err)
	}
	if _, err := (State{}).Decrypt(h, payload, DefaultLimits(), key.Generate); !errors.Is(err, ErrNoState) {
		t.Errorf("no state: %v", err)
	}
	if _, err := NewResponder(dh.Secret{}, generate(t)); !errors.Is(err, ErrNoState) {
		t.Errorf("no secret: %v", err)
	}
}

func TestStoredStates(t *testing.T) {
	alice, bob := pair(t)
	for _, s := range []State{alice, bob} {
		raw := s.Append(nil)
		if len(raw) != StateSize {
			t.Fatalf("%d bytes, want %d", len(raw), StateSize)
		}
		got, err := ParseState(raw)
		if err != nil || !bytes.Equal(got.Append(nil), raw) || got.Peer != s.Peer {
			t.Errorf("read back: %v", err)
		}
		got.Wipe()
		if !bytes.Equal(s.Append(nil), raw) {
			t.Error("wiping the copy changed the original")
		}
		for _, bad := range [][]byte{nil, raw[1:], append([]byte{9}, raw[1:]...), append(raw, 0), make([]byte, StateSize)} {
			if _, err := ParseState(bad); !errors.Is(err, ErrStored) {
				t.Errorf("%d bytes: %v", len(bad), err)
			}
		}
	}
	for _, err := range []error{
		func() error { _, err := NewRootKey(nil); return err }(),
		func() error { _, err := NewChainKey(make([]byte, 31)); return err }(),
		func() error { _, err := NewMessageKey(make([]byte, 33)); return err }(),
	} {
		if !errors.Is(err, ErrKeySize) {
			t.Errorf("bad length: %v", err)
		}
	}
}

func TestReplaceKeepsWhatTheSuccessorNeeds(t *testing.T) {
	alice, bob := pair(t)
	for range 5 {
		next, h, payload, err := alice.Encrypt([]byte("text"), RandomIV(rand.Reader))
		if err != nil {
			t.Fatal(err)
		}
		alice.Replace(next)
		o, err := bob.Decrypt(h, payload, DefaultLimits(), key.Generate)
		if err != nil {
			t.Fatal(err)
		}
		bob.Replace(o.State)
		if bob.Recv.Len() != 0 {
			t.Error("old chain key is left")
		}
		alice, bob = o.State, next // the other one writes next
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	alice, _ := pair(t)
	_, mk := alice.Send.next()
	keys := []any{alice.Root, alice.Send, mk, alice, StoredKey{Seal: mk}, Opened{State: alice}}
	needles := []string{fmt.Sprintf("%x", mk.Reveal())[:12], fmt.Sprintf("%x", alice.Root.Reveal())[:12]}
	for _, k := range keys {
		for _, verb := range []string{"%v", "%+v", "%x", "%s"} {
			got := fmt.Sprintf(verb, k)
			for _, n := range needles {
				if strings.Contains(got, n) {
					t.Errorf("%T %s prints %s", k, verb, got)
				}
			}
		}
	}
}

// FuzzDecrypt feeds headers and payloads to a responder.
func FuzzDecrypt(f *testing.F) {
	alice, bob := pair(f)
	_, h, payload, err := alice.Encrypt([]byte("text"), RandomIV(rand.Reader))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(h.Key[:], h.N, h.PN, payload)
	f.Add(h.Key[:], uint32(999), uint32(5), payload)
	f.Add([]byte{}, uint32(0), uint32(math.MaxUint32), []byte{})
	f.Fuzz(func(t *testing.T, point []byte, n, pn uint32, data []byte) {
		var in Header
		copy(in.Key[:], point)
		in.N, in.PN = n, pn
		o, err := bob.Decrypt(in, data, DefaultLimits(), key.Generate)
		if err == nil && (in != h || !bytes.Equal(data, payload)) {
			t.Errorf("opened %+v to %q", in, o.Plaintext)
		}
	})
}

// A state that was put back from a copy seals with keys that were used before:
// the two texts must not come out under one key stream.
func TestRepeatedMessageKeyIsNoTwoTimePad(t *testing.T) {
	alice, bob := pair(t)
	first, second := []byte("the first text of this number"), []byte("a text of the copy put back..")
	_, h, one, err := alice.Encrypt(first, RandomIV(rand.Reader))
	if err != nil {
		t.Fatal(err)
	}
	_, again, two, err := alice.Encrypt(second, RandomIV(rand.Reader))
	if err != nil || again != h {
		t.Fatalf("header %+v, want %+v: %v", again, h, err)
	}
	pad := make([]byte, len(first))
	for i := range pad {
		pad[i] = one[IVSize+i] ^ first[i] ^ two[IVSize+i] ^ second[i]
	}
	if bytes.Equal(pad, make([]byte, len(pad))) || bytes.Equal(one[:IVSize], two[:IVSize]) {
		t.Error("both texts were encrypted with one key stream")
	}
	for text, payload := range map[string][]byte{string(first): one, string(second): two} {
		got, err := bob.Decrypt(h, payload, DefaultLimits(), key.Generate)
		if err != nil || string(got.Plaintext) != text {
			t.Errorf("opened %q: %v", got.Plaintext, err)
		}
	}
	failing := func([IVSize]byte) ([IVSize]byte, error) { return [IVSize]byte{}, errors.New("no randomness") }
	if _, _, _, err := alice.Encrypt(first, failing); err == nil {
		t.Error("sealed without an initial vector")
	}
}
