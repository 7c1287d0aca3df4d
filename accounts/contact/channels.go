package contact

import (
	"encoding/hex"
	"math/big"
	"strconv"

	"statusd/accounts/key"
)

// partitions is the number of partitioned discovery channels.
const partitions = 5000

// The names of the channels that belong to a person (spec 06 section 10). The
// topic of a channel is that of its name (wire.TopicFromName).

// CodeChannel is where a person publishes his contact code.
func CodeChannel(p key.Public) string { return p.ContactID() + "-contact-code" }

// PersonalDiscovery is the discovery channel of one person.
func PersonalDiscovery(p key.Public) string {
	u := p.Uncompressed()
	return "contact-discovery-" + hex.EncodeToString(u[:])
}

// PartitionedDiscovery is the discovery channel that a person shares with one
// in 5000: where he is first written to.
func PartitionedDiscovery(p key.Public) string {
	x := p.X()
	n := new(big.Int).SetBytes(x[:])
	return "contact-discovery-" + strconv.FormatInt(n.Mod(n, big.NewInt(partitions)).Int64(), 10)
}

// NegotiatedFilter is the name under which the filter for a peer's negotiated
// channel is kept. Its topic and key come from the shared secret, not from the
// name.
func NegotiatedFilter(p key.Public) string { return p.ContactID() + "-negotiated" }
