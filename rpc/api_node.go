package rpc

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/configs"
	"statusd/rpc/jsonrpc"
)

// nodeAPI is the namespaces admin, net, web3 and status.
type nodeAPI struct{ server *Server }

func (a *nodeAPI) nodeInfo(context.Context) (*p2p.NodeInfo, error) {
	return a.server.deps.Node.NodeInfo(), nil
}

func (a *nodeAPI) peers(context.Context) ([]*p2p.PeerInfo, error) {
	if peers := a.server.deps.Node.PeersInfo(); peers != nil {
		return peers, nil
	}
	return []*p2p.PeerInfo{}, nil
}

func (a *nodeAPI) datadir(context.Context) (string, error) { return a.server.deps.Node.DataDir(), nil }

// onPeer makes a method of what can be done with the address of a node.
func onPeer(do func(*enode.Node) error) func(context.Context, string) (bool, error) {
	return func(_ context.Context, url string) (bool, error) {
		ref, err := configs.ParseNodeRef(url)
		if err != nil {
			return false, fmt.Errorf("invalid enode: %w", err)
		}
		if err := do(ref.Node()); err != nil {
			return false, err
		}
		return true, nil
	}
}

// logLevels are the words for levels.
func logLevels() []string { return []string{"error", "warn", "info", "debug", "trace"} }

// setLogLevel takes module and level, or the level alone.
func (a *nodeAPI) setLogLevel(_ context.Context, module, level *string) (bool, error) {
	if level == nil {
		module, level = nil, module
	}
	if level == nil {
		return false, jsonrpc.MissingArgument(1, "level")
	}
	word := strings.ToLower(*level)
	if !slices.Contains(logLevels(), word) {
		return false, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "unknown log level %q", shortened(*level)).
			WithHint("the levels are: %s", strings.Join(logLevels(), ", "))
	}
	name := ""
	if module != nil {
		name = *module
	}
	if err := a.server.deps.Logs.SetLogLevel(name, word); err != nil {
		return false, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "%v", err)
	}
	return true, nil
}

// shutdown stops the daemon once the answer is on its way.
func (a *nodeAPI) shutdown(ctx context.Context) (bool, error) {
	c := callFrom(ctx)
	c.after = append(c.after, func(context.Context) { a.server.deps.Shutdown() })
	return true, nil
}

// subscribePeerEvents pushes what happens to peers.
func (a *nodeAPI) subscribePeerEvents(context.Context) (attach, error) {
	return func(q *queue) (func(), error) {
		events := make(chan *p2p.PeerEvent, 16)
		source := a.server.deps.Peers.SubscribeEvents(events)
		done := make(chan struct{})
		go func() { // ends with the subscription, which the returned function ends
			defer close(done)
			for {
				select {
				case e := <-events:
					const size = 512
					q.push(e, size)
				case <-source.Err():
					return
				}
			}
		}()
		return func() {
			source.Unsubscribe()
			<-done
		}, nil
	}, nil
}

func (a *nodeAPI) netVersion(context.Context) (string, error) {
	return strconv.FormatUint(a.server.deps.Node.NetworkID(), 10), nil
}

func (a *nodeAPI) peerCount(context.Context) (hexutil.Uint, error) {
	return hexutil.Uint(max(0, a.server.deps.Node.PeerCount())), nil
}

func (a *nodeAPI) listening(context.Context) (bool, error) {
	return a.server.deps.Node.Listening(), nil
}

func (a *nodeAPI) clientVersion(context.Context) (string, error) {
	return a.server.cfg.Version.Name, nil
}

func (a *nodeAPI) sha3(_ context.Context, in hexutil.Bytes) (hexutil.Bytes, error) {
	return crypto.Keccak256(in), nil
}

func (a *nodeAPI) health(context.Context) (healthReport, error) {
	return a.server.healthReport(a.server.deps.Health.Health(), true), nil
}

func (a *nodeAPI) version(context.Context) (VersionInfo, error) { return a.server.cfg.Version, nil }
