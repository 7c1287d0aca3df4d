package wire

import "math/bits"

// BloomLength is the size of a bloom filter in bytes (6/WAKU1).
const BloomLength = 64

// Bloom is a set of topics with false positives. Bit n is bit n%8, counted
// from the least significant, of byte n/8.
type Bloom [BloomLength]byte

// FullBloom returns the filter that contains every topic.
func FullBloom() (b Bloom) {
	for i := range b {
		b[i] = 0xff
	}
	return b
}

// bloomIndex returns bit number j (0..2) of a topic: t[j], plus 256 when bit
// j of the last byte is set.
func (t Topic) bloomIndex(j int) int {
	n := int(t[j])
	if t[3]&(1<<j) != 0 {
		n += 256
	}
	return n
}

// Add puts topics into the filter the way 6/WAKU1 says, by OR. What we
// announce is built with it: it is a superset of what deployed peers compute.
func (b *Bloom) Add(topics ...Topic) {
	for _, t := range topics {
		for j := range 3 {
			n := t.bloomIndex(j)
			b[n/8] |= 1 << (n % 8)
		}
	}
}

// SampleBloom returns the bits that deployed peers compute for a topic. They
// assign the byte instead of OR-ing it, so of two indices in one byte only
// the later survives (spec 01 section 7.4).
func SampleBloom(t Topic) (b Bloom) {
	for j := range 3 {
		n := t.bloomIndex(j)
		b[n/8] = 1 << (n % 8)
	}
	return b
}

// Contains reports whether the topic is in the filter. It tests the bits of
// SampleBloom, which are a subset of those Add sets, so that it fits filters
// of both kinds.
func (b *Bloom) Contains(t Topic) bool {
	var at [3]int
	var bit [3]byte
	for j := range 3 {
		n := t.bloomIndex(j)
		at[j], bit[j] = n/8, 1<<(n%8)
	}
	if at[0] != at[1] && at[0] != at[2] && b[at[0]]&bit[0] == 0 {
		return false
	}
	if at[1] != at[2] && b[at[1]]&bit[1] == 0 {
		return false
	}
	return b[at[2]]&bit[2] != 0
}

// SureBit returns a bit that is set in every filter that contains the topic: of
// those of SampleBloom the one that is assigned last. It serves to sort topics.
func (t Topic) SureBit() int { return t.bloomIndex(2) }

// Bit reports whether a bit is set, 0 to 511.
func (b *Bloom) Bit(n int) bool { return b[n/8]&(1<<(n%8)) != 0 }

// Covers reports whether every bit of other is set in b.
func (b *Bloom) Covers(other *Bloom) bool {
	for i := range b {
		if other[i]&^b[i] != 0 {
			return false
		}
	}
	return true
}

// Merge sets every bit of other in b.
func (b *Bloom) Merge(other *Bloom) {
	for i := range b {
		b[i] |= other[i]
	}
}

// IsFull reports whether every bit is set.
func (b *Bloom) IsFull() bool { return b.Ones() == 8*BloomLength }

// Ones returns how many bits are set.
func (b *Bloom) Ones() int {
	n := 0
	for _, x := range b {
		n += bits.OnesCount8(x)
	}
	return n
}
