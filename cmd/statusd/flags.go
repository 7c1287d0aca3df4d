package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"statusd/cmd/statusd/frame"
	"statusd/configs"
)

// keyFlag is a flag that sets one key of the configuration.
type keyFlag struct {
	name string
	key  string
	text string // what it means
	bool bool
}

// keyFlags are the flags of the daemon that set keys. Those of status-go keep
// their names.
func keyFlags() []keyFlag {
	return []keyFlag{
		{"fleet", "ClusterConfig.Fleet", "name of a preset, or path of a fleet file", false},
		{"network-id", "NetworkId", "chain id, for upstream only", false},
		{"addr", "ListenAddr", "peer-to-peer address, TCP and UDP", false},
		{"nat", "NAT", "none, any, upnp, pmp, stun, extip:IP or extif:INTERFACE", false},
		{"advertise", "AdvertiseAddr", "IP address to tell peers", false},
		{"maxpeers", "MaxPeers", "most peers", false},
		{"static", "ClusterConfig.StaticNodes", "nodes to stay connected to, comma separated", false},
		{"bootnodes", "ClusterConfig.BootNodes", "where discovery starts, comma separated; switches it on", false},
		{"rendezvous", "ClusterConfig.RendezvousNodes", "rendezvous servers to use, comma separated", false},
		{"dns-tree", "ClusterConfig.DNSTrees", "node lists in DNS (enrtree://…), comma separated", false},
		{"topdisc", "TopicDiscovery", "constants of topic discovery, as E=15m,C=1000", false},
		{"allow-local", "AllowLocal", "find and register private and loopback addresses too", true},
		{"trusted", "ClusterConfig.TrustedNodes", "nodes that may always connect, comma separated", false},
		{"nodekeyfile", "NodeKeyFile", "file with the node key", false},
		{"login", "Login", "account to log in at the start: its key-uid or name", false},
		{"light-kdf", "LightKDF", "make new passwords cheap to check, for small machines", true},
		{"ports-shift", "PortsShift", "added to every fixed port", false},
		{"ipc", "IPCEnabled", "serve RPC on the unix socket, with geth.ipc as a second name", true},
		{"ipcfile", "IPCFile", "path of the unix socket", false},
		{"ipc-mode", "IPCMode", "permissions of the socket: 0600 or 0660", false},
		{"ipc-group", "IPCGroup", "group of the socket", false},
		{"http", "HTTPEnabled", "serve RPC over HTTP and WebSocket", true},
		{"http.addr", "HTTPHost", "address of HTTP", false},
		{"http.port", "HTTPPort", "port of HTTP", false},
		{"http.api", "APIModules", "namespaces over HTTP, comma separated; empty: all", false},
		{"http.vhosts", "HTTPVirtualHosts", "accepted Host names, comma separated; *: any", false},
		{"http.corsdomain", "HTTPCors", "origins that browsers may call from, comma separated", false},
		{"http.no-auth", "HTTPNoAuth", "serve without a token, on loopback only", true},
		{"http.tlscert", "HTTPTLSCert", "certificate file for TLS", false},
		{"http.tlskey", "HTTPTLSKey", "key file for TLS", false},
		{"strangers", "Strangers", "who may begin a chat: all or contacts", false},
		{"later-extensions", "LaterExtensions", "send and accept edits, deletions and pins", true},
		{"events.max-age", "EventLogAge", "how long events are kept for consumers, as 720h", false},
		{"events.max-count", "EventLogCount", "most events that are kept", false},
		{"receive-mode", "ReceiveMode", "receive notifications: manual, on-start or on-connection", false},
		{"webhook-url", "WebhookURL", "address that gets every event as a signed POST request", false},
		{"webhook-types", "WebhookTypes", "event types for the webhook, comma separated; empty: all", false},
		{"webhook-chats", "WebhookChats", "chats whose events the webhook gets, comma separated; empty: all", false},
		{"insecure-webhook", "InsecureWebhook", "allow a webhook without TLS on another machine", true},
		{"log", "LogLevel", "ERROR, WARN, INFO, DEBUG or TRACE", false},
		{"log.format", "LogFormat", "auto, terminal, logfmt or json", false},
		{"log.modules", "LogModules", "levels of single modules, as waku=debug,rpc=warn", false},
		{"log.full-ids", "LogFullIDs", "do not shorten keys and ids in logs", true},
		{"logfile", "LogFile", "log file", false},
		{"metrics", "MetricsEnabled", "serve metrics and health", true},
		{"metrics-addr", "MetricsAddr", "address of metrics", false},
		{"metrics-port", "MetricsPort", "port of metrics", false},
		{"pprof", "PprofEnabled", "serve Go profiles on loopback", true},
		{"pprof-port", "PprofPort", "port of profiles", false},
		{"light", "WakuConfig.LightClient", "run as a light node", true},
		{"mailserver", "WakuConfig.EnableMailServer", "archive envelopes and serve history", true},
		{"mailserver.retention", "WakuConfig.MailServerRetention", `what the archive keeps, as "30d;20GB;5000000"`, false},
		{
			"mailserver.rate-limit", "WakuConfig.MailServerRateLimits",
			`what one peer may ask, as "request:10/1m;page:100/1m;bytes:50MB/1m"`, false,
		},
		{"min-free-disk", "WakuConfig.MinFreeDisk", "bytes of free disk below which nothing is archived, and nothing of " +
			"strangers stored", false},
		{"shutdown-timeout", "ShutdownTimeout", "longest time to stop in", false},
	}
}

