package rpc

import (
	"context"
	"slices"

	"statusd/api"
)

// metaNamespace describes the server itself; it is on offer everywhere.
const metaNamespace = "rpc"

// table lists every method that this server has.
func (s *Server) table() []method {
	all := slices.Concat(s.nodeMethods(), s.metaMethods())
	if s.deps.Waku != nil {
		a := &wakuAPI{host: s.deps.Waku, guests: s.guests, format: formatOf(s.cfg.Base64Bytes)}
		all = slices.Concat(a.methods(), all)
	}
	if s.deps.History != nil {
		all = slices.Concat(all, s.historyMethods(), s.mailserversMethods())
	}
	if s.deps.Messenger != nil {
		all = slices.Concat(all, messengers{s.deps.Messenger}.extMethods())
	}
	if s.tokens.path != "" {
		all = slices.Concat(all, (&tokenAPI{s}).methods())
	}
	if s.deps.Messenger != nil && s.deps.Events != nil {
		all = slices.Concat(all, (&sendAPI{messengers{s.deps.Messenger}, s.deps.Events}).methods())
	}
	if s.deps.Accounts != nil {
		a := &accountAPI{s.deps.Accounts, s.stopping}
		all = slices.Concat(all, a.methods())
	}
	if s.deps.Events != nil {
		all = slices.Concat(all, s.eventsAPI().methods())
	}
	if s.deps.Accounts != nil && s.deps.Messenger != nil {
		a := &devicesAPI{s.deps.Messenger, s.deps.Courier, s.deps.Accounts, s.guests}
		all = slices.Concat(all, a.methods())
	}
	all = slices.Concat(all, s.discoveryMethods(), (&keyAPI{s.deps.Names}).methods())
	return all
}

// metaMethods describe the server.
func (s *Server) metaMethods() []method {
	return []method{bind(api.RpcModules, s.modulesOnOffer), bind(api.RpcDiscover, s.discover)}
}

func (s *Server) modulesOnOffer(ctx context.Context, _ api.None) (map[string]string, error) {
	c := callFrom(ctx).caller
	out := make(map[string]string)
	for name := range s.dispatch.methods {
		if ns := namespace(name); c.offers(ns) {
			out[ns] = "1.0"
		}
	}
	return out, nil
}
