package rpc

import "slices"

// What the members of the objects mean that requests for history have.
const (
	requestDoc = "mailServerPeer: enode of a connected mailserver, else the best one connected. from, to: Unix seconds " +
		"(to 0: now, from 0: a day before to). limit: envelopes of one page, 0: 1000. cursor: hex without 0x, from the " +
		"page before. topics, or topic alone. symKeyID: key of the server's password, else that of its enode or the " +
		"well-known one. timeout: seconds without any sign of the server, 0: 10. force: ask again at once"
	retryDoc = "BaseTimeout and StepTimeout: nanoseconds; attempt k waits Base + k·Step. MaxRetries: attempts after the " +
		"first"
	fetchDoc = "topics: at least one. from, to: Unix seconds, both included (to 0: now). limit: envelopes of the page, " +
		"0: 1000. cursor: hex without 0x, from the page before, together with its server: another one may count " +
		"otherwise. server: enode, which need not be configured; left out: the best one, and others when it fails. " +
		"symKeyID: key of the server's password, else that of its enode or the well-known one. timeout: seconds without " +
		"any sign of a server, 0: 30"
	backfillDoc = "from, to: Unix seconds, both included (to 0: now). limit: envelopes of the page, 0: 1000. cursor: hex" +
		" without 0x, from the page before, together with its server. server: enode, which need not be configured; left " +
		"out: the best one, and others when it fails. timeout: seconds without any sign of a server, 0: 30"
	noEvents = "Envelopes reach filters with allowP2P."
)

// exampleServer is a mailserver in examples.
const exampleServer = exampleNode

// historyMethods ask mailservers, and tell about the one this node is.
func (s *Server) historyMethods() []method {
	a := &historyAPI{
		client: s.deps.History, mail: s.deps.Mail, waku: s.deps.Waku, guests: s.guests, tasks: s.tasks,
		guard: newRequestGuard(s.cfg.RequestsDelay), log: s.log,
	}
	return append(a.requestMethods(), a.mailserverMethods()...)
}

// requestMethods are those of status-go.
func (a *historyAPI) requestMethods() []method {
	const request = `{"mailServerPeer":"` + exampleServer + `","topics":["0x07678231"],"from":1596000000,` +
		`"to":1596086400,"limit":100,"force":true}`
	return []method{
		{
			name: "wakuext_requestMessages", scope: scopeSend, slow: true,
			summary: "Asks a mailserver for one page of history and does not wait for it. " + noEvents,
			params:  []param{{"request", requestDoc}}, result: "id of the request",
			example: ex(`[`+request+`]`, `"`+exampleHash+`"`), handler: fn1(a.requestMessages),
		},
		{
			name: "wakuext_requestMessagesSync", scope: scopeSend, slow: true, timeout: syncTime,
			summary: "Asks a mailserver for one page of history and waits until it has gone through the filters. " +
				"Only attempts that get no answer are repeated. " + noEvents,
			params: []param{{"config", retryDoc}, {"request", requestDoc}},
			result: "cursor: hex without 0x, where the next page starts, empty at the end; error: the server's, empty if none",
			example: ex(`[{"BaseTimeout":10000000000,"StepTimeout":5000000000,"MaxRetries":2},`+request+`]`,
				`{"cursor":"","error":""}`),
			handler: fn2(a.requestMessagesSync),
		},
		{
			name: "wakuext_updateMailservers", scope: scopeAdmin, slow: true,
			summary: "Replaces the mailservers that this node asks, also after a restart. The first one is preferred. " +
				"Without any, those of the configuration count again.",
			params:  []param{{"enodes", "enode URLs, which may carry a password: enode://id:password@host:port"}},
			result:  "null",
			example: ex(`[["`+exampleServer+`"]]`, `null`), handler: fn1(a.updateMailservers),
		},
	}
}

