// Package docs holds the parts of the documentation that manual pages are made
// of.
package docs

import _ "embed" // the texts

// Texts in Markdown.
var (
	//go:embed configuration.md
	Configuration string
	//go:embed events.md
	Events string
	//go:embed rpc.md
	RPC string
)
