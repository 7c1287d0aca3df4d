// Package keystore reads and writes key files: web3 secret storage version 3
// as geth and Status tools have it, and the older version 1 for reading
// (spec 06 section 4).
//
//	{ "address": "<40 hex>", "id": "<uuid>", "version": 3,
//	  "crypto": { "cipher": "aes-128-ctr", "ciphertext": hex, "cipherparams": {"iv": hex},
//	              "kdf": "scrypt", "kdfparams": {…}, "mac": hex },
//	  "extendedkey": { the same; the plaintext is the xprv text of the key },
//	  "subaccountindex": 0 }
//	dk  = kdf(password)   32 bytes or more
//	ct  = AES-128-CTR(dk[0:16], iv) of the plaintext; of "crypto" the 32-byte key
//	mac = Keccak-256(dk[16:32] ‖ ct)
//
// Invariants: a file of more than 64 KiB is not read, parameters beyond the
// bounds of package kdf are not run, and a key is returned only if it has the
// address that the file and the caller name. Files are written by rename, mode
// 0600, in a folder of mode 0700.
//
// A Sealer runs the slow key derivation once and seals many keys with it, each
// under its own random iv; "crypto" and "extendedkey" of one file, and all
// files of one account, then have one salt. An attacker gains nothing: the
// files have one password, and the first that falls gives it away. An Opener
// derives once for all that share a salt.
//
// No goroutines. The package knows nothing of accounts.
package keystore

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/google/uuid"

	"statusd/accounts/hd"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/fault"
)

// hintKeyFile is what to do about a file that is no key file.
const hintKeyFile = "want the content of a key file as geth and Status apps write it"

const (
	// MaxFile bounds the size of a key file in bytes.
	MaxFile = 64 << 10

	cipherCTR = "aes-128-ctr"
	cipherCBC = "aes-128-cbc" // version 1
	half      = 16            // bytes of the derived key: first half encrypts, second half authenticates
)

// Errors of reading a key file. A wrong password is kdf.ErrWrongPassword, and
// parameters out of bounds are kdf.ErrCost.
var (
	ErrTooLarge = fault.New(fault.InvalidParams, fmt.Sprintf("key file is larger than %d bytes", MaxFile),
		hintKeyFile)
	ErrMalformed = fault.New(fault.InvalidParams, "malformed key file", hintKeyFile)
	ErrVersion   = fault.New(fault.InvalidParams, "key file is neither of version 3 nor of version 1", hintKeyFile)
	ErrCipher    = fault.New(fault.InvalidParams, "key file uses a cipher other than aes-128-ctr", hintKeyFile)
	ErrAddress   = fault.New(fault.KeyFile, "key file holds the key of another address",
		"put the file back, restore a backup, or delete the account and import its phrase")
	ErrImported = fault.New(fault.InvalidParams,
		"the key in this file is not that of the address that the file names",
		"the file is damaged or was changed; take another copy, or export it again")
	ErrExtended = fault.New(fault.InvalidParams, "the extended key in the key file is damaged", hintKeyFile)
)

// Errors of using a key for derivation.
var (
	ErrNoExtended     = errors.New("key file has no extended key, nothing can be derived from it")
	ErrLegacyExtended = errors.New("key file is older than multi-account; nothing may be derived from it")
)

// Key is what a key file holds.
type Key struct {
	ID              string // UUID; empty gets a random one when sealed
	Private         key.Private
	Extended        hd.Private // zero if there is none
	SubaccountIndex uint32
}

// NewKey returns an extended key as the content of a file.
func NewKey(k hd.Private) Key { return Key{Private: k.Key(), Extended: k} }

// Address returns the address of the key.
func (k Key) Address() key.Address { return k.Private.Public().Address() }

// Derivation returns the extended key to derive from. Files older than
// multi-account hold wallet 0 with the extended key of wallet 1: such a key
// may be used, but nothing derived from it. Errors: ErrNoExtended,
// ErrLegacyExtended.
func (k Key) Derivation() (hd.Private, error) {
	switch {
	case k.Extended.IsZero():
		return hd.Private{}, ErrNoExtended
	case !k.Extended.Key().Equal(k.Private):
		return hd.Private{}, ErrLegacyExtended
	}
	return k.Extended, nil
}

// Wipe overwrites both keys.
func (k Key) Wipe() {
	k.Private.Wipe()
	k.Extended.Wipe()
}

// keyFile is the JSON of a key file.
type keyFile struct {
	Address         string          `json:"address"`
	ID              string          `json:"id"`
	Version         json.RawMessage `json:"version"`
	Crypto          *sealed         `json:"crypto"`
	ExtendedKey     *sealed         `json:"extendedkey,omitempty"`
	SubaccountIndex uint32          `json:"subaccountindex"`
}

// sealed is one encrypted text of a key file.
type sealed struct {
	Cipher       string          `json:"cipher"`
	CipherText   string          `json:"ciphertext"`
	CipherParams cipherParams    `json:"cipherparams"`
	KDF          string          `json:"kdf"`
	KDFParams    json.RawMessage `json:"kdfparams"`
	MAC          string          `json:"mac"`
}

