package configs

import (
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/dnsdisc"

	"statusd/fault"
)

// ErrInvalid is wrapped by every error about the content of a configuration.
var ErrInvalid = fault.New(fault.Config, "invalid configuration", "")

// invalidError is an error about the content of a configuration, in words that
// say where.
type invalidError struct{ err error }

func (e *invalidError) Error() string   { return e.err.Error() }
func (e *invalidError) Unwrap() []error { return []error{ErrInvalid, e.err} }

func invalid(format string, args ...any) error { return &invalidError{fmt.Errorf(format, args...)} }

// Problem is one value that cannot be used. It never holds a secret.
type Problem struct {
	Key    string // key path, as WakuConfig.MinimumPoW
	Value  string // the value as it may be shown; empty for secrets
	Reason string // what is wrong and what is allowed
}

func (p Problem) String() string {
	if p.Value == "" {
		return fmt.Sprintf("%s: %s", p.Key, p.Reason)
	}
	return fmt.Sprintf("%s: %s: %s", p.Key, p.Value, p.Reason)
}

// ValidationError lists all problems of a configuration, at least one.
type ValidationError struct {
	Problems []Problem
}

// Error returns one line for each problem.
func (e *ValidationError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns ErrInvalid.
func (*ValidationError) Unwrap() error { return ErrInvalid }

// ParseNodeKey returns the key of NodeKey. It must be set; the error does not
// hold it.
func (c *Config) ParseNodeKey() (*ecdsa.PrivateKey, error) {
	return parseKeyHex(c.NodeKey.Reveal())
}

var errNodeKey = errors.New("want a secp256k1 private key of 64 hex digits")

func parseKeyHex(s string) (*ecdsa.PrivateKey, error) {
	b, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(s), "0x"))
	if err != nil || len(b) != 32 {
		return nil, errNodeKey
	}
	key, err := crypto.ToECDSA(b)
	if err != nil {
		return nil, errNodeKey
	}
	return key, nil
}

// checker collects problems.
type checker struct{ problems []Problem }

// want records a problem unless ok.
func (v *checker) want(ok bool, key string, value any, reason string) {
	if !ok {
		v.problems = append(v.problems, Problem{key, showValue(value), reason})
	}
}

// between records a problem unless lo <= n <= hi.
func (v *checker) between(key string, n, lo, hi int64) {
	v.want(lo <= n && n <= hi, key, n, fmt.Sprintf("want a number from %d to %d", lo, hi))
}

