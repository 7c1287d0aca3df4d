package wire

import (
	"encoding"
	"hash"
	"math"

	"github.com/ethereum/go-ethereum/crypto/keccak"
)

// powValue computes the proof of work from leading zero bits: two divisions
// in binary64, in this order, as deployed peers do.
func powValue(zeroBits, prefixLen int, ttl uint32) float64 {
	return math.Ldexp(1, zeroBits) / float64(prefixLen) / float64(ttl)
}

// TargetBits returns how many leading zero bits a miner needs to reach the
// proof of work target for dataLen bytes of data: at least 1. It counts the
// larger size 20 + dataLen, as deployed miners do, which leaves the margin
// that peers with the other definition of size need (spec 01 section 4).
func TargetBits(target float64, dataLen int, ttl uint32) int {
	n := math.Ceil(math.Log2(target * float64(EnvelopeOverhead+dataLen) * float64(ttl)))
	if !(n > 1) {
		return 1
	}
	return int(min(n, 256))
}

// NonceSearch tries nonces for one envelope. The constant prefix of the hash
// input is absorbed once; each try copies that sponge state.
// A NonceSearch is not safe for concurrent use.
type NonceSearch struct {
	state  hash.Hash
	load   encoding.BinaryUnmarshaler
	prefix []byte // marshalled sponge after the prefix
	digest []byte
	nonce  []byte
}

// NewNonceSearch prepares a search over the envelope's first four fields.
func NewNonceSearch(expiry, ttl uint32, topic Topic, data []byte) *NonceSearch {
	fields := appendPrefixFields(make([]byte, 0, len(data)+32), expiry, ttl, topic, data)
	s := &NonceSearch{state: keccak.NewLegacyKeccak256(), digest: make([]byte, 0, 32), nonce: make([]byte, 0, 8)}
	s.load = s.state.(encoding.BinaryUnmarshaler)
	s.state.Write(appendListHeader(nil, len(fields)))
	s.state.Write(fields)
	prefix, err := s.state.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic("wire: keccak state does not marshal: " + err.Error())
	}
	s.prefix = prefix
	return s
}

// ZeroBits returns the leading zero bits that nonce gives.
func (s *NonceSearch) ZeroBits(nonce uint64) int {
	if err := s.load.UnmarshalBinary(s.prefix); err != nil {
		panic("wire: keccak state does not unmarshal: " + err.Error())
	}
	s.state.Write(appendNonce(s.nonce[:0], nonce))
	return leadingZeroBits(s.state.Sum(s.digest[:0]))
}
