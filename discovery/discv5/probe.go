package discv5

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	gethlog "github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
	"statusd/discovery/topdisc"
	"statusd/discovery/topdisc/tdt1"
)

// ProbeConfig says what to try out.
type ProbeConfig struct {
	Node    *enode.Node
	Topic   discovery.Topic // asked for; empty: discovery.TopicRelay
	Timeout time.Duration   // of each step; 0: 10 s
}

// ProbeStep is a part of a Probe.
type ProbeStep struct {
	Name string // ping or query
	Took time.Duration
	Err  error
}

// ProbeResult is what Probe learned. Steps after one that failed are missing.
type ProbeResult struct {
	Steps []ProbeStep
	// Ads are the advertisers of the topic that the node named.
	Ads int
	// Seen is the address of this host, as the node sees it.
	Seen string
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

// Probe tries out a node over UDP, with a fresh identity: PING, and a question
// for the advertisers of a topic.
func Probe(ctx context.Context, cfg ProbeConfig) (ProbeResult, error) {
	var result ProbeResult
	if cfg.Timeout <= 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Topic == "" {
		cfg.Topic = discovery.TopicRelay
	}
	boot := New(Config{Boot: []*enode.Node{cfg.Node}}).bootNodes(ctx)
	if len(boot) == 0 {
		return result, errors.New("the node has no UDP endpoint that can be reached")
	}
	node := boot[0]
	udp, stop, err := listenProbe(node, cfg.Timeout)
	if err != nil {
		return result, err
	}
	defer stop()
	release := context.AfterFunc(ctx, udp.Close)
	defer release()
	step := func(name string, do func() error) bool {
		began := time.Now()
		err := do()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		result.Steps = append(result.Steps, ProbeStep{name, time.Since(began), err})
		return err == nil
	}
	if !step("ping", func() error {
		pong, err := udp.Ping(node)
		if err == nil {
			result.Seen = pong.ToIP.String()
		}
		return err
	}) {
		return result, nil
	}
	step("query", func() error {
		var seed [8]byte
		_, _ = crand.Read(seed[:]) // never fails
		pager := tdt1.NewPager(topdisc.QueryRequest{Service: topdisc.ServiceOf(cfg.Topic), Want: 10}, seed)
		q, _ := pager.Next() // the first page is always asked for
		payload, err := tdt1.Encode(q)
		if err != nil {
			return err
		}
		answer, err := udp.TalkRequest(node, tdt1.Protocol, payload)
		if err != nil {
			return err
		}
		err = pager.Take(node.IPAddr(), answer)
		result.Ads = len(pager.Result().Ads)
		return err
	})
	return result, nil
}

// listenProbe opens a socket of the same family as the node's address.
func listenProbe(node *enode.Node, timeout time.Duration) (*discover.UDPv5, func(), error) {
	key, err := crypto.GenerateKey()
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	db, err := enode.OpenDB("")
	if err != nil {
		return nil, nil, err
	}
	listen := &net.UDPAddr{}
	if node.IPAddr().IsLoopback() {
		listen.IP = net.IP(node.IPAddr().AsSlice())
	}
	conn, err := net.ListenUDP("udp", listen)
	if err != nil {
		db.Close()
		return nil, nil, fmt.Errorf("%w: %w", ErrPort, err)
	}
	udp, err := discover.ListenV5(conn, enode.NewLocalNode(db, key), discover.Config{
		PrivateKey: key, V5RespTimeout: timeout, Log: gethlog.NewLogger(gethlog.DiscardHandler()),
	})
	if err != nil {
		_ = conn.Close()
		db.Close()
		return nil, nil, fmt.Errorf("%w: %w", ErrPort, err)
	}
	return udp, func() {
		udp.Close()
		db.Close()
	}, nil
}
