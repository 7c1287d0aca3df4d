// Package vault wraps the secrets of one account under a password: the random
// data key from which the database key follows, the chat key, and the seed
// phrase until its owner says it is backed up (spec 06 section 5).
//
//	version     1
//	generation  1, then one more with each password change; key files follow it
//	key-uid     of the account, "0x…"
//	kdf         "scrypt", kdfparams as in key files
//	dbSalt      32 bytes
//	dataKey     AES-256-GCM(KEK, data key), associated data = key-uid text
//	chatKey     AES-256-GCM(K("statusd chat key v1"), 32-byte chat key)
//	phrase      AES-256-GCM(K("statusd phrase v1"), UTF-8 phrase), or absent
//	keys        addresses of the account's key files
//	mac         HMAC-SHA-256(K("statusd vault mac v1"), the JSON without mac)
//
//	KEK         = scrypt(password, salt, N, r, P, 32)
//	K(info)     = HKDF-SHA-256(data key, salt = dbSalt, info, 32)
//	database    = K("statusd client db v1")
//
// Each sealed value has a random nonce of 12 bytes. The fields chatKey, keys
// and mac are additions to the text of the specification: with chatKey a login
// costs one key derivation and not two, keys tells without a password which
// key files belong to the account, and mac makes a change of any field show.
// An older copy of the whole file cannot be told from the current one.
//
// Changing the password changes KEK, so this file only: the data key stays and
// with it the database. A Vault is immutable and needs no password; an
// Unlocked is for one goroutine at a time. The package touches no file and
// starts no goroutines.
package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/fault"
)

// hintFile is what to do about a vault file that cannot be used.
const hintFile = "put the file back, restore a backup, or delete the account and import its phrase"

const (
	// Version is the newest format that this package reads, and the one it
	// writes.
	Version = 1
	// MaxFile bounds the file in bytes.
	MaxFile = 64 << 10
	// KeySize is the length of the data key and of every key derived from it.
	KeySize = 32

	// DataSize is the length of what Unlocked.Data returns.
	DataSize = KeySize + saltSize

	maxPhrase = 4096 // bytes
	maxKeys   = 256
	saltSize  = 32

	infoDatabase = "statusd client db v1"
	infoPhrase   = "statusd phrase v1"
	infoChatKey  = "statusd chat key v1"
	infoMAC      = "statusd vault mac v1"
)

// Errors of Parse and Unlock. A wrong password is kdf.ErrWrongPassword,
// parameters out of bounds are kdf.ErrCost.
var (
	ErrTooLarge  = fault.New(fault.KeyFile, fmt.Sprintf("vault file is larger than %d bytes", MaxFile), hintFile)
	ErrMalformed = fault.New(fault.KeyFile, "vault file is damaged", hintFile)
	ErrNewer     = fault.New(fault.NewerData, "vault file was written by a newer version of this program",
		"use a newer statusd")
	ErrTampered = fault.New(fault.KeyFile, "vault file was changed by something other than this program", hintFile)
	ErrNoPhrase = fault.New(fault.NotFound,
		"no seed phrase is kept: its backup was confirmed, or there never was one", "")
	ErrContents = errors.New("phrase or list of keys is too long, the data key has a wrong length, " +
		"or the chat key is missing")
)

// Contents is what a new vault protects.
type Contents struct {
	UID     key.UID
	ChatKey key.Private
	Phrase  []byte // UTF-8; empty to keep none
	Keys    []key.Address
	// Data is the data key with its salt that another vault of the account
	// had, so that its database opens with this one; empty for new ones.
	Data secret.Bytes
}

// file is the JSON of a vault.
type file struct {
	Version    int             `json:"version"`
	Generation uint64          `json:"generation"`
	UID        string          `json:"key-uid"`
	KDF        string          `json:"kdf"`
	KDFParams  json.RawMessage `json:"kdfparams"`
	DBSalt     hexBytes        `json:"dbSalt"`
	DataKey    *box            `json:"dataKey"`
	ChatKey    *box            `json:"chatKey"`
	Phrase     *box            `json:"phrase,omitempty"`
	Keys       []string        `json:"keys"`
	MAC        hexBytes        `json:"mac,omitempty"`
}

