package tdt1

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery/topdisc"
)

// Sizes of answers in bytes of records.
const (
	// pageBytes fills a page; what is around the records has 27 bytes at most.
	pageBytes = 1150
	// confirmationBytes fills a confirmation beside its ticket.
	confirmationBytes = 1080
)

// Registrar is what a Server needs of topdisc.Registrar. Errors are
// *topdisc.Refusal.
type Registrar interface {
	Allow(kind topdisc.Kind, from topdisc.Peer, now time.Time) error
	Register(from topdisc.Peer, req topdisc.RegRequest, now time.Time) (topdisc.Confirmation, error)
	Query(s topdisc.Service, seed [8]byte, now time.Time) []*enode.Node
	// Refused counts a refusal and returns it.
	Refused(reason topdisc.Reason) error
}

// Server answers requests.
type Server struct {
	Registrar Registrar
	// Known finds auxiliary records.
	Known topdisc.Neighbours
	// Secret makes their choice repeatable: random, new for each process.
	Secret [32]byte
}

// Answer returns the answer to a payload that came from a peer whose session
// has the given record. It is never empty: that would say that this node does
// not know the protocol.
func (s *Server) Answer(from topdisc.Peer, session *enode.Node, payload []byte, now time.Time) []byte {
	answer, err := s.answer(from, session, payload, now)
	var refusal *topdisc.Refusal
	if err != nil && !errors.As(err, &refusal) {
		refusal = topdisc.Refuse(topdisc.ReasonMalformed)
	}
	if refusal != nil {
		answer = &Error{Code: refusal.Code}
	}
	raw, err := Encode(answer)
	if err != nil || len(raw) > MaxResponse { // records are encoded already: this cannot happen
		return []byte{typeError, 0xc1, byte(topdisc.CodeRefused)}
	}
	return raw
}

func (s *Server) answer(
	from topdisc.Peer, session *enode.Node, payload []byte, now time.Time,
) (Message, error) {
	m, err := Decode(payload)
	if errors.Is(err, ErrUnknownType) {
		return nil, s.Registrar.Refused(topdisc.ReasonUnknownType)
	}
	if err != nil {
		return nil, s.Registrar.Refused(topdisc.ReasonMalformed)
	}
	switch m := m.(type) {
	case *RegTopic:
		return s.register(from, session, m, now)
	case *TopicQuery:
		return s.query(from, m, now)
	default: // an answer as request
		return nil, s.Registrar.Refused(topdisc.ReasonUnknownType)
	}
}

func (s *Server) register(
	from topdisc.Peer, session *enode.Node, m *RegTopic, now time.Time,
) (Message, error) {
	if err := s.Registrar.Allow(topdisc.KindRegister, from, now); err != nil {
		return nil, err
	}
	node, err := enode.New(enode.ValidSchemes, m.Record)
	if err != nil {
		return nil, s.Registrar.Refused(topdisc.ReasonBadRecord)
	}
	if session != nil && session.ID() == node.ID() && session.Seq() > node.Seq() {
		node = session
	}
	c, err := s.Registrar.Register(from, topdisc.RegRequest{Service: m.Topic, Node: node, Ticket: m.Ticket}, now)
	if err != nil {
		return nil, err
	}
	var seed [8]byte
	binary.BigEndian.PutUint64(seed[:], uint64(now.UnixNano())) //nolint:gosec // any bits will do
	aux := topdisc.Aux(s.Known, m.Topic, ints(m.Distances), from, &s.Secret, seed)
	return Confirm(c, aux), nil
}

// Confirm makes the message of a confirmation with as many of the auxiliary
// records as fit.
func Confirm(c topdisc.Confirmation, aux []*enode.Node) *RegConfirmation {
	m := &RegConfirmation{Total: 1, Ticket: c.Ticket, WaitMS: uint64(c.Wait.Milliseconds())} //nolint:gosec // positive
	size := 0
	for _, n := range aux {
		rec := n.Record()
		if size += int(rec.Size()); size > confirmationBytes { //nolint:gosec // 300 at most
			break
		}
		m.Aux = append(m.Aux, rec)
	}
	return m
}

func (s *Server) query(from topdisc.Peer, m *TopicQuery, now time.Time) (Message, error) {
	if err := s.Registrar.Allow(topdisc.KindQuery, from, now); err != nil {
		return nil, err
	}
	ads := s.Registrar.Query(m.Topic, m.Seed, now)
	aux := topdisc.Aux(s.Known, m.Topic, ints(m.Distances), from, &s.Secret, m.Seed)
	return Page(ads, aux, m.Page), nil
}

// Page makes one page of an answer: the advertisers in their order, then the
// auxiliary records, as many on each page as fit. Beyond the last page both
// lists are empty.
func Page(ads, aux []*enode.Node, page uint64) *TopicNodes {
	m := &TopicNodes{Page: page}
	current, size := uint64(0), 0
	for i := range len(ads) + len(aux) {
		list, n := &m.Ads, (*enode.Node)(nil)
		if i < len(ads) {
			n = ads[i]
		} else {
			list, n = &m.Aux, aux[i-len(ads)]
		}
		rec := n.Record()
		if size += int(rec.Size()); size > pageBytes { //nolint:gosec // 300 at most
			current++
			size = int(rec.Size()) //nolint:gosec // likewise
		}
		if current == page {
			*list = append(*list, rec)
		}
	}
	m.Total = current + 1
	return m
}

func ints(distances []uint64) []int {
	d := make([]int, len(distances))
	for i, v := range distances {
		d[i] = int(v) //nolint:gosec // 256 at most, checked by Decode
	}
	return d
}
