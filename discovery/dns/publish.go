package dns

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/p2p/dnsdisc"
	"github.com/ethereum/go-ethereum/p2p/enode"
)

// Advice about how long name servers may keep records, in seconds.
const (
	RootTTL  = 60
	EntryTTL = 24 * 60 * 60 // an entry never changes
)

// Errors of making trees.
var (
	ErrUnsigned    = errors.New("an enode carries no signature: give the node's record (enr:…)")
	ErrSequence    = errors.New("the sequence number must grow")
	ErrNotSigned   = errors.New("the tree is not signed")
	ErrDomain      = errors.New("not a domain name")
	errDoubleNode  = errors.New("two records of one node")
	errTooManyTree = fmt.Errorf("more than %d records or links", maxVisits/2)
)

// Draft is a tree as its owner keeps it: what is in it and, once it is signed,
// the signature. It is what the files of statusd dns hold.
type Draft struct {
	Domain    string   `json:"domain"`
	Seq       uint64   `json:"seq"`
	URL       string   `json:"url,omitempty"`       // since it was first signed
	Signature string   `json:"signature,omitempty"` // of the root
	Links     []string `json:"links"`
	Nodes     []string `json:"nodes"` // records, in the order of their ids
}

// NewDraft returns an unsigned tree. Every node must be a signed record, of
// two records of one node the newer one counts.
func NewDraft(domain string, seq uint64, nodes []*enode.Node, links []string) (*Draft, error) {
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	if !validDomain(domain) {
		return nil, fmt.Errorf("%w: %q", ErrDomain, domain)
	}
	byID := make(map[enode.ID]*enode.Node)
	for _, n := range nodes {
		if len(n.Record().Signature()) == 0 {
			return nil, fmt.Errorf("%w: %s", ErrUnsigned, n)
		}
		if old := byID[n.ID()]; old == nil || n.Seq() > old.Seq() {
			byID[n.ID()] = n
		}
	}
	d := &Draft{Domain: domain, Seq: seq, Links: []string{}, Nodes: []string{}}
	ordered := slices.SortedFunc(maps.Values(byID), func(a, b *enode.Node) int {
		return slices.Compare(a.ID().Bytes(), b.ID().Bytes())
	})
	for _, n := range ordered {
		d.Nodes = append(d.Nodes, n.String())
	}
	for _, text := range links {
		l, err := ParseLink(text)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(d.Links, l.String()) {
			d.Links = append(d.Links, l.String())
		}
	}
	_, err := d.tree()
	return d, err
}

// SameContent reports whether two trees have the same domain, nodes and links.
func (d *Draft) SameContent(other *Draft) bool {
	return d.Domain == other.Domain && slices.Equal(d.Nodes, other.Nodes) && slices.Equal(d.Links, other.Links)
}

// tree builds the Merkle tree.
func (d *Draft) tree() (*dnsdisc.Tree, error) {
	if len(d.Nodes) > maxVisits/2 || len(d.Links) > maxVisits/2 {
		return nil, errTooManyTree
	}
	if !validDomain(d.Domain) {
		return nil, fmt.Errorf("%w: %q", ErrDomain, d.Domain)
	}
	nodes := make([]*enode.Node, len(d.Nodes))
	known := make(map[enode.ID]bool)
	for i, text := range d.Nodes {
		n, err := enode.Parse(enode.ValidSchemes, text)
		switch {
		case err != nil:
			return nil, fmt.Errorf("node %d: %w", i+1, err)
		case len(n.Record().Signature()) == 0:
			return nil, fmt.Errorf("%w: %s", ErrUnsigned, text)
		case known[n.ID()]:
			return nil, fmt.Errorf("%w: %s", errDoubleNode, n.ID())
		}
		nodes[i], known[n.ID()] = n, true
	}
	for _, text := range d.Links {
		if _, err := ParseLink(text); err != nil {
			return nil, fmt.Errorf("%w: %.100q", err, text)
		}
	}
	tree, err := dnsdisc.MakeTree(uint(d.Seq), nodes, d.Links)
	if err != nil {
		return nil, fmt.Errorf("make tree: %w", err)
	}
	return tree, nil
}

// Sign signs the tree and sets its URL.
func (d *Draft) Sign(key *ecdsa.PrivateKey) error {
	tree, err := d.tree()
	if err != nil {
		return err
	}
	url, err := tree.Sign(key, d.Domain)
	if err != nil {
		return fmt.Errorf("sign tree: %w", err)
	}
	d.URL, d.Signature = url, tree.Signature()
	return nil
}

// TXT returns the records to publish: names with their texts. It verifies the
// signature.
func (d *Draft) TXT() (map[string]string, error) {
	tree, err := d.tree()
	if err != nil {
		return nil, err
	}
	if d.Signature == "" {
		return nil, ErrNotSigned
	}
	l, err := ParseLink(d.URL)
	if err != nil {
		return nil, err
	}
	if l.Domain != d.Domain {
		return nil, fmt.Errorf("%w: signed for %s, not for %s", ErrSignature, l.Domain, d.Domain)
	}
	if err := tree.SetSignature(l.Key, d.Signature); err != nil {
		return nil, fmt.Errorf("%w: the tree changed after it was signed", ErrSignature)
	}
	return tree.ToTXT(d.Domain), nil
}

// maxString is the length of one string of a TXT record, in bytes (RFC 1035).
const maxString = 255

// ZoneLines returns records as lines of a zone file, the root first. Texts
// have no quotes and no backslashes in them.
func ZoneLines(domain string, txt map[string]string) []string {
	names := slices.SortedFunc(maps.Keys(txt), func(a, b string) int {
		if a == domain || b == domain {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	lines := make([]string, len(names))
	for i, name := range names {
		ttl := EntryTTL
		if name == domain {
			ttl = RootTTL
		}
		var parts []string
		for part := range slices.Chunk([]byte(txt[name]), maxString) {
			parts = append(parts, `"`+string(part)+`"`)
		}
		lines[i] = fmt.Sprintf("%s. %d IN TXT %s", name, ttl, strings.Join(parts, " "))
	}
	return lines
}
