// Package ens normalises names of the Ethereum name service and computes their
// hashes (EIP-137; spec 06 section 11). Looking a name up needs an Ethereum
// endpoint and is done elsewhere.
//
// Pure, no goroutines.
package ens

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/net/idna"
)

// Suffix ends the names that are looked up.
const Suffix = ".eth"

// DefaultDomain is where a name without a dot belongs: the registrar of Status.
const DefaultDomain = ".stateofus.eth"

// maxName is the length of the longest name taken, in bytes; DNS allows 255.
const maxName = 255

// ErrName says that a text is no valid name.
var ErrName = errors.New("not a valid name")

// Normalize returns the form of a name that is hashed and compared: mapped by
// UTS-46, so lower-case and composed, with labels kept in Unicode. The empty
// name is the root. Errors: ErrName.
func Normalize(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", nil
	}
	if len(name) > maxName || !utf8.ValidString(name) {
		return "", ErrName
	}
	profile := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))
	mapped, err := profile.ToUnicode(name)
	if err != nil {
		return "", ErrName
	}
	for _, label := range strings.Split(mapped, ".") {
		if label == "" || strings.ContainsFunc(label, isSpaceOrControl) {
			return "", ErrName
		}
	}
	return mapped, nil
}

// isSpaceOrControl reports characters that UTS-46 without the rules for host
// names lets pass and that no registered name has.
func isSpaceOrControl(r rune) bool { return r <= ' ' || r == 0x7f }

// Qualify normalises a name and gives one without a dot the default domain.
func Qualify(name string) (string, error) {
	normal, err := Normalize(name)
	if err == nil && normal != "" && !strings.Contains(normal, ".") {
		normal += DefaultDomain
	}
	return normal, err
}

// Hash returns the namehash of a name, which is normalised first.
//
//	hash("")         32 zero bytes
//	hash("a.rest")   Keccak-256(hash("rest") ‖ Keccak-256("a"))
func Hash(name string) ([32]byte, error) {
	var node [32]byte
	normal, err := Normalize(name)
	if err != nil || normal == "" {
		return node, err
	}
	labels := strings.Split(normal, ".")
	for i := len(labels) - 1; i >= 0; i-- {
		node = [32]byte(crypto.Keccak256(node[:], crypto.Keccak256([]byte(labels[i]))))
	}
	return node, nil
}
