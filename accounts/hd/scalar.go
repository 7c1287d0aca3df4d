package hd

import (
	"encoding/binary"
	"math/bits"
)

// order is n, the order of secp256k1, as 64-bit words, least significant first.
func order() [4]uint64 {
	return [4]uint64{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}
}

// words splits a big-endian number into 64-bit words, least significant first.
func words(b [32]byte) (w [4]uint64) {
	for i := range w {
		w[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	return w
}

// addModN returns a + b mod n in constant time. ok is false when a is not
// below n; b must be below n.
func addModN(a, b [32]byte) (sum [32]byte, ok bool) {
	wa, wb, n := words(a), words(b), order()
	_, below := sub(wa, n)
	var total [4]uint64
	var carry uint64
	for i := range total {
		total[i], carry = bits.Add64(wa[i], wb[i], carry)
	}
	less, borrow := sub(total, n)
	// Without a carry and with a borrow the sum was below n already.
	keep := -(borrow &^ carry)
	for i := range total {
		binary.BigEndian.PutUint64(sum[24-8*i:], total[i]&keep|less[i]&^keep)
	}
	return sum, below == 1
}

// sub returns a - b and whether it had to borrow.
func sub(a, b [4]uint64) (d [4]uint64, borrow uint64) {
	for i := range d {
		d[i], borrow = bits.Sub64(a[i], b[i], borrow)
	}
	return d, borrow
}
