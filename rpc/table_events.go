package rpc

// Parameters that several methods about events have.
func paramSince() param {
	return param{"since", "cursor after which to begin: 0 is the beginning of the log, -1 its end"}
}

// paramOwner is whose consumer is meant.
func paramOwner(otherwise string) param {
	return param{"owner", "whose it is, as status_listConsumers gives it; left out: " + otherwise}
}

const eventExample = `{"cursor":7,"account":"` + exampleAccount + `","time":1606521600000,"type":"account.login",` +
	`"event":{"keyUid":"` + exampleAccount + `"}}`

// methods read the event log.
func (a *eventsAPI) methods() []method {
	receive := a.receiveMethod()
	short := receive
	short.name, short.aliasOf = "receive", receive.name
	return append([]method{
		{
			name: "status_getEvents", scope: scopeRead, slow: true, timeout: waiting, account: true,
			summary: "Reads the event log of the account from a cursor on, and waits for the next event if there is none.",
			params: []param{{"query", "all members may be left out, and given as named parameters directly. since: cursor " +
				"after which to begin (the oldest event; -1: the end); limit: most events (200, at most 1000); wait: seconds to " +
				"wait for an event (0, at most 60); types, chats: lists of what is wanted (all); consumer: go on after what this " +
				"name acknowledged, or after since if that is later (one that is new begins at since, which " +
				"is noted); it needs the scope events"}},
			result: "events in order; next is the since of the next call. With gap:true events are gone from the log that " +
				"were not read yet, and from is the oldest there is",
			example: ex(`[{"types":["account.login"],"limit":1}]`, `{"events":[`+eventExample+`],"next":7}`, withLogin()...),
			handler: fn1(a.get),
		},
		{
			name: "status_ackEvents", scope: scopeEvents, slow: true, account: true,
			summary: "Notes that a named consumer is done with the events up to a cursor. It survives a crash of the daemon. " +
				"One that is new belongs to the token: others, but for admins, neither see nor move nor remove it, and may " +
				"have one of the same name. A token may have 10.",
			params: []param{
				{"consumer", "any name of at most 128 bytes, of characters that are shown, that does not begin with webhook " +
					"or look so"},
				{"cursor", "of an event, or next of a page"}, paramOwner("the token's own, else the one without owner"),
			},
			result: "null", example: ex(`["echo-bot",1]`, `null`, withLogin()...), handler: fnArgs(a.ack),
		},
		{
			name: "status_listConsumers", scope: scopeRead, slow: true, account: true,
			summary: "Lists the named consumers of the event log that the token made; for an admin, all.",
			result: "owner is local (socket and rpc-token), token: and a name, daemon (webhooks), or empty for one from " +
				"before there were owners; cursor is the last event acknowledged, behind the number of those after it",
			example: ex(`[]`, `[{"name":"echo-bot","owner":"local","cursor":7,"behind":0,"time":"2020-11-28T00:00:00Z"}]`,
				withConsumer()...),
			handler: fn0(a.consumers),
		},
		{
			name: "status_removeConsumer", scope: scopeEvents, slow: true, account: true,
			summary: "Forgets a named consumer of the token; of anybody, for an admin.",
			params: []param{{"consumer", "its name"}, paramOwner("the token's own, else the one without owner, " +
				"else for an admin that of another, if just one has it")}, result: "null",
			example: ex(`["echo-bot"]`, `null`, withConsumer()...), handler: fnArgs(a.removeConsumer),
		},
		{
			name: "status_subscribe", scope: scopeRead, slow: true,
			summary: "Pushes events and the node's own signals over this connection (WebSocket and unix socket).",
			params: []param{{"name", "signals"}, {"options", "all members may be left out. types, chats: lists of what is " +
				"wanted (all); since: cursor after which to begin (the end of the log); consumer: go on after what this name " +
				"acknowledged, which needs the scope events"}},
			result: "id of the subscription; notifications status_subscription have an event as result, as status_getEvents " +
				"has. Signals of the node (node.*, discovery.*, enode.discovered) have neither cursor nor account. Events are " +
				"never dropped for a slow reader: {gap:true,from} stands where the log no longer had them, an error of the kind " +
				"lagged where signals of the node are missing. It goes on through logout and login",
			example: ex(`["signals",{"types":["messages.new"]}]`, `"`+exampleSubID+`"`),
			handler: subscribeFn("status", "signals", followed(a.subscribeSignals)),
		},
		{
			name: "status_unsubscribe", scope: scopeRead, slow: true,
			summary: "Ends a subscription of this connection.",
			params:  []param{{"id", "id of the subscription"}}, result: "true",
			example: ex(`["{{subscriptionID}}"]`, `true`, setup("status_subscribe", `["signals"]`, "subscriptionID")),
			handler: fn1(unsubscribe),
		},
		receive, short,
	}, a.signalCLIMethods()...)
}

func withConsumer() []setupCall {
	return append(withLogin(), setup("status_ackEvents", `["echo-bot",1]`, ""))
}

func (a *eventsAPI) receiveMethod() method {
	return method{
		name: "status_receive", scope: scopeRead, slow: true, timeout: waiting, account: true,
		summary: "Reads messages that came, from a cursor on, and waits for the next if there is none.",
		params: []param{
			paramSince(), {"timeoutSeconds", "time to wait for a message, at most 60; 0 if left out"},
			{"maxMessages", "most events; 200 if left out, at most 1000"}, {"chat", "id of the only chat that is wanted"},
			{"consumer", "name of who reads: goes on after what it acknowledged with status_ackEvents; needs the scope events"},
		},
		result:  "as of status_getEvents, with events of the type messages.new",
		example: ex(`[0,0,10]`, `{"events":[],"next":7}`, withLogin()...), handler: fnArgs(a.receive),
	}
}

// signalCLIMethods have the names and shapes of signal-cli.
func (a *eventsAPI) signalCLIMethods() []method {
	return []method{
		{
			name: "subscribeReceive", scope: scopeRead, slow: true,
			summary: "Pushes messages that come in the form of signal-cli over this connection (WebSocket and unix socket).",
			result: "number of the subscription; notifications receive have params {subscription, result: {envelope, account, " +
				"cursor}}. envelope.dataMessage is a message of somebody, envelope.syncMessage.sentMessage one that another " +
				"device of ours sent",
			example: ex(`[]`, `0`), handler: fn0(a.subscribeReceive),
		},
		{
			name: "unsubscribeReceive", scope: scopeRead, slow: true,
			summary: "Ends a subscription of subscribeReceive.",
			params:  []param{{"subscription", "its number"}}, result: "null",
			example: ex(`[0]`, `null`, setup("subscribeReceive", `[]`, "")), handler: fn1(a.unsubscribeReceive),
		},
	}
}
