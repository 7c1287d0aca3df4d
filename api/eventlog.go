package api

import "time"

// Consumer is a named consumer of the event log.
type Consumer struct {
	Name string `json:"name"`
	// Owner is "local", "token:" and the name of a token, "daemon" for those of
	// webhooks, or empty for one from before there were owners.
	Owner  string    `json:"owner"`
	Cursor int64     `json:"cursor"` // the last event acknowledged
	Behind int64     `json:"behind"` // events that came after it
	Time   time.Time `json:"time"`   // of the last acknowledgement
}

// Arguments of methods about events.
type (
	// GetEventsArgs are those of status_getEvents.
	GetEventsArgs struct {
		Query *EventsQuery `json:"query" doc:"all members may be left out, and given as named parameters directly"`
	}
	// EventsQuery says what is wanted of the event log.
	EventsQuery struct {
		Since    *int64      `json:"since,omitempty" doc:"cursor after which to begin (the oldest event; -1: the end)"`
		Limit    *int        `json:"limit,omitempty" doc:"most events (200, at most 1000)"`
		Wait     *float64    `json:"wait,omitempty" doc:"seconds to wait for an event (0, at most 60)"`
		Types    []EventType `json:"types,omitempty" doc:"types of events that are wanted (all)"`
		Chats    []string    `json:"chats,omitempty" doc:"ids of chats, and #name, whose events are wanted (all)"`
		Consumer string      `json:"consumer,omitempty" doc:"name to go on as, after what it acknowledged"`
	}
	// StatusSubscribeArgs are those of status_subscribe.
	StatusSubscribeArgs struct {
		Name    string        `json:"name" doc:"what to subscribe to"`
		Options *SignalsQuery `json:"options" doc:"all members may be left out"`
	}
	// SignalsQuery says what is wanted of what comes.
	SignalsQuery struct {
		Types    []EventType `json:"types,omitempty" doc:"types of events that are wanted (all)"`
		Chats    []string    `json:"chats,omitempty" doc:"ids of chats, and #name, whose events are wanted (all)"`
		Since    *int64      `json:"since,omitempty" doc:"cursor after which to begin (the end of the log)"`
		Consumer string      `json:"consumer,omitempty" doc:"name to go on as, after what it acknowledged"`
	}
	// AckEventsArgs are those of status_ackEvents.
	AckEventsArgs struct {
		Consumer string  `json:"consumer" doc:"any name of at most 128 bytes, of characters that are shown"`
		Cursor   int64   `json:"cursor" doc:"of an event, or next of a page"`
		Owner    *string `json:"owner" doc:"whose it is, as status_listConsumers gives it"`
	}
	// RemoveConsumerArgs are those of status_removeConsumer.
	RemoveConsumerArgs struct {
		Consumer string  `json:"consumer" doc:"its name"`
		Owner    *string `json:"owner" doc:"whose it is, as status_listConsumers gives it"`
	}
	// ReceiveArgs are those of status_receive.
	ReceiveArgs struct {
		Since          *int64   `json:"since" doc:"cursor after which to begin: 0 is the beginning of the log, -1 its end"`
		TimeoutSeconds *float64 `json:"timeoutSeconds" doc:"time to wait for a message, at most 60; 0 if left out"`
		MaxMessages    *int     `json:"maxMessages" doc:"most events; 200 if left out, at most 1000"`
		Chat           *string  `json:"chat" doc:"id of the only chat that is wanted"`
		Consumer       *string  `json:"consumer" doc:"name to go on as; needs the scope events"`
	}
	// NumberArgs name a subscription of subscribeReceive.
	NumberArgs struct {
		Subscription int `json:"subscription" doc:"its number"`
	}
)

// eventWait is the time that a call may take which waits for events.
const eventWait = time.Minute + DefaultTimeout

// What the methods about events share.
const (
	exampleEvent = `{"cursor":7,"account":"` + exampleAccount + `","time":1606521600000,"type":"account.login",` +
		`"event":{"keyUid":"` + exampleAccount + `"}}`
	receiveSummary = "Reads messages that came, from a cursor on, and waits for the next if there is none. A consumer " +
		"goes on after what it acknowledged with status_ackEvents."
	receiveReturns = "as of status_getEvents, with events of the type messages.new"
	exampleNothing = `{"events":[],"next":7}`
)

var exampleConsumer = []Call{
	{Method: "account_importKey", Params: exampleImport}, {Method: "account_login", Params: exampleOpen},
	{Method: "status_ackEvents", Params: `["echo-bot",1]`},
}

