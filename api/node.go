package api

import (
	"encoding/json"
	"time"
)

// HealthLevel is a word of the health report, from nwaku's vocabulary.
type HealthLevel string

// Levels of health.
const (
	HealthInitializing  HealthLevel = "INITIALIZING"
	HealthSynchronizing HealthLevel = "SYNCHRONIZING" // works towards READY for the first time
	HealthReady         HealthLevel = "READY"
	HealthNotReady      HealthLevel = "NOT_READY"
	HealthNotMounted    HealthLevel = "NOT_MOUNTED" // switched off
	HealthShuttingDown  HealthLevel = "SHUTTING_DOWN"
)

// Values implements Enum.
func (HealthLevel) Values() []HealthLevel {
	return []HealthLevel{
		HealthInitializing, HealthSynchronizing, HealthReady, HealthNotReady, HealthNotMounted, HealthShuttingDown,
	}
}

// Health is the state of the daemon and of its components: the body of /health
// and /ready, and the answer of status_health.
type Health struct {
	// NodeHealth is READY when every component that messages need is READY.
	NodeHealth      HealthLevel       `json:"nodeHealth"`
	ProtocolsHealth []ComponentHealth `json:"protocolsHealth"` // in the order to show
	Version         string            `json:"version"`
	UptimeSeconds   int64             `json:"uptimeSeconds"`
	// Alive is false when an internal loop no longer makes progress: /health
	// then answers 503.
	Alive bool `json:"-"`
}

// ComponentHealth is the state of one component, in JSON
// {"<name>":"<level>","desc":"…"}.
type ComponentHealth struct {
	Name  string // for instance "Waku"
	Level HealthLevel
	Desc  string // one phrase, may be empty; may name addresses
	// Critical components decide about the level of the node. The others are
	// there for the operator: a wrong clock, for instance, is corrected.
	Critical bool
}

// MarshalJSON implements json.Marshaler.
func (c ComponentHealth) MarshalJSON() ([]byte, error) {
	m := map[string]string{c.Name: string(c.Level)}
	if c.Desc != "" {
		m["desc"] = c.Desc
	}
	return json.Marshal(m)
}

// JSONShape implements Shaped.
func (ComponentHealth) JSONShape() string {
	return `{"type":"object","additionalProperties":{"type":"string"}}`
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *ComponentHealth) UnmarshalJSON(in []byte) error {
	var m map[string]string
	if err := json.Unmarshal(in, &m); err != nil {
		return err
	}
	*c = ComponentHealth{Desc: m["desc"]}
	delete(m, "desc")
	for name, level := range m {
		c.Name, c.Level = name, HealthLevel(level)
	}
	return nil
}

// VersionInfo is what status_version and /version tell.
type VersionInfo struct {
	Version   string   `json:"version"`
	Commit    string   `json:"commit"`
	Go        string   `json:"go"`
	Protocols []string `json:"protocols"` // for instance "waku/1"
}

// NodeInfo describes the node itself, as go-ethereum does.
type NodeInfo struct {
	ID         string        `json:"id"`   // the keccak hash of the public key, hex
	Name       string        `json:"name"` // name/version/system/language
	Enode      string        `json:"enode"`
	ENR        string        `json:"enr"` // signed record
	IP         string        `json:"ip"`
	Ports      NodePorts     `json:"ports"`
	ListenAddr string        `json:"listenAddr"`
	Protocols  NodeProtocols `json:"protocols"`
}

// NodePorts are the ports of a node.
type NodePorts struct {
	Discovery int `json:"discovery"` // UDP
	Listener  int `json:"listener"`  // TCP, RLPx
}

// NodeProtocols say more of the protocols of the node.
type NodeProtocols struct {
	Waku *WakuProtocol `json:"waku,omitempty"`
}

// WakuProtocol is what the node announces about Waku.
type WakuProtocol struct {
	Version        string  `json:"version"`
	MaxMessageSize uint32  `json:"maxMessageSize"` // bytes
	MinimumPoW     float64 `json:"minimumPoW"`
}

