package dns

import (
	"context"
	"net"

	"github.com/ethereum/go-ethereum/p2p/dnsdisc"
)

// resolver looks names up as they are, without the search list of the system.
type resolver struct{ net *net.Resolver }

// LookupTXT implements dnsdisc.Resolver.
func (r resolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return r.net.LookupTXT(ctx, name+".")
}

// NewResolver returns a resolver that asks the name server at host:port; with
// an empty server, those of the system.
func NewResolver(server string) dnsdisc.Resolver {
	if server == "" {
		return resolver{net.DefaultResolver}
	}
	dialer := new(net.Dialer)
	return resolver{&net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, server)
		},
	}}
}
