package api

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// EncodedBytes are bytes of an answer: 0x hex, or base64 where the daemon is
// configured so.
type EncodedBytes string

// Decode returns the bytes.
func (b EncodedBytes) Decode() ([]byte, error) {
	if digits, ok := strings.CutPrefix(string(b), "0x"); ok {
		if raw, err := hex.DecodeString(digits); err == nil {
			return raw, nil
		}
	}
	raw, err := base64.StdEncoding.DecodeString(string(b))
	if err != nil {
		return nil, fmt.Errorf("bytes are neither 0x hex nor base64: %w", err)
	}
	return raw, nil
}

// WakuState is what the node says of Waku. The last three members have the names
// of 9/WAKU-RPC.
type WakuState struct {
	Messages        int     `json:"messages"` // that wait in the caller's polling filters
	MinPoW          float64 `json:"minPow"`
	MaxMessageSize  uint32  `json:"maxMessageSize"` // bytes of an envelope
	Memory          int64   `json:"memory"`         // bytes of the envelopes in the pool
	Envelopes       int     `json:"envelopes"`      // in the pool
	MaxEnvelopeSize uint32  `json:"maxEnvelopeSize"`
}

// WakuMessage is a message that a filter matched.
type WakuMessage struct {
	Sig       EncodedBytes `json:"sig,omitempty"` // public key of the signer
	TTL       uint32       `json:"ttl"`           // seconds
	Timestamp uint32       `json:"timestamp"`     // Unix seconds, of the sending
	Topic     Topic        `json:"topic"`
	Payload   EncodedBytes `json:"payload"`
	Padding   EncodedBytes `json:"padding"`
	PoW       float64      `json:"pow"`
	Hash      EncodedBytes `json:"hash"`
	Dst       EncodedBytes `json:"recipientPublicKey,omitempty"`
	// Bool is the name status-go gives the peer-to-peer flag.
	Bool bool `json:"bool,omitempty"`
	P2P  bool `json:"p2p,omitempty"`
}

