package api

// SavedMailserver is a mailserver that a user chose.
type SavedMailserver struct {
	ID       string `json:"id" doc:"of the caller's own choice"`
	Name     string `json:"name" doc:"for people"`
	Address  string `json:"address" doc:"enode"`
	Password string `json:"password,omitempty" doc:"left out: the well-known one"`
	Fleet    string `json:"fleet" doc:"name of the fleet it belongs to"`
}

// RequestGap is a time of a chat that has not been fetched.
type RequestGap struct {
	ID     string `json:"id" doc:"of the caller's own choice"`
	ChatID string `json:"chatId" doc:"id of the chat"`
	From   uint64 `json:"from" doc:"Unix seconds"`
	To     uint64 `json:"to" doc:"Unix seconds"`
}

// MailserverTopic says what has been fetched of a topic.
type MailserverTopic struct {
	Topic       string   `json:"topic" doc:"the topic"`
	Discovery   bool     `json:"discovery?" doc:"whether strangers write there"`
	Negotiated  bool     `json:"negotiated?" doc:"whether it was agreed with somebody"`
	ChatIDs     []string `json:"chat-ids" doc:"chats whose messages come there"`
	LastRequest int64    `json:"last-request" doc:"Unix seconds until when it has been fetched"`
}

// RequestRange is the time of a chat that has been fetched.
type RequestRange struct {
	ChatID  string `json:"chat-id" doc:"id of the chat"`
	Lowest  int64  `json:"lowest-request-from" doc:"Unix seconds, the beginning"`
	Highest int64  `json:"highest-request-to" doc:"Unix seconds, the end"`
}

// PingResult is how long a TCP connection took to come about.
type PingResult struct {
	Address string  `json:"address"`
	RTTMs   *int64  `json:"rttMs"` // milliseconds
	Error   *string `json:"error"`
}

// Arguments of methods that remember what clients tell.
type (
	// SavedMailserverArgs are those of mailservers_addMailserver.
	SavedMailserverArgs struct {
		Mailserver SavedMailserver `json:"mailserver" doc:"what to remember"`
	}
	// MailserverIDArgs name a mailserver.
	MailserverIDArgs struct {
		ID string `json:"id" doc:"id of the mailserver"`
	}
	// PingArgs are those of mailservers_ping.
	PingArgs struct {
		Query PingQuery `json:"query" doc:"what to try"`
	}
	// PingQuery says what to try.
	PingQuery struct {
		Addresses []string `json:"addresses,omitempty" doc:"enodes, at most 200"`
		TimeoutMs int64    `json:"timeoutMs,omitempty" doc:"milliseconds; 0: 5000, at most 30000"`
	}
	// RequestGapsArgs are those of mailservers_addMailserverRequestGaps.
	RequestGapsArgs struct {
		Gaps []RequestGap `json:"gaps" doc:"what to remember"`
	}
	// GapIDsArgs name gaps.
	GapIDsArgs struct {
		IDs []string `json:"ids" doc:"ids of the gaps"`
	}
	// MailserverTopicArgs are those of mailservers_addMailserverTopic.
	MailserverTopicArgs struct {
		Topic MailserverTopic `json:"topic" doc:"what to remember"`
	}
	// TopicNameArgs name a topic.
	TopicNameArgs struct {
		Topic string `json:"topic" doc:"the topic"`
	}
	// RequestRangeArgs are those of mailservers_addChatRequestRange.
	RequestRangeArgs struct {
		Range RequestRange `json:"range" doc:"what to remember"`
	}
)

// What the examples share.
const (
	exampleSaved = `{"id":"one","name":"My mailserver","address":"` + exampleNode + `","password":"secret",` +
		`"fleet":"mine"}`
	exampleGap       = `{"id":"gap-1","chatId":"status","from":1596000000,"to":1596003600}`
	exampleMailTopic = `{"topic":"0x07678231","discovery?":false,"negotiated?":false,"chat-ids":["status"],` +
		`"last-request":1596000000}`
	exampleRange = `{"chat-id":"status","lowest-request-from":1595900000,"highest-request-to":1596000000}`
)

// Methods that remember mailservers.
var (
	MailserversAddMailserver = Method[SavedMailserverArgs, None]{
		Name: "mailservers_addMailserver", Scope: ScopeAdmin, Slow: true, Returns: "null",
		Summary: "Remembers a mailserver, over one with the same id. wakuext_updateMailservers puts servers to use.",
		Example: Example{Params: `[` + exampleSaved + `]`, Result: `null`},
	}
	MailserversGetMailservers = Method[None, []SavedMailserver]{
		Name: "mailservers_getMailservers", Scope: ScopeAdmin, Slow: true, Returns: "the mailservers",
		Summary: "Lists the remembered mailservers, with their passwords.",
		Example: Example{Params: `[]`, Result: `[` + exampleSaved + `]`},
	}
	MailserversDeleteMailserver = Method[MailserverIDArgs, None]{
		Name: "mailservers_deleteMailserver", Scope: ScopeAdmin, Slow: true, Summary: "Forgets a mailserver.",
		Returns: "null", Example: Example{Params: `["one"]`, Result: `null`},
	}
	MailserversPing = Method[PingArgs, []PingResult]{
		Name: "mailservers_ping", Scope: ScopeSend, Slow: true,
		Summary: "Measures how long a TCP connection to each address takes, all at once.",
		Returns: "in the order asked: address, and rttMs in milliseconds or error",
		Example: Example{
			Params: `[{"addresses":["` + exampleNode + `"],"timeoutMs":500}]`,
			Result: `[{"address":"` + exampleNode + `","rttMs":31,"error":null}]`,
		},
	}
)