type cipherParams struct {
	IV string `json:"iv"`
}

// parse decodes the JSON and checks the version, which it returns.
func parse(file []byte) (keyFile, int, error) {
	if len(file) > MaxFile {
		return keyFile{}, 0, ErrTooLarge
	}
	var f keyFile
	if err := json.Unmarshal(file, &f); err != nil {
		return keyFile{}, 0, ErrMalformed // the cause could quote the file
	}
	switch string(f.Version) {
	case "3":
		return f, 3, nil
	case `"1"`:
		return f, 1, nil
	}
	return keyFile{}, 0, ErrVersion
}

// AddressOf returns the address that a key file names, without a password.
// Errors: ErrTooLarge, ErrMalformed, ErrVersion.
func AddressOf(file []byte) (key.Address, error) {
	f, _, err := parse(file)
	if err != nil {
		return key.Address{}, err
	}
	a, err := key.ParseAddress(strings.ToLower(f.Address))
	if err != nil {
		return key.Address{}, ErrMalformed
	}
	return a, nil
}

// Sealer encrypts keys under one password.
type Sealer struct {
	function kdf.Function
	derived  secret.Bytes
}

// NewSealer derives the key that Seal encrypts with. It blocks for as long as
// the cost says.
func NewSealer(p kdf.Password, cost kdf.Cost) (*Sealer, error) {
	f, err := kdf.New(cost)
	if err != nil {
		return nil, err
	}
	derived, err := f.Key(p)
	if err != nil {
		return nil, err
	}
	return &Sealer{f, derived}, nil
}

// Wipe overwrites the derived key. The Sealer is of no use afterwards.
func (s *Sealer) Wipe() { s.derived.Wipe() }

// Seal returns the key file of k.
func (s *Sealer) Seal(k Key) ([]byte, error) {
	if k.ID == "" {
		k.ID = uuid.NewString()
	}
	f := keyFile{
		Address: k.Address().Hex(), ID: k.ID, Version: json.RawMessage("3"),
		ExtendedKey: &sealed{KDFParams: json.RawMessage("null")}, SubaccountIndex: k.SubaccountIndex,
	}
	var err error
	if f.Crypto, err = s.seal(k.Private.Reveal()); err != nil {
		return nil, err
	}
	if !k.Extended.IsZero() {
		text, err := k.Extended.Text()
		if err != nil {
			return nil, err
		}
		defer text.Wipe()
		if f.ExtendedKey, err = s.seal(text.Reveal()); err != nil {
			return nil, err
		}
	}
	return json.Marshal(f)
}

func (s *Sealer) seal(plain []byte) (*sealed, error) {
	if s.derived.Len() < 2*half || len(plain) == 0 {
		return nil, key.ErrNoKey
	}
	iv := secret.Random(aes.BlockSize).Reveal()
	return sealWith(s.function, s.derived.Reveal(), iv, plain)
}

// sealWith encrypts with a derived key and an iv.
func sealWith(f kdf.Function, derived, iv, plain []byte) (*sealed, error) {
	params, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write kdf parameters: %w", err)
	}
	ct, err := ctr(derived[:half], iv, plain)
	if err != nil {
		return nil, err
	}
	return &sealed{
		Cipher: cipherCTR, CipherText: hex.EncodeToString(ct), CipherParams: cipherParams{hex.EncodeToString(iv)},
		KDF: f.Name(), KDFParams: params, MAC: hex.EncodeToString(mac(derived, ct)),
	}, nil
}

// ctr applies AES-128-CTR, which is its own inverse.
func ctr(aesKey, iv, in []byte) ([]byte, error) {
	block, err := aes.NewCipher(aesKey)
	if err != nil {
		return nil, fmt.Errorf("set up AES: %w", err)
	}
	out := make([]byte, len(in))
	cipher.NewCTR(block, iv).XORKeyStream(out, in)
	return out, nil
}

func mac(derived, ct []byte) []byte { return crypto.Keccak256(derived[half:2*half], ct) }

