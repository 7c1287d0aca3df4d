package rpc

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

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
func failed(format string, args ...any) *jsonrpc.Error {
	return jsonrpc.NewError(jsonrpc.CodeFailed, format, args...)
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

func (a *wakuAPI) version(context.Context) (string, error) { return "1", nil }

// wakuInfo is the result of waku_info.
type wakuInfo struct {
	Messages       int     `json:"messages"`
	MinPoW         float64 `json:"minPow"`
	MaxMessageSize uint32  `json:"maxMessageSize"`
}

func (a *guestAPI) info(context.Context) (wakuInfo, error) {
	i := a.host.Info()
	return wakuInfo{Messages: a.guest.Waiting(), MinPoW: i.MinPoW, MaxMessageSize: i.MaxMessageSize}, nil
}

func (a *wakuAPI) setMaxMessageSize(_ context.Context, size uint32) (bool, error) {
	if errors.Is(a.host.SetMaxMessageSize(size), waku.ErrMessageSizeTooLarge) {
		return false, failed("message size too large [%d>%d]", size, waku.MaxMessageSizeCeiling)
	}
	return true, nil
}

func (a *wakuAPI) setMinPoW(_ context.Context, pow float64) (bool, error) {
	if a.host.SetMinPoW(pow) != nil {
		return false, failed("invalid PoW: %f", pow)
	}
	return true, nil
}

func (a *wakuAPI) setBloomFilter(_ context.Context, bloom hexutil.Bytes) (bool, error) {
	if a.host.SetBloomFilter(bloom) != nil {
		return false, failed("invalid bloom filter size: %d", len(bloom))
	}
	return true, nil
}

func (a *wakuAPI) markTrustedPeer(_ context.Context, url string) (bool, error) {
	ref, err := configs.ParseNodeRef(url)
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

func (a *wakuAPI) makeLightClient(context.Context) (bool, error) {
	a.host.SetLightNode(true)
	return true, nil
}

func (a *wakuAPI) cancelLightClient(context.Context) (bool, error) {
	a.host.SetLightNode(false)
	return true, nil
}

func (a *guestAPI) newKeyPair(context.Context) (string, error) { return a.guest.Keys().NewKeyPair() }

func (a *guestAPI) addPrivateKey(_ context.Context, raw hexutil.Bytes) (string, error) {
	key, err := crypto.ToECDSA(raw)
	if err != nil {
		return "", err // "invalid length, need 256 bits"
	}
	return a.guest.Keys().AddKeyPair(key)
}

func (a *guestAPI) deleteKeyPair(_ context.Context, id string) (bool, error) {
	if !a.guest.Keys().DeleteKeyPair(id) {
		return false, failed("key pair %s not found", shortened(id))
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

func (a *guestAPI) hasKeyPair(_ context.Context, id string) (bool, error) {
	_, ok := a.guest.Keys().KeyPair(id)
	return ok, nil
}

func (a *guestAPI) keyPair(id string) (*ecdsa.PrivateKey, error) {
	key, ok := a.guest.Keys().KeyPair(id)
	if !ok {
		return nil, errInvalidID()
	}
	return key, nil
}

func (a *guestAPI) getPublicKey(_ context.Context, id string) (hexutil.Bytes, error) {
	key, err := a.keyPair(id)
	if err != nil {
		return nil, err
	}
	return crypto.FromECDSAPub(&key.PublicKey), nil
}

func (a *guestAPI) getPrivateKey(_ context.Context, id string) (hexutil.Bytes, error) {
	key, err := a.keyPair(id)
	if err != nil {
		return nil, err
	}
	return crypto.FromECDSA(key), nil
}

func (a *guestAPI) newSymKey(context.Context) (string, error) { return a.guest.Keys().NewSymKey() }

func (a *guestAPI) addSymKey(_ context.Context, raw hexutil.Bytes) (string, error) {
	id, err := a.guest.Keys().AddSymKey(raw)
	if errors.Is(err, waku.ErrSymKeySize) {
		return "", failed("wrong key size: %d", len(raw))
	}
	return id, err
}

func (a *guestAPI) generateSymKey(_ context.Context, password string) (string, error) {
	return a.guest.Keys().AddSymKeyFromPassword(password)
}

func (a *guestAPI) hasSymKey(_ context.Context, id string) (bool, error) {
	_, ok := a.guest.Keys().SymKey(id)
	return ok, nil
}

func (a *guestAPI) getSymKey(_ context.Context, id string) (hexutil.Bytes, error) {
	key, ok := a.guest.Keys().SymKey(id)
	if !ok {
		return nil, errNoSymKey()
	}
	return key, nil
}

func (a *guestAPI) deleteSymKey(_ context.Context, id string) (bool, error) {
	return a.guest.Keys().DeleteSymKey(id), nil
}

// newMessage is the argument of waku_post.
type newMessage struct {
	SymKeyID   string     `json:"symKeyID"`
	PubKey     looseBytes `json:"pubKey"`
	Sig        string     `json:"sig"` // id of the signing key pair
	TTL        uint32     `json:"ttl"`
	Topic      wire.Topic `json:"topic"`
	Payload    looseBytes `json:"payload"`
	Padding    looseBytes `json:"padding"`
	PoWTime    uint32     `json:"powTime"`
	PoWTarget  float64    `json:"powTarget"`
	TargetPeer string     `json:"targetPeer"`
}

func (a *guestAPI) post(ctx context.Context, m newMessage) (wire.Hash, error) {
	p, err := a.buildPost(&m)
	if err != nil {
		return wire.Hash{}, err
	}
	if m.TargetPeer != "" {
		// A malformed address is reported before the work, not after it as
		// the reference does.
		ref, err := configs.ParseNodeRef(m.TargetPeer)
		if err != nil {
			return wire.Hash{}, failed("failed to parse target peer: %v", err)
		}
		id := ref.Node().ID()
		p.Target = &id
	}
	hash, err := a.host.Post(ctx, p)
	if err != nil {
		return wire.Hash{}, a.postError(&m, &p, err)
	}
	return hash, nil
}

// buildPost checks the keys of a message, in the order of status-go.
func (a *guestAPI) buildPost(m *newMessage) (waku.Post, error) {
	p := waku.Post{
		TTL: m.TTL, Topic: m.Topic, Payload: m.Payload,
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
	if m.Topic == (wire.Topic{}) {
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
func (a *wakuAPI) postError(m *newMessage, p *waku.Post, err error) error {
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

// postTime is how long waku_post may take: the time for the proof of work it
// asks for, and then some.
func postTime(args []json.RawMessage) time.Duration {
	var m struct {
		PoWTime uint32 `json:"powTime"`
	}
	if json.Unmarshal(args[0], &m) != nil {
		return callTimeout
	}
	return callTimeout + time.Duration(m.PoWTime)*time.Second
}

// criteria is the argument of waku_newMessageFilter and of the messages
// subscription.
type criteria struct {
	SymKeyID     string       `json:"symKeyID"`
	PrivateKeyID string       `json:"privateKeyID"`
	Sig          looseBytes   `json:"sig"` // public key of the signer
	MinPoW       float64      `json:"minPow"`
	Topics       []wire.Topic `json:"topics"`
	AllowP2P     bool         `json:"allowP2P"`
}

// filterSpec checks criteria in the order of status-go. Subscriptions differ
// from polling filters in two points there, and so they do here.
func (a *guestAPI) filterSpec(c *criteria, subscription bool) (waku.FilterSpec, error) {
	spec := waku.FilterSpec{Topics: c.Topics, MinPoW: c.MinPoW, AllowP2P: c.AllowP2P}
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

func (a *guestAPI) newMessageFilter(_ context.Context, c criteria) (string, error) {
	spec, err := a.filterSpec(&c, false)
	if err != nil {
		return "", err
	}
	id, err := a.guest.InstallFilter(spec, nil)
	return string(id), err
}

func (a *guestAPI) getFilterMessages(_ context.Context, id string) ([]wakuMessage, error) {
	got, err := a.guest.FilterMessages(waku.FilterID(id))
	if errors.Is(err, waku.ErrUnknownFilter) {
		return nil, failed("filter not found")
	}
	if err != nil {
		return nil, err
	}
	out := make([]wakuMessage, len(got))
	for i, m := range got {
		out[i] = a.message(m)
	}
	return out, nil
}

func (a *guestAPI) deleteMessageFilter(_ context.Context, id string) (bool, error) {
	if !a.guest.UninstallFilter(waku.FilterID(id)) {
		return false, failed("failed to unsubscribe: invalid ID '%s'", shortened(id))
	}
	return true, nil
}

func (a *guestAPI) uninstallFilter(_ context.Context, id string) (any, error) {
	a.guest.UninstallFilter(waku.FilterID(id))
	return nil, nil
}

// subscribe is subscribeMessages for the caller.
func (a *wakuAPI) subscribe(ctx context.Context, c criteria) (attach, error) {
	g, err := a.guests.here(ctx)
	if err != nil {
		return nil, err
	}
	return (&guestAPI{a, g}).subscribeMessages(c)
}

// subscribeMessages pushes what criteria match.
func (a *guestAPI) subscribeMessages(c criteria) (attach, error) {
	spec, err := a.filterSpec(&c, true)
	if err != nil {
		return nil, err
	}
	return func(q *queue) (func(), error) {
		id, err := a.guest.InstallFilter(spec, messageSink{api: a.wakuAPI, queue: q})
		if err != nil {
			return nil, quotaFailure(fmt.Errorf("install filter: %w", err))
		}
		return func() { a.guest.UninstallFilter(id) }, nil
	}, nil
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

// wakuMessage is a received message.
type wakuMessage struct {
	Sig       string     `json:"sig,omitempty"` // public key of the signer
	TTL       uint32     `json:"ttl"`
	Timestamp uint32     `json:"timestamp"`
	Topic     wire.Topic `json:"topic"`
	Payload   string     `json:"payload"`
	Padding   string     `json:"padding"`
	PoW       float64    `json:"pow"`
	Hash      string     `json:"hash"`
	Dst       string     `json:"recipientPublicKey,omitempty"`
	// Bool is the name status-go gives the peer-to-peer flag.
	Bool bool `json:"bool,omitempty"`
	P2P  bool `json:"p2p,omitempty"`
}

func (a *wakuAPI) message(m *waku.ReceivedMessage) wakuMessage {
	out := wakuMessage{
		TTL: m.TTL, Timestamp: m.Sent, Topic: m.Topic, Payload: a.format(m.Payload), Padding: a.format(m.Padding),
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
