package topdisc

import "net/netip"

// ipTree counts advertisements by the prefixes of their addresses, IPv4 and
// IPv6 apart, and tells how much of an address is over-represented (spec 08
// section 2.6). A vertex exists while an advertisement is below it.
type ipTree struct{ v4, v6 bitTree }

func (t *ipTree) of(addr netip.Addr) *bitTree {
	if addr.Is4() {
		return &t.v4
	}
	return &t.v6
}

func (t *ipTree) add(addr netip.Addr, now float64) { t.of(addr).add(addr, now) }
func (t *ipTree) remove(addr netip.Addr)           { t.of(addr).remove(addr) }

// look returns the score of an address and the bound of the deepest vertex on
// its path, nil when there is none. without, if valid, is an address counted
// once less.
func (t *ipTree) look(addr, without netip.Addr) (score float64, b *bound) {
	if without.IsValid() && without.Is4() != addr.Is4() {
		without = netip.Addr{}
	}
	levels, deepest := t.of(addr).look(addr, without)
	if deepest == 0 {
		return 0, nil
	}
	return float64(levels) / float64(addr.BitLen()), &t.of(addr).vertices[deepest].bound
}

// bitTree is a binary tree over the bits of addresses. Vertices refer to each
// other by index; 0 is none.
type bitTree struct {
	vertices []vertex
	root     int32
	free     int32 // chain through child[0]
}

type vertex struct {
	child [2]int32
	count int32 // advertisements at or below
	bound bound
}

func (t *bitTree) alloc(now float64) int32 {
	if i := t.free; i != 0 {
		t.free = t.vertices[i].child[0]
		t.vertices[i] = vertex{bound: bound{at: now}}
		return i
	}
	if len(t.vertices) == 0 {
		t.vertices = append(t.vertices, vertex{}) // index 0 is none
	}
	t.vertices = append(t.vertices, vertex{bound: bound{at: now}})
	return int32(len(t.vertices) - 1) //nolint:gosec // capacity * 129 vertices at most
}

func (t *bitTree) add(addr netip.Addr, now float64) {
	if t.root == 0 {
		t.root = t.alloc(now)
	}
	at := t.root
	t.vertices[at].count++
	raw, bits := addr.As16(), addr.BitLen()
	for level := range bits {
		side := bit(&raw, bits, level)
		next := t.vertices[at].child[side]
		if next == 0 {
			next = t.alloc(now)
			t.vertices[at].child[side] = next
		}
		t.vertices[next].count++
		at = next
	}
}

// remove undoes one add of the same address.
func (t *bitTree) remove(addr netip.Addr) {
	raw, bits := addr.As16(), addr.BitLen()
	link, at := &t.root, t.root
	for level := 0; at != 0; level++ {
		v := &t.vertices[at]
		v.count--
		next, nextLink := int32(0), (*int32)(nil)
		if level < bits {
			nextLink = &v.child[bit(&raw, bits, level)]
			next = *nextLink
		}
		if v.count == 0 {
			*link = 0
			v.child[0] = t.free
			t.free = at
		}
		link, at = nextLink, next
	}
}

// look counts the levels at which the path of addr holds more than its even
// share, and returns the deepest vertex on it.
func (t *bitTree) look(addr, without netip.Addr) (levels int, deepest int32) {
	at := t.root
	if at == 0 {
		return 0, 0
	}
	raw, bits := addr.As16(), addr.BitLen()
	same := without.IsValid() // the path of without is still that of addr
	var other [16]byte
	root := t.vertices[at].count
	if same {
		other = without.As16()
		root--
	}
	for level := range bits {
		side := bit(&raw, bits, level)
		same = same && bit(&other, bits, level) == side
		next := t.vertices[at].child[side]
		if next == 0 {
			break
		}
		count := t.vertices[next].count
		if same {
			count--
		}
		if count > root>>min(level+1, 31) { // count * 2^(level+1) > root
			levels++
		}
		at = next
	}
	return levels, at
}

// bit returns the bit of an address at a level; IPv4 is in the last 32 bits.
func bit(raw *[16]byte, bits, level int) int {
	i := 128 - bits + level
	return int(raw[i/8]>>(7-i%8)) & 1
}
