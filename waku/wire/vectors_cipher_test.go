package wire

import (
	"crypto/ecdsa"
	"strconv"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/internal/test/vectors"
)

func TestVectorPasswordSymKey(t *testing.T) {
	type entry struct {
		Password vectors.Hex `json:"password_hex"`
		SymKey   vectors.Hex
		Keccak   vectors.Hex `json:"keccak256_of_password"`
		Topic    Topic       `json:"topic_of_name"`
	}
	f := vectors.Load(t, "waku")
	vectors.Each(t, f, "password_symkey", func(_ int, c entry) string { return c.Topic.String() },
		func(t *testing.T, c entry) {
			checkBytes(t, "key", SymKeyFromPassword(string(c.Password)), c.SymKey)
			checkBytes(t, "keccak", crypto.Keccak256(c.Password), c.Keccak)
			if got := TopicFromName(string(c.Password)); got != c.Topic {
				t.Errorf("topic: got %s, want %s", got, c.Topic)
			}
		})
}

// vecECIES holds the intermediate values of one asymmetric encryption.
type vecECIES struct {
	Private   vectors.Hex `json:"recipient_private_key"`
	Public    vectors.Hex `json:"recipient_public_key"`
	Ephemeral vectors.Hex `json:"ephemeral_private_key"`
	R         vectors.Hex `json:"ephemeral_public_key_R"`
	IV        vectors.Hex
	Ke        vectors.Hex
	KmHashed  vectors.Hex `json:"km_hashed"`
	Tag       vectors.Hex
}

// check seals plain as the vector says and compares each intermediate value.
func (c *vecECIES) check(t *testing.T, plain []byte) []byte {
	t.Helper()
	ephemeral := privateKey(t, c.Ephemeral)
	checkBytes(t, "R", crypto.FromECDSAPub(&ephemeral.PublicKey), c.R)
	for _, side := range []struct {
		priv *ecdsa.PrivateKey
		pub  *ecdsa.PublicKey
	}{{ephemeral, publicKey(t, c.Public)}, {privateKey(t, c.Private), &ephemeral.PublicKey}} {
		ke, km := eciesKeys(side.priv, side.pub)
		checkBytes(t, "encryption key", ke, c.Ke)
		checkBytes(t, "mac key", km, c.KmHashed)
	}
	sealed, err := SealAsymmetric(publicKey(t, c.Public), ephemeral, [ECIESIVLength]byte(c.IV), plain)
	if err != nil {
		t.Fatal(err)
	}
	checkBytes(t, "tag", sealed[len(sealed)-eciesTag:], c.Tag)
	opened, err := OpenAsymmetric(privateKey(t, c.Private), sealed)
	if err != nil {
		t.Fatal(err)
	}
	checkBytes(t, "opened", opened, plain)
	return sealed
}

func TestVectorECIES(t *testing.T) {
	type entry struct {
		vecECIES
		Plaintext  vectors.Hex
		Ciphertext vectors.Hex
	}
	f := vectors.Load(t, "waku")
	vectors.Each(t, f, "ecies", func(i int, c entry) string { return strconv.Itoa(len(c.Plaintext)) },
		func(t *testing.T, c entry) {
			checkBytes(t, "ciphertext", c.check(t, c.Plaintext), c.Ciphertext)
			plain, err := OpenAsymmetric(privateKey(t, c.Private), c.Ciphertext)
			if err != nil {
				t.Fatal(err)
			}
			checkBytes(t, "plaintext", plain, c.Plaintext)
		})
}

func TestVectorECIESInvalid(t *testing.T) {
	type entry struct {
		Name       string
		Private    vectors.Hex `json:"private_key"`
		Ciphertext vectors.Hex
		OK         bool
	}
	f := vectors.Load(t, "waku")
	vectors.Each(t, f, "ecies_invalid", func(_ int, c entry) string { return c.Name },
		func(t *testing.T, c entry) {
			if _, err := OpenAsymmetric(privateKey(t, c.Private), c.Ciphertext); (err == nil) != c.OK {
				t.Errorf("opens: got %v, want %t", err, c.OK)
			}
		})
}

func TestVectorSymmetricInvalid(t *testing.T) {
	type entry struct {
		Description string
		SymKey      vectors.Hex
		Data        vectors.Hex
		OK          bool
	}
	f := vectors.Load(t, "waku")
	vectors.Each(t, f, "symmetric_invalid", func(i int, _ entry) string { return strconv.Itoa(i) },
		func(t *testing.T, c entry) {
			key, err := NewSymCipher(c.SymKey)
			if err == nil {
				_, err = key.Open(c.Data)
			}
			if (err == nil) != c.OK {
				t.Errorf("%s: opens: got %v, want %t", c.Description, err, c.OK)
			}
		})
}

func TestVectorDataField(t *testing.T) {
	type entry struct {
		Name             string
		SymKey, Data     vectors.Hex
		GCMNonce         vectors.Hex `json:"gcm_nonce"`
		Plaintext        vectors.Hex
		OK               bool
		Payload, Padding vectors.Hex
		Signer           vectors.Hex `json:"signer_public_key"`
	}
	f := vectors.Load(t, "waku")
	vectors.Each(t, f, "data_field", func(_ int, c entry) string { return c.Name },
		func(t *testing.T, c entry) {
			key, err := NewSymCipher(c.SymKey)
			if err != nil {
				t.Fatal(err)
			}
			checkBytes(t, "sealed", key.Seal([SymNonceLength]byte(c.GCMNonce), c.Plaintext), c.Data)
			opened, err := key.Open(c.Data)
			if err != nil {
				t.Fatal(err)
			}
			checkBytes(t, "opened", opened, c.Plaintext)
			plain, err := DecodePlain(opened)
			if (err == nil) != c.OK {
				t.Fatalf("parses: got %v, want %t", err, c.OK)
			}
			if err != nil {
				return
			}
			checkBytes(t, "payload", plain.Payload, c.Payload)
			checkBytes(t, "padding", plain.Padding, c.Padding)
			var signer []byte
			if plain.Signer != nil {
				signer = crypto.FromECDSAPub(plain.Signer)
			}
			checkBytes(t, "signer", signer, c.Signer)
			// The other way round, where the plaintext is in canonical form.
			if plain.Signer == nil && c.Plaintext[0] == byte(sizeBytes(len(c.Payload))) {
				again, err := EncodePlain(plain.Payload, plain.Padding, nil)
				if err != nil {
					t.Fatal(err)
				}
				checkBytes(t, "plaintext", again, c.Plaintext)
			}
		})
}