// reason is the text of an error, empty for none.
func reason(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// showValue prints a value for an error. Secrets mask themselves.
func showValue(v any) string {
	switch v := v.(type) {
	case nil, Secret:
		return ""
	case string:
		return strconv.Quote(v)
	default:
		return fmt.Sprint(v)
	}
}

// Validate checks the values against each other and against their ranges. The
// error is a *ValidationError with every problem found.
func (c *Config) Validate() error {
	v := new(checker)
	c.checkIdentity(v)
	c.checkNetwork(v)
	c.checkRPC(v)
	c.checkProcess(v)
	c.checkEvents(v)
	c.checkWaku(v)
	c.checkMail(v)
	c.checkShhext(v)
	if len(v.problems) == 0 {
		return nil
	}
	return &ValidationError{v.problems}
}

func (c *Config) checkIdentity(v *checker) {
	v.want(c.DataDir != "", "DataDir", nil, "not set: give a directory with --dir")
	v.want(!strings.ContainsAny(c.Name, "/\n\r\x00") && len(c.Name) <= 64, "Name", c.Name,
		"want at most 64 characters without a slash")
	if c.NodeKey.IsSet() {
		_, err := c.ParseNodeKey()
		v.want(err == nil, "NodeKey", nil, errNodeKey.Error())
		v.want(c.NodeKeyFile == "", "NodeKeyFile", c.NodeKeyFile, "NodeKey is given too: keep one of the two")
	}
}

func (c *Config) checkNetwork(v *checker) {
	v.want(portOf(c.ListenAddr) >= 0, "ListenAddr", c.ListenAddr, `want host:port or :port, for example ":30303"`)
	_, _, err := ParseNAT(c.NAT)
	v.want(err == nil, "NAT", c.NAT, errNAT.Error())
	v.want(!c.AdvertiseAddr.IsUnspecified(), "AdvertiseAddr", c.AdvertiseAddr, "want an address others can reach")
	v.between("MaxPeers", int64(c.MaxPeers), 0, 10_000)
	v.between("MaxPendingPeers", int64(c.MaxPendingPeers), 0, 10_000)
	v.between("MaxInboundPerSubnet", int64(c.MaxInboundPerSubnet), 0, 10_000)
	v.between("PortsShift", int64(c.PortsShift), 0, 65_535)
	for topic, l := range c.RequireTopics {
		v.want(topic != "" && 0 <= l.Min && l.Min <= l.Max, "RequireTopics", fmt.Sprintf("%q %d..%d", topic, l.Min, l.Max),
			"want a topic with 0 <= Min <= Max")
	}
	for _, t := range c.RegisterTopics {
		v.want(t != "" && len(t) <= 50, "RegisterTopics", t, "want topics of 1 to 50 bytes")
	}
	v.want(c.NoDiscovery || len(c.BootNodes()) > 0, "ClusterConfig.BootNodes", nil,
		"empty: discovery is on (NoDiscovery false) and needs boot nodes")
	v.want(!c.Rendezvous || c.ClusterConfig.Enabled && len(c.ClusterConfig.RendezvousNodes) > 0,
		"ClusterConfig.RendezvousNodes", nil, "empty: rendezvous is on (Rendezvous true) and needs servers")
	for _, s := range c.ClusterConfig.RendezvousNodes {
		err := checkRendezvousNode(s)
		v.want(err == nil || !c.Rendezvous, "ClusterConfig.RendezvousNodes", s, reason(err))
	}
	for _, s := range c.ClusterConfig.DNSTrees {
		_, _, err := dnsdisc.ParseURL(s)
		v.want(err == nil, "ClusterConfig.DNSTrees", s, "want enrtree://<public key in base32>@<domain>")
	}
	v.want(c.DNSServer == "" || portOf(c.DNSServer) > 0, "DNSServer", c.DNSServer, "want host:port of a name server")
	for _, s := range c.NTPServers {
		v.want(s != "" && !strings.ContainsAny(s, " /"), "NTPServers", s, "want host names or addresses")
	}
	v.want(!c.EnableNTPSync || len(c.NTPServers) > 0, "NTPServers", nil,
		"empty: give servers, or switch EnableNTPSync off")
	v.want(0 <= c.OwnPostJitter && c.OwnPostJitter <= Duration(maxJitter), "OwnPostJitter", c.OwnPostJitter,
		"want a duration from 0s to 1m0s")
}

func (c *Config) checkRPC(v *checker) {
	v.port("HTTPPort", c.HTTPPort, c.PortsShift)
	v.want(c.HTTPHost != "", "HTTPHost", c.HTTPHost, "want an address to listen on; 0.0.0.0 for all")
	v.want(!c.HTTPNoAuth || IsLoopback(c.HTTPHost), "HTTPNoAuth", c.HTTPHost,
		"without a token RPC is served on a loopback address alone: set HTTPHost to localhost or switch HTTPNoAuth off")
	v.want((c.HTTPTLSCert == "") == (c.HTTPTLSKey == ""), "HTTPTLSCert", c.HTTPTLSCert,
		"TLS needs both HTTPTLSCert and HTTPTLSKey")
	v.between("RPCBodyLimit", c.RPCBodyLimit, 1024, 1<<30)
	v.want(c.IPCMode&0o700 == 0o600 && c.IPCMode&0o007 == 0, "IPCMode", c.IPCMode,
		`want "0600", or "0660" together with IPCGroup; others never get access`)
	v.want(c.IPCGroup == "" || c.IPCMode&0o060 == 0o060, "IPCGroup", c.IPCGroup,
		`the group gets no access with this IPCMode: want "0660"`)
	v.want(!strings.ContainsRune(c.IPCFile, 0), "IPCFile", c.IPCFile, "want a path")
	v.want(c.IPCEnabled || !c.IPCGethLink, "IPCGethLink", nil, "the socket is switched off (IPCEnabled false)")
}

func (c *Config) checkProcess(v *checker) {
	v.port("MetricsPort", c.MetricsPort, c.PortsShift)
	v.port("PprofPort", c.PprofPort, c.PortsShift)
	v.want(c.MetricsAddr != "", "MetricsAddr", c.MetricsAddr, "want an address to listen on; 127.0.0.1 is the default")
	v.between("LogMaxBackups", int64(c.LogMaxBackups), 0, 10_000)
	v.between("LogMaxSize", int64(c.LogMaxSize), 1, 1<<20)
	v.between("LogMaxAge", int64(c.LogMaxAge), 0, 36_500)
	v.want(c.LogLevel != "", "LogLevel", nil, "not set: want ERROR, WARN, INFO, DEBUG or TRACE")
	v.want(0 < c.ShutdownTimeout && c.ShutdownTimeout <= Duration(maxShutdown), "ShutdownTimeout", c.ShutdownTimeout,
		"want a duration up to 10m0s")
	v.distinctPorts(c)
}

func (c *Config) checkWaku(v *checker) {
	w := &c.WakuConfig
	v.want(w.MinimumPoW >= 0 && !math.IsInf(w.MinimumPoW, 0), "WakuConfig.MinimumPoW", w.MinimumPoW,
		"want a number of at least 0")
	v.between("WakuConfig.MaxMessageSize", int64(w.MaxMessageSize), 1024, MaxMessageSizeCeiling)
	v.between("WakuConfig.PoolMaxBytes", w.PoolMaxBytes, int64(w.MaxMessageSize), 1<<40)
	v.between("WakuConfig.PoolMaxEnvelopes", int64(w.PoolMaxEnvelopes), 1, 100_000_000)
	v.want(!w.LightClient || !w.FullNode, "WakuConfig.LightClient", nil,
		"a light node cannot be a full node: switch LightClient or FullNode off")
	v.want(!w.LightClient || !slices.Contains(c.RegisterTopics, "whisper"), "WakuConfig.LightClient", nil,
		"a light node cannot register as a relay: switch LightClient off, or take whisper out of RegisterTopics")
	v.want(!w.LightClient || !w.EnableMailServer, "WakuConfig.LightClient", nil,
		"a light node cannot serve mail: switch LightClient or EnableMailServer off")
	v.want(!w.EnableMailServer || w.Enabled, "WakuConfig.EnableMailServer", nil,
		"a mailserver needs Waku: switch WakuConfig.Enabled on")
}

func (c *Config) checkMail(v *checker) {
	w := &c.WakuConfig
	v.between("WakuConfig.MailServerRateLimit", int64(w.MailServerRateLimit), 0, math.MaxInt32)
	v.between("WakuConfig.MailServerDataRetention", int64(w.MailServerDataRetention), 0, 36_500)
	v.between("WakuConfig.MinFreeDisk", w.MinFreeDisk, 1<<20, 1<<50)
	v.want(!w.EnableMailServer || w.MailServerPassword.IsSet(), "WakuConfig.MailServerPassword", nil,
		"empty: a mailserver needs a password; leave the key out for the well-known one")
	if c.DataDir != "" {
		rel, err := filepath.Rel(c.DataDir, c.MailServerPath())
		outside := err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator))
		v.want(!outside, "WakuConfig.DataDir", w.DataDir, "want a directory inside "+c.DataDir)
	}
	pg := &w.DatabaseConfig.PGConfig
	v.want(!pg.Enabled || pg.URI.IsSet(), "WakuConfig.DatabaseConfig.PGConfig.URI", nil,
		"empty: PGConfig is enabled and needs the address of a database")
}

