package rpc

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/api"
	"statusd/configs"
	"statusd/rpc/jsonrpc"
	"statusd/waku"
	"statusd/waku/wire"
)

// The texts of this file are matched by scripts: they are those of status-go
// (spec 01 section 10).

// wakuAPI is the waku namespace.
type wakuAPI struct {
	host   Waku
	guests *guests
	format byteFormat
}

// failed makes an error with one of the texts of status-go.
func failed(format string, args ...any) *api.Error {
	return api.NewError(api.CodeFailed, format, args...)
}

func errSymAsym() error { return failed("specify either a symmetric or an asymmetric key") }

func errInvalidID() error {
	return failed("invalid id").WithHint("no key pair has this id; keys live in memory and go when the daemon stops")
}

func errNoSymKey() error {
	return failed("non-existent key ID").WithHint("no symmetric key has this id; keys live in memory and go when " +
		"the daemon stops")
}

func errNoTopics() error { return failed("missing topic(s)") }

func (a *wakuAPI) version(context.Context, api.None) (string, error) { return "1", nil }

func (a *guestAPI) info(context.Context, api.None) (api.WakuState, error) {
	i := a.host.Info()
	return api.WakuState{
		Messages: a.guest.Waiting(), MinPoW: i.MinPoW, MaxMessageSize: i.MaxMessageSize,
		Memory: i.PoolBytes, Envelopes: i.Envelopes, MaxEnvelopeSize: i.MaxMessageSize,
	}, nil
}

func (a *wakuAPI) setMaxMessageSize(_ context.Context, in api.SizeArgs) (bool, error) {
	if errors.Is(a.host.SetMaxMessageSize(in.Size), waku.ErrMessageSizeTooLarge) {
		return false, failed("message size too large [%d>%d]", in.Size, waku.MaxMessageSizeCeiling)
	}
	return true, nil
}

func (a *wakuAPI) setMinPoW(_ context.Context, in api.PoWArgs) (bool, error) {
	if a.host.SetMinPoW(in.PoW) != nil {
		return false, failed("invalid PoW: %f", in.PoW)
	}
	return true, nil
}

func (a *wakuAPI) setBloomFilter(_ context.Context, in api.BloomArgs) (bool, error) {
	if a.host.SetBloomFilter(in.Bloom) != nil {
		return false, failed("invalid bloom filter size: %d", len(in.Bloom))
	}
	return true, nil
}

func (a *wakuAPI) markTrustedPeer(_ context.Context, in api.PeerArgs) (bool, error) {
	ref, err := configs.ParseNodeRef(in.Enode)
	if err != nil {
		return false, err
	}
	id := ref.Node().ID()
	if !a.host.PeerConnected(id) {
		return false, failed("could not find peer with ID: %x", id[:]).
			WithHint("only a connected peer can be marked; admin_peers lists them")
	}
	a.host.TrustPeer(id)
	return true, nil
}

func (a *wakuAPI) makeLightClient(context.Context, api.None) (bool, error) {
	a.host.SetLightNode(true)
	return true, nil
}

func (a *wakuAPI) cancelLightClient(context.Context, api.None) (bool, error) {
	a.host.SetLightNode(false)
	return true, nil
}

func (a *guestAPI) newKeyPair(context.Context, api.None) (string, error) {
	return a.guest.Keys().NewKeyPair()
}

func (a *guestAPI) addPrivateKey(_ context.Context, in api.AddKeyArgs) (string, error) {
	key, err := crypto.ToECDSA(in.Key)
	if err != nil {
		return "", err // "invalid length, need 256 bits"
	}
	return a.guest.Keys().AddKeyPair(key)
}

func (a *guestAPI) deleteKeyPair(_ context.Context, in api.KeyPairArgs) (bool, error) {
	if !a.guest.Keys().DeleteKeyPair(in.ID) {
		return false, failed("key pair %s not found", shortened(in.ID))
	}
	return true, nil
}

