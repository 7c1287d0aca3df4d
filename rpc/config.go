package rpc

import (
	"io/fs"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"statusd/api"
)

// Config sets up a Server. Zero values mean "off" for the listeners and the
// stated default elsewhere.
type Config struct {
	Logger     *zap.Logger           // nil: nothing is logged
	Registerer prometheus.Registerer // nil: counted but not exported

	Name    string // of this program, for instance "statusd/v1.0.0/linux-amd64/go1.26"
	Version api.VersionInfo
	// Modules are the namespaces offered over TCP; empty: every one. Names
	// that do not exist are ignored. The socket always offers all.
	Modules []string
	// Base64Bytes makes byte fields inside waku_* objects base64, the form of
	// status-go, instead of 0x hex.
	Base64Bytes bool

	IPC     IPCConfig
	HTTP    HTTPConfig
	Metrics ListenConfig // /metrics and the probes
	Pprof   ListenConfig // Go profiles; loopback only

	// TokenFile holds the bearer token for TCP. It is made when it does not
	// exist; empty: no token is read, and HTTP needs NoAuth.
	TokenFile string

	// TokensFile holds the hashes of further tokens; empty: none can be made.
	TokensFile string

	// RequestsDelay is how long wakuext_requestMessages refuses to ask the same
	// server for the same topics again, while the first request goes on.
	RequestsDelay time.Duration

	// ReceiveMode says which connections get receive notifications without
	// asking; empty: ReceiveManual.
	ReceiveMode ReceiveMode

	// StopTimeout is how long running calls may take to end once Run's
	// context is cancelled; 0: 5 s.
	StopTimeout time.Duration
}

// IPCConfig sets up the unix socket. Whoever may open it has every scope.
type IPCConfig struct {
	Enabled bool
	// Path of the socket, at most 104 bytes. Its folder is made if need be.
	Path  string
	Mode  fs.FileMode // 0: 0600
	Group string      // name or number of the owning group; empty: unchanged
	// Link is the path of a symbolic link to the socket, made while the server
	// runs; empty: none.
	Link string
	// BodyLimit bounds one message, in bytes; 0: 32 MiB.
	BodyLimit int64
}

// HTTPConfig sets up HTTP and WebSocket on one port.
type HTTPConfig struct {
	Enabled bool
	Host    string // empty: every address
	Port    int    // 0: any free port
	// VirtualHosts are the names accepted in the Host header; IP addresses
	// always are. "*": any.
	VirtualHosts []string
	// Cors are the origins that browsers may call from; "*": any.
	Cors []string
	// NoAuth serves everybody who can connect. Only for loopback addresses.
	NoAuth bool
	// TLSCert and TLSKey are PEM files; both or none.
	TLSCert, TLSKey string
	// BodyLimit bounds one request, in bytes; 0: 5 MiB.
	BodyLimit int64
}

// ListenConfig is one plain HTTP listener.
type ListenConfig struct {
	Enabled bool
	Addr    string // host:port
}