// mailserverMethods are our own.
func (a *historyAPI) mailserverMethods() []method {
	return []method{
		{
			name: "mailserver_fetch", scope: scopeSend, slow: true, timeout: fetchTime, account: true,
			summary: "Fetches one page of history: connects if need be, tries each server twice, and answers when all of " +
				"the page has gone through the filters. Newest first. " + noEvents,
			params: []param{{"request", fetchDoc}},
			result: "server: enode of the one that answered; envelopes: of the wanted topics; cursor: hex without 0x, where " +
				"the next page starts; done: nothing is left",
			example: ex(`[{"topics":["0x07678231"],"from":1596000000,"to":1596086400,"limit":100}]`,
				`{"server":"`+exampleServer+`","requestId":"`+exampleHash+`","envelopes":100,`+
					`"cursor":"5f217a8061a6f8d0c2b8e6a5e9f7c4d3b2a1908f7e6d5c4b3a2918f7e6d5c4b3a2918f7e","done":false}`),
			handler: fn1(a.fetch),
		},
		{
			name: "mailserver_backfill", scope: scopeAdmin, slow: true, timeout: fetchTime,
			summary: "Asks another mailserver for one page of everything between two times and archives it, for a mailserver " +
				"that was away. Answers when the page is durable. Newest first.",
			params: []param{{"request", backfillDoc}},
			result: "server: enode of the one that answered; envelopes that came; archived: of those, handed to the archive, " +
				"which leaves out what it has; skipped: of those, too large or with too little proof of work; cursor: hex " +
				"without 0x, where the next page starts at the same server; done: nothing is left",
			example: ex(`[{"server":"`+exampleServer+`","from":1596000000,"to":1596086400}]`,
				`{"server":"`+exampleServer+`","requestId":"`+exampleHash+`","envelopes":1000,"archived":1000,"skipped":0,`+
					`"cursor":"5f217a8061a6f8d0c2b8e6a5e9f7c4d3b2a1908f7e6d5c4b3a2918f7e6d5c4b3a2918f7e","done":false}`),
			handler: fn1(a.backfill),
		},
		{
			name: "mailserver_status", scope: scopeRead, account: true,
			summary: "Lists the mailservers that this node asks, the best one first, and the requests that wait for an answer.",
			result: "servers: givenUp counts pages in a row, streak tries in a row without an answer; unwanted are envelopes " +
				"of topics not asked for, refused those outside the request. outstanding: since when, and how many envelopes " +
				"have come",
			example: ex(`[]`, `{"servers":[{"id":"`+exampleHash[2:]+`","enode":"`+exampleServer+`","connected":true,`+
				`"pages":3,"failures":0,"streak":0,"givenUp":0,"envelopes":250,"unwanted":0,"refused":0,`+
				`"latencyNanoseconds":24000000,"lastAnswer":"2020-07-29T05:20:00Z"}],"outstanding":[]}`),
			handler: fn0(a.status),
		},
		{
			name: "mailserver_stats", scope: scopeRead, slow: true,
			summary: "Describes the mailserver that this node is: what it has archived, and whether it still does.",
			result: "health.reason says what keeps it from archiving. recorder counts since the start. archive: oldest and " +
				"newest are Unix seconds, diskBytes is -1 when not known; null while the archive cannot be read",
			example: ex(`[]`, `{"health":{"ok":true},"recorder":{"stored":1200,"dropped":0,"refused":0,`+
				`"damaged":0,"pruned":0,"pending":0,"spillBytes":0},`+
				`"archive":{"envelopes":1200,"bytes":783600,"diskBytes":991232,"topics":17,`+
				`"oldest":1596000000,"newest":1596086400}}`),
			handler: fn0(a.stats),
		},
	}
}

// mailserversMethods are the bookkeeping of clients.
func (s *Server) mailserversMethods() []method {
	a := &mailserversAPI{records: s.deps.Records, current: s.currentAccount}
	return slices.Concat(a.serverMethods(), a.gapMethods(), a.topicMethods())
}

// serverMethods remember mailservers.
func (a *mailserversAPI) serverMethods() []method {
	const server = `{"id":"one","name":"My mailserver","address":"` + exampleServer + `","password":"secret",` +
		`"fleet":"mine"}`
	id := []param{{"id", "id of the mailserver"}}
	return []method{
		{
			name: "mailservers_addMailserver", scope: scopeAdmin, slow: true,
			summary: "Remembers a mailserver, over one with the same id. wakuext_updateMailservers puts servers to use.",
			params:  []param{{"mailserver", "id, name, address (enode), password (optional), fleet"}}, result: "null",
			example: ex(`[`+server+`]`, `null`), handler: fn1(a.addMailserver),
		},
		{
			name: "mailservers_getMailservers", scope: scopeAdmin, slow: true,
			summary: "Lists the remembered mailservers, with their passwords.", result: "the mailservers",
			example: ex(`[]`, `[`+server+`]`), handler: fn0(a.getMailservers),
		},
		{
			name: "mailservers_deleteMailserver", scope: scopeAdmin, slow: true,
			summary: "Forgets a mailserver.", params: id, result: "null",
			example: ex(`["one"]`, `null`), handler: fn1(a.deleteMailserver),
		},
		{
			name: "mailservers_ping", scope: scopeSend, slow: true,
			summary: "Measures how long a TCP connection to each address takes, all at once.",
			params:  []param{{"query", "addresses: enodes, at most 200. timeoutMs: 0: 5000, at most 30000"}},
			result:  "in the order asked: address, and rttMs in milliseconds or error",
			example: ex(`[{"addresses":["`+exampleServer+`"],"timeoutMs":500}]`,
				`[{"address":"`+exampleServer+`","rttMs":31,"error":null}]`),
			handler: fn1(a.ping),
		},
	}
}