// open decrypts one text; version is that of the file. The plaintext is secret
// and the caller's to clear.
func (c *sealed) open(version int, derive func(kdf.Function) (secret.Bytes, error)) ([]byte, error) {
	want := cipherCTR
	if version == 1 {
		want = cipherCBC
	}
	if c.Cipher != want {
		return nil, ErrCipher
	}
	f, err := kdf.Parse(c.KDF, c.KDFParams)
	if errors.Is(err, kdf.ErrMalformed) {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err != nil {
		return nil, err
	}
	ct, errText := hex.DecodeString(c.CipherText)
	iv, errIV := hex.DecodeString(c.CipherParams.IV)
	sum, errMAC := hex.DecodeString(c.MAC)
	if errText != nil || errIV != nil || errMAC != nil || len(iv) != aes.BlockSize {
		return nil, ErrMalformed
	}
	derived, err := derive(f)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(mac(derived.Reveal(), ct), sum) != 1 {
		return nil, kdf.ErrWrongPassword
	}
	if version == 1 {
		return cbc(crypto.Keccak256(derived.Reveal()[:half])[:half], iv, ct)
	}
	return ctr(derived.Reveal()[:half], iv, ct)
}

// cbc decrypts AES-128-CBC with the padding of PKCS #7.
func cbc(aesKey, iv, ct []byte) ([]byte, error) {
	if len(ct) == 0 || len(ct)%aes.BlockSize != 0 {
		return nil, ErrMalformed
	}
	block, err := aes.NewCipher(aesKey)
	if err != nil {
		return nil, fmt.Errorf("set up AES: %w", err)
	}
	out := make([]byte, len(ct))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, ct)
	pad := int(out[len(out)-1])
	if pad == 0 || pad > aes.BlockSize ||
		!bytes.Equal(out[len(out)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		clear(out)
		return nil, ErrMalformed
	}
	return out[:len(out)-pad], nil
}

// Opener decrypts key files under one password and remembers what it derived.
// It is not safe for concurrent use.
type Opener struct {
	password kdf.Password
	derived  map[kdf.Function]secret.Bytes
}

// NewOpener returns an Opener. It derives nothing yet.
func NewOpener(p kdf.Password) *Opener {
	return &Opener{p, make(map[kdf.Function]secret.Bytes)}
}

// Wipe overwrites the derived keys; the password stays the caller's.
func (o *Opener) Wipe() {
	for _, d := range o.derived {
		d.Wipe()
	}
	clear(o.derived)
}

func (o *Opener) derive(f kdf.Function) (secret.Bytes, error) {
	if d, ok := o.derived[f]; ok {
		return d, nil
	}
	d, err := f.Key(o.password)
	if err != nil {
		return secret.Bytes{}, err
	}
	o.derived[f] = d
	return d, nil
}

// Open decrypts a key file. The address in the file, if there is one, must be
// that of the key. Errors: those of reading a key file, kdf.ErrWrongPassword,
// kdf.ErrCost, kdf.ErrUnsupported.
func (o *Opener) Open(file []byte) (Key, error) {
	f, version, err := parse(file)
	if err != nil {
		return Key{}, err
	}
	if f.Crypto == nil {
		return Key{}, ErrMalformed
	}
	if f.ID != "" {
		if _, err := uuid.Parse(f.ID); err != nil {
			return Key{}, ErrMalformed
		}
	}
	plain, err := f.Crypto.open(version, o.derive)
	if err != nil {
		return Key{}, err
	}
	defer clear(plain)
	private, err := key.NewPrivate(whole(plain))
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	k := Key{ID: f.ID, Private: private, SubaccountIndex: f.SubaccountIndex}
	if f.Address != "" {
		named, err := key.ParseAddress(strings.ToLower(f.Address))
		if err == nil && named != k.Address() {
			err = ErrAddress
		} else if err != nil {
			err = ErrMalformed
		}
		if err != nil {
			k.Wipe()
			return Key{}, err
		}
	}
	if version == 3 && f.ExtendedKey != nil && f.ExtendedKey.CipherText != "" {
		if k.Extended, err = o.extended(f.ExtendedKey); err != nil {
			k.Wipe()
			return Key{}, err
		}
	}
	return k, nil
}

// whole returns a key with the leading zeros that geth left out before 2017,
// at most two: more are as good as impossible.
func whole(plain []byte) []byte {
	const size = 32
	if len(plain) < size-2 || len(plain) >= size {
		return plain
	}
	return append(make([]byte, size-len(plain), size), plain...)
}

// extended decrypts the extended key. The password is known to be right.
func (o *Opener) extended(c *sealed) (hd.Private, error) {
	text, err := c.open(3, o.derive)
	if err != nil {
		return hd.Private{}, fmt.Errorf("%w: %w", ErrExtended, err)
	}
	defer clear(text)
	k, err := hd.ParsePrivate(text)
	if err != nil {
		return hd.Private{}, fmt.Errorf("%w: %w", ErrExtended, err)
	}
	return k, nil
}

// Decrypt opens one key file with a password. Errors: as Opener.Open.
func Decrypt(file []byte, p kdf.Password) (Key, error) {
	o := NewOpener(p)
	defer o.Wipe()
	return o.Open(file)
}

// Import opens a key file that another program made, trying what the typed
// password may stand for there. It returns the convention that fitted. Each
// try costs one key derivation. Errors: as Opener.Open, kdf.ErrPassword;
// ErrImported instead of ErrAddress.
func Import(file, typed []byte) (Key, kdf.Convention, error) {
	candidates, err := kdf.Candidates(typed)
	if err != nil {
		return Key{}, 0, err
	}
	defer func() {
		for _, c := range candidates {
			c.Password.Wipe()
		}
	}()
	for _, c := range candidates {
		k, err := Decrypt(file, c.Password)
		if err == nil {
			return k, c.Convention, nil
		}
		if errors.Is(err, ErrAddress) {
			return Key{}, 0, ErrImported
		}
		if !errors.Is(err, kdf.ErrWrongPassword) || errors.Is(err, ErrExtended) {
			return Key{}, 0, err
		}
	}
	return Key{}, 0, kdf.ErrWrongPassword
}
