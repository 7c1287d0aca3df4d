package key

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/fault"
)

// Errors of address and key-uid text.
var (
	ErrAddressText     = fault.New(fault.InvalidParams, "address is not 40 hex digits, with 0x before them or not", "")
	ErrAddressChecksum = fault.New(fault.InvalidParams, "mixed-case address does not match its checksum (EIP-55)", "")
	ErrUIDText         = fault.New(fault.InvalidParams, "key-uid is not 64 hex digits, with 0x before them or not", "")
)

// AddressSize is the length of an address in bytes.
const AddressSize = 20

// Address is an Ethereum address.
type Address [AddressSize]byte

// ParseAddress reads 40 hex digits with or without 0x. All lower-case and all
// upper-case digits are taken as they are, mixed case must match the checksum
// of EIP-55. Errors: ErrAddressText, ErrAddressChecksum.
func ParseAddress(text string) (Address, error) {
	digits := strings.TrimPrefix(text, "0x")
	var a Address
	if len(digits) != 2*AddressSize {
		return Address{}, ErrAddressText
	}
	if _, err := hex.Decode(a[:], []byte(digits)); err != nil {
		return Address{}, ErrAddressText
	}
	if digits != strings.ToLower(digits) && digits != strings.ToUpper(digits) && "0x"+digits != a.String() {
		return Address{}, ErrAddressChecksum
	}
	return a, nil
}

// String returns the address in the mixed-case form of EIP-55, with 0x.
func (a Address) String() string {
	digits := []byte(a.Hex())
	h := crypto.Keccak256(digits)
	for i, c := range digits {
		nibble := h[i/2] >> 4
		if i%2 == 1 {
			nibble = h[i/2] & 15
		}
		if nibble > 7 && c >= 'a' {
			digits[i] = c - 'a' + 'A'
		}
	}
	return "0x" + string(digits)
}

// Hex returns 40 lower-case hex digits without 0x, as key files write it.
func (a Address) Hex() string { return hex.EncodeToString(a[:]) }

// MarshalText implements encoding.TextMarshaler with what String returns.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with ParseAddress.
func (a *Address) UnmarshalText(text []byte) (err error) {
	*a, err = ParseAddress(string(text))
	return err
}

// UID is a key-uid: it names an account. It is no secret.
type UID [sha256.Size]byte

// ParseUID reads 64 hex digits of either case with or without 0x.
func ParseUID(text string) (UID, error) {
	digits := strings.TrimPrefix(text, "0x")
	var u UID
	if len(digits) != 2*len(u) {
		return UID{}, ErrUIDText
	}
	if _, err := hex.Decode(u[:], []byte(digits)); err != nil {
		return UID{}, ErrUIDText
	}
	return u, nil
}

// String returns "0x" and 64 lower-case hex digits.
func (u UID) String() string { return "0x" + u.Hex() }

// Hex returns 64 lower-case hex digits, the name of the account's folder.
func (u UID) Hex() string { return hex.EncodeToString(u[:]) }

// MarshalText implements encoding.TextMarshaler with what String returns.
func (u UID) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with ParseUID.
func (u *UID) UnmarshalText(text []byte) (err error) {
	*u, err = ParseUID(string(text))
	return err
}
