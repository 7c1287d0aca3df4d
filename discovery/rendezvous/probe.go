package rendezvous

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
)

// ProbeConfig says what to try out.
type ProbeConfig struct {
	Server  *enode.Node
	Topic   discovery.Topic // asked for; empty: discovery.TopicRelay
	Timeout time.Duration   // of each step; 0: DefaultTimeout
	// Dial connects; nil: net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// ProbeStep is a part of a Probe.
type ProbeStep struct {
	Name string // connect, discover or remoteip
	Took time.Duration
	Err  error
}

// ProbeResult is what Probe learned. Steps after one that failed are missing.
type ProbeResult struct {
	Steps   []ProbeStep
	Records int        // in the answer to discover
	Seen    netip.Addr // of this host, as the server sees it
}

// Err returns the error of the step that failed, nil when all went well.
func (r *ProbeResult) Err() error {
	for _, s := range r.Steps {
		if s.Err != nil {
			return fmt.Errorf("%s: %w", s.Name, s.Err)
		}
	}
	return nil
}

// Probe tries out a server as a client uses it: it connects, asks for the
// nodes of a topic, and where the server sees this host.
func Probe(ctx context.Context, cfg ProbeConfig) ProbeResult {
	cfg.Timeout = cmp.Or(cfg.Timeout, DefaultTimeout)
	cfg.Topic = cmp.Or(cfg.Topic, discovery.TopicRelay)
	if cfg.Dial == nil {
		cfg.Dial = new(net.Dialer).DialContext
	}
	var result ProbeResult
	l := newLink(cfg.Server, cfg.Dial)
	defer l.close()
	step := func(name string, do func(context.Context) error) bool {
		ctx, cancel := context.WithTimeout(ctx, cfg.Timeout)
		defer cancel()
		began := time.Now()
		err := do(ctx)
		if errors.Is(err, os.ErrDeadlineExceeded) || err != nil && ctx.Err() != nil {
			err = context.DeadlineExceeded
		}
		result.Steps = append(result.Steps, ProbeStep{name, time.Since(began), err})
		return err == nil
	}
	ok := step("connect", func(ctx context.Context) error {
		if l.address == "" {
			return ErrNoEndpoint
		}
		return l.connect(ctx)
	})
	ok = ok && step("discover", func(ctx context.Context) error {
		request, err := encode(&Discover{MaxRecords, string(cfg.Topic)})
		if err != nil {
			return err
		}
		return l.request(ctx, CodeDiscover, request, func(body []byte) error {
			m, err := DecodeDiscoverResponse(body)
			result.Records = len(m.Records)
			return errors.Join(err, m.Status.err(m.Message))
		})
	})
	if ok {
		step("remoteip", func(ctx context.Context) error {
			return l.request(ctx, CodeRemoteIP, []byte{0xc0}, func(body []byte) error {
				m, err := DecodeRemoteIPResponse(body)
				if err = errors.Join(err, m.Status.err("")); err != nil {
					return err
				}
				result.Seen, err = netip.ParseAddr(m.IP)
				return err
			})
		})
	}
	return result
}
