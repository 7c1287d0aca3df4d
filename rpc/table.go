package rpc

import (
	"context"
	"slices"

	"statusd/api"
)

// metaNamespace describes the server itself; it is on offer everywhere.
const metaNamespace = "rpc"

// firstRelease is the version in which the first methods appeared.
const firstRelease = "0.1.0"

// Values that the examples share.
const (
	examplePrivateKey = "0x8bda3abeb454847b515fa9b404cede50b1cc63cfdeddd4999d074284b4c21e15"
	examplePublicKey  = "0x04" + exampleNodeKey
	exampleNodeKey    = "7cd9fb61f0cd537c13cfa6b6941257faefef565a0ad8e345ee2ce9aa045791333dd03df4cc9f" +
		"6848c6bb9c265b823eee2825853076c112095f8243fbb0c15c46"
	// exampleKeyID is the id of that key pair, which follows from the key.
	exampleKeyID  = "cbd12a360de613bdf24cf473a63cf116afefd6545b9b16474772edbe07096dcb"
	exampleSymKey = "0xf2b1a0c9d8e7f60514233241505f6e7d8c9baab9c8d7e6f504132231405f6e7d"
	// exampleID stands for a random id.
	exampleID    = "5b4c1ba33ff8ee0e3a1ea1db5b2cf1ab6bb1db2a1e9ed7ba03ee4a7ce4d8f3f1"
	exampleHash  = "0x61a6f8d0c2b8e6a5e9f7c4d3b2a1908f7e6d5c4b3a2918f7e6d5c4b3a2918f7e"
	exampleNode  = "enode://" + exampleNodeKey + "@192.0.2.7:30303"
	exampleSubID = "0x9ce59a13059e417087c02d3236a0b1cc"
)

// ex makes an example of a call with parameters and a result, both JSON.
func ex(params, result string, setup ...setupCall) example {
	return example{setup: setup, params: params, result: result}
}

// The setup of examples that need a key or a filter with a random id.
func withSymKey() []setupCall {
	return []setupCall{setup("waku_addSymKey", `["`+exampleSymKey+`"]`, "symKeyID")}
}

func withKeyPair() []setupCall {
	return []setupCall{setup("waku_addPrivateKey", `["`+examplePrivateKey+`"]`, "")}
}

func withFilter() []setupCall {
	return append(withKeyPair(), setup("waku_newMessageFilter", `[{"privateKeyID":"`+exampleKeyID+`"}]`, "filterID"))
}

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
		a := &extAPI{s.deps.Messenger}
		all = slices.Concat(all, a.chatMethods(), a.messageMethods(), a.groupMethods(), a.contactMethods(),
			a.transactionMethods())
	}
	if s.tokens.path != "" {
		all = slices.Concat(all, (&tokenAPI{s}).methods())
	}
	if s.deps.Messenger != nil && s.deps.Events != nil {
		all = slices.Concat(all, (&sendAPI{extAPI{s.deps.Messenger}, s.deps.Events}).methods())
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
	for i := range all {
		switch namespace(all[i].name) {
		case "wakuext", "mailservers": // what these touch is an account's
			all[i].account = true
		}
		if all[i].since == "" {
			all[i].since = firstRelease
		}
	}
	return all
}

// metaMethods describe the server.
func (s *Server) metaMethods() []method {
	return []method{
		bind(api.RpcModules, s.modulesOnOffer),
		bind(api.RpcDiscover, s.discover),
	}
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
