// Package configs holds the configuration of the daemon: the structure with
// all keys, their defaults, where values come from, and validation.
//
// A configuration is assembled by Load from several layers (highest first):
// command line, environment, files given with -c, <dir>/config.json,
// /etc/statusd/config.json, the fleet preset, the defaults of Default. The
// origin of every value is kept (Loaded.Sources). Key names are those of
// status-go's NodeConfig, read without regard to case; the keys which are ours
// alone are listed in docs/configuration.md.
//
// Invariants: a Config that Load returned has passed Validate. Values are
// typed when they are read, so a Config never holds an unparsable node
// address, level or duration. Secrets live in types (Secret, SecretURL,
// NodeRef) that print a mask through every formatting verb and encoder; the
// clear text leaves only through their Reveal methods.
//
// The package starts no goroutine, opens no socket and knows no component:
// package node maps a Config to the configuration of each component, and no
// package below node and rpc imports this one.
package configs