// Arguments of methods about Waku.
type (
	// SizeArgs are those of waku_setMaxMessageSize.
	SizeArgs struct {
		Size uint32 `json:"size" doc:"bytes, at most 10485760"`
	}
	// PoWArgs are those of waku_setMinPoW.
	PoWArgs struct {
		PoW float64 `json:"pow" doc:"0 or more"`
	}
	// BloomArgs are those of waku_setBloomFilter.
	BloomArgs struct {
		Bloom Bytes `json:"bloom" doc:"64 bytes"`
	}
	// PeerArgs name a peer.
	PeerArgs struct {
		Enode string `json:"enode" doc:"URL or record of the peer"`
	}
	// KeyPairArgs name a key pair.
	KeyPairArgs struct {
		ID string `json:"id" doc:"id of the key pair, or its public key in 0x hex"`
	}
	// SymKeyArgs name a symmetric key.
	SymKeyArgs struct {
		ID string `json:"id" doc:"id of the key"`
	}
	// AddKeyArgs have a key.
	AddKeyArgs struct {
		Key Bytes `json:"key" doc:"32 bytes"`
	}
	// KeyPasswordArgs are those of waku_generateSymKeyFromPassword.
	KeyPasswordArgs struct {
		Password string `json:"password" doc:"any text"`
	}
	// PostArgs are those of waku_post.
	PostArgs struct {
		Message PostMessage `json:"message" doc:"what to send"`
	}
	// PostMessage is a message to send.
	PostMessage struct {
		SymKeyID   string     `json:"symKeyID,omitempty" doc:"id of the key to encrypt with; or:"`
		PubKey     LooseBytes `json:"pubKey,omitempty" doc:"public key to encrypt for"`
		Sig        string     `json:"sig,omitempty" doc:"id of the key pair to sign with"`
		TTL        uint32     `json:"ttl,omitempty" doc:"seconds, 50 if 0"`
		Topic      Topic      `json:"topic,omitzero" doc:"needed with symKeyID"`
		Payload    LooseBytes `json:"payload,omitempty" doc:"what is encrypted"`
		Padding    LooseBytes `json:"padding,omitempty" doc:"instead of a random one"`
		PoWTime    uint32     `json:"powTime,omitempty" doc:"seconds that the proof of work may take"`
		PoWTarget  float64    `json:"powTarget,omitempty" doc:"the proof of work to reach, at least the node's minimum"`
		TargetPeer string     `json:"targetPeer,omitempty" doc:"enode of a connected peer, which alone gets the message"`
	}
	// FilterCriteriaArgs are those of waku_newMessageFilter.
	FilterCriteriaArgs struct {
		Criteria FilterCriteria `json:"criteria" doc:"what is wanted"`
	}
	// FilterCriteria say which messages are wanted.
	FilterCriteria struct {
		SymKeyID     string     `json:"symKeyID,omitempty" doc:"id of the symmetric key to open messages with; or:"`
		PrivateKeyID string     `json:"privateKeyID,omitempty" doc:"id of the key pair to open messages with"`
		Sig          LooseBytes `json:"sig,omitempty" doc:"public key that must have signed"`
		MinPoW       float64    `json:"minPow,omitempty" doc:"least proof of work"`
		Topics       []Topic    `json:"topics,omitempty" doc:"topics wanted, all if empty"`
		AllowP2P     bool       `json:"allowP2P,omitempty" doc:"also what trusted peers send directly"`
	}
	// FilterArgs name a filter.
	FilterArgs struct {
		ID string `json:"id" doc:"id of the filter"`
	}
	// WakuSubscribeArgs are those of waku_subscribe.
	WakuSubscribeArgs struct {
		Name     string         `json:"name" doc:"what to subscribe to"`
		Criteria FilterCriteria `json:"criteria" doc:"as of waku_newMessageFilter; topics are needed with symKeyID"`
	}
)

// CallTimeout implements Patient: the proof of work takes its time.
func (a PostArgs) CallTimeout() time.Duration {
	return DefaultTimeout + time.Duration(a.Message.PoWTime)*time.Second
}

// What the examples about Waku share.
const (
	exampleSymKey  = "0xf2b1a0c9d8e7f60514233241505f6e7d8c9baab9c8d7e6f504132231405f6e7d"
	onKeyPair      = `["` + exampleKeyID + `"]`
	onSymKey       = `["{{symKeyID}}"]`
	onFilter       = `["{{filterID}}"]`
	wakuSubscribed = `["messages",{"privateKeyID":"` + exampleKeyID + `"}]`
	wakuReceived   = `{"sig":"` + examplePublicKey + `","ttl":50,"timestamp":1596000000,"topic":"0x07678231",` +
		`"payload":"0x68656c6c6f","padding":"0x00","pow":0.002,"hash":"` + exampleHash + `",` +
		`"recipientPublicKey":"` + examplePublicKey + `"}`
	exampleBloom = "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" +
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
)

// What the examples about Waku need: a key, or a filter, with a random id.
var (
	exampleWithSymKey = []Call{{Method: "waku_addSymKey", Params: `["` + exampleSymKey + `"]`, Bind: "symKeyID"}}
	exampleWithPair   = []Call{{Method: "waku_addPrivateKey", Params: `["` + examplePrivateKey + `"]`}}
	exampleWithFilter = []Call{
		{Method: "waku_addPrivateKey", Params: `["` + examplePrivateKey + `"]`},
		{Method: "waku_newMessageFilter", Params: `[{"privateKeyID":"` + exampleKeyID + `"}]`, Bind: "filterID"},
	}
)