// PeerInfo describes a connected peer, as go-ethereum does.
type PeerInfo struct {
	ENR       string        `json:"enr,omitempty"`
	Enode     string        `json:"enode"` // of the address that it can be dialled at, where that is known
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Caps      []string      `json:"caps"` // protocols that it offers
	Network   PeerNetwork   `json:"network"`
	Protocols PeerProtocols `json:"protocols"`
}

// PeerNetwork is the connection to a peer.
type PeerNetwork struct {
	LocalAddress  string `json:"localAddress"`
	RemoteAddress string `json:"remoteAddress"`
	Inbound       bool   `json:"inbound"`
	Trusted       bool   `json:"trusted"`
	Static        bool   `json:"static"`
}

// PeerProtocols say more of the protocols that run with a peer.
type PeerProtocols struct {
	Waku *WakuPeer `json:"waku,omitempty"` // absent during the handshake
}

// WakuPeer counts what was exchanged with a peer.
type WakuPeer struct {
	Version       uint      `json:"version"`
	EnvelopesIn   uint64    `json:"envelopesIn"`
	EnvelopesOut  uint64    `json:"envelopesOut"`
	BytesIn       uint64    `json:"bytesIn"`
	BytesOut      uint64    `json:"bytesOut"`
	Rejected      uint64    `json:"rejected"`
	RateExceeded  uint64    `json:"rateLimitExceeded"`
	PoW           float64   `json:"pow"`
	BloomFill     float64   `json:"bloomFill"` // share of bits set, 0 to 1
	Topics        int       `json:"topics"`    // -1: no topic interest announced
	Light         bool      `json:"light"`
	Confirmations bool      `json:"confirmations"`
	Trusted       bool      `json:"trusted"`
	LastSeen      time.Time `json:"lastSeen"`
}

// PeerEvent tells of a peer that came or went, as go-ethereum does.
type PeerEvent struct {
	Type          string `json:"type"` // add or drop
	Peer          string `json:"peer"` // its id
	Error         string `json:"error,omitempty"`
	Protocol      string `json:"protocol,omitempty"`
	LocalAddress  string `json:"local,omitempty"`
	RemoteAddress string `json:"remote,omitempty"`
}

// LogLevel is a level of the log.
type LogLevel string

// Levels of the log.
const (
	LogError LogLevel = "error"
	LogWarn  LogLevel = "warn"
	LogInfo  LogLevel = "info"
	LogDebug LogLevel = "debug"
	LogTrace LogLevel = "trace"
)

// Values implements Enum.
func (LogLevel) Values() []LogLevel {
	return []LogLevel{LogError, LogWarn, LogInfo, LogDebug, LogTrace}
}

// Arguments of methods about the node.
type (
	// NodeArgs name a node.
	NodeArgs struct {
		Enode string `json:"enode" doc:"URL (enode://…) or record (enr:…) of the node"`
	}
	// SetLogLevelArgs are those of admin_setLogLevel. A single positional
	// argument is the level.
	SetLogLevelArgs struct {
		Module *string   `json:"module" doc:"for instance waku or rpc; left out or null: all"`
		Level  *LogLevel `json:"level" doc:"error, warn, info, debug or trace"`
	}
	// DataArgs are bytes.
	DataArgs struct {
		Data Bytes `json:"data" doc:"any bytes"`
	}
	// TopicArgs name what to subscribe to.
	TopicArgs struct {
		Name string `json:"name" doc:"what to subscribe to"`
	}
	// SubscriptionArgs name a subscription.
	SubscriptionArgs struct {
		ID string `json:"id" doc:"id of the subscription"`
	}
)