// Methods about events.
var (
	StatusGetEvents = Method[GetEventsArgs, EventPage]{
		Name: "status_getEvents", Scope: ScopeRead, Slow: true, Account: true, Timeout: eventWait,
		Summary: "Reads the event log of the account from a cursor on, and waits for the next event if there is none. With " +
			"a consumer it goes on after what this name acknowledged, or after since if that is later; one that is new begins " +
			"at since, which is noted. Naming one needs the scope events.",
		Returns: "events in order; next is the since of the next call. With gap:true events are gone from the log that " +
			"were not read yet, and from is the oldest there is",
		Errors: []Code{CodeNotLoggedIn},
		Example: Example{
			Setup: exampleLogin, Params: `[{"types":["account.login"],"limit":1}]`,
			Result: `{"events":[` + exampleEvent + `],"next":7}`,
		},
	}
	StatusAckEvents = Method[AckEventsArgs, None]{
		Name: "status_ackEvents", Scope: ScopeEvents, Slow: true, Account: true, Returns: "null",
		Summary: "Notes that a named consumer is done with the events up to a cursor. It survives a crash of the daemon. " +
			"One that is new belongs to the token: others, but for admins, neither see nor move nor remove it, and may " +
			"have one of the same name. A token may have 10. A name must not begin with webhook, or look so. Without owner " +
			"the token's own consumer is meant, else the one without owner.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleLogin, Params: `["echo-bot",1]`, Result: `null`},
	}
	StatusListConsumers = Method[None, []Consumer]{
		Name: "status_listConsumers", Scope: ScopeRead, Slow: true, Account: true,
		Summary: "Lists the named consumers of the event log that the token made; for an admin, all.",
		Returns: "owner is local (socket and rpc-token), token: and a name, daemon (webhooks), or empty for one from " +
			"before there were owners; cursor is the last event acknowledged, behind the number of those after it",
		Errors: []Code{CodeNotLoggedIn},
		Example: Example{
			Setup: exampleConsumer, Params: `[]`,
			Result: `[{"name":"echo-bot","owner":"local","cursor":7,"behind":0,"time":"2020-11-28T00:00:00Z"}]`,
		},
	}
	StatusRemoveConsumer = Method[RemoveConsumerArgs, None]{
		Name: "status_removeConsumer", Scope: ScopeEvents, Slow: true, Account: true, Returns: "null",
		Summary: "Forgets a named consumer of the token; of anybody, for an admin. Without owner the token's own is meant, " +
			"else the one without owner, else for an admin that of another, if just one has it.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleConsumer, Params: `["echo-bot"]`, Result: `null`},
	}
	StatusSubscribe = Subscription[StatusSubscribeArgs, string, EventNotice]{
		Name: "status_subscribe", Scope: ScopeRead, Slow: true, Topic: "signals",
		Summary: "Pushes events and the node's own signals over this connection (WebSocket and unix socket). Naming a " +
			"consumer needs the scope events.",
		Returns: "id of the subscription; notifications status_subscription have an event as result, as status_getEvents " +
			"has. Signals of the node (node.*, discovery.*, enode.discovered) have neither cursor nor account. Events are " +
			"never dropped for a slow reader: {gap:true,from} stands where the log no longer had them, an error of the kind " +
			"lagged where signals of the node are missing. It goes on through logout and login",
		Example: Example{Params: `["signals",{"types":["messages.new"]}]`, Result: `"` + exampleSubID + `"`},
	}
	StatusUnsubscribe = Method[SubscriptionArgs, bool]{
		Name: "status_unsubscribe", Scope: ScopeRead, Slow: true, Returns: "true",
		Summary: "Ends a subscription of this connection.",
		Example: Example{
			Setup:  []Call{{Method: "status_subscribe", Params: `["signals"]`, Bind: "subscriptionID"}},
			Params: `["{{subscriptionID}}"]`, Result: `true`,
		},
	}
	StatusReceive = Method[ReceiveArgs, EventPage]{
		Name: "status_receive", Scope: ScopeRead, Slow: true, Account: true, Timeout: eventWait,
		Summary: receiveSummary, Returns: receiveReturns, Errors: []Code{CodeNotLoggedIn},
		Example: Example{Setup: exampleLogin, Params: `[0,0,10]`, Result: exampleNothing},
	}
	Receive = Method[ReceiveArgs, EventPage]{
		Name: "receive", AliasOf: "status_receive", Scope: ScopeRead, Slow: true, Account: true, Timeout: eventWait,
		Summary: receiveSummary, Returns: receiveReturns, Errors: []Code{CodeNotLoggedIn},
		Example: Example{Setup: exampleLogin, Params: `[0,0,10]`, Result: exampleNothing},
	}
	SubscribeReceive = Subscription[None, int, Received]{
		Name: "subscribeReceive", Scope: ScopeRead, Slow: true,
		Summary: "Pushes messages that come in the form of signal-cli over this connection (WebSocket and unix socket).",
		Returns: "number of the subscription; notifications receive have params {subscription, result: {envelope, account, " +
			"cursor}}. envelope.dataMessage is a message of somebody, envelope.syncMessage.sentMessage one that another " +
			"device of ours sent",
		Example: Example{Params: `[]`, Result: `0`},
	}
	UnsubscribeReceive = Method[NumberArgs, None]{
		Name: "unsubscribeReceive", Scope: ScopeRead, Slow: true, Returns: "null",
		Summary: "Ends a subscription of subscribeReceive.",
		Example: Example{Setup: []Call{{Method: "subscribeReceive", Params: `[]`}}, Params: `[0]`, Result: `null`},
	}
)

func eventLogMethods() []Described {
	return []Described{
		StatusGetEvents, StatusAckEvents, StatusListConsumers, StatusRemoveConsumer, StatusSubscribe,
		StatusUnsubscribe, StatusReceive, Receive, SubscribeReceive, UnsubscribeReceive,
	}
}