// Methods that read and change the node's own values.
var (
	WakuVersion = Method[None, string]{
		Name: "waku_version", Scope: ScopeRead, Summary: "Tells the version of the Waku protocol.",
		Returns: "always \"1\"", Example: Example{Params: `[]`, Result: `"1"`},
	}
	WakuInfo = Method[None, WakuState]{
		Name: "waku_info", Scope: ScopeRead,
		Summary: "Tells how many messages wait in the caller's polling filters, what the pool holds, and the limits in " +
			"force.",
		Returns: "messages waiting, the proof of work demanded, the largest envelope in bytes; memory is the size of the " +
			"envelopes of the pool in bytes",
		Example: Example{
			Params: `[]`,
			Result: `{"messages":0,"minPow":0.000002,"maxMessageSize":1048576,"memory":52480,"envelopes":91,` +
				`"maxEnvelopeSize":1048576}`,
		},
	}
	WakuSetMaxMessageSize = Method[SizeArgs, bool]{
		Name: "waku_setMaxMessageSize", Scope: ScopeAdmin, Returns: "true",
		Summary: "Sets the size of the largest envelope that is accepted, until the daemon stops.",
		Example: Example{Params: `[1048576]`, Result: `true`},
	}
	WakuSetMaxEnvelopeSize = Method[SizeArgs, bool]{
		Name: "waku_setMaxEnvelopeSize", AliasOf: "waku_setMaxMessageSize", Scope: ScopeAdmin, Returns: "true",
		Summary: "The name 9/WAKU-RPC gives waku_setMaxMessageSize.",
		Example: Example{Params: `[1048576]`, Result: `true`},
	}
	WakuSetMinPoW = Method[PoWArgs, bool]{
		Name: "waku_setMinPoW", Scope: ScopeAdmin, Returns: "true",
		Summary: "Sets the proof of work that envelopes must have, until the daemon stops, and tells the peers. The " +
			"earlier value is accepted for 10 more seconds.",
		Example: Example{Params: `[0.000002]`, Result: `true`},
	}
	WakuSetBloomFilter = Method[BloomArgs, bool]{
		Name: "waku_setBloomFilter", Scope: ScopeAdmin, Returns: "true",
		Summary: "Asks the peers for the topics of this bloom filter, and those of the filters, instead of a list of " +
			"topics.",
		Example: Example{Params: `["` + exampleBloom + `"]`, Result: `true`},
	}
	WakuMarkTrustedPeer = Method[PeerArgs, bool]{
		Name: "waku_markTrustedPeer", Scope: ScopeAdmin, Returns: "true",
		Summary: "Accepts peer-to-peer messages from a connected peer, also after it has reconnected.",
		Example: Example{Params: onExampleNode, Result: `true`},
	}
	WakuMakeLightClient = Method[None, bool]{
		Name: "waku_makeLightClient", Scope: ScopeAdmin, Returns: "true",
		Summary: "Makes this a light node: it relays nothing but its own messages.",
		Example: Example{Params: `[]`, Result: `true`},
	}
	WakuCancelLightClient = Method[None, bool]{
		Name: "waku_cancelLightClient", Scope: ScopeAdmin, Summary: "Ends light mode.", Returns: "true",
		Example: Example{Params: `[]`, Result: `true`},
	}
)

