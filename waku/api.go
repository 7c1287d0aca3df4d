package waku

import (
	"crypto/ecdsa"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku/wire"
)

// FilterID names an installed filter: 64 lower-case hex digits.
type FilterID string

// FilterSpec says which envelopes a filter wants and how to open them.
// Exactly one of SymKey and PrivateKey is set.
type FilterSpec struct {
	SymKey     []byte            // 32 bytes, AES-256-GCM
	PrivateKey *ecdsa.PrivateKey // ECIES
	Src        *ecdsa.PublicKey  // nil: any signer and unsigned
	Topics     []wire.Topic      // empty: every topic
	MinPoW     float64           // ignored for peer-to-peer messages
	AllowP2P   bool              // take peer-to-peer messages (code 127) too
}

// Sink receives what a filter matched. Deliver is called in the order of
// arrival, from one goroutine at a time, and must not block.
type Sink interface {
	Deliver(*ReceivedMessage)
}

// ReceivedMessage is an opened envelope. It is shared by all filters that
// matched and must not be changed.
type ReceivedMessage struct {
	Hash    wire.Hash
	Topic   wire.Topic
	Sent    uint32 // Unix seconds: expiry - ttl
	TTL     uint32 // seconds
	PoW     float64
	Payload []byte
	Padding []byte
	Src     *ecdsa.PublicKey // signer, nil when unsigned
	Dst     *ecdsa.PublicKey // recipient, nil when symmetric
	P2P     bool             // came by code 127, not through the pool
}

// Post describes an own message to seal, mine and send.
// Exactly one of SymKey and PubKey is set.
type Post struct {
	SymKey    []byte
	PubKey    *ecdsa.PublicKey
	Signer    *ecdsa.PrivateKey // nil: unsigned
	TTL       uint32            // seconds; 0: DefaultTTL
	Topic     wire.Topic
	Payload   []byte
	Padding   []byte        // nil: random up to the next 256 bytes
	PoWTime   time.Duration // most time spent on mining
	PoWTarget float64
	Target    *enode.ID // non-nil: sent to this connected peer as code 127
}

// Info is what a host holds and demands.
type Info struct {
	Messages       int     // messages that wait in polling filters of the host's own
	MinPoW         float64 // proof of work demanded
	MaxMessageSize uint32  // bytes
	Envelopes      int     // envelopes in the pool
	PoolBytes      int64   // their size
}

// PeerStats describes one connected Waku peer.
type PeerStats struct {
	Version       uint
	EnvelopesIn   uint64
	EnvelopesOut  uint64
	BytesIn       uint64
	BytesOut      uint64
	Rejected      uint64
	RateExceeded  uint64
	PoW           float64
	BloomFill     float64 // share of bits set, 0 to 1
	Topics        int     // -1: no topic interest announced
	Light         bool
	Confirmations bool
	Trusted       bool
	LastSeen      time.Time
}

// Archive takes every envelope that enters the pool for the first time.
// Put may block to hold back the peers that send; it must not call the Host.
type Archive interface {
	Put(*wire.Envelope)
}

// MailServer answers history requests. HandleRequest must not block: it queues
// the request and replies later through the given peer. It keeps payload. An
// error means that the packet is malformed; it counts against the peer.
type MailServer interface {
	HandleRequest(peer MailPeer, payload []byte) error
}

// MailPeer is the way back to a peer that asked for history.
type MailPeer interface {
	ID() enode.ID
	IP() string
	// SendMessages writes one P2P Message packet (code 127) with this payload,
	// a list of envelopes. It does not keep the payload.
	SendMessages(payload []byte) error
	// SendComplete writes one P2P Request Complete packet (code 125).
	SendComplete(payload []byte) error
	// Done is closed when the peer has gone.
	Done() <-chan struct{}
}

// MailClient is told of what trusted mailservers send. Accept is called by the
// reader of the peer for each envelope, in the order of arrival, and decides
// whether the filters may see it; blocking holds that peer back. Complete is
// called after all envelopes that came before it went through the filters,
// from the goroutine that feeds all filters, and must not block.
type MailClient interface {
	Accept(peer enode.ID, env *wire.Envelope) bool
	Complete(peer enode.ID, c *wire.RequestComplete)
}

// Tracker is told what becomes of own posts. What light peers do with them is
// not told: they pass nothing on. Calls must not block.
type Tracker interface {
	// Sent: the envelope was written to a peer, or, to a peer that confirms,
	// confirmed by it. It may be called once for each peer.
	Sent(hash wire.Hash, peer enode.ID)
	// Refused: a peer reported that it did not take the envelope. timeError
	// says that one of the two clocks is wrong, as far as the peer can tell.
	Refused(hash wire.Hash, peer enode.ID, timeError bool, text string)
	// ReceivedBack: a peer sent us the envelope, so it is under way. It may be
	// called once for each peer.
	ReceivedBack(hash wire.Hash, peer enode.ID)
	// Expired: the envelope has left the pool, because its time is over or for
	// want of room, or has never entered it after its delay. Nothing follows.
	Expired(hash wire.Hash)
}

// PeerWatcher is told when peers have finished the Waku handshake and when
// they have gone. PeerUp comes once more for a peer that says only later that
// it is light. Calls for one peer come in order; they must not block.
type PeerWatcher interface {
	PeerUp(id enode.ID)
	PeerDown(id enode.ID)
}
