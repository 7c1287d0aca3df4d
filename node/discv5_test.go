package node

import (
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

func TestTriedSet(t *testing.T) {
	s, now := newTriedSet(), time.Unix(1000, 0)
	id := func(i int) enode.ID { return enode.ID{byte(i >> 8), byte(i)} }
	if !s.add(id(1), now) || s.add(id(1), now.Add(triedFor-1)) || !s.add(id(1), now.Add(triedFor)) {
		t.Error("a node is dialled once in its time")
	}
	for i := range 2 * maxTried {
		s.add(id(i), now.Add(triedFor))
	}
	if len(s.at) > maxTried || len(s.order) != len(s.at) {
		t.Errorf("%d remembered, %d in order", len(s.at), len(s.order))
	}
}