func (c *Config) checkShhext(v *checker) {
	s := &c.ShhextConfig
	v.between("ShhextConfig.ConnectionTarget", int64(s.ConnectionTarget), 0, 1000)
	v.between("ShhextConfig.MaxServerFailures", int64(s.MaxServerFailures), 0, 1_000_000)
	v.between("ShhextConfig.MaxMessageDeliveryAttempts", int64(s.MaxMessageDeliveryAttempts), 0, 1_000_000)
	v.want(0 <= s.RequestsDelay && s.RequestsDelay <= Duration(maxRequestsDelay), "ShhextConfig.RequestsDelay",
		s.RequestsDelay, "want a duration from 0s to 1h0m0s")
	v.want(len(s.InstallationID) <= 128, "ShhextConfig.InstallationID", s.InstallationID,
		"want at most 128 characters")
}

// port checks one TCP port and its shifted value; 0 means any.
func (v *checker) port(key string, port, shift int) {
	v.between(key, int64(port), 0, 65_535)
	v.want(port == 0 || port > 65_535 || shift < 0 || port+shift <= 65_535, key, port,
		fmt.Sprintf("PortsShift %d moves it past 65535", shift))
}

// distinctPorts finds two TCP listeners that are set to one port. The
// addresses may differ; a wildcard listener then still takes the port.
func (v *checker) distinctPorts(c *Config) {
	used := map[int]string{}
	add := func(on bool, key string, port int) {
		if !on || port <= 0 {
			return
		}
		if other := used[port]; other != "" {
			v.want(false, key, port, "the same port as "+other)
		}
		used[port] = key
	}
	add(true, "ListenAddr", portOf(c.ListenAddr))
	add(c.HTTPEnabled, "HTTPPort", c.HTTPPort)
	add(c.MetricsEnabled, "MetricsPort", c.MetricsPort)
	add(c.PprofEnabled, "PprofPort", c.PprofPort)
}

// portOf returns the port of host:port, or -1 when the text is not that.
func portOf(addr string) int {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return -1
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return -1
	}
	return int(n)
}
