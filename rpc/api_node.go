package rpc

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/configs"
	"statusd/rpc/jsonrpc"
)

// nodeAPI is the namespaces admin, net, web3 and status.
type nodeAPI struct{ server *Server }

func (a *nodeAPI) nodeInfo(context.Context, api.None) (api.NodeInfo, error) {
	return a.server.deps.Node.NodeInfo(), nil
}

func (a *nodeAPI) peers(context.Context, api.None) ([]api.PeerInfo, error) {
	return a.server.deps.Node.PeersInfo(), nil
}

func (a *nodeAPI) datadir(context.Context, api.None) (string, error) {
	return a.server.deps.Node.DataDir(), nil
}

// onPeer makes a method of what can be done with the address of a node.
func onPeer(do func(*enode.Node) error) func(context.Context, api.NodeArgs) (bool, error) {
	return func(_ context.Context, in api.NodeArgs) (bool, error) {
		ref, err := configs.ParseNodeRef(in.Enode)
		if err != nil {
			return false, fmt.Errorf("invalid enode: %w", err)
		}
		if err := do(ref.Node()); err != nil {
			return false, err
		}
		return true, nil
	}
}

// setLogLevel takes module and level, or the level alone.
func (a *nodeAPI) setLogLevel(_ context.Context, in api.SetLogLevelArgs) (bool, error) {
	module, level := orZero(in.Module), in.Level
	if level == nil && in.Module != nil {
		module, level = "", (*api.LogLevel)(in.Module)
	}
	if level == nil {
		return false, jsonrpc.MissingArgument(1, "level")
	}
	word := api.LogLevel(strings.ToLower(string(*level)))
	if !slices.Contains(word.Values(), word) {
		return false, api.NewError(api.CodeInvalidParams, "unknown log level %q", shortened(string(*level))).
			WithHint("the levels are: %s", joined(word.Values()))
	}
	if err := a.server.deps.Logs.SetLogLevel(module, string(word)); err != nil {
		return false, api.NewError(api.CodeInvalidParams, "%v", err)
	}
	return true, nil
}

// joined lists the values of an enumeration for people.
func joined[T ~string](values []T) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}

// shutdown stops the daemon once the answer is on its way.
func (a *nodeAPI) shutdown(ctx context.Context, _ api.None) (bool, error) {
	c := callFrom(ctx)
	c.after = append(c.after, func(context.Context) { a.server.deps.Shutdown() })
	return true, nil
}

// subscribePeerEvents pushes what happens to peers.
func (a *nodeAPI) subscribePeerEvents(context.Context, api.TopicArgs) (source, error) {
	return source{attach: func(q *queue) (func(), error) {
		events := make(chan *p2p.PeerEvent, 16)
		source := a.server.deps.Peers.SubscribeEvents(events)
		done := make(chan struct{})
		go func() { // ends with the subscription, which the returned function ends
			defer close(done)
			for {
				select {
				case e := <-events:
					const size = 512
					q.push(api.PeerEvent{
						Type: string(e.Type), Peer: e.Peer.String(), Error: e.Error, Protocol: e.Protocol,
						LocalAddress: e.LocalAddress, RemoteAddress: e.RemoteAddress,
					}, size)
				case <-source.Err():
					return
				}
			}
		}()
		return func() {
			source.Unsubscribe()
			<-done
		}, nil
	}}, nil
}

func (a *nodeAPI) netVersion(context.Context, api.None) (string, error) {
	return strconv.FormatUint(a.server.deps.Node.NetworkID(), 10), nil
}

func (a *nodeAPI) peerCount(context.Context, api.None) (api.Quantity, error) {
	return api.Quantity(max(0, a.server.deps.Node.PeerCount())), nil
}

func (a *nodeAPI) listening(context.Context, api.None) (bool, error) {
	return a.server.deps.Node.Listening(), nil
}

func (a *nodeAPI) clientVersion(context.Context, api.None) (string, error) {
	return a.server.cfg.Name, nil
}

func (a *nodeAPI) sha3(_ context.Context, in api.DataArgs) (api.Bytes, error) {
	return crypto.Keccak256(in.Data), nil
}

func (a *nodeAPI) health(context.Context, api.None) (api.Health, error) {
	return a.server.deps.Health.Health(), nil
}

func (a *nodeAPI) version(context.Context, api.None) (api.VersionInfo, error) {
	return a.server.cfg.Version, nil
}
