package runner

import (
	"context"
	crand "crypto/rand"

	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery/topdisc"
	"statusd/discovery/topdisc/tdt1"
	"statusd/internal/blocking"
)

// talk is the carrier over TALK. go-ethereum has one call at a time under way
// to a node and lets others queue; a call cannot be cancelled, so that one whose
// ctx ends is left behind, until its timeout or the end of the socket.
type talk struct{ udp *discover.UDPv5 }

var _ topdisc.Carrier = talk{}

// Carrier returns what takes requests to registrars over a socket, for those
// who want to ask one of them without a Service.
func Carrier(udp *discover.UDPv5) topdisc.Carrier { return talk{udp: udp} }

// Register implements topdisc.Carrier.
func (t talk) Register(
	ctx context.Context, to *enode.Node, req topdisc.RegRequest,
) (topdisc.Confirmation, []*enode.Node, error) {
	payload, err := tdt1.EncodeRegister(req)
	if err != nil {
		return topdisc.Confirmation{}, nil, err
	}
	answer, err := t.ask(ctx, to, payload)
	if err != nil {
		return topdisc.Confirmation{}, nil, err
	}
	return tdt1.DecodeConfirmation(to.IPAddr(), answer)
}

// Query implements topdisc.Carrier. When a later page does not come, it
// returns what the earlier ones had.
func (t talk) Query(ctx context.Context, to *enode.Node, req topdisc.QueryRequest) (topdisc.QueryResult, error) {
	var seed [8]byte
	_, _ = crand.Read(seed[:]) // never fails
	pager := tdt1.NewPager(req, seed)
	for {
		q, more := pager.Next()
		if !more || pager.Pages() > 0 && ctx.Err() != nil {
			return pager.Result(), nil
		}
		if err := t.page(ctx, to, pager, q); err != nil {
			if pager.Pages() > 0 {
				return pager.Result(), nil
			}
			return topdisc.QueryResult{}, err
		}
	}
}

func (t talk) page(ctx context.Context, to *enode.Node, pager *tdt1.Pager, q *tdt1.TopicQuery) error {
	payload, err := tdt1.Encode(q)
	if err != nil {
		return err
	}
	answer, err := t.ask(ctx, to, payload)
	if err != nil {
		return err
	}
	return pager.Take(to.IPAddr(), answer)
}

func (t talk) ask(ctx context.Context, to *enode.Node, payload []byte) ([]byte, error) {
	return blocking.Call(ctx, func() ([]byte, error) { return t.udp.TalkRequest(to, tdt1.Protocol, payload) })
}
