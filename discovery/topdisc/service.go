package topdisc

import (
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
)

// Service identifies a topic in the space of node ids.
type Service enode.ID

// ServiceOf returns the service of a topic: keccak256 of its name, as in the
// topic discovery of 2018 (spec 08 section 2.1).
func ServiceOf(topic discovery.Topic) Service { return Service(crypto.Keccak256Hash([]byte(topic))) }

// Distance returns the logarithmic distance of a node from the service: 0 for
// equal, 256 for the far half of the space.
func (s Service) Distance(id enode.ID) int { return enode.LogDist(enode.ID(s), id) }

// Buckets of distance from a service: one each for 256 down to 241, and one
// for all that is nearer.
const (
	Buckets     = 17
	MaxDistance = 256
)

// BucketOf returns the bucket of a distance, 0 for the farthest.
func BucketOf(distance int) int { return min(MaxDistance-distance, Buckets-1) }

// DistanceOf returns the largest distance that belongs to a bucket.
func DistanceOf(bucket int) int { return MaxDistance - bucket }
