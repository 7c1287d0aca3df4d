package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/blocking"
)

const (
	// askers is how many nodes are asked at the same time.
	askers = 16
	// askPause follows a question without an answer, for which go-ethereum
	// waits 700 ms.
	askPause = 200 * time.Millisecond
)

var errNoUDP = errors.New("the enode has no IP address with a UDP port")

// AskRecords returns the nodes as signed records: those that are records
// already as they are, the others as they answer over discv5. It fails unless
// all of them do before ctx ends. It sends from a UDP port and with a key that
// are used for nothing else.
func AskRecords(ctx context.Context, nodes []*enode.Node) ([]*enode.Node, error) {
	out := make([]*enode.Node, len(nodes))
	var bare []int
	for i, n := range nodes {
		if len(n.Record().Signature()) > 0 {
			out[i] = n
		} else if bare = append(bare, i); n.UDP() == 0 || !n.IPAddr().IsValid() {
			return nil, fmt.Errorf("ask %s for its record: %w", n, errNoUDP)
		}
	}
	if len(bare) == 0 {
		return out, nil
	}
	udp, closeUDP, err := listenUDP()
	if err != nil {
		return nil, fmt.Errorf("ask for records: %w", err)
	}
	defer closeUDP()
	errs := make([]error, len(bare))
	slots := make(chan struct{}, askers)
	var all sync.WaitGroup
	for k, i := range bare {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if out[i], errs[k] = askRecord(ctx, udp, nodes[i]); errs[k] != nil {
				errs[k] = fmt.Errorf("ask %s for its record: %w", nodes[i], errs[k])
			}
		})
	}
	all.Wait()
	return out, errors.Join(errs...)
}

// listenUDP opens a discv5 endpoint; the function closes it.
func listenUDP() (*discover.UDPv5, func(), error) {
	key, err := crypto.GenerateKey()
	if err != nil {
		return nil, nil, err
	}
	db, err := enode.OpenDB("") // in memory
	if err != nil {
		return nil, nil, err
	}
	conn, err := net.ListenUDP("udp", nil)
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	udp, err := discover.ListenV5(conn, enode.NewLocalNode(db, key), discover.Config{PrivateKey: key})
	if err != nil {
		_ = conn.Close()
		db.Close()
		return nil, nil, err
	}
	return udp, func() { udp.Close(); db.Close() }, nil
}

// askRecord asks until an answer comes or ctx ends: a datagram may be lost.
func askRecord(ctx context.Context, udp *discover.UDPv5, n *enode.Node) (*enode.Node, error) {
	err := context.DeadlineExceeded
	for ctx.Err() == nil {
		var record *enode.Node
		record, err = blocking.Call(ctx, func() (*enode.Node, error) { return udp.RequestENR(n) })
		if err == nil {
			if record.ID() != n.ID() {
				return nil, errors.New("the answer is the record of another node")
			}
			return record, nil
		}
		pause := time.NewTimer(askPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
	return nil, err
}