// Methods that manage the caller's keys, which live in memory only.
var (
	WakuNewKeyPair = Method[None, string]{
		Name: "waku_newKeyPair", Scope: ScopeSend, Returns: "its id",
		Summary: "Makes a key pair. Keys are kept in memory, for the token that made them alone, and go when it ends or " +
			"the daemon stops. A token may have 1024.",
		Example: Example{Params: `[]`, Result: `"` + exampleKeyID + `"`},
	}
	WakuAddPrivateKey = Method[AddKeyArgs, string]{
		Name: "waku_addPrivateKey", Scope: ScopeSend, Summary: "Stores a private key.",
		Returns: "id of the key pair; it follows from the key",
		Example: Example{Params: `["` + examplePrivateKey + `"]`, Result: `"` + exampleKeyID + `"`},
	}
	WakuDeleteKeyPair = Method[KeyPairArgs, bool]{
		Name: "waku_deleteKeyPair", Scope: ScopeSend, Summary: "Forgets a key pair.", Returns: "true",
		Example: Example{Setup: exampleWithPair, Params: onKeyPair, Result: `true`},
	}
	WakuHasKeyPair = Method[KeyPairArgs, bool]{
		Name: "waku_hasKeyPair", Scope: ScopeRead, Summary: "Tells whether there is a key pair with this id.",
		Returns: "whether there is", Example: Example{Params: onKeyPair, Result: `true`},
	}
	WakuGetPublicKey = Method[KeyPairArgs, Bytes]{
		Name: "waku_getPublicKey", Scope: ScopeRead, Summary: "Gives the public key of a key pair.",
		Returns: "65 bytes, uncompressed",
		Example: Example{Setup: exampleWithPair, Params: onKeyPair, Result: `"` + examplePublicKey + `"`},
	}
	WakuGetPrivateKey = Method[KeyPairArgs, Bytes]{
		Name: "waku_getPrivateKey", Scope: ScopeDebug, Secret: true, Returns: "32 bytes",
		Summary: "Gives the private key of a key pair that the caller made. Keys of accounts are never among them.",
		Example: Example{Setup: exampleWithPair, Params: onKeyPair, Result: `"` + examplePrivateKey + `"`},
	}
	WakuNewSymKey = Method[None, string]{
		Name: "waku_newSymKey", Scope: ScopeSend, Summary: "Makes a symmetric key.", Returns: "its id",
		Example: Example{Params: `[]`, Result: `"` + exampleRandom + `"`},
	}
	WakuAddSymKey = Method[AddKeyArgs, string]{
		Name: "waku_addSymKey", Scope: ScopeSend, Summary: "Stores a symmetric key.", Returns: "its id, which is random",
		Example: Example{Params: `["` + exampleSymKey + `"]`, Result: `"` + exampleRandom + `"`},
	}
	WakuGenerateSymKeyFromPassword = Method[KeyPasswordArgs, string]{
		Name: "waku_generateSymKeyFromPassword", Scope: ScopeSend, Slow: true, Returns: "its id, which is random",
		Summary: "Derives a symmetric key from a password and stores it. Public chats use their name as password.",
		Example: Example{Params: `["status"]`, Result: `"` + exampleRandom + `"`},
	}
	WakuHasSymKey = Method[SymKeyArgs, bool]{
		Name: "waku_hasSymKey", Scope: ScopeRead, Summary: "Tells whether there is a symmetric key with this id.",
		Returns: "whether there is", Example: Example{Setup: exampleWithSymKey, Params: onSymKey, Result: `true`},
	}
	WakuGetSymKey = Method[SymKeyArgs, Bytes]{
		Name: "waku_getSymKey", Scope: ScopeDebug, Secret: true, Summary: "Gives a symmetric key.", Returns: "32 bytes",
		Example: Example{Setup: exampleWithSymKey, Params: onSymKey, Result: `"` + exampleSymKey + `"`},
	}
	WakuDeleteSymKey = Method[SymKeyArgs, bool]{
		Name: "waku_deleteSymKey", Scope: ScopeSend, Summary: "Forgets a symmetric key.", Returns: "whether there was one",
		Example: Example{Setup: exampleWithSymKey, Params: onSymKey, Result: `true`},
	}
)

