// Package dns finds nodes in trees that are published as TXT records
// (EIP-1459, spec 08 section 4), and makes such trees.
//
// A tree has a URL, enrtree://KEY@DOMAIN. The record at DOMAIN is its root: the
// hashes of two subtrees, one of node records and one of links to other trees,
// a sequence number and a signature by KEY. An entry with a hash is the record
// at HASH.DOMAIN. So nobody but the owner of the key can add a node, whoever
// runs the name servers; but they could serve an old root for ever. Hence the
// highest sequence number of each tree is stored, and a lower one is refused.
//
// The walk through a tree is our own and not that of go-ethereum's dnsdisc,
// which takes older roots, follows links without a bound, within one rate
// limit that one dead link uses up, keeps a list of entries that a branch with
// repeated hashes lets grow for ever, and never ends. Here every tree has a
// goroutine and a rate limit of its own, an entry is visited once, links lead
// to MaxDomains domains in all, and a search is over when everything was seen.
// URLs, making and signing of trees are dnsdisc's.
//
// root, entry and walk are pure. Source.Search has one goroutine for each tree
// and returns after they ended.
package dns
