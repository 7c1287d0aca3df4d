package configs

import "time"

// Defaults that other files and messages refer to.
const (
	// DefaultMailServerPassword opens every public mailserver (spec 02).
	DefaultMailServerPassword = "status-offline-inbox"
	// DefaultRPCBodyLimit bounds one HTTP request body, in bytes.
	DefaultRPCBodyLimit = 5 << 20
	// DefaultIPCFile is the name of the socket in the data directory.
	DefaultIPCFile = "statusd.ipc"
	// GethIPCFile is the name status-go gives its socket.
	GethIPCFile = "geth.ipc"
	// MaxMessageSizeCeiling is the largest envelope bound (spec 01 section 2).
	MaxMessageSizeCeiling = 10 << 20
)

// Upper bounds of durations.
const (
	maxJitter        = time.Minute
	maxShutdown      = 10 * time.Minute
	maxRequestsDelay = time.Hour
)

// Default returns the configuration of a node to which nobody said anything.
// DataDir is empty: Load finds it.
func Default() Config {
	return Config{
		NetworkID: 1,
		Name:      "statusd",

		ListenAddr:  ":30303",
		NAT:         "any",
		NoDiscovery: true,
		MaxPeers:    25,

		RPCByteEncoding:  EncodingHex,
		RPCBodyLimit:     DefaultRPCBodyLimit,
		HTTPHost:         "localhost",
		HTTPPort:         8545,
		HTTPVirtualHosts: []string{"localhost"},
		IPCEnabled:       true,
		IPCMode:          0o600,

		Strangers: StrangersAll,

		EventLogAge:   Duration(30 * 24 * time.Hour),
		EventLogCount: 1_000_000,
		ReceiveMode:   ReceiveManual,

		LogEnabled:         true,
		LogLevel:           LevelInfo,
		LogFormat:          LogAuto,
		LogColor:           ColorAuto,
		LogToStderr:        true,
		LogMaxBackups:      3,
		LogMaxSize:         100,
		LogCompressRotated: true,

		MetricsAddr:     "127.0.0.1",
		MetricsPort:     9305,
		PprofPort:       52525,
		ShutdownTimeout: Duration(20 * time.Second),

		EnableNTPSync: true,
		NTPServers:    []string{"0.pool.ntp.org", "1.pool.ntp.org", "2.pool.ntp.org", "3.pool.ntp.org"},

		EnableStatusService: true,
		ClusterConfig:       Cluster{Enabled: true},
		WakuConfig: Waku{
			Enabled:            true,
			MinimumPoW:         0.000002,
			MaxMessageSize:     1 << 20,
			TTL:                120,
			PoolMaxBytes:       128 << 20,
			PoolMaxEnvelopes:   200_000,
			MailServerPassword: NewSecret(DefaultMailServerPassword),
			MinFreeDisk:        256 << 20,
		},
		ShhextConfig: Shhext{
			PFSEnabled:                 true,
			EnableConnectionManager:    true,
			EnableLastUsedMonitor:      true,
			ConnectionTarget:           1,
			RequestsDelay:              Duration(3 * time.Second),
			MaxServerFailures:          1,
			MaxMessageDeliveryAttempts: 6,
			DataSyncEnabled:            true,
		},
	}
}
