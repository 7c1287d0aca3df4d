package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"statusd/accounts/kdf"
	"statusd/accounts/key"
)

// tiny is a cost for tests that are not about cost.
var tiny = kdf.Cost{N: 2, R: 1, P: 1}

const phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow"

func password(s string) kdf.Password { return kdf.ExactPassword([]byte(s)) }

func wrapper(t testing.TB, pass string, cost kdf.Cost) *Wrapper {
	t.Helper()
	w, err := NewWrapper(password(pass), cost)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// newVault returns an open vault with a fixed chat key.
func newVault(t testing.TB, pass string) (*Unlocked, Contents) {
	t.Helper()
	chat, err := key.NewPrivate(bytes.Repeat([]byte{0x5a}, 32))
	if err != nil {
		t.Fatal(err)
	}
	c := Contents{
		UID: chat.Public().UID(), ChatKey: chat, Phrase: []byte(phrase), Keys: []key.Address{chat.Public().Address(), {1}},
	}
	u, err := New(c, wrapper(t, pass, tiny))
	if err != nil {
		t.Fatal(err)
	}
	return u, c
}

func encode(t testing.TB, v *Vault) []byte {
	t.Helper()
	raw, err := v.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// reopen writes a vault, reads it and unlocks it.
func reopen(t testing.TB, u *Unlocked, pass string) (*Unlocked, error) {
	t.Helper()
	v, err := Parse(encode(t, u.Vault()))
	if err != nil {
		t.Fatal(err)
	}
	return v.Unlock(password(pass))
}

func databaseKey(t *testing.T, u *Unlocked) string {
	t.Helper()
	k, err := u.DatabaseKey()
	if err != nil || k.Len() != KeySize {
		t.Fatalf("%d bytes, %v", k.Len(), err)
	}
	return string(k.Reveal())
}

func TestContentsComeBack(t *testing.T) {
	made, c := newVault(t, "x")
	u, err := reopen(t, made, "x")
	if err != nil {
		t.Fatal(err)
	}
	if k, err := u.ChatKey(); err != nil || !k.Equal(c.ChatKey) {
		t.Errorf("chat key %v, %v", k, err)
	}
	if p, err := u.Phrase(); err != nil || string(p.Reveal()) != phrase {
		t.Errorf("phrase differs, %v", err)
	}
	if databaseKey(t, u) != databaseKey(t, made) {
		t.Error("another database key")
	}
	v := u.Vault()
	if v.UID() != c.UID || v.Generation() != 1 || !slices.Equal(v.Keys(), c.Keys) || !v.HasPhrase() || v.Cost() != tiny {
		t.Errorf("got %+v", v)
	}
	other, _ := newVault(t, "x")
	if databaseKey(t, other) == databaseKey(t, u) {
		t.Error("two vaults have one database key")
	}
	other2, err := u.Derive("another purpose")
	if err != nil || string(other2.Reveal()) == databaseKey(t, u) {
		t.Errorf("two purposes have one key, %v", err)
	}
}

func TestPasswordChangeKeepsTheDataKey(t *testing.T) {
	made, c := newVault(t, "old")
	next, err := made.Rewrap(wrapper(t, "new", tiny))
	if err != nil {
		t.Fatal(err)
	}
	u, err := reopen(t, next, "new")
	if err != nil {
		t.Fatal(err)
	}
	if k, err := u.ChatKey(); err != nil || !k.Equal(c.ChatKey) || u.Vault().Generation() != 2 {
		t.Errorf("chat key %v, generation %d, %v", k, u.Vault().Generation(), err)
	}
	if databaseKey(t, u) != databaseKey(t, made) {
		t.Error("the database key changed")
	}
	if _, err := reopen(t, next, "old"); !errors.Is(err, kdf.ErrWrongPassword) {
		t.Errorf("old password: %v", err)
	}
	if _, err := reopen(t, made, "old"); err != nil {
		t.Errorf("the old vault changed: %v", err)
	}
}

func TestPhraseIsGoneAfterConfirmation(t *testing.T) {
	made, _ := newVault(t, "x")
	without, err := made.WithoutPhrase()
	if err != nil {
		t.Fatal(err)
	}
	u, err := reopen(t, without, "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Phrase(); !errors.Is(err, ErrNoPhrase) || u.Vault().HasPhrase() {
		t.Errorf("got %v", err)
	}
	if bytes.Contains(encode(t, u.Vault()), []byte("phrase")) {
		t.Error("the file still has the field")
	}
	more, err := u.WithKeys([]key.Address{{7}})
	if err != nil || !slices.Equal(more.Vault().Keys(), []key.Address{{7}}) {
		t.Errorf("keys: %v", err)
	}
	if _, err := u.WithKeys(make([]key.Address, maxKeys+1)); !errors.Is(err, ErrContents) {
		t.Errorf("too many keys: %v", err)
	}
}

// TestEveryChangeShows changes each field of a vault in turn.
func TestEveryChangeShows(t *testing.T) {
	u, _ := newVault(t, "x")
	other, _ := newVault(t, "x")
	raw, foreign := encode(t, u.Vault()), map[string]any{}
	if err := json.Unmarshal(encode(t, other.Vault()), &foreign); err != nil {
		t.Fatal(err)
	}
	zeros := strings.Repeat("00", 32)
	for _, c := range []struct {
		field string
		value any
		want  error
	}{
		{"version", 2, ErrNewer},
		{"version", 0, ErrMalformed},
		{"version", "1", ErrMalformed},
		{"version", nil, ErrMalformed},
		{"generation", 2, ErrTampered},
		{"generation", 0, ErrMalformed},
		{"generation", -1, ErrMalformed},
		{"key-uid", "0x" + zeros, kdf.ErrWrongPassword},
		{"key-uid", zeros, ErrMalformed},
		{"kdf", "pbkdf2", ErrMalformed},
		{"kdfparams", map[string]any{"n": 1 << 30, "r": 8, "p": 1, "dklen": 32, "salt": zeros}, kdf.ErrCost},
		{"kdfparams", map[string]any{"n": 3, "r": 8, "p": 1, "dklen": 32, "salt": zeros}, ErrMalformed},
		{"kdfparams", map[string]any{"n": 4, "r": 1, "p": 1, "dklen": 32, "salt": zeros}, kdf.ErrWrongPassword},
		{"kdfparams", nil, ErrMalformed},
		{"dbSalt", zeros, ErrTampered},
		{"dbSalt", "00", ErrMalformed},
		{"dataKey", foreign["dataKey"], kdf.ErrWrongPassword},
		{"dataKey", map[string]any{"nonce": "", "ciphertext": ""}, kdf.ErrWrongPassword},
		{"dataKey", nil, ErrMalformed},
		{"chatKey", foreign["chatKey"], ErrTampered},
		{"chatKey", nil, ErrMalformed},
		{"phrase", foreign["phrase"], ErrTampered},
		{"phrase", nil, ErrTampered},
		{"keys", []string{}, ErrTampered},
		{"keys", []string{"nope"}, ErrMalformed},
		{"mac", zeros, ErrTampered},
		{"mac", "", ErrMalformed},
		{"mac", "zz", ErrMalformed},
		{"surplus", 1, ErrMalformed},
	} {
		var m map[string]any
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		m[c.field] = c.value
		changed, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		v, err := Parse(changed)
		if err == nil {
			_, err = v.Unlock(password("x"))
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s = %v: got %v, want %v", c.field, c.value, err, c.want)
		}
	}
	for i := range len(raw) - 1 { // the last byte is a line feed
		if _, err := Parse(raw[:i]); !errors.Is(err, ErrMalformed) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := Parse(append(bytes.Clone(raw), '{')); !errors.Is(err, ErrMalformed) {
		t.Errorf("text behind: %v", err)
	}
	if _, err := Parse(make([]byte, MaxFile+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("large: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	_, c := newVault(t, "x")
	for name, change := range map[string]func(*Contents){
		"no chat key":   func(c *Contents) { c.ChatKey = key.Private{} },
		"long phrase":   func(c *Contents) { c.Phrase = make([]byte, maxPhrase+1) },
		"too many keys": func(c *Contents) { c.Keys = make([]key.Address, maxKeys+1) },
	} {
		bad := c
		change(&bad)
		if _, err := New(bad, wrapper(t, "x", tiny)); !errors.Is(err, ErrContents) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewWrapper(password("x"), kdf.Cost{N: 1 << 40, R: 8, P: 1}); !errors.Is(err, kdf.ErrCost) {
		t.Errorf("huge cost: %v", err)
	}
}

func TestNothingSecretIsShown(t *testing.T) {
	u, c := newVault(t, "hunter22")
	shown := fmt.Sprintf("%v %+v %#v %x %s", u, u, u, *u, u) + string(encode(t, u.Vault())) + fmt.Sprintf("%+v", u.Vault())
	secrets := []string{
		phrase[:11], "hunter22", fmt.Sprintf("%x", c.ChatKey.Reveal()), fmt.Sprintf("%x", u.data.Reveal()),
		fmt.Sprintf("%x", databaseKey(t, u)), strings.Trim(fmt.Sprint(u.data.Reveal()), "[]"),
	}
	for _, bad := range secrets {
		if strings.Contains(shown, bad) {
			t.Errorf("%q shows", bad)
		}
	}
	u.Wipe()
	if _, err := u.DatabaseKey(); !errors.Is(err, key.ErrNoKey) {
		t.Errorf("database key after Wipe: %v", err)
	}
	if _, err := u.ChatKey(); !errors.Is(err, key.ErrNoKey) {
		t.Errorf("chat key after Wipe: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	u, _ := newVault(f, "x")
	f.Add(encode(f, u.Vault()))
	without, err := u.WithoutPhrase()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encode(f, without.Vault()))
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := Parse(raw)
		if err != nil {
			return
		}
		again, err := Parse(encode(t, v))
		if err != nil || again.UID() != v.UID() || again.Generation() != v.Generation() {
			t.Fatalf("%q does not survive writing: %v", raw, err)
		}
		if v.Cost() != tiny {
			return // would be slow
		}
		if u, err := v.Unlock(password("x")); err == nil {
			if _, err := u.ChatKey(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// BenchmarkUnlock is the slow part of a login.
func BenchmarkUnlock(b *testing.B) {
	_, c := newVault(b, "x")
	for _, cost := range []struct {
		name string
		cost kdf.Cost
	}{{"standard", kdf.Standard()}, {"light", kdf.Light()}} {
		b.Run(cost.name, func(b *testing.B) {
			made, err := New(c, wrapper(b, "x", cost.cost))
			if err != nil {
				b.Fatal(err)
			}
			raw := encode(b, made.Vault())
			b.ReportAllocs()
			for b.Loop() {
				v, err := Parse(raw)
				if err != nil {
					b.Fatal(err)
				}
				u, err := v.Unlock(password("x"))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := u.ChatKey(); err != nil {
					b.Fatal(err)
				}
				if _, err := u.DatabaseKey(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
