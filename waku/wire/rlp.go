package wire

import "github.com/ethereum/go-ethereum/rlp"

// appendString appends b as an RLP string.
func appendString(dst, b []byte) []byte {
	if len(b) == 1 && b[0] < 0x80 {
		return append(dst, b[0])
	}
	return append(appendHeader(dst, 0x80, len(b)), b...)
}

// appendListHeader appends the header of an RLP list with size content bytes.
func appendListHeader(dst []byte, size int) []byte { return appendHeader(dst, 0xc0, size) }

func appendHeader(dst []byte, base byte, size int) []byte {
	if size < 56 {
		return append(dst, base+byte(size))
	}
	n := 1
	for s := size >> 8; s > 0; s >>= 8 {
		n++
	}
	dst = append(dst, base+55+byte(n))
	for shift := 8 * (n - 1); shift >= 0; shift -= 8 {
		dst = append(dst, byte(size>>shift))
	}
	return dst
}

// appendBool appends b as an RLP boolean.
func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 0x01)
	}
	return append(dst, 0x80)
}

// wrapList returns content as an RLP list.
func wrapList(content []byte) []byte {
	return append(appendListHeader(make([]byte, 0, len(content)+5), len(content)), content...)
}

// wholeList returns the content of the one list that fills b. With lax set,
// bytes after the list are accepted.
func wholeList(b []byte, lax bool) ([]byte, error) {
	content, rest, err := rlp.SplitList(b)
	if err != nil {
		return nil, err
	}
	if len(rest) != 0 && !lax {
		return nil, ErrTrailingBytes
	}
	return content, nil
}

// splitFixed reads an RLP string of exactly len(dst) bytes into dst.
func splitFixed(b, dst []byte) (rest []byte, err error) {
	s, rest, err := rlp.SplitString(b)
	if err != nil {
		return nil, err
	}
	if len(s) != len(dst) {
		return nil, ErrFieldLength
	}
	copy(dst, s)
	return rest, nil
}

// splitBool reads an RLP boolean: 01 or 80, nothing else.
func splitBool(b []byte) (value bool, rest []byte, err error) {
	x, rest, err := rlp.SplitUint64(b)
	if err != nil {
		return false, nil, err
	}
	if x > 1 {
		return false, nil, ErrBool
	}
	return x == 1, rest, nil
}
