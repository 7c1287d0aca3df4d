// Package deploy holds the files with which statusd is installed, for the
// command that writes them. It has no other code.
package deploy

import _ "embed"

// Unit is the systemd unit of the daemon with the data directory
// /var/lib/statusd.
//
//go:embed systemd/statusd.service
var Unit string
