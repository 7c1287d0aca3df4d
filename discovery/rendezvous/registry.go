package rendezvous

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery"
)

// Limits of a registry (spec 08 section 3.1).
const (
	DefaultRequestsPerMinute = 30
	DefaultMaxStored         = 10_000
	DefaultStoredPerIP       = 5
)

// Limits bound what a server does for others. Zero values mean the defaults.
type Limits struct {
	RequestsPerMinute int // of one IPv4 address or IPv6 /64
	MaxStored         int // records
	StoredPerIP       int // records registered from one IPv4 address or IPv6 /64
	// ExemptLocal lifts the limits per address for hosts of this machine and
	// of local networks.
	ExemptLocal bool
}

// registry answers requests. It owns no clock: methods get the time.
type registry struct {
	limits  Limits
	store   *store
	quota   *quota
	counted Counters
}

// Counters count requests since the start.
type Counters struct {
	Requests  uint64 // all that were answered
	Refused   uint64 // answered with a status other than 0
	Throttled uint64 // of them, beyond the rate of one address
}

// reply is what to send, and whether to close the connection then.
type reply struct {
	code  Code
	body  any
	close bool
}

func newRegistry(limits Limits, r *rand.Rand) *registry {
	limits.RequestsPerMinute = cmp.Or(limits.RequestsPerMinute, DefaultRequestsPerMinute)
	limits.MaxStored = cmp.Or(limits.MaxStored, DefaultMaxStored)
	limits.StoredPerIP = cmp.Or(limits.StoredPerIP, DefaultStoredPerIP)
	return &registry{
		limits: limits, store: newStore(limits.MaxStored, limits.StoredPerIP, r),
		quota: newQuota(limits.RequestsPerMinute),
	}
}

// owner is under whom a host's requests and records are counted; the zero
// value for one that is exempt.
func (r *registry) owner(from netip.Addr) netip.Prefix {
	if r.limits.ExemptLocal && discovery.Local(from) {
		return netip.Prefix{}
	}
	return hostOf(from)
}

// handle answers one request. ok = false: there is no answer, the connection
// has to be closed.
func (r *registry) handle(code Code, body []byte, from netip.Addr, now time.Time) (out reply, ok bool) {
	answer, ok := responder(code)
	if !ok {
		return reply{}, false
	}
	status, message := StatusInternal, "too many requests"
	var records []*enr.Record
	owner := r.owner(from)
	r.counted.Requests++
	if owner.IsValid() && !r.quota.take(owner, now) {
		r.counted.Throttled++
		out.close = true
	} else {
		var err error
		status, message, records, err = r.process(code, body, from, owner, now)
		out.close = err != nil
	}
	if status != StatusOK {
		r.counted.Refused++
	}
	out.code, out.body = answer(status, message, records)
	return out, true
}

// responder returns what makes the response to a type of request.
func responder(code Code) (make func(Status, string, []*enr.Record) (Code, any), ok bool) {
	switch code {
	case CodeRegister:
		return func(s Status, message string, _ []*enr.Record) (Code, any) {
			return CodeRegisterResponse, &RegisterResponse{s, message}
		}, true
	case CodeDiscover:
		return func(s Status, message string, records []*enr.Record) (Code, any) {
			return CodeDiscoverResponse, &DiscoverResponse{s, message, records}
		}, true
	case CodeRemoteIP:
		return func(s Status, address string, _ []*enr.Record) (Code, any) {
			if s != StatusOK {
				address = ""
			}
			return CodeRemoteIPResponse, &RemoteIPResponse{s, address}
		}, true
	}
	return nil, false
}

// process does what a request asks for. An error says that the body could not
// be read.
func (r *registry) process(code Code, body []byte, from netip.Addr, owner netip.Prefix, now time.Time) (
	Status, string, []*enr.Record, error,
) {
	switch code {
	case CodeRegister:
		m, err := DecodeRegister(body)
		if err != nil {
			return StatusContent, "", nil, err
		}
		status, message := r.register(&m, from, owner, now)
		return status, message, nil, nil
	case CodeDiscover:
		m, err := DecodeDiscover(body)
		if err != nil {
			return StatusContent, "", nil, err
		}
		if !validTopic(m.Topic) {
			return StatusTopic, "", nil, nil
		}
		return StatusOK, "", r.store.sample(m.Topic, int(min(m.Limit, MaxRecords)), now), nil
	default:
		if err := decodeEmpty(body); err != nil {
			return StatusContent, "", nil, err
		}
		return StatusOK, from.Unmap().WithZone("").String(), nil, nil
	}
}

func validTopic(topic string) bool {
	return topic != "" && len(topic) <= MaxTopic && strings.IndexByte(topic, 0xff) < 0
}

// register checks a registration in the order of the deployed server: topic,
// TTL, record.
func (r *registry) register(m *Register, from netip.Addr, owner netip.Prefix, now time.Time) (Status, string) {
	if !validTopic(m.Topic) {
		return StatusTopic, ""
	}
	if m.TTL > uint64(MaxTTL) {
		return StatusTTL, ""
	}
	n, err := enode.New(enode.ValidSchemes, &m.Record)
	if err != nil {
		return StatusRecord, ""
	}
	if err := checkEndpoint(n, from); err != nil {
		return StatusContent, err.Error()
	}
	return r.store.put(m.Topic, n, owner, time.Duration(m.TTL), now)
}

var errNoEndpoint = errors.New("the record has no IP address with a TCP port")

// checkEndpoint refuses records that lead nowhere.
func checkEndpoint(n *enode.Node, from netip.Addr) error {
	if n.TCP() == 0 || !n.IPAddr().IsValid() {
		return errNoEndpoint
	}
	if !discovery.Plausible(from, n.IPAddr()) {
		return fmt.Errorf("the record has the local address %s", n.IPAddr())
	}
	return nil
}
