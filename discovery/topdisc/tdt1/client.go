package tdt1

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery/topdisc"
)

// maxPages bounds the pages that are asked of one registrar, whatever it says.
const maxPages = 8

// maxWait bounds what is believed of a registrar's waiting times.
const maxWait = 24 * time.Hour

// EncodeRegister returns the payload of a registration.
func EncodeRegister(req topdisc.RegRequest) ([]byte, error) {
	return Encode(&RegTopic{
		Topic: req.Service, Record: req.Node.Record(), Ticket: req.Ticket, Distances: uints(req.Distances),
	})
}

// DecodeConfirmation reads the answer to a registration. Errors wrap
// topdisc.ErrMalformed or topdisc.ErrNotCapable, or are a *topdisc.Refusal.
func DecodeConfirmation(sender netip.Addr, payload []byte) (topdisc.Confirmation, []*enode.Node, error) {
	m, err := answer[*RegConfirmation](payload)
	if err != nil {
		return topdisc.Confirmation{}, nil, err
	}
	c := topdisc.Confirmation{Ticket: m.Ticket, Wait: milliseconds(m.WaitMS)}
	return c, verified(sender, m.Aux), nil
}

// Pager asks one registrar for as many pages as are needed. Send what Next
// returns, give the answer to Take, until Next says there is no more.
type Pager struct {
	req    topdisc.QueryRequest
	seed   [8]byte
	page   uint64 // to ask for next
	total  uint64
	result topdisc.QueryResult
}

// NewPager returns a pager. The seed is random for each lookup and registrar.
func NewPager(req topdisc.QueryRequest, seed [8]byte) *Pager {
	return &Pager{req: req, seed: seed, total: 1}
}

// Next returns the next request, ok = false when there is none.
func (p *Pager) Next() (q *TopicQuery, ok bool) {
	if p.page >= min(p.total, maxPages) || p.page > 0 && len(p.result.Ads) >= p.req.Want {
		return nil, false
	}
	return &TopicQuery{
		Topic: p.req.Service, Distances: uints(p.req.Distances), Page: p.page, Seed: p.seed,
	}, true
}

// Take reads the answer to the last request. Errors are those of
// DecodeConfirmation and end the pager.
func (p *Pager) Take(sender netip.Addr, payload []byte) error {
	m, err := answer[*TopicNodes](payload)
	if err == nil && m.Page != p.page {
		err = fmt.Errorf("%w: page %d instead of %d", topdisc.ErrMalformed, m.Page, p.page)
	}
	if err != nil {
		p.total = 0
		return err
	}
	p.TakeNodes(m.Total, verified(sender, m.Ads), verified(sender, m.Aux))
	return nil
}

// TakeNodes takes the content of an answer that was verified already.
func (p *Pager) TakeNodes(total uint64, ads, aux []*enode.Node) {
	if p.page == 0 {
		p.total = total
	}
	if p.page++; len(ads) == 0 && len(aux) == 0 {
		p.total = 0
	}
	p.result.Ads = append(p.result.Ads, ads...)
	p.result.Aux = append(p.result.Aux, aux...)
}

// Result returns what came so far.
func (p *Pager) Result() topdisc.QueryResult { return p.result }

// Pages returns the number of answers taken.
func (p *Pager) Pages() int { return int(p.page) } //nolint:gosec // 8 at most

// answer reads an answer of one type.
func answer[T Message](payload []byte) (T, error) {
	var none T
	if len(payload) == 0 {
		return none, topdisc.ErrNotCapable
	}
	m, err := Decode(payload)
	if err != nil {
		return none, fmt.Errorf("%w: %w", topdisc.ErrMalformed, err)
	}
	switch m := m.(type) {
	case T:
		return m, nil
	case *Error:
		return none, &topdisc.Refusal{Code: m.Code}
	default:
		return none, fmt.Errorf("%w: unexpected %T", topdisc.ErrMalformed, m)
	}
}

// verified returns the nodes of those records that are signed and may come
// from this sender.
func verified(sender netip.Addr, records Records) []*enode.Node {
	var nodes []*enode.Node
	for _, rec := range records {
		if n, ok := verify(sender, rec); ok {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

func verify(sender netip.Addr, rec *enr.Record) (*enode.Node, bool) {
	n, err := enode.New(enode.ValidSchemes, rec)
	if err != nil {
		return nil, false
	}
	return n, topdisc.CheckRelayed(sender, n) == nil
}

func milliseconds(v uint64) time.Duration {
	if v >= uint64(maxWait.Milliseconds()) {
		return maxWait
	}
	return time.Duration(v) * time.Millisecond //nolint:gosec // a day at most
}

func uints(distances []int) []uint64 {
	d := make([]uint64, 0, topdisc.MaxDistances)
	for _, v := range distances[:min(len(distances), topdisc.MaxDistances)] {
		d = append(d, uint64(v)) //nolint:gosec // positive
	}
	return d
}
