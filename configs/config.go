package configs

import (
	"net/netip"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

// Config is the effective configuration of one daemon. Field names are the
// JSON keys. The zero value is not useful: start from Default.
//
// Paths may be relative or empty here; use the accessors (KeyStorePath,
// IPCPath, LogPath, …) which resolve them, and ListenAddress, HTTPAddress, …
// which apply PortsShift.
type Config struct {
	NetworkID   uint64 `json:"NetworkId"`
	DataDir     string
	KeyStoreDir string // empty: <dir>/keystore
	NodeKey     Secret // 64 hex digits; empty: NodeKeyFile
	NodeKeyFile string // empty: <dir>/nodekey
	Name        string

	// Peer-to-peer listener and discovery.
	ListenAddr      string     // TCP and UDP address, empty host: all
	AdvertiseAddr   netip.Addr // invalid: found by NAT
	NAT             string     // see ParseNAT
	PortsShift      int        // added to every fixed port
	NoDiscovery     bool       // no discv5
	Rendezvous      bool
	RegisterTopics  []string
	RequireTopics   map[string]TopicLimits
	TopicDiscovery  string // constants of topic discovery, as "E=15m,C=1000"; empty: the usual ones
	DNSServer       string // host:port that is asked for DNS trees; empty: the system's
	AllowLocal      bool   // register and look for private and loopback addresses too
	MaxPeers        int
	MaxPendingPeers int // 0: the server's own default
	// MaxInboundPerSubnet is how many peers of one network of 24 bits (IPv6: 48)
	// may connect to us; 0: a quarter of the places for them, a half from
	// loopback and private addresses. Trusted and static peers do not count.
	MaxInboundPerSubnet int

	// Accounts.
	Login    string // key-uid or name of the account to log in at the start; empty: none
	LightKDF bool   // new passwords are made cheap to check, for small machines

	// RPC. APIModules empty: every namespace.
	APIModules       ModuleList
	RPCByteEncoding  ByteEncoding
	RPCBodyLimit     int64 // bytes
	HTTPEnabled      bool
	HTTPHost         string
	HTTPPort         int
	HTTPVirtualHosts []string
	HTTPCors         []string
	HTTPNoAuth       bool
	HTTPTLSCert      string
	HTTPTLSKey       string
	IPCEnabled       bool
	IPCFile          string // empty: statusd.ipc
	IPCMode          FileMode
	IPCGroup         string
	IPCGethLink      bool // also make <dir>/geth.ipc, a link to the socket

	// Messenger. Strangers says who may begin a chat. LaterExtensions sends and
	// accepts what clients of 2020 do not know: edits, deletions, pins.
	Strangers       Strangers
	LaterExtensions bool

	// Events. Of each account's event log what is younger than EventLogAge is
	// kept, at most EventLogCount events. A webhook gets the events of
	// WebhookTypes in WebhookChats; empty: all.
	EventLogAge     Duration
	EventLogCount   int64
	ReceiveMode     ReceiveMode
	WebhookURL      SecretURL // empty: none
	WebhookSecret   Secret    // signs the calls; empty: <dir>/webhook-secret, made when missing
	WebhookTypes    []string
	WebhookChats    []string
	InsecureWebhook bool // allow http to other machines

	// Logs. Everything goes to stderr and to the file, each when asked for.
	LogEnabled         bool
	LogDir             string
	LogFile            string // empty: no file
	LogLevel           LogLevel
	LogModules         ModuleLevels
	LogFormat          LogFormat
	LogColor           LogColor
	LogToStderr        bool
	LogFullIDs         bool
	LogMaxBackups      int
	LogMaxSize         int // MB
	LogMaxAge          int // days, 0: no limit
	LogCompressRotated bool

	// Metrics, profiles, life cycle.
	MetricsEnabled  bool
	MetricsAddr     string
	MetricsPort     int
	PprofEnabled    bool
	PprofPort       int
	ShutdownTimeout Duration

	// Clock.
	EnableNTPSync bool
	NTPServers    []string // host or host:port

	// OwnPostJitter delays an own envelope by a random time up to this.
	OwnPostJitter Duration

	EnableStatusService bool // accepted; the service is always on
	ClusterConfig       Cluster
	WakuConfig          Waku
	ShhextConfig        Shhext
	MailserversConfig   Mailservers
}

// TopicLimits says how many peers of a discovery topic to look for.
type TopicLimits struct{ Min, Max int }

// Cluster lists the known nodes of a network. Lists count only while Enabled.
type Cluster struct {
	Enabled                  bool
	Fleet                    string // name or path of a preset; empty: none
	StaticNodes              NodeList
	TrustedNodes             NodeList
	BootNodes                NodeList
	TrustedMailServers       NodeList // an entry may carry a password
	PushNotificationsServers []string // public keys in hex
	RendezvousNodes          []string // enode://, enr: or multiaddr
	DNSTrees                 []string // enrtree://<key>@<domain>
}

// Waku configures the Waku host and its mail archive.
type Waku struct {
	Enabled             bool
	LightClient         bool // a light node: delivers, never relays
	FullNode            bool
	BloomFilterMode     bool
	MinimumPoW          float64
	MaxMessageSize      uint32 // bytes of one envelope
	TTL                 int    // seconds; no effect
	EnableConfirmations bool
	PoolMaxBytes        int64
	PoolMaxEnvelopes    int

	EnableRateLimiter      bool
	PacketRateLimitIP      uint64 // packets per second, 0: none
	PacketRateLimitPeerID  uint64
	BytesRateLimitIP       uint64 // bytes per second, 0: none
	BytesRateLimitPeerID   uint64
	RateLimitTolerance     uint64 // exceedings before a peer is dropped, 0: never
	SoftBlacklistedPeerIDs []enode.ID

	EnableMailServer        bool
	DataDir                 string // empty: <dir>/mailserver
	MailServerPassword      Secret
	MailServerRateLimit     int       // seconds between two requests of one peer
	MailServerRateLimits    MailRates // of one peer; its requests replace MailServerRateLimit
	MailServerDataRetention int       // days, 0: for ever
	MailServerRetention     Retention // whichever limit comes first; beside the days
	MinFreeDisk             int64     // bytes; below them nothing is archived, and no content of strangers stored
	AllowDirectRequests     Tri       // auto: while the default password is in use
	AllowForeignSigner      bool      // serve a signer that is not the peer
	DatabaseConfig          Database
}

// Database selects the archive's storage.
type Database struct{ PGConfig Postgres }

// Postgres is the shared archive database.
type Postgres struct {
	Enabled bool
	URI     SecretURL
}

// Shhext configures the messenger.
type Shhext struct {
	PFSEnabled                 bool
	BackupDisabledDataDir      string
	InstallationID             string
	MailServerConfirmations    bool
	EnableConnectionManager    bool
	EnableLastUsedMonitor      bool
	ConnectionTarget           int
	RequestsDelay              Duration
	MaxServerFailures          int
	MaxMessageDeliveryAttempts int
	DataSyncEnabled            bool
	VerifyENSURL               SecretURL
	VerifyENSContractAddress   string
}

// Mailservers configures the list of mailservers kept by RPC.
type Mailservers struct {
	Enabled  bool
	Discover Tri // use mailservers that discovery finds; auto: when none is configured
}
