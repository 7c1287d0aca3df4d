package rpc

import "statusd/api"

// historyMethods ask mailservers, and tell about the one this node is.
func (s *Server) historyMethods() []method {
	a := &historyAPI{
		client: s.deps.History, mail: s.deps.Mail, waku: s.deps.Waku, guests: s.guests, tasks: s.tasks,
		guard: newRequestGuard(s.cfg.RequestsDelay), log: s.log,
	}
	return []method{
		bind(api.WakuextRequestMessages, a.requestMessages),
		bind(api.WakuextRequestMessagesSync, a.requestMessagesSync),
		bind(api.WakuextUpdateMailservers, a.updateMailservers),
		bind(api.MailserverFetch, a.fetch),
		bind(api.MailserverBackfill, a.backfill),
		bind(api.MailserverStatus, a.status),
		bind(api.MailserverStats, a.stats),
	}
}

// mailserversMethods are the bookkeeping of clients.
func (s *Server) mailserversMethods() []method {
	a := &mailserversAPI{records: s.deps.Records, current: s.currentAccount}
	return []method{
		bind(api.MailserversAddMailserver, a.addMailserver),
		bind(api.MailserversGetMailservers, a.getMailservers),
		bind(api.MailserversDeleteMailserver, a.deleteMailserver),
		bind(api.MailserversPing, a.ping),
		bind(api.MailserversAddMailserverRequestGaps, a.addGaps),
		bind(api.MailserversGetMailserverRequestGaps, a.getGaps),
		bind(api.MailserversDeleteMailserverRequestGaps, a.deleteGaps),
		bind(api.MailserversDeleteMailserverRequestGapsByChatID, a.deleteGapsByChat),
		bind(api.MailserversAddMailserverTopic, a.addTopic),
		bind(api.MailserversGetMailserverTopics, a.getTopics),
		bind(api.MailserversDeleteMailserverTopic, a.deleteTopic),
		bind(api.MailserversAddChatRequestRange, a.addRange),
		bind(api.MailserversGetChatRequestRanges, a.getRanges),
		bind(api.MailserversDeleteChatRequestRange, a.deleteRange),
	}
}
