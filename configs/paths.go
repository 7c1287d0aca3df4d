package configs

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// maxSocketPath is the longest socket path that every Unix takes, in bytes
// (spec 07 section 3).
const maxSocketPath = 104

// inDir resolves a path against the data directory; name is used when the
// path is empty.
func (c *Config) inDir(path, name string) string {
	if path == "" {
		path = name
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(c.DataDir, path)
}

// NodeKeyPath is the file that holds the node key when NodeKey is not set.
func (c *Config) NodeKeyPath() string { return c.inDir(c.NodeKeyFile, "nodekey") }

// KeyStorePath is the directory of the accounts' key files.
func (c *Config) KeyStorePath() string { return c.inDir(c.KeyStoreDir, "keystore") }

// MailServerPath is the directory of the mail archive.
func (c *Config) MailServerPath() string { return c.inDir(c.WakuConfig.DataDir, "mailserver") }

// TokenPath is the file that holds the bearer token of the RPC server.
func (c *Config) TokenPath() string { return filepath.Join(c.DataDir, "rpc-token") }

// TokensPath is the file with the hashes of further tokens.
func (c *Config) TokensPath() string { return filepath.Join(c.DataDir, "tokens.json") }

// WebhookSecretPath is the file with the key of the webhook's signatures.
func (c *Config) WebhookSecretPath() string { return filepath.Join(c.DataDir, "webhook-secret") }

// LogPath is the log file, or empty when nothing is logged to a file.
func (c *Config) LogPath() string {
	if c.LogFile == "" {
		return ""
	}
	return c.inDir(filepath.Join(c.LogDir, c.LogFile), "")
}

// IPCPath is the socket of the RPC server. A path too long for a socket is
// replaced by one below runtimeDir ($XDG_RUNTIME_DIR), and moved is true. The
// name there is made of the whole path, so that two daemons do not meet.
func (c *Config) IPCPath(runtimeDir string) (path string, moved bool) {
	path = c.inDir(c.IPCFile, DefaultIPCFile)
	if len(path) <= maxSocketPath || runtimeDir == "" {
		return path, false
	}
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(runtimeDir, "statusd", hex.EncodeToString(sum[:8])+".ipc"), true
}

// GethLinkPath is the link beside the socket that IPCGethLink asks for, or
// empty. There is none when the socket already has that name.
func (c *Config) GethLinkPath() string {
	link := filepath.Join(c.DataDir, GethIPCFile)
	if !c.IPCGethLink || c.inDir(c.IPCFile, DefaultIPCFile) == link {
		return ""
	}
	return link
}

// shift adds PortsShift to a fixed port. Port 0 (any) stays.
func (c *Config) shift(port int) string {
	if port != 0 {
		port += c.PortsShift
	}
	return strconv.Itoa(port)
}

// ListenAddress is the peer-to-peer address with PortsShift applied.
func (c *Config) ListenAddress() string {
	host, port, err := net.SplitHostPort(c.ListenAddr)
	if err != nil {
		return c.ListenAddr
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return c.ListenAddr
	}
	return net.JoinHostPort(host, c.shift(n))
}

// HTTPPortShifted is HTTPPort with PortsShift applied.
func (c *Config) HTTPPortShifted() int {
	if c.HTTPPort == 0 {
		return 0
	}
	return c.HTTPPort + c.PortsShift
}

// HTTPAddress is where HTTP and WebSocket RPC listen.
func (c *Config) HTTPAddress() string { return net.JoinHostPort(c.HTTPHost, c.shift(c.HTTPPort)) }

// MetricsAddress is where metrics and health are served.
func (c *Config) MetricsAddress() string {
	return net.JoinHostPort(c.MetricsAddr, c.shift(c.MetricsPort))
}

// PprofAddress is where profiles are served: always on the loopback.
func (c *Config) PprofAddress() string { return net.JoinHostPort("127.0.0.1", c.shift(c.PprofPort)) }

// IsLoopback reports whether a host to bind to is reachable from this machine
// alone.
func IsLoopback(host string) bool {
	host = strings.Trim(host, "[]")
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// StaticNodes are the nodes to stay connected to.
func (c *Config) StaticNodes() NodeList { return c.ClusterConfig.active(c.ClusterConfig.StaticNodes) }

// TrustedNodes are the nodes that may always connect.
func (c *Config) TrustedNodes() NodeList {
	return c.ClusterConfig.active(c.ClusterConfig.TrustedNodes)
}

// BootNodes are the nodes where discovery starts.
func (c *Config) BootNodes() NodeList { return c.ClusterConfig.active(c.ClusterConfig.BootNodes) }

// MailServers are the trusted mailservers.
func (c *Config) MailServers() NodeList {
	return c.ClusterConfig.active(c.ClusterConfig.TrustedMailServers)
}

// RendezvousNodes are the rendezvous servers.
func (c *Config) RendezvousNodes() []string {
	if !c.Rendezvous || !c.ClusterConfig.Enabled {
		return nil
	}
	return c.ClusterConfig.RendezvousNodes
}

// DNSTrees are the node lists in DNS.
func (c *Config) DNSTrees() []string {
	if !c.ClusterConfig.Enabled {
		return nil
	}
	return c.ClusterConfig.DNSTrees
}

// Discovers reports whether the node looks for others by any means.
func (c *Config) Discovers() bool {
	return c.WakuConfig.Enabled && (!c.NoDiscovery || len(c.RendezvousNodes()) > 0 || len(c.DNSTrees()) > 0)
}

// Registers are the topics that the node makes itself findable under: a
// mailserver that is found as a relay is found as a mailserver too (spec 08
// section 1.2).
func (c *Config) Registers() []string {
	topics := slices.Clone(c.RegisterTopics)
	if c.WakuConfig.EnableMailServer && len(topics) > 0 {
		for _, t := range []string{"whisper", "whispermail"} {
			if !slices.Contains(topics, t) {
				topics = append(topics, t)
			}
		}
	}
	return topics
}

func (c *Cluster) active(l NodeList) NodeList {
	if !c.Enabled {
		return nil
	}
	return l
}

// FullNode reports whether the Waku host takes every topic: asked for, or
// implied by serving mail or by registering as a relay. Nodes that look for a
// relay pass over one whose record does not say that it is.
func (c *Config) FullNode() bool {
	return c.WakuConfig.FullNode || c.WakuConfig.EnableMailServer || slices.Contains(c.RegisterTopics, "whisper")
}

// DirectRequests reports whether the mailserver answers unsealed requests
// (spec 02): by choice, or in the auto position while the default password is
// in use.
func (c *Config) DirectRequests() bool {
	if t := c.WakuConfig.AllowDirectRequests; t != Auto {
		return t == On
	}
	return c.WakuConfig.MailServerPassword.Reveal() == DefaultMailServerPassword
}
