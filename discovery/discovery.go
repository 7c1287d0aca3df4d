// Package discovery says what a source of nodes is. Sources look for nodes
// that serve a topic, each in its own way: a cache, lists, DNS trees,
// rendezvous servers, advertisements in the discv5 network. The peer pool
// merges what they find and decides whom to connect to; a found node is a
// candidate and no more, only the RLPx handshake tells what it is.
//
// The package also has the rules about records and addresses that all sources
// share. It knows no source, starts no goroutine and holds no state.
package discovery

import (
	"context"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

// Topic names a service that nodes advertise and search for. Names are those
// of deployed peers, although the protocol has become Waku (spec 08 §1.2).
type Topic string

// Topics of the network.
const (
	// TopicRelay is advertised by full relays and searched for by clients.
	TopicRelay Topic = "whisper"
	// TopicMail is advertised by mailservers.
	TopicMail Topic = "whispermail"
)

// Source finds nodes.
type Source interface {
	// Name is short, constant and unique among sources: "dns", "rendezvous".
	Name() string
	// Search calls found, from one goroutine at a time, for each node that may
	// serve topic, until ctx ends or there is nothing more to find. It returns
	// after its goroutines did. nil says that the search is complete or was
	// ended by ctx, an error that this source cannot be used now: the caller
	// may try it again later and goes on with the others.
	Search(ctx context.Context, topic Topic, found func(*enode.Node)) error
}

// Advertiser makes this node findable.
type Advertiser interface {
	Name() string
	// Advertise announces the node's current record under topic and renews it
	// until ctx ends. It returns after its goroutines did, nil when ended by
	// ctx.
	Advertise(ctx context.Context, topic Topic) error
}