// Methods that send and receive.
var (
	WakuPost = Method[PostArgs, Hash]{
		Name: "waku_post", Scope: ScopeSend, Slow: true, Returns: "hash of the envelope",
		Summary: "Encrypts, signs and sends a message. Exactly one of symKeyID and pubKey is given.",
		Example: Example{
			Params: `[{"pubKey":"` + examplePublicKey + `","ttl":10,"topic":"0x07678231","payload":"0x68656c6c6f",` +
				`"powTime":5,"powTarget":0.002}]`,
			Result: `"` + exampleHash + `"`,
		},
	}
	WakuNewMessageFilter = Method[FilterCriteriaArgs, string]{
		Name: "waku_newMessageFilter", Scope: ScopeSend, Returns: "id of the filter",
		Summary: "Installs a filter that keeps messages until they are polled. Exactly one of symKeyID and privateKeyID is " +
			"given. It belongs to the token that installed it, and ends with it. A token may have 256 filters with 1000 " +
			"topics; together they may have 1024 with 5000.",
		Example: Example{
			Setup: exampleWithPair, Params: `[{"privateKeyID":"` + exampleKeyID + `","topics":["0x07678231"]}]`,
			Result: `"` + exampleRandom + `"`,
		},
	}
	WakuGetFilterMessages = Method[FilterArgs, []WakuMessage]{
		Name: "waku_getFilterMessages", Scope: ScopeSend, Returns: "the messages, in no particular order",
		Summary: "Takes the messages that a filter has kept since the last call. A filter keeps at most 8192 " +
			"messages or 64 MiB; the oldest go first.",
		Example: Example{Setup: exampleWithFilter, Params: onFilter, Result: `[` + wakuReceived + `]`},
	}
	WakuDeleteMessageFilter = Method[FilterArgs, bool]{
		Name: "waku_deleteMessageFilter", Scope: ScopeSend, Summary: "Removes a filter.", Returns: "true",
		Example: Example{Setup: exampleWithFilter, Params: onFilter, Result: `true`},
	}
	WakuUninstallFilter = Method[FilterArgs, None]{
		Name: "waku_uninstallFilter", Scope: ScopeSend, Returns: "null",
		Summary: "Removes a filter, if there is one with this id.",
		Example: Example{Setup: exampleWithFilter, Params: onFilter, Result: `null`},
	}
	WakuSubscribe = Subscription[WakuSubscribeArgs, string, WakuMessage]{
		Name: "waku_subscribe", Scope: ScopeSend, Topic: "messages",
		Summary: "Pushes messages over this connection as they arrive (WebSocket and unix socket).",
		Returns: "id of the subscription. Each message comes as a notification waku_subscription with params " +
			"{subscription, result}; a gap, because the client reads too slowly, as one with params {subscription, error}",
		Example: Example{Setup: exampleWithPair, Params: wakuSubscribed, Result: `"` + exampleSubID + `"`},
	}
	WakuUnsubscribe = Method[SubscriptionArgs, bool]{
		Name: "waku_unsubscribe", Scope: ScopeSend, Summary: "Ends a subscription of this connection.", Returns: "true",
		Example: Example{
			Setup: []Call{
				{Method: "waku_addPrivateKey", Params: `["` + examplePrivateKey + `"]`},
				{Method: "waku_subscribe", Params: wakuSubscribed, Bind: "subscriptionID"},
			},
			Params: `["{{subscriptionID}}"]`, Result: `true`,
		},
	}
)

func wakuMethods() []Described {
	return []Described{
		WakuVersion, WakuInfo, WakuSetMaxMessageSize, WakuSetMaxEnvelopeSize, WakuSetMinPoW,
		WakuSetBloomFilter, WakuMarkTrustedPeer, WakuMakeLightClient, WakuCancelLightClient, WakuNewKeyPair,
		WakuAddPrivateKey, WakuDeleteKeyPair, WakuHasKeyPair, WakuGetPublicKey, WakuGetPrivateKey,
		WakuNewSymKey, WakuAddSymKey, WakuGenerateSymKeyFromPassword, WakuHasSymKey, WakuGetSymKey,
		WakuDeleteSymKey, WakuPost, WakuNewMessageFilter, WakuGetFilterMessages, WakuDeleteMessageFilter,
		WakuUninstallFilter, WakuSubscribe, WakuUnsubscribe,
	}
}