// What the examples about nodes share.
const (
	exampleNodeKey = "7cd9fb61f0cd537c13cfa6b6941257faefef565a0ad8e345ee2ce9aa045791333dd03df4cc9f" +
		"6848c6bb9c265b823eee2825853076c112095f8243fbb0c15c46"
	exampleNode    = "enode://" + exampleNodeKey + "@192.0.2.7:30303"
	exampleHash    = "0x61a6f8d0c2b8e6a5e9f7c4d3b2a1908f7e6d5c4b3a2918f7e6d5c4b3a2918f7e"
	exampleID      = "61a6f8d0c2b8e6a5e9f7c4d3b2a1908f7e6d5c4b3a2918f7e6d5c4b3a2918f7e" // of a node
	exampleSubID   = "0x9ce59a13059e417087c02d3236a0b1cc"
	exampleVersion = `{"version":"v0.1.0","commit":"0123456789ab","go":"go1.26.0","protocols":["waku/1","waku/0"]}`
	onExampleNode  = `["` + exampleNode + `"]`
)

// Methods of the node itself.
var (
	AdminDatadir = Method[None, string]{
		Name: "admin_datadir", Scope: ScopeRead, Summary: "Tells the data directory.", Returns: "absolute path",
		Example: Example{Params: `[]`, Result: `"/var/lib/statusd"`},
	}
	AdminSetLogLevel = Method[SetLogLevelArgs, bool]{
		Name: "admin_setLogLevel", Scope: ScopeAdmin, Returns: "true",
		Summary: "Changes what is logged, until the daemon stops. A single positional parameter is the level.",
		Example: Example{Params: `[null,"info"]`, Result: `true`},
	}
	AdminShutdown = Method[None, bool]{
		Name: "admin_shutdown", Scope: ScopeAdmin, Summary: "Stops the daemon in good order.", Returns: "true",
		Example: Example{Params: `[]`, Result: `true`},
	}
	NetVersion = Method[None, string]{
		Name: "net_version", Scope: ScopeRead, Summary: "Tells the configured network id.", Returns: "decimal number",
		Example: Example{Params: `[]`, Result: `"1"`},
	}
	NetPeerCount = Method[None, Quantity]{
		Name: "net_peerCount", Scope: ScopeRead, Summary: "Counts the connected peers.", Returns: "number in hex",
		Example: Example{Params: `[]`, Result: `"0x4"`},
	}
	NetListening = Method[None, bool]{
		Name: "net_listening", Scope: ScopeRead, Returns: "whether it does",
		Summary: "Tells whether the peer-to-peer port accepts connections.",
		Example: Example{Params: `[]`, Result: `true`},
	}
	Web3ClientVersion = Method[None, string]{
		Name: "web3_clientVersion", Scope: ScopeRead, Summary: "Tells name and version of this program.",
		Returns: "name/version/system/language",
		Example: Example{Params: `[]`, Result: `"statusd/v0.1.0/linux-amd64/go1.26.0"`},
	}
	Web3Sha3 = Method[DataArgs, Bytes]{
		Name: "web3_sha3", Scope: ScopeRead, Summary: "Hashes bytes with Keccak-256.", Returns: "32 bytes",
		Example: Example{
			Params: `["0x68656c6c6f"]`,
			Result: `"0x1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8"`,
		},
	}
	StatusHealth = Method[None, Health]{
		Name: "status_health", Scope: ScopeRead,
		Summary: "Reports the state of the daemon and of its components, as GET /health does.",
		Returns: "levels are INITIALIZING, SYNCHRONIZING, READY, NOT_READY, NOT_MOUNTED and SHUTTING_DOWN",
		Example: Example{Params: `[]`, Result: `{"nodeHealth":"READY",` +
			`"protocolsHealth":[{"Waku":"READY","desc":"4 peers"}],"version":"v0.1.0","uptimeSeconds":3600}`},
	}
	StatusVersion = Method[None, VersionInfo]{
		Name: "status_version", Scope: ScopeRead, Summary: "Tells version, commit and protocols of this program.",
		Returns: "see the example", Example: Example{Params: `[]`, Result: exampleVersion},
	}
	Version = Method[None, VersionInfo]{
		Name: "version", AliasOf: "status_version", Scope: ScopeRead,
		Summary: "Is status_version in the words of signal-cli.", Returns: "see the example",
		Example: Example{Params: `[]`, Result: exampleVersion},
	}
	AdminNodeInfo = Method[None, NodeInfo]{
		Name: "admin_nodeInfo", Scope: ScopeRead, Summary: "Describes this node: id, addresses and protocols.",
		Returns: "as go-ethereum's",
		Example: Example{Params: `[]`, Result: `{"id":"` + exampleID + `","name":"statusd/v0.1.0","enode":"` + exampleNode +
			`","enr":"enr:-J24","ip":"192.0.2.7","ports":{"discovery":30303,"listener":30303},` +
			`"listenAddr":"[::]:30303","protocols":{"waku":{"version":"1","maxMessageSize":1048576,"minimumPoW":0.000002}}}`},
	}
	AdminPeers = Method[None, []PeerInfo]{
		Name: "admin_peers", Scope: ScopeRead, Summary: "Describes the connected peers, with their Waku statistics.",
		Returns: "as go-ethereum's, protocols.waku is ours",
		Example: Example{Params: `[]`, Result: `[{"enode":"` + exampleNode + `","id":"` + exampleID +
			`","name":"statusd/v0.1.0","caps":["waku/0","waku/1"],"network":{"localAddress":"192.0.2.1:30303",` +
			`"remoteAddress":"192.0.2.7:30303","inbound":false,"trusted":false,"static":true},` +
			`"protocols":{"waku":{"version":1,"envelopesIn":12,"envelopesOut":3}}}]`},
	}
	AdminAddPeer = Method[NodeArgs, bool]{
		Name: "admin_addPeer", Scope: ScopeAdmin, Slow: true, Returns: "true: the node was noted",
		Summary: "Connects to a node, and again whenever the connection is lost, until the daemon stops.",
		Example: Example{Params: onExampleNode, Result: `true`},
	}
	AdminRemovePeer = Method[NodeArgs, bool]{
		Name: "admin_removePeer", Scope: ScopeAdmin, Slow: true, Returns: "true",
		Summary: "Disconnects from a node and no longer tries to connect to it.",
		Example: Example{Params: onExampleNode, Result: `true`},
	}
	AdminAddTrustedPeer = Method[NodeArgs, bool]{
		Name: "admin_addTrustedPeer", Scope: ScopeAdmin, Slow: true, Returns: "true",
		Summary: "Lets a node connect also when there is no free slot.",
		Example: Example{Params: onExampleNode, Result: `true`},
	}
	AdminRemoveTrustedPeer = Method[NodeArgs, bool]{
		Name: "admin_removeTrustedPeer", Scope: ScopeAdmin, Slow: true, Returns: "true",
		Summary: "Takes that privilege away; the connection stays.",
		Example: Example{Params: onExampleNode, Result: `true`},
	}
	AdminSubscribe = Subscription[TopicArgs, string, PeerEvent]{
		Name: "admin_subscribe", Scope: ScopeRead, Topic: "peerEvents",
		Summary: "Pushes what happens to peers over this connection (WebSocket and unix socket).",
		Returns: "id of the subscription; notifications admin_subscription have go-ethereum's peer events as result, " +
			"types add and drop",
		Example: Example{Params: `["peerEvents"]`, Result: `"` + exampleSubID + `"`},
	}
	AdminUnsubscribe = Method[SubscriptionArgs, bool]{
		Name: "admin_unsubscribe", Scope: ScopeRead, Summary: "Ends a subscription of this connection.", Returns: "true",
		Example: Example{
			Setup:  []Call{{Method: "admin_subscribe", Params: `["peerEvents"]`, Bind: "subscriptionID"}},
			Params: `["{{subscriptionID}}"]`, Result: `true`,
		},
	}
)

func nodeMethods() []Described {
	return []Described{
		AdminDatadir, AdminSetLogLevel, AdminShutdown, NetVersion, NetPeerCount, NetListening,
		Web3ClientVersion, Web3Sha3, StatusHealth, StatusVersion, Version, AdminNodeInfo, AdminPeers,
		AdminAddPeer, AdminRemovePeer, AdminAddTrustedPeer, AdminRemoveTrustedPeer, AdminSubscribe,
		AdminUnsubscribe,
	}
}
