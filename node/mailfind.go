package node

import (
	"slices"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/configs"
	"statusd/discovery"
	"statusd/mailserver/history"
)

// maxFoundServers bounds the mailservers that discovery found and that are
// asked; the one found first goes first.
const maxFoundServers = 8

// wantsMailservers tells whether discovery has to look for mailservers: those
// of the configuration whose address is not known, or any that are there.
func (n *mailservers) wantsMailservers() bool {
	switch n.cfg.MailserversConfig.Discover {
	case configs.On:
		return true
	case configs.Off:
	default:
		if len(n.cfg.MailServers()) == 0 {
			return true
		}
	}
	return slices.ContainsFunc(n.cfg.MailServers(), func(ref configs.NodeRef) bool { return !ref.HasEndpoint() })
}

// trustsMailserver tells whether a node that was found may be asked for
// history: it is one of the configuration's, or nobody named any and any will
// do.
func (n *mailservers) trustsMailserver(id enode.ID) bool {
	listed := slices.ContainsFunc(n.cfg.MailServers(), func(ref configs.NodeRef) bool { return ref.Node().ID() == id })
	switch n.cfg.MailserversConfig.Discover {
	case configs.On:
		return true
	case configs.Off:
		return listed
	}
	return listed || len(n.cfg.MailServers()) == 0 && !n.mailSet.Load()
}

// mailserverFound hears of mailservers that are known and trusted.
func (n *mailservers) mailserverFound(_ discovery.Topic, found *enode.Node) {
	n.mailMu.Lock()
	defer n.mailMu.Unlock()
	n.mailFound = slices.DeleteFunc(n.mailFound, func(old *enode.Node) bool { return old.ID() == found.ID() })
	if len(n.mailFound) >= maxFoundServers {
		n.mailFound = n.mailFound[1:]
	}
	n.mailFound = append(n.mailFound, found)
	if err := n.applyServers(); err != nil {
		n.log.Warn("mailserver that was found cannot be used", zap.Error(err))
	}
}

// addFound adds mailservers that discovery found. One of the configuration
// keeps its password. The caller holds mailMu, or nothing runs yet.
func (n *mailservers) addFound(list []history.Server) []history.Server {
	for _, found := range n.mailFound {
		have := func(s history.Server) bool { return s.Node.ID() == found.ID() }
		if slices.ContainsFunc(list, have) || !n.trustsMailserver(found.ID()) {
			continue
		}
		server := history.Server{Node: found}
		for _, ref := range n.cfg.MailServers() {
			if ref.Node().ID() == found.ID() {
				server.Password = ref.Password().Reveal()
			}
		}
		list = append(list, server)
	}
	return list
}
