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

// begin counts a request and reports whether the host may make it.
func (r *registry) begin(from netip.Addr, now time.Time) (allowed bool) {
	r.counted.Requests++
	owner := r.owner(from)
	if allowed = !owner.IsValid() || r.quota.take(owner, now); !allowed {
		r.counted.Throttled++
		r.counted.Refused++
	}
	return allowed
}

// refuse is the answer to a request that may not be made.
func refuse(code Code) reply {
	out := respond(code, StatusInternal, "too many requests", nil)
	out.close = true
	return out
}

// request is one that was read: what it asks for, or what is wrong with it.
type request struct {
	code    Code
	status  Status
	message string
	close   bool // the body could not be read

	topic string
	node  *enode.Node   // to register
	ttl   time.Duration // to register for
	limit int           // of records to send
}

// finish does what a request asks for, and answers it.
func (r *registry) finish(req request, from netip.Addr, now time.Time) reply {
	var records []*enr.Record
	if req.status == StatusOK {
		switch req.code {
		case CodeRegister:
			req.status, req.message = r.store.put(req.topic, req.node, r.owner(from), req.ttl, now)
		case CodeDiscover:
			records = r.store.sample(req.topic, req.limit, now)
		default:
			req.message = from.Unmap().WithZone("").String()
		}
	}
	if req.status != StatusOK {
		r.counted.Refused++
	}
	out := respond(req.code, req.status, req.message, records)
	out.close = req.close
	return out
}

// known reports whether a code is that of a request.
func known(code Code) bool {
	return code == CodeRegister || code == CodeDiscover || code == CodeRemoteIP
}

// respond makes the response to a type of request. The message of an answered
// CodeRemoteIP is the address.
func respond(code Code, status Status, message string, records []*enr.Record) reply {
	switch code {
	case CodeRegister:
		return reply{code: CodeRegisterResponse, body: &RegisterResponse{status, message}}
	case CodeDiscover:
		return reply{code: CodeDiscoverResponse, body: &DiscoverResponse{status, message, records}}
	}
	if status != StatusOK {
		message = ""
	}
	return reply{code: CodeRemoteIPResponse, body: &RemoteIPResponse{status, message}}
}

// read decodes a request and checks what can be checked without the registry,
// signatures among it.
func read(code Code, body []byte, from netip.Addr) request {
	req := request{code: code}
	var err error
	switch code {
	case CodeRegister:
		var m Register
		if m, err = DecodeRegister(body); err == nil {
			req.register(&m, from)
		}
	case CodeDiscover:
		var m Discover
		if m, err = DecodeDiscover(body); err == nil && !validTopic(m.Topic) {
			req.status = StatusTopic
		}
		req.topic, req.limit = m.Topic, int(min(m.Limit, MaxRecords))
	default:
		err = decodeEmpty(body)
	}
	if err != nil {
		req.status, req.close = StatusContent, true
	}
	return req
}

func validTopic(topic string) bool {
	return topic != "" && len(topic) <= MaxTopic && strings.IndexByte(topic, 0xff) < 0
}

// register checks a registration in the order of the deployed server: topic,
// TTL, record.
func (req *request) register(m *Register, from netip.Addr) {
	if !validTopic(m.Topic) {
		req.status = StatusTopic
		return
	}
	if m.TTL > uint64(MaxTTL) {
		req.status = StatusTTL
		return
	}
	n, err := enode.New(enode.ValidSchemes, &m.Record)
	if err != nil {
		req.status = StatusRecord
		return
	}
	if err := checkEndpoint(n, from); err != nil {
		req.status, req.message = StatusContent, err.Error()
		return
	}
	req.topic, req.node, req.ttl = m.Topic, n, time.Duration(m.TTL)
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
