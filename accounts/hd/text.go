package hd

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"statusd/accounts/key"
	"statusd/accounts/multibase"
	"statusd/accounts/secret"
)

const (
	versionPrivate = 0x0488ade4 // xprv
	versionPublic  = 0x0488b21e // xpub

	bodySize     = 78
	checksumSize = 4
	maxKeyText   = 128 // characters; 82 bytes need 112 at most
)

// Text returns the xprv text of the key, which is secret.
func (k Private) Text() (secret.Bytes, error) {
	if k.IsZero() {
		return secret.Bytes{}, ErrNoPrivateKey
	}
	var field [key.CompressedSize]byte
	defer clear(field[:])
	copy(field[1:], k.key.Reveal())
	text := []byte(k.place.encode(versionPrivate, field))
	defer clear(text)
	return secret.New(text), nil
}

// Text returns the xpub text of the key.
func (p Public) Text() string { return p.place.encode(versionPublic, p.key.Compressed()) }

func (p place) encode(version uint32, field [key.CompressedSize]byte) string {
	body := make([]byte, 0, bodySize+checksumSize)
	body = binary.BigEndian.AppendUint32(body, version)
	body = append(body, p.depth)
	body = append(body, p.parent[:]...)
	body = binary.BigEndian.AppendUint32(body, p.number)
	body = append(body, p.chain.Reveal()...)
	body = append(body, field[:]...)
	body = append(body, checksum(body)...)
	defer clear(body)
	text, err := multibase.Encode(multibase.Base58BTC, body)
	if err != nil {
		panic("hd: base58btc is missing")
	}
	return text[1:]
}

// checksum returns the first 4 bytes of the double SHA-256.
func checksum(body []byte) []byte {
	first := sha256.Sum256(body)
	second := sha256.Sum256(first[:])
	return second[:checksumSize]
}

// decode reads extended key text of the given version. The returned field
// holds the key and is the caller's to clear.
func decode(text string, version uint32) (place, []byte, error) {
	if len(text) > maxKeyText {
		return place{}, nil, ErrText
	}
	_, raw, err := multibase.Decode(string(rune(multibase.Base58BTC)) + text)
	if err != nil || len(raw) != bodySize+checksumSize {
		return place{}, nil, ErrText
	}
	defer clear(raw)
	body := raw[:bodySize]
	if !bytes.Equal(checksum(body), raw[bodySize:]) {
		return place{}, nil, ErrChecksum
	}
	if binary.BigEndian.Uint32(body) != version {
		return place{}, nil, ErrVersion
	}
	p := place{body[4], [4]byte(body[5:9]), binary.BigEndian.Uint32(body[9:13]), secret.New(body[13:45])}
	if p.depth == 0 && (p.parent != [4]byte{} || p.number != 0) {
		return place{}, nil, ErrKey // a master key has neither parent nor number
	}
	return p, bytes.Clone(body[45:]), nil
}

// ParsePrivate reads xprv text. Errors: ErrText, ErrChecksum, ErrVersion,
// ErrKey.
func ParsePrivate(text []byte) (Private, error) {
	p, field, err := decode(string(text), versionPrivate)
	if err != nil {
		return Private{}, err
	}
	defer clear(field)
	if field[0] != 0 {
		return Private{}, ErrKey
	}
	k, err := key.NewPrivate(field[1:])
	if err != nil {
		return Private{}, ErrKey
	}
	return Private{k, p}, nil
}

// ParsePublic reads xpub text. Errors: ErrText, ErrChecksum, ErrVersion,
// ErrKey.
func ParsePublic(text string) (Public, error) {
	p, field, err := decode(text, versionPublic)
	if err != nil {
		return Public{}, err
	}
	k, err := key.ParsePublic(field)
	if err != nil {
		return Public{}, ErrKey
	}
	return Public{k, p}, nil
}