// shortened cuts what a caller sent before it is quoted.
func shortened(s string) string {
	const most = 256
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

func (a *guestAPI) hasKeyPair(_ context.Context, in api.KeyPairArgs) (bool, error) {
	_, ok := a.guest.Keys().KeyPair(in.ID)
	return ok, nil
}

func (a *guestAPI) keyPair(id string) (*ecdsa.PrivateKey, error) {
	key, ok := a.guest.Keys().KeyPair(id)
	if !ok {
		return nil, errInvalidID()
	}
	return key, nil
}

func (a *guestAPI) getPublicKey(_ context.Context, in api.KeyPairArgs) (api.Bytes, error) {
	key, err := a.keyPair(in.ID)
	if err != nil {
		return nil, err
	}
	return crypto.FromECDSAPub(&key.PublicKey), nil
}

func (a *guestAPI) getPrivateKey(_ context.Context, in api.KeyPairArgs) (api.Bytes, error) {
	key, err := a.keyPair(in.ID)
	if err != nil {
		return nil, err
	}
	return crypto.FromECDSA(key), nil
}

func (a *guestAPI) newSymKey(context.Context, api.None) (string, error) {
	return a.guest.Keys().NewSymKey()
}

func (a *guestAPI) addSymKey(_ context.Context, in api.AddKeyArgs) (string, error) {
	id, err := a.guest.Keys().AddSymKey(in.Key)
	if errors.Is(err, waku.ErrSymKeySize) {
		return "", failed("wrong key size: %d", len(in.Key))
	}
	return id, err
}

func (a *guestAPI) generateSymKey(_ context.Context, in api.KeyPasswordArgs) (string, error) {
	return a.guest.Keys().AddSymKeyFromPassword(in.Password)
}

func (a *guestAPI) hasSymKey(_ context.Context, in api.SymKeyArgs) (bool, error) {
	_, ok := a.guest.Keys().SymKey(in.ID)
	return ok, nil
}

func (a *guestAPI) getSymKey(_ context.Context, in api.SymKeyArgs) (api.Bytes, error) {
	key, ok := a.guest.Keys().SymKey(in.ID)
	if !ok {
		return nil, errNoSymKey()
	}
	return key, nil
}

func (a *guestAPI) deleteSymKey(_ context.Context, in api.SymKeyArgs) (bool, error) {
	return a.guest.Keys().DeleteSymKey(in.ID), nil
}

func (a *guestAPI) post(ctx context.Context, in api.PostArgs) (api.Hash, error) {
	m := &in.Message
	p, err := a.buildPost(m)
	if err != nil {
		return api.Hash{}, err
	}
	if m.TargetPeer != "" {
		// A malformed address is reported before the work, not after it as
		// the reference does.
		ref, err := configs.ParseNodeRef(m.TargetPeer)
		if err != nil {
			return api.Hash{}, failed("failed to parse target peer: %v", err)
		}
		id := ref.Node().ID()
		p.Target = &id
	}
	hash, err := a.host.Post(ctx, p)
	if err != nil {
		return api.Hash{}, a.postError(m, &p, err)
	}
	return api.Hash(hash), nil
}

// buildPost checks the keys of a message, in the order of status-go.
func (a *guestAPI) buildPost(m *api.PostMessage) (waku.Post, error) {
	p := waku.Post{
		TTL: m.TTL, Topic: wire.Topic(m.Topic), Payload: m.Payload,
		PoWTime: time.Duration(m.PoWTime) * time.Second, PoWTarget: m.PoWTarget,
	}
	if len(m.Padding) > 0 {
		p.Padding = m.Padding
	}
	symmetric := m.SymKeyID != ""
	if symmetric == (len(m.PubKey) > 0) {
		return p, errSymAsym()
	}
	var err error
	if m.Sig != "" {
		if p.Signer, err = a.keyPair(m.Sig); err != nil {
			return p, err
		}
	}
	if !symmetric {
		if p.PubKey, err = crypto.UnmarshalPubkey(m.PubKey); err != nil {
			return p, failed("invalid public key")
		}
		return p, nil
	}
	if m.Topic == (api.Topic{}) {
		return p, errNoTopics()
	}
	p.SymKey, err = a.symKey(m.SymKeyID)
	return p, err
}

// symKey returns a key that can be used: an all-zero one cannot.
func (a *guestAPI) symKey(id string) ([]byte, error) {
	key, ok := a.guest.Keys().SymKey(id)
	if !ok {
		return nil, errNoSymKey()
	}
	for _, b := range key {
		if b != 0 {
			return key, nil
		}
	}
	return nil, failed("invalid symmetric key")
}

// postError gives the errors of the host the texts of status-go.
func (a *wakuAPI) postError(m *api.PostMessage, p *waku.Post, err error) error {
	switch {
	case errors.Is(err, waku.ErrPoWTargetNotReached):
		return failed("failed to reach the PoW target, specified pow time (%d seconds) was insufficient", m.PoWTime).
			WithHint("raise powTime, or lower powTarget or ttl")
	case errors.Is(err, waku.ErrPeerNotConnected) && p.Target != nil:
		return failed("could not find peer with ID: %x", p.Target[:])
	case errors.Is(err, waku.ErrPoWTooLow):
		return failed("message rejected, PoW too low").
			WithHint("set powTarget to %v or more, and powTime to some seconds", a.host.Info().MinPoW)
	}
	return err
}

// topicsOf are topics of the contract as Waku has them.
func topicsOf(topics []api.Topic) []wire.Topic {
	out := make([]wire.Topic, len(topics))
	for i, t := range topics {
		out[i] = wire.Topic(t)
	}
	return out
}

// filterSpec checks criteria in the order of status-go. Subscriptions differ
// from polling filters in two points there, and so they do here.
func (a *guestAPI) filterSpec(c *api.FilterCriteria, subscription bool) (waku.FilterSpec, error) {
	spec := waku.FilterSpec{Topics: topicsOf(c.Topics), MinPoW: c.MinPoW, AllowP2P: c.AllowP2P}
	symmetric := c.SymKeyID != ""
	if symmetric == (c.PrivateKeyID != "") {
		return spec, errSymAsym()
	}
	var err error
	if len(c.Sig) > 0 {
		if spec.Src, err = crypto.UnmarshalPubkey(c.Sig); err != nil {
			return spec, failed("invalid signing public key")
		}
	}
	if !symmetric {
		spec.PrivateKey, err = a.keyPair(c.PrivateKeyID)
		if err != nil && subscription {
			return spec, failed("invalid public key").WithHint("no key pair has this id")
		}
		return spec, err
	}
	if subscription && len(c.Topics) == 0 {
		return spec, errNoTopics()
	}
	spec.SymKey, err = a.symKey(c.SymKeyID)
	return spec, err
}

func (a *guestAPI) newMessageFilter(_ context.Context, in api.FilterCriteriaArgs) (string, error) {
	spec, err := a.filterSpec(&in.Criteria, false)
	if err != nil {
		return "", err
	}
	id, err := a.guest.InstallFilter(spec, nil)
	return string(id), err
}

func (a *guestAPI) getFilterMessages(_ context.Context, in api.FilterArgs) ([]api.WakuMessage, error) {
	got, err := a.guest.FilterMessages(waku.FilterID(in.ID))
	if errors.Is(err, waku.ErrUnknownFilter) {
		return nil, failed("filter not found")
	}
	if err != nil {
		return nil, err
	}
	out := make([]api.WakuMessage, len(got))
	for i, m := range got {
		out[i] = a.message(m)
	}
	return out, nil
}

func (a *guestAPI) deleteMessageFilter(_ context.Context, in api.FilterArgs) (bool, error) {
	if !a.guest.UninstallFilter(waku.FilterID(in.ID)) {
		return false, failed("failed to unsubscribe: invalid ID '%s'", shortened(in.ID))
	}
	return true, nil
}

func (a *guestAPI) uninstallFilter(_ context.Context, in api.FilterArgs) (api.None, error) {
	a.guest.UninstallFilter(waku.FilterID(in.ID))
	return api.None{}, nil
}

// subscribeMessages pushes what criteria match.
func (a *guestAPI) subscribeMessages(_ context.Context, in api.WakuSubscribeArgs) (source, error) {
	spec, err := a.filterSpec(&in.Criteria, true)
	if err != nil {
		return source{}, err
	}
	return source{attach: func(q *queue) (func(), error) {
		id, err := a.guest.InstallFilter(spec, messageSink{api: a.wakuAPI, queue: q})
		if err != nil {
			return nil, fmt.Errorf("install filter: %w", err)
		}
		return func() { a.guest.UninstallFilter(id) }, nil
	}}, nil
}

// messageSink puts what a filter matched into a subscriber's queue.
type messageSink struct {
	api   *wakuAPI
	queue *queue
}

// Deliver implements waku.Sink.
func (s messageSink) Deliver(m *waku.ReceivedMessage) {
	const overhead = 512 // of a message without its bytes, roughly
	s.queue.push(lazyMessage{api: s.api, message: m}, int64(len(m.Payload)+len(m.Padding)+overhead))
}

// lazyMessage is a message that is encoded when it is sent.
type lazyMessage struct {
	api     *wakuAPI
	message *waku.ReceivedMessage
}

// MarshalJSON implements json.Marshaler.
func (l lazyMessage) MarshalJSON() ([]byte, error) { return jsonrpc.Marshal(l.api.message(l.message)) }

func (a *wakuAPI) message(m *waku.ReceivedMessage) api.WakuMessage {
	out := api.WakuMessage{
		TTL: m.TTL, Timestamp: m.Sent, Topic: api.Topic(m.Topic), Payload: a.format(m.Payload), Padding: a.format(m.Padding),
		PoW: m.PoW, Hash: a.format(m.Hash[:]), Bool: m.P2P, P2P: m.P2P,
	}
	if m.Src != nil {
		out.Sig = a.format(crypto.FromECDSAPub(m.Src))
	}
	if m.Dst != nil {
		out.Dst = a.format(crypto.FromECDSAPub(m.Dst))
	}
	return out
}