// box is one sealed value.
type box struct {
	Nonce      hexBytes `json:"nonce"`
	Ciphertext hexBytes `json:"ciphertext"`
}

// hexBytes are bytes that JSON shows in hex.
type hexBytes []byte

// MarshalText implements encoding.TextMarshaler.
func (h hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *hexBytes) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	*h = b
	return err
}

// Vault is a locked vault.
type Vault struct {
	file     file
	uid      key.UID
	keys     []key.Address
	function kdf.Function
}

// Parse reads a vault file. Errors: ErrTooLarge, ErrMalformed, ErrNewer,
// kdf.ErrCost.
func Parse(raw []byte) (*Vault, error) {
	if len(raw) > MaxFile {
		return nil, ErrTooLarge
	}
	var version struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(raw, &version); err != nil || version.Version == nil || *version.Version < 1 {
		return nil, ErrMalformed
	}
	if *version.Version > Version {
		return nil, ErrNewer
	}
	v := &Vault{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields() // the mac would not cover them
	if err := dec.Decode(&v.file); err != nil {
		return nil, ErrMalformed
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	return v, nil
}

// check validates the fields and fills in what is computed from them.
func (v *Vault) check() error {
	f := &v.file
	uid, err := key.ParseUID(f.UID)
	if err != nil || uid.String() != f.UID || f.Generation == 0 || f.KDF != kdf.NameScrypt {
		return ErrMalformed
	}
	v.uid = uid
	if v.function, err = kdf.Parse(f.KDF, f.KDFParams); err != nil {
		if errors.Is(err, kdf.ErrCost) {
			return err
		}
		return ErrMalformed
	}
	if len(f.DBSalt) != saltSize || len(f.MAC) != sha256.Size || f.DataKey == nil || f.ChatKey == nil ||
		len(f.Keys) > maxKeys {
		return ErrMalformed
	}
	for _, text := range f.Keys {
		a, err := key.ParseAddress(text)
		if err != nil || a.Hex() != text {
			return ErrMalformed
		}
		v.keys = append(v.keys, a)
	}
	return nil
}

// UID returns the key-uid of the account.
func (v *Vault) UID() key.UID { return v.uid }

// Generation returns how often the password was set. Key files that carry the
// same number belong with this vault.
func (v *Vault) Generation() uint64 { return v.file.Generation }

// Keys returns the addresses of the account's key files.
func (v *Vault) Keys() []key.Address { return append([]key.Address(nil), v.keys...) }

// HasPhrase reports whether the seed phrase is kept.
func (v *Vault) HasPhrase() bool { return v.file.Phrase != nil }

// Cost returns the cost of the key derivation.
func (v *Vault) Cost() kdf.Cost { return v.function.Cost() }

// Encode returns the vault file.
func (v *Vault) Encode() ([]byte, error) {
	raw, err := json.MarshalIndent(v.file, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode vault: %w", err)
	}
	return append(raw, '\n'), nil
}

// Unlocked is an open vault: it holds the data key.
type Unlocked struct {
	vault *Vault
	data  secret.Bytes
}

// Wrapper is the slow part of putting a vault under a password, done: the key
// that wraps the data key.
type Wrapper struct {
	function kdf.Function
	kek      secret.Bytes
}

// NewWrapper derives the key of a new password. It blocks for one key
// derivation. Errors: kdf.ErrCost.
func NewWrapper(p kdf.Password, cost kdf.Cost) (*Wrapper, error) {
	f, err := kdf.New(cost)
	if err != nil {
		return nil, err
	}
	kek, err := f.Key(p)
	if err != nil {
		return nil, err
	}
	return &Wrapper{f, kek}, nil
}

// Wipe overwrites the key. The Wrapper is of no use afterwards.
func (w *Wrapper) Wipe() { w.kek.Wipe() }

// New makes a vault, with a new data key unless there is one in c.
// Errors: ErrContents.
func New(c Contents, w *Wrapper) (*Unlocked, error) {
	if len(c.Phrase) > maxPhrase || len(c.Keys) > maxKeys || c.ChatKey.IsZero() {
		return nil, ErrContents
	}
	data := c.Data
	switch data.Len() {
	case 0:
		data = secret.Random(DataSize)
		defer data.Wipe()
	case DataSize:
	default:
		return nil, ErrContents
	}
	u := &Unlocked{data: secret.New(data.Reveal()[:KeySize]), vault: &Vault{uid: c.UID}}
	defer u.Wipe() // what is returned has its own copy
	salt := bytes.Clone(data.Reveal()[KeySize:])
	f := file{Version: Version, UID: c.UID.String(), DBSalt: salt, Keys: hexOf(c.Keys)}
	u.vault.file = f
	var err error
	if f.ChatKey, err = u.sealWith(infoChatKey, c.ChatKey.Reveal()); err != nil {
		return nil, err
	}
	if len(c.Phrase) > 0 {
		if f.Phrase, err = u.sealWith(infoPhrase, c.Phrase); err != nil {
			return nil, err
		}
	}
	return u.rewrap(f, w)
}

func hexOf(keys []key.Address) []string {
	out := make([]string, 0, len(keys))
	for _, a := range keys {
		out = append(out, a.Hex())
	}
	return out
}

// Unlock opens the vault. It blocks for one key derivation. Errors:
// kdf.ErrWrongPassword, ErrTampered.
func (v *Vault) Unlock(p kdf.Password) (*Unlocked, error) {
	kek, err := v.function.Key(p)
	if err != nil {
		return nil, err
	}
	defer kek.Wipe()
	raw, err := v.file.DataKey.open(kek, []byte(v.file.UID))
	if err != nil || len(raw) != KeySize {
		return nil, kdf.ErrWrongPassword
	}
	defer clear(raw)
	u := &Unlocked{v, secret.New(raw)}
	if sum, err := u.mac(v.file); err != nil || !hmac.Equal(sum, v.file.MAC) {
		u.Wipe()
		return nil, ErrTampered
	}
	return u, nil
}

// Vault returns the locked form, which Encode writes.
func (u *Unlocked) Vault() *Vault { return u.vault }

// Wipe overwrites the data key. u is of no use afterwards.
func (u *Unlocked) Wipe() { u.data.Wipe() }

// Data returns the data key and its salt, from which the database key follows,
// for a backup that is to hold no other key. See Contents.Data.
func (u *Unlocked) Data() secret.Bytes {
	both := append(bytes.Clone(u.data.Reveal()), u.vault.file.DBSalt...)
	defer clear(both)
	return secret.New(both)
}

// DatabaseKey returns the key of the account's database.
func (u *Unlocked) DatabaseKey() (secret.Bytes, error) { return u.Derive(infoDatabase) }

// Derive returns the key K(info) for another purpose. info must not be one of
// the texts in the package comment.
func (u *Unlocked) Derive(info string) (secret.Bytes, error) {
	if u.data.Len() != KeySize {
		return secret.Bytes{}, key.ErrNoKey
	}
	raw, err := hkdf.Key(sha256.New, u.data.Reveal(), u.vault.file.DBSalt, info, KeySize)
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("derive key: %w", err)
	}
	defer clear(raw)
	return secret.New(raw), nil
}

// ChatKey returns the chat key of the account.
func (u *Unlocked) ChatKey() (key.Private, error) {
	raw, err := u.openWith(infoChatKey, u.vault.file.ChatKey)
	if err != nil {
		return key.Private{}, err
	}
	defer clear(raw)
	return key.NewPrivate(raw)
}

// Phrase returns the seed phrase. Errors: ErrNoPhrase.
func (u *Unlocked) Phrase() (secret.Bytes, error) {
	if u.vault.file.Phrase == nil {
		return secret.Bytes{}, ErrNoPhrase
	}
	raw, err := u.openWith(infoPhrase, u.vault.file.Phrase)
	if err != nil {
		return secret.Bytes{}, err
	}
	defer clear(raw)
	return secret.New(raw), nil
}

// Rewrap returns the vault of the next generation under a new password. u
// stays as it is.
func (u *Unlocked) Rewrap(w *Wrapper) (*Unlocked, error) { return u.rewrap(u.vault.file, w) }

func (u *Unlocked) rewrap(f file, w *Wrapper) (_ *Unlocked, err error) {
	if f.KDFParams, err = json.Marshal(w.function); err != nil {
		return nil, fmt.Errorf("encode kdf parameters: %w", err)
	}
	f.KDF = w.function.Name()
	f.Generation++
	if f.DataKey, err = seal(w.kek, u.data.Reveal(), []byte(f.UID)); err != nil {
		return nil, err
	}
	return u.with(f)
}

// WithoutPhrase returns the vault without its seed phrase. u stays as it is.
func (u *Unlocked) WithoutPhrase() (*Unlocked, error) {
	f := u.vault.file
	f.Phrase = nil
	return u.with(f)
}

// WithKeys returns the vault with another list of key files. u stays as it is.
// Errors: ErrContents.
func (u *Unlocked) WithKeys(keys []key.Address) (*Unlocked, error) {
	if len(keys) > maxKeys {
		return nil, ErrContents
	}
	f := u.vault.file
	f.Keys = hexOf(keys)
	return u.with(f)
}

// with returns a vault of the same data key with the given fields.
func (u *Unlocked) with(f file) (*Unlocked, error) {
	var err error
	if f.MAC, err = u.mac(f); err != nil {
		return nil, err
	}
	v := &Vault{file: f}
	if err := v.check(); err != nil {
		return nil, err
	}
	return &Unlocked{v, secret.New(u.data.Reveal())}, nil
}

// mac authenticates every field but the mac itself.
func (u *Unlocked) mac(f file) ([]byte, error) {
	k, err := u.Derive(infoMAC)
	if err != nil {
		return nil, err
	}
	defer k.Wipe()
	f.MAC = nil
	raw, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode vault: %w", err)
	}
	h := hmac.New(sha256.New, k.Reveal())
	h.Write(raw)
	return h.Sum(nil), nil
}

