package rpc

import (
	"context"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/waku"
	"statusd/waku/wire"
)

// fakeWaku is a host whose weak points can be reached: what it does not
// override, the real one does.
type fakeWaku struct {
	Waku
	host      *waku.Host
	connected enode.ID
	onPost    func(context.Context, waku.Post) (wire.Hash, error) // nil: the real one
	onInstall func(waku.Sink)                                     // called before the filter is there
}

func (f *fakeWaku) PeerConnected(id enode.ID) bool {
	return id == f.connected || f.Waku.PeerConnected(id)
}

func (f *fakeWaku) Post(ctx context.Context, p waku.Post) (wire.Hash, error) {
	if f.onPost != nil {
		return f.onPost(ctx, p)
	}
	return f.Waku.Post(ctx, p)
}

func (f *fakeWaku) guest() WakuGuest { return fakeGuest{f.host.NewGuest(), f} }

// fakeGuest is a guest of a fakeWaku.
type fakeGuest struct {
	WakuGuest
	waku *fakeWaku
}

func (g fakeGuest) InstallFilter(spec waku.FilterSpec, sink waku.Sink) (waku.FilterID, error) {
	if g.waku.onInstall != nil && sink != nil {
		g.waku.onInstall(sink)
	}
	return g.WakuGuest.InstallFilter(spec, sink)
}