// configFlags are the flags from which a configuration is loaded.
type configFlags struct {
	fs       *frame.Flags
	dir      string
	files    []string
	lenient  bool
	noColour bool
	register bool
	syncExit int
}

// addConfigFlags defines the flags that choose a configuration.
func addConfigFlags(fs *frame.Flags) *configFlags {
	f := &configFlags{fs: fs, syncExit: -1}
	f.addFiles()
	fs.Var(&f.noColour, "log-without-color", "no colours in logs")
	fs.Var(&f.register, "register", "register with discovery as a relay, and mailserver if it is one")
	fs.Var(&f.syncExit, "sync-and-exit", "not applicable: there is no chain")
	for _, k := range keyFlags() {
		shown := func() string { return defaultOf(k.key) }
		if k.bool {
			fs.Switch(k.name, k.text, shown)
		} else {
			fs.Text(k.name, k.text, shown).Complete(keyValues(k.key))
		}
	}
	fs.Lookup("fleet").Complete(f.fleets)
	return f
}

// keyValues are the values of keys that have only a few; nil for others.
func keyValues(key string) frame.Completer {
	switch key {
	case "LogLevel":
		return frame.OneOf("ERROR", "WARN", "INFO", "DEBUG", "TRACE")
	case "LogFormat":
		return frame.OneOf("auto", "terminal", "logfmt", "json")
	case "NAT":
		return frame.OneOf("none", "any", "upnp", "pmp", "stun", "extip:", "extif:")
	case "Strangers":
		return frame.OneOf("all", "contacts")
	case "ReceiveMode":
		return frame.OneOf("manual", "on-start", "on-connection")
	case "IPCMode":
		return frame.OneOf("0600", "0660")
	}
	return nil
}

// fleets lists the presets that can be named, for shells.
func (f *configFlags) fleets(context.Context) (names []string) {
	dir, err := f.dataDir()
	if err != nil {
		return nil // a shell shows no errors
	}
	fleets, err := configs.Fleets(dir)
	if err != nil {
		return nil
	}
	for _, fleet := range fleets {
		names = append(names, fleet.Name)
	}
	return names
}

// addFiles defines the flags that say where a configuration is.
func (f *configFlags) addFiles() {
	f.fs.Var(&f.dir, "dir", "data directory (default $HOME/.statusd)")
	f.fs.Var(&f.files, "config,c", "JSON configuration file; may be repeated, the last wins")
	f.fs.Var(&f.lenient, "lenient-config", "warn of unknown keys instead of refusing them")
}

// defaultOf is the default of a key as the value of a flag.
func defaultOf(key string) string {
	defaults := configs.Default()
	for _, e := range (&configs.Loaded{Config: &defaults}).Entries(false) {
		if e.Key == key {
			return flagDefault(e.Value)
		}
	}
	return ""
}

func flagDefault(v any) string {
	switch v := v.(type) {
	case []string:
		if len(v) == 0 {
			return ""
		}
		return v[0]
	case configs.NodeList, configs.ModuleList:
		return ""
	case fmt.Stringer:
		if s := v.String(); s != "invalid IP" {
			return s
		}
		return ""
	default:
		return fmt.Sprint(v)
	}
}

var errSync = errors.New("--sync-and-exit is not applicable: there is no chain to synchronise")

// load reads the configuration that the flags describe.
func (f *configFlags) load() (*configs.Loaded, error) {
	if f.fs.Changed("sync-and-exit") && f.syncExit >= 0 {
		return nil, usageError(errSync)
	}
	in := configs.Input{
		Dir: f.dir, Files: f.files, Environ: os.Environ(), Lenient: f.lenient, SystemFile: configs.SystemFile,
		FlagKeys: map[string]string{},
	}
	for _, k := range keyFlags() {
		in.FlagKeys[k.name] = k.key
		if flag := f.fs.Lookup(k.name); flag != nil && flag.Changed {
			source := "--" + k.name
			in.Overrides = append(in.Overrides, configs.Override{Key: k.key, Value: flag.Value, Source: source})
		}
	}
	if f.noColour {
		plain := configs.Override{Key: "LogColor", Value: "never", Source: "--log-without-color"}
		in.Overrides = append(in.Overrides, plain)
	}
	if flag := f.fs.Lookup("ipc"); flag != nil && flag.Changed && flag.Value == "true" {
		in.Overrides = append(in.Overrides, configs.Override{Key: "IPCGethLink", Value: "true", Source: "--ipc"})
	}
	for _, implied := range []struct{ flag, key, value string }{
		{"bootnodes", "NoDiscovery", "false"}, {"rendezvous", "Rendezvous", "true"},
	} {
		if flag := f.fs.Lookup(implied.flag); flag != nil && flag.Changed && flag.Value != "" {
			in.Overrides = append(in.Overrides, configs.Override{
				Key: implied.key, Value: implied.value, Source: "--" + implied.flag,
			})
		}
	}
	if f.register {
		topics := "whisper"
		if flag := f.fs.Lookup("mailserver"); flag != nil && flag.Value == "true" {
			topics += ",whispermail"
		}
		in.Overrides = append(in.Overrides, configs.Override{Key: "RegisterTopics", Value: topics, Source: "--register"})
	}
	return configs.Load(in)
}