func (u *Unlocked) sealWith(info string, plain []byte) (*box, error) {
	k, err := u.Derive(info)
	if err != nil {
		return nil, err
	}
	defer k.Wipe()
	return seal(k, plain, nil)
}

func (u *Unlocked) openWith(info string, b *box) ([]byte, error) {
	k, err := u.Derive(info)
	if err != nil {
		return nil, err
	}
	defer k.Wipe()
	raw, err := b.open(k, nil)
	if err != nil {
		return nil, ErrTampered
	}
	return raw, nil
}

func gcm(k secret.Bytes) (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.Reveal())
	if err != nil {
		return nil, fmt.Errorf("set up AES: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("set up GCM: %w", err)
	}
	return aead, nil
}

func seal(k secret.Bytes, plain, associated []byte) (*box, error) {
	aead, err := gcm(k)
	if err != nil {
		return nil, err
	}
	nonce := secret.Random(aead.NonceSize()).Reveal()
	return &box{nonce, aead.Seal(nil, nonce, plain, associated)}, nil
}

func (b *box) open(k secret.Bytes, associated []byte) ([]byte, error) {
	aead, err := gcm(k)
	if err != nil {
		return nil, err
	}
	if len(b.Nonce) != aead.NonceSize() {
		return nil, ErrMalformed
	}
	return aead.Open(nil, b.Nonce, b.Ciphertext, associated)
}

// String shows whose vault it is.
func (u Unlocked) String() string { return "unlocked vault of " + u.vault.uid.String() }

// Format implements fmt.Formatter: every verb prints what String returns.
func (u Unlocked) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }
