package keystore

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	gethkeystore "github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/google/uuid"

	"statusd/accounts/hd"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/internal/test/vectors"
)

// tiny is a cost for tests that are not about cost.
var tiny = kdf.Cost{N: 2, R: 1, P: 1}

type fileEntry struct {
	Description string
	JSON        json.RawMessage
	Password    string
	Private     vectors.Hex `json:"private_key"`
	Address     string
	ID          string
	Extended    string  `json:"extended_key"`
	NotSame     *string `json:"validate_extended_key_error"`
}

func TestKeyFileVector(t *testing.T) {
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "keystore", func(_ int, c fileEntry) string { return c.Description },
		func(t *testing.T, c fileEntry) {
			o := NewOpener(kdf.ExactPassword([]byte(c.Password)))
			k, err := o.Open(c.JSON)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(k.Private.Reveal(), c.Private) || k.Address().String() != c.Address || k.ID != c.ID {
				t.Errorf("got %v, %s, %s", k.Private, k.Address(), k.ID)
			}
			checkExtended(t, c, k)
			checkEncoder(t, c, k, o)
		})
}

func checkExtended(t *testing.T, c fileEntry, k Key) {
	t.Helper()
	_, err := k.Derivation()
	switch {
	case c.Extended == "":
		if !errors.Is(err, ErrNoExtended) {
			t.Errorf("derivation without an extended key: %v", err)
		}
		return
	case c.NotSame != nil:
		if !errors.Is(err, ErrLegacyExtended) {
			t.Errorf("derivation from a legacy file: %v", err)
		}
	case err != nil:
		t.Errorf("derivation: %v", err)
	}
	if text, err := k.Extended.Text(); err != nil || string(text.Reveal()) != c.Extended {
		t.Errorf("another extended key, %v", err)
	}
}

// checkEncoder seals the plaintext again with the salt and iv of the vector.
func checkEncoder(t *testing.T, c fileEntry, k Key, o *Opener) {
	t.Helper()
	f, version, err := parse(c.JSON)
	if err != nil || version != 3 {
		return // version 1 is only read
	}
	again := func(name string, want *sealed, plain []byte) {
		fn, err := kdf.Parse(want.KDF, want.KDFParams)
		if err != nil {
			t.Fatal(err)
		}
		derived, err := o.derive(fn)
		if err != nil {
			t.Fatal(err)
		}
		iv, err := hex.DecodeString(want.CipherParams.IV)
		if err != nil {
			t.Fatal(err)
		}
		got, err := sealWith(fn, derived.Reveal(), iv, plain)
		if err != nil || got.CipherText != want.CipherText || got.MAC != want.MAC || got.CipherParams != want.CipherParams {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	again("crypto", f.Crypto, k.Private.Reveal())
	if c.Extended != "" {
		again("extendedkey", f.ExtendedKey, []byte(c.Extended))
	}
}

func TestInvalidKeyFileVector(t *testing.T) {
	typed := []error{
		ErrMalformed, ErrVersion, ErrCipher, ErrAddress, ErrExtended,
		kdf.ErrWrongPassword, kdf.ErrUnsupported, kdf.ErrCost,
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "keystore_invalid", func(_ int, c fileEntry) string { return c.Description },
		func(t *testing.T, c fileEntry) {
			k, err := Decrypt(c.JSON, kdf.ExactPassword([]byte(c.Password)))
			if !slices.ContainsFunc(typed, func(target error) bool { return errors.Is(err, target) }) {
				t.Errorf("got %v, want a typed error", err)
			}
			if !k.Private.IsZero() {
				t.Error("a key came with the error")
			}
		})
}

func TestGethReadsOurs(t *testing.T) {
	chat := chatKey(t)
	for _, k := range []Key{NewKey(chat), {Private: chat.Key()}} {
		s, err := NewSealer(kdf.ExactPassword([]byte("pässwörd")), tiny)
		if err != nil {
			t.Fatal(err)
		}
		file, err := s.Seal(k)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := gethkeystore.DecryptKey(file, "pässwörd")
		if err != nil || !bytes.Equal(crypto.FromECDSA(theirs.PrivateKey), chat.Key().Reveal()) {
			t.Fatalf("geth: %v", err)
		}
		if theirs.Address.Hex() != k.Address().String() {
			t.Errorf("geth has address %s", theirs.Address)
		}
		back, err := Decrypt(file, kdf.ExactPassword([]byte("pässwörd")))
		if err != nil || !back.Private.Equal(k.Private) || back.Extended.IsZero() != k.Extended.IsZero() {
			t.Errorf("ours: %v", err)
		}
		if _, err := gethkeystore.DecryptKey(file, "other"); !errors.Is(err, gethkeystore.ErrDecrypt) {
			t.Errorf("geth with another password: %v", err)
		}
	}
}

func TestWeReadGeths(t *testing.T) {
	e, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	theirs := &gethkeystore.Key{Id: uuid.New(), Address: crypto.PubkeyToAddress(e.PublicKey), PrivateKey: e}
	file, err := gethkeystore.EncryptKey(theirs, "pässwörd", 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	k, convention, err := Import(file, []byte("pässwörd"))
	if err != nil || convention != kdf.Typed || !bytes.Equal(k.Private.Reveal(), crypto.FromECDSA(e)) {
		t.Errorf("got %v, %v, %v", k.Private, convention, err)
	}
	if k.ID != theirs.Id.String() {
		t.Errorf("id %s, want %s", k.ID, theirs.Id)
	}
}

// TestKeyWithoutItsLeadingZeros: geth once wrote the number, not the 32 bytes.
func TestKeyWithoutItsLeadingZeros(t *testing.T) {
	old, err := os.ReadFile("testdata/keyfile-31-bytes.json")
	if err != nil {
		t.Fatal(err)
	}
	if k, _, err := Import(old, []byte("pw")); err != nil || k.Private.Reveal()[0] != 0 {
		t.Errorf("31 bytes: %v", err)
	}
	pw, err := kdf.NewPassword([]byte("pw"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSealer(pw, tiny)
	if err != nil {
		t.Fatal(err)
	}
	for _, zeros := range []int{1, 2, 3} {
		raw := append(make([]byte, zeros), bytes.Repeat([]byte{7}, 32-zeros)...)
		want, err := key.NewPrivate(raw)
		if err != nil {
			t.Fatal(err)
		}
		f := keyFile{Address: want.Public().Address().Hex(), Version: json.RawMessage("3")}
		if f.Crypto, err = s.seal(raw[zeros:]); err != nil {
			t.Fatal(err)
		}
		file, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		k, err := Decrypt(file, pw)
		switch {
		case zeros <= 2 && (err != nil || !k.Private.Equal(want)):
			t.Errorf("%d zeros: %v", zeros, err)
		case zeros > 2 && !errors.Is(err, ErrMalformed):
			t.Errorf("%d zeros: %v, want a refusal", zeros, err)
		}
	}
}

func TestImportedFileWithAnotherAddress(t *testing.T) {
	old, err := os.ReadFile("testdata/keyfile-31-bytes.json")
	if err != nil {
		t.Fatal(err)
	}
	var f map[string]any
	if err := json.Unmarshal(old, &f); err != nil {
		t.Fatal(err)
	}
	f["address"] = strings.Repeat("11", 20)
	file, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Import(file, []byte("pw")); !errors.Is(err, ErrImported) || errors.Is(err, ErrAddress) {
		t.Errorf("got %v", err)
	}
}

func TestImportTriesEveryConvention(t *testing.T) {
	const typed = "pa\u0308ssword"
	all, err := kdf.Candidates([]byte(typed))
	if err != nil || len(all) != 4 {
		t.Fatalf("%d candidates, %v", len(all), err)
	}
	for _, c := range all {
		s, err := NewSealer(c.Password, tiny)
		if err != nil {
			t.Fatal(err)
		}
		file, err := s.Seal(NewKey(chatKey(t)))
		if err != nil {
			t.Fatal(err)
		}
		if _, got, err := Import(file, []byte(typed)); err != nil || got != c.Convention {
			t.Errorf("%v: got %v, %v", c.Convention, got, err)
		}
		if _, _, err := Import(file, []byte("other")); !errors.Is(err, kdf.ErrWrongPassword) {
			t.Errorf("%v, other password: %v", c.Convention, err)
		}
	}
	if _, _, err := Import([]byte("{}"), []byte(typed)); !errors.Is(err, ErrVersion) {
		t.Errorf("no version: %v", err)
	}
	if _, _, err := Import([]byte("{}"), []byte("\xff")); !errors.Is(err, kdf.ErrPassword) {
		t.Errorf("bad password: %v", err)
	}
}

// chatKey returns the chat key of a fixed seed.
func chatKey(t testing.TB) hd.Private {
	t.Helper()
	master, err := hd.NewMaster(bytes.Repeat([]byte{0x5a}, 32))
	if err != nil {
		t.Fatal(err)
	}
	k, err := master.DerivePath(hd.PathChat)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sealedFile returns a key file and its JSON as a map to change.
func sealedFile(t testing.TB, password string) ([]byte, map[string]any) {
	t.Helper()
	s, err := NewSealer(kdf.ExactPassword([]byte(password)), tiny)
	if err != nil {
		t.Fatal(err)
	}
	file, err := s.Seal(NewKey(chatKey(t)))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(file, &m); err != nil {
		t.Fatal(err)
	}
	return file, m
}

func TestMalformedFiles(t *testing.T) {
	zeros := strings.Repeat("00", 32)
	for _, c := range []struct {
		name, path string
		value      any
		want       error
	}{
		{"id", "id", "nope", ErrMalformed},
		{"address", "address", "nope", ErrMalformed},
		{"address of another", "address", zeros[:40], ErrAddress},
		{"version text", "version", "3", ErrVersion},
		{"version of the future", "version", 4, ErrVersion},
		{"crypto null", "crypto", nil, ErrMalformed},
		{"crypto list", "crypto", []int{1}, ErrMalformed},
		{"iv no hex", "crypto.cipherparams.iv", "zz", ErrMalformed},
		{"iv long", "crypto.cipherparams.iv", zeros, ErrMalformed},
		{"ciphertext no hex", "crypto.ciphertext", "zz", ErrMalformed},
		{"mac short", "crypto.mac", "00", kdf.ErrWrongPassword},
		{"mac no hex", "crypto.mac", "zz", ErrMalformed},
		{"kdf", "crypto.kdf", "md5", kdf.ErrUnsupported},
		{"n missing", "crypto.kdfparams.n", nil, ErrMalformed},
		{"n huge", "crypto.kdfparams.n", 1 << 40, kdf.ErrCost},
		{"extended mac", "extendedkey.mac", zeros, ErrExtended},
		{"extended iv", "extendedkey.cipherparams.iv", "00", ErrExtended},
		{"extended mistyped", "extendedkey.ciphertext", 1, ErrMalformed},
		{"index negative", "subaccountindex", -1, ErrMalformed},
	} {
		_, m := sealedFile(t, "x")
		at, steps := m, strings.Split(c.path, ".")
		for _, step := range steps[:len(steps)-1] {
			at = at[step].(map[string]any)
		}
		at[steps[len(steps)-1]] = c.value
		file, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decrypt(file, kdf.ExactPassword([]byte("x"))); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	file, _ := sealedFile(t, "x")
	for i := range file {
		if _, err := AddressOf(file[:i]); !errors.Is(err, ErrMalformed) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := AddressOf(make([]byte, MaxFile+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("large: %v", err)
	}
}

func TestOptionalFields(t *testing.T) {
	_, m := sealedFile(t, "x")
	for _, field := range []string{"address", "id", "extendedkey", "subaccountindex"} {
		delete(m, field)
		file, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decrypt(file, kdf.ExactPassword([]byte("x"))); err != nil {
			t.Errorf("without %s: %v", field, err)
		}
	}
}

func TestKeyNeverPrints(t *testing.T) {
	k := NewKey(chatKey(t))
	out := fmt.Sprintf("%v %+v %#v %x", k, k, k, k)
	if bad := hex.EncodeToString(k.Private.Reveal()[:4]); strings.Contains(out, bad) {
		t.Errorf("%s shows in %s", bad, out)
	}
	k.Wipe()
	if !k.Private.IsZero() || !k.Extended.IsZero() {
		t.Error("Wipe left a key")
	}
	s, err := NewSealer(kdf.Password{}, tiny)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Seal(Key{}); !errors.Is(err, key.ErrNoKey) {
		t.Errorf("sealing nothing: %v", err)
	}
	s.Wipe()
	if _, err := s.Seal(NewKey(chatKey(t))); !errors.Is(err, key.ErrNoKey) {
		t.Errorf("sealing with a wiped sealer: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	file := vectors.Load(f, "accounts")
	for _, section := range []string{"keystore", "keystore_invalid"} {
		for _, c := range vectors.Section[[]fileEntry](f, file, section) {
			f.Add([]byte(c.JSON))
		}
	}
	derive := func(kdf.Function) (secret.Bytes, error) { return secret.New(make([]byte, kdf.KeySize)), nil }
	f.Fuzz(func(t *testing.T, file []byte) {
		if a, err := AddressOf(file); err == nil && len(a.Hex()) != 40 {
			t.Fatal("impossible address")
		}
		k, version, err := parse(file)
		if err != nil {
			return
		}
		for _, s := range []*sealed{k.Crypto, k.ExtendedKey} {
			if s == nil {
				continue
			}
			plain, err := s.open(version, derive)
			if err == nil && len(plain) > MaxFile {
				t.Fatal("impossible plaintext")
			}
		}
	})
}
