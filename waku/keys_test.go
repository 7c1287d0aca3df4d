package waku

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/waku/wire"
)

func TestSymmetricKeys(t *testing.T) {
	k := newKeys(GuestKeys)
	for _, n := range []int{0, 31, 33} {
		if _, err := k.AddSymKey(make([]byte, n)); !errors.Is(err, ErrSymKeySize) {
			t.Errorf("%d bytes: got %v", n, err)
		}
	}
	key := testKey(3)
	id, err := k.AddSymKey(key)
	if err != nil || len(id) != keyIDLength {
		t.Fatalf("id %q, error %v", id, err)
	}
	key[0]++ // the caller's slice is his own
	if got, ok := k.SymKey(id); !ok || !bytes.Equal(got, testKey(3)) {
		t.Errorf("got %x", got)
	}
	again, _ := k.AddSymKey(testKey(3))
	if again == id {
		t.Error("ids of symmetric keys must be random")
	}
	fresh, _ := k.NewSymKey()
	a, _ := k.SymKey(fresh)
	password, _ := k.AddSymKeyFromPassword("status")
	b, ok := k.SymKey(password)
	if !ok || len(a) != wire.SymKeyLength || hex.EncodeToString(b[:4]) != "36224048" {
		t.Errorf("got keys %x and %x", a, b)
	}
	if !k.DeleteSymKey(id) || k.DeleteSymKey(id) {
		t.Error("a key could not be deleted once")
	}
	if _, ok := k.SymKey(id); ok {
		t.Error("a deleted key is still there")
	}
}

// TestKeysAreNeverPrinted tries every verb that a type can control, on the keys
// and on what holds them.
func TestKeysAreNeverPrinted(t *testing.T) {
	h := newHost(t, Config{})
	pair := newKey(t, 1)
	keys := h.NewGuest().Keys()
	if _, err := keys.AddKeyPair(pair); err != nil {
		t.Fatal(err)
	}
	sym := bytes.Repeat([]byte("secretKEY#"), 4)[:wire.SymKeyLength]
	if _, err := keys.AddSymKey(sym); err != nil {
		t.Fatal(err)
	}
	raw := crypto.FromECDSA(pair)
	var secrets []string
	for _, key := range [][]byte{raw, sym} {
		secrets = append(secrets,
			string(key), hex.EncodeToString(key), fmt.Sprint(key), fmt.Sprintf("%#v", key), fmt.Sprintf("%o", key))
	}
	secrets = append(secrets, pair.D.String(), pair.D.Text(8), pair.D.Text(2))
	values := []any{
		keys, struct{ K *Keys }{keys},
		FilterSpec{SymKey: sym}, &FilterSpec{PrivateKey: pair}, Post{SymKey: sym, Signer: pair}, &Post{SymKey: sym},
		struct{ F []FilterSpec }{[]FilterSpec{{SymKey: sym}}},
	}
	for _, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U", "%t"} {
			out := fmt.Sprintf(verb, value)
			for _, secret := range secrets {
				if strings.Contains(strings.ToLower(out), strings.ToLower(secret)) {
					t.Errorf("%s of %T shows a key: %.80s", verb, value, out)
				}
			}
		}
		out, err := json.Marshal(value)
		if err != nil {
			t.Errorf("%T: %v", value, err)
		}
		for _, key := range [][]byte{raw, sym} {
			for _, secret := range append(secrets, base64.StdEncoding.EncodeToString(key)) {
				if strings.Contains(string(out), secret) {
					t.Errorf("JSON of %T shows a key: %.80s", value, out)
				}
			}
		}
	}
}