// gapMethods remember what is missing.
func (a *mailserversAPI) gapMethods() []method {
	const gap = `{"id":"gap-1","chatId":"status","from":1596000000,"to":1596003600}`
	chat := []param{{"chatId", "id of the chat"}}
	return []method{
		{
			name: "mailservers_addMailserverRequestGaps", scope: scopeSend, slow: true,
			summary: "Remembers times of chats that have not been fetched, over those with the same id, all or none.",
			params:  []param{{"gaps", "id, chatId, from and to (Unix seconds) of each"}}, result: "null",
			example: ex(`[[`+gap+`]]`, `null`), handler: fn1(a.addGaps),
		},
		{
			name: "mailservers_getMailserverRequestGaps", scope: scopeRead, slow: true,
			summary: "Lists the gaps of a chat.", params: chat, result: "the gaps",
			example: ex(`["status"]`, `[`+gap+`]`), handler: fn1(a.getGaps),
		},
		{
			name: "mailservers_deleteMailserverRequestGaps", scope: scopeSend, slow: true,
			summary: "Forgets gaps.", params: []param{{"ids", "ids of the gaps"}}, result: "null",
			example: ex(`[["gap-1"]]`, `null`), handler: fn1(a.deleteGaps),
		},
		{
			name: "mailservers_deleteMailserverRequestGapsByChatID", scope: scopeSend, slow: true,
			summary: "Forgets all gaps of a chat.", params: chat, result: "null",
			example: ex(`["status"]`, `null`), handler: fn1(a.deleteGapsByChat),
		},
	}
}

// topicMethods remember what has been fetched.
func (a *mailserversAPI) topicMethods() []method {
	const topic = `{"topic":"0x07678231","discovery?":false,"negotiated?":false,"chat-ids":["status"],` +
		`"last-request":1596000000}`
	const span = `{"chat-id":"status","lowest-request-from":1595900000,"highest-request-to":1596000000}`
	return []method{
		{
			name: "mailservers_addMailserverTopic", scope: scopeSend, slow: true,
			summary: "Remembers until when a topic has been fetched, over what was remembered of it.",
			params:  []param{{"topic", "topic, discovery?, negotiated?, chat-ids, last-request (Unix seconds)"}},
			result:  "null",
			example: ex(`[`+topic+`]`, `null`), handler: fn1(a.addTopic),
		},
		{
			name: "mailservers_getMailserverTopics", scope: scopeRead, slow: true,
			summary: "Lists what is remembered of topics.", result: "the topics",
			example: ex(`[]`, `[`+topic+`]`), handler: fn0(a.getTopics),
		},
		{
			name: "mailservers_deleteMailserverTopic", scope: scopeSend, slow: true,
			summary: "Forgets a topic.", params: []param{{"topic", "the topic"}}, result: "null",
			example: ex(`["0x07678231"]`, `null`), handler: fn1(a.deleteTopic),
		},
		{
			name: "mailservers_addChatRequestRange", scope: scopeSend, slow: true,
			summary: "Remembers the time of a chat that has been fetched.",
			params:  []param{{"range", "chat-id, lowest-request-from, highest-request-to (Unix seconds)"}}, result: "null",
			example: ex(`[`+span+`]`, `null`), handler: fn1(a.addRange),
		},
		{
			name: "mailservers_getChatRequestRanges", scope: scopeRead, slow: true,
			summary: "Lists the fetched times of all chats.", result: "the ranges",
			example: ex(`[]`, `[`+span+`]`), handler: fn0(a.getRanges),
		},
		{
			name: "mailservers_deleteChatRequestRange", scope: scopeSend, slow: true,
			summary: "Forgets the fetched time of a chat.", params: []param{{"chatId", "id of the chat"}}, result: "null",
			example: ex(`["status"]`, `null`), handler: fn1(a.deleteRange),
		},
	}
}