// Methods that remember what is missing.
var (
	MailserversAddMailserverRequestGaps = Method[RequestGapsArgs, None]{
		Name: "mailservers_addMailserverRequestGaps", Scope: ScopeSend, Slow: true, Returns: "null",
		Summary: "Remembers times of chats that have not been fetched, over those with the same id, all or none.",
		Example: Example{Params: `[[` + exampleGap + `]]`, Result: `null`},
	}
	MailserversGetMailserverRequestGaps = Method[ChatIDArgs, []RequestGap]{
		Name: "mailservers_getMailserverRequestGaps", Scope: ScopeRead, Slow: true, Summary: "Lists the gaps of a chat.",
		Returns: "the gaps", Example: Example{Params: `["status"]`, Result: `[` + exampleGap + `]`},
	}
	MailserversDeleteMailserverRequestGaps = Method[GapIDsArgs, None]{
		Name: "mailservers_deleteMailserverRequestGaps", Scope: ScopeSend, Slow: true, Summary: "Forgets gaps.",
		Returns: "null", Example: Example{Params: `[["gap-1"]]`, Result: `null`},
	}
	MailserversDeleteMailserverRequestGapsByChatID = Method[ChatIDArgs, None]{
		Name: "mailservers_deleteMailserverRequestGapsByChatID", Scope: ScopeSend, Slow: true,
		Summary: "Forgets all gaps of a chat.", Returns: "null",
		Example: Example{Params: `["status"]`, Result: `null`},
	}
)

// Methods that remember what has been fetched.
var (
	MailserversAddMailserverTopic = Method[MailserverTopicArgs, None]{
		Name: "mailservers_addMailserverTopic", Scope: ScopeSend, Slow: true, Returns: "null",
		Summary: "Remembers until when a topic has been fetched, over what was remembered of it.",
		Example: Example{Params: `[` + exampleMailTopic + `]`, Result: `null`},
	}
	MailserversGetMailserverTopics = Method[None, []MailserverTopic]{
		Name: "mailservers_getMailserverTopics", Scope: ScopeRead, Slow: true,
		Summary: "Lists what is remembered of topics.", Returns: "the topics",
		Example: Example{Params: `[]`, Result: `[` + exampleMailTopic + `]`},
	}
	MailserversDeleteMailserverTopic = Method[TopicNameArgs, None]{
		Name: "mailservers_deleteMailserverTopic", Scope: ScopeSend, Slow: true, Summary: "Forgets a topic.",
		Returns: "null", Example: Example{Params: `["0x07678231"]`, Result: `null`},
	}
	MailserversAddChatRequestRange = Method[RequestRangeArgs, None]{
		Name: "mailservers_addChatRequestRange", Scope: ScopeSend, Slow: true, Returns: "null",
		Summary: "Remembers the time of a chat that has been fetched.",
		Example: Example{Params: `[` + exampleRange + `]`, Result: `null`},
	}
	MailserversGetChatRequestRanges = Method[None, []RequestRange]{
		Name: "mailservers_getChatRequestRanges", Scope: ScopeRead, Slow: true,
		Summary: "Lists the fetched times of all chats.", Returns: "the ranges",
		Example: Example{Params: `[]`, Result: `[` + exampleRange + `]`},
	}
	MailserversDeleteChatRequestRange = Method[ChatIDArgs, None]{
		Name: "mailservers_deleteChatRequestRange", Scope: ScopeSend, Slow: true, Returns: "null",
		Summary: "Forgets the fetched time of a chat.",
		Example: Example{Params: `["status"]`, Result: `null`},
	}
)

func mailserversMethods() []Described {
	return []Described{
		MailserversAddMailserver, MailserversGetMailservers, MailserversDeleteMailserver, MailserversPing,
		MailserversAddMailserverRequestGaps, MailserversGetMailserverRequestGaps,
		MailserversDeleteMailserverRequestGaps, MailserversDeleteMailserverRequestGapsByChatID,
		MailserversAddMailserverTopic, MailserversGetMailserverTopics, MailserversDeleteMailserverTopic,
		MailserversAddChatRequestRange, MailserversGetChatRequestRanges, MailserversDeleteChatRequestRange,
	}
}
