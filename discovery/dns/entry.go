package dns

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/dnsdisc"
	"github.com/ethereum/go-ethereum/p2p/enode"
)

// Limits of the format (EIP-1459).
const (
	rootPrefix   = "enrtree-root:v1 "
	linkPrefix   = "enrtree://"
	branchPrefix = "enrtree-branch:"
	nodePrefix   = "enr:"
	minHash      = 12  // bytes of a hash
	maxHash      = 32  // bytes
	maxDomain    = 230 // bytes; room for a hash before it in a name of 253
	// maxEntry bounds the text of an entry, in bytes. go-ethereum makes
	// branches of 13 children, 370 bytes; a record has 404 at most.
	maxEntry = 4096
)

// Errors about what a name server said.
var (
	ErrRoot      = errors.New("not the root of a tree")
	ErrSignature = errors.New("root is not signed by the key of the tree")
	ErrNoRoot    = errors.New("the domain has no root of a tree")
	ErrOlder     = errors.New("root is older than one seen before")
	ErrEntry     = errors.New("not an entry of a tree")
	ErrHash      = errors.New("entry does not match its hash")
	// ErrURL is returned for what is no URL of a tree.
	ErrURL = errors.New("want enrtree://<public key in base32>@<domain>")
)

// Link is the address of a tree.
type Link struct {
	Domain string // in lower case
	Key    *ecdsa.PublicKey
}

// ParseLink reads enrtree://KEY@DOMAIN.
func ParseLink(text string) (Link, error) {
	if len(text) > maxEntry {
		return Link{}, ErrURL
	}
	domain, key, err := dnsdisc.ParseURL(text)
	if err != nil {
		return Link{}, fmt.Errorf("%w: %w", ErrURL, err)
	}
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	if !validDomain(domain) {
		return Link{}, fmt.Errorf("%w: bad domain", ErrURL)
	}
	return Link{domain, key}, nil
}

func validDomain(domain string) bool {
	if len(domain) > maxDomain {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// String returns the URL. It identifies the tree.
func (l Link) String() string {
	key := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(crypto.CompressPubkey(l.Key))
	return linkPrefix + key + "@" + l.Domain
}

// Root is the root of a tree.
type Root struct {
	Nodes string // hash of the subtree of records
	Links string // hash of the subtree of links
	Seq   uint64
}

// parseRoot reads a root and verifies its signature.
func parseRoot(text string, key *ecdsa.PublicKey) (Root, error) {
	if len(text) > maxEntry {
		return Root{}, ErrRoot
	}
	signed, sigText, ok := strings.Cut(text, " sig=")
	fields, isRoot := strings.CutPrefix(signed, rootPrefix)
	parts := strings.Split(fields, " ")
	if !ok || !isRoot || len(parts) != 3 {
		return Root{}, ErrRoot
	}
	var r Root
	var okNodes, okLinks, okSeq bool
	r.Nodes, okNodes = strings.CutPrefix(parts[0], "e=")
	r.Links, okLinks = strings.CutPrefix(parts[1], "l=")
	seqText, okSeq := strings.CutPrefix(parts[2], "seq=")
	if !okNodes || !okLinks || !okSeq || !validHash(r.Nodes) || !validHash(r.Links) {
		return Root{}, ErrRoot
	}
	seq, err := strconv.ParseUint(seqText, 10, 64)
	if err != nil {
		return Root{}, ErrRoot
	}
	r.Seq = seq
	sig, err := base64.RawURLEncoding.DecodeString(sigText)
	if err != nil || len(sig) != crypto.SignatureLength {
		return Root{}, ErrSignature
	}
	hash := crypto.Keccak256([]byte(signed))
	if !crypto.VerifySignature(crypto.FromECDSAPub(key), hash, sig[:crypto.RecoveryIDOffset]) {
		return Root{}, ErrSignature
	}
	return r, nil
}

func decodeHash(hash string) ([]byte, bool) {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(hash)
	return raw, err == nil && !strings.ContainsAny(hash, "\r\n") && len(raw) >= minHash && len(raw) <= maxHash
}

func validHash(hash string) bool {
	_, ok := decodeHash(hash)
	return ok
}

// entry is one of: the children of a branch, a node, a link.
type entry struct {
	children []string
	node     *enode.Node
	link     *Link
}

// parseEntry reads the entry that hash stands for.
func parseEntry(hash, text string) (entry, error) {
	want, ok := decodeHash(hash)
	if !ok || len(text) > maxEntry {
		return entry{}, ErrEntry
	}
	if !bytes.HasPrefix(crypto.Keccak256([]byte(text)), want) {
		return entry{}, ErrHash
	}
	switch {
	case strings.HasPrefix(text, branchPrefix):
		children, err := parseBranch(text[len(branchPrefix):])
		return entry{children: children}, err
	case strings.HasPrefix(text, nodePrefix):
		n, err := enode.Parse(enode.ValidSchemes, text)
		if err != nil {
			return entry{}, fmt.Errorf("%w: %w", ErrEntry, err)
		}
		return entry{node: n}, nil
	case strings.HasPrefix(text, linkPrefix):
		l, err := ParseLink(text)
		return entry{link: &l}, err
	}
	return entry{}, ErrEntry
}

func parseBranch(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	children := strings.Split(list, ",")
	for _, hash := range children {
		if !validHash(hash) {
			return nil, fmt.Errorf("%w: bad hash in a branch", ErrEntry)
		}
	}
	return children, nil
}

// isTreeText reports whether a TXT record is one of a tree; a name may have
// others beside it.
func isTreeText(text string) bool { return strings.HasPrefix(text, "enr") }
