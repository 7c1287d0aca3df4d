package topdisc

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/rlp"
)

// Layout of a ticket (spec 08 section 2.7). It is opaque to the advertiser.
//
//	 0   1  version 0x01
//	 1   8  t_init  ms on the registrar's clock, big endian
//	 9   8  t_mod   likewise
//	17   4  t_wait  ms
//	21  32  digest of the advertisement
//	53  16  authenticator
const (
	ticketVersion = 1
	ticketSize    = 69
	ticketBody    = 53
	ticketContext = "tdt1 ticket"
)

// TicketKey authenticates the tickets of one registrar.
type TicketKey [32]byte

// String hides the key.
func (TicketKey) String() string { return "TicketKey(…)" }

// ticket is what a registrar remembers about an advertiser that waits.
type ticket struct {
	init, mod uint64 // ms: first attempt, latest attempt
	wait      uint32 // ms, after mod
	digest    [32]byte
}

func (t *ticket) encode(key *TicketKey, registrar, advertiser enode.ID) []byte {
	b := make([]byte, ticketSize)
	b[0] = ticketVersion
	binary.BigEndian.PutUint64(b[1:], t.init)
	binary.BigEndian.PutUint64(b[9:], t.mod)
	binary.BigEndian.PutUint32(b[17:], t.wait)
	copy(b[21:], t.digest[:])
	copy(b[ticketBody:], ticketMAC(key, registrar, advertiser, b[:ticketBody]))
	return b
}

// openTicket returns the content of a ticket that this registrar gave this
// advertiser; ok = false for any other bytes.
func openTicket(b []byte, key *TicketKey, registrar, advertiser enode.ID) (t ticket, ok bool) {
	if len(b) != ticketSize || b[0] != ticketVersion ||
		!hmac.Equal(b[ticketBody:], ticketMAC(key, registrar, advertiser, b[:ticketBody])) {
		return ticket{}, false
	}
	t.init = binary.BigEndian.Uint64(b[1:])
	t.mod = binary.BigEndian.Uint64(b[9:])
	t.wait = binary.BigEndian.Uint32(b[17:])
	copy(t.digest[:], b[21:])
	return t, true
}

// usable reports whether an advertiser that comes back at now (ms) comes at
// the agreed time.
func (t *ticket) usable(now float64, early, window time.Duration) bool {
	due := float64(t.mod) + float64(t.wait)
	return now >= due-ms(early) && now <= due+ms(window)
}

func ticketMAC(key *TicketKey, registrar, advertiser enode.ID, body []byte) []byte {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte(ticketContext))
	h.Write(registrar[:])
	h.Write(advertiser[:])
	h.Write(body)
	return h.Sum(nil)[:ticketSize-ticketBody]
}

// adDigest identifies an advertisement: keccak256(RLP([service, record])).
func adDigest(s Service, n *enode.Node) ([32]byte, error) {
	raw, err := rlp.EncodeToBytes([]any{s, n.Record()})
	if err != nil {
		return [32]byte{}, err
	}
	return crypto.Keccak256Hash(raw), nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
