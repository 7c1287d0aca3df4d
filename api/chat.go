package api

// ChatType says what kind of conversation a chat is.
type ChatType int

// Chat types.
const (
	ChatOneToOne     ChatType = 1
	ChatPublic       ChatType = 2
	ChatPrivateGroup ChatType = 3
	ChatProfile      ChatType = 4 // what one person writes to everybody
	ChatTimeline     ChatType = 5 // the profile chats together
)

// Values implements Enum.
func (ChatType) Values() []ChatType {
	return []ChatType{ChatOneToOne, ChatPublic, ChatPrivateGroup, ChatProfile, ChatTimeline}
}

// Chat is a conversation.
type Chat struct {
	ID                     string            `json:"id"`
	Name                   string            `json:"name"`
	Color                  string            `json:"color"`
	Active                 bool              `json:"active"`
	ChatType               ChatType          `json:"chatType"`
	Timestamp              int64             `json:"timestamp"`
	LastClockValue         uint64            `json:"lastClockValue"`
	DeletedAtClockValue    uint64            `json:"deletedAtClockValue"`
	UnviewedMessagesCount  uint              `json:"unviewedMessagesCount"`
	LastMessage            *Message          `json:"lastMessage"`
	Members                []Member          `json:"members"`
	MembershipUpdateEvents []MembershipEvent `json:"membershipUpdateEvents"`
	Alias                  string            `json:"alias,omitempty"`
	Identicon              string            `json:"identicon"`
	Muted                  bool              `json:"muted,omitempty"`
	InvitationAdmin        string            `json:"invitationAdmin,omitempty"`
	Profile                string            `json:"profile,omitempty"`
	// NameGivenBy says who gave Name: GivenByYou for public chats, GivenByThem
	// for private groups. That of a person is in Contact.
	NameGivenBy GivenBy `json:"nameGivenBy,omitempty"`
}

// What the examples of chats share.
const (
	exampleContact = "0x04466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27" +
		"6728176c3c6431f8eeda4538dc37c865e2784f3a9e77d044f33e407797e1278a"
	exampleOtherContact = "0x043c72addb4fdf09af94f0c94d7fe92a386a7e70cf8a1d85916386bb2535c7b1b1" +
		"3b306b0fe085665d8fc1b28ae1676cd3ad6e08eaeda225fe38d0da4de55703e0"
	exampleInstall  = "c9f9b7e0-0e4f-4a3c-8f7e-1d2c3b4a5968"
	exampleTea      = `[{"id":"tea","name":"tea","chatType":2,"active":true}]`
	exampleGreeting = `[{"chatId":"tea","text":"hello","contentType":1}]`

	returnsChanges = "what changed: chats, messages, contacts, installations, emojiReactions, invitations; empty ones " +
		"left out"
)

// Setups of examples: exampleChat joins a public chat, exampleSaid also sends a
// message there.
var (
	exampleChat = []Call{
		{Method: "account_importKey", Params: exampleImport}, {Method: "account_login", Params: exampleOpen},
		{Method: "wakuext_saveChat", Params: exampleTea},
	}
	exampleSaid = []Call{
		{Method: "account_importKey", Params: exampleImport}, {Method: "account_login", Params: exampleOpen},
		{Method: "wakuext_saveChat", Params: exampleTea},
		{Method: "wakuext_sendChatMessage", Params: exampleGreeting, Bind: "messageID", At: "/messages/0/id"},
	}
)

// ChatSettings are what belongs to the user of a chat.
type ChatSettings struct {
	ID       string   `json:"id"`
	Name     string   `json:"name,omitempty"`
	Color    string   `json:"color,omitempty"`
	ChatType ChatType `json:"chatType,omitempty"` // of a new chat
	Active   bool     `json:"active,omitempty"`
	Muted    bool     `json:"muted,omitempty"`
	// DeletedAtClockValue hides messages up to a clock. It only rises.
	DeletedAtClockValue uint64 `json:"deletedAtClockValue,omitempty"`
}

// Settings are what WakuextSaveChat takes of the chat.
func (c *Chat) Settings() ChatSettings {
	return ChatSettings{
		ID: c.ID, Name: c.Name, Color: c.Color, ChatType: c.ChatType, Active: c.Active, Muted: c.Muted,
		DeletedAtClockValue: c.DeletedAtClockValue,
	}
}

// ChatRef names a chat in the form of the whole of it.
type ChatRef struct {
	ID string `json:"id"`
}

// Arguments of methods about chats.
type (
	// ChatIDArgs name a chat.
	ChatIDArgs struct {
		ChatID string `json:"chatId" doc:"id of the chat: a channel's name, a contact id, a group's id"`
	}
	// SaveChatArgs are those of wakuext_saveChat.
	SaveChatArgs struct {
		Chat ChatSettings `json:"chat" doc:"id, name, chatType (1 one-to-one, 2 public, 4 profile), active, color"`
	}
	// ChatArgs name a chat by the whole of it.
	ChatArgs struct {
		Chat ChatRef `json:"chat" doc:"the chat; its id counts"`
	}
)

// Methods about chats.
var (
	WakuextStartMessenger = Method[None, None]{
		Name: "wakuext_startMessenger", Scope: ScopeRead, Returns: "null", Errors: []Code{CodeNotLoggedIn},
		Summary: "Does nothing: the messenger runs as soon as an account is logged in.",
		Example: Example{Setup: exampleLogin, Params: `[]`, Result: `null`},
	}
	WakuextChats = Method[None, []Chat]{
		Name: "wakuext_chats", Scope: ScopeRead, Summary: "Lists the chats, closed ones (active: false) among them.",
		Returns: "list of chats with their last message", Errors: []Code{CodeNotLoggedIn},
		Example: Example{Setup: exampleChat, Params: `[]`, Result: exampleTea},
	}
	WakuextSaveChat = Method[SaveChatArgs, None]{
		Name: "wakuext_saveChat", Scope: ScopeSend, Returns: "null",
		Summary: "Creates a chat or changes what belongs to the user: name, colour, active, muted. Sending needs a saved " +
			"chat.",
		Errors:  []Code{CodeNotLoggedIn},
		Example: Example{Setup: exampleLogin, Params: exampleTea, Result: `null`},
	}
	WakuextDeleteChat = Method[ChatIDArgs, None]{
		Name: "wakuext_deleteChat", Scope: ScopeSend, Returns: "null",
		Summary: "Deletes a chat; older messages of it do not come back. A group is not left: its next update brings it " +
			"back.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleChat, Params: `["tea"]`, Result: `null`},
	}
	StatusDeleteChat = Method[ChatIDArgs, None]{
		Name: "status_deleteChat", Scope: ScopeSend, Account: true, Returns: "null",
		Summary: "Leaves a chat and deletes it with its messages, all or nothing. A group that was left already, or that " +
			"we were removed from, is deleted too.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleChat, Params: `["tea"]`, Result: `null`},
	}
	WakuextJoin = Method[ChatArgs, None]{
		Name: "wakuext_join", Scope: ScopeSend, Returns: "null",
		Summary: "Listens to a chat and fetches its history.", Errors: []Code{CodeNotLoggedIn},
		Example: Example{Setup: exampleChat, Params: exampleTea, Result: `null`},
	}
	WakuextLeave = Method[ChatArgs, None]{
		Name: "wakuext_leave", Scope: ScopeSend, Returns: "null",
		Summary: "Stops to listen to a chat.", Errors: []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleChat, Params: exampleTea, Result: `null`},
	}
	WakuextMuteChat = Method[ChatIDArgs, None]{
		Name: "wakuext_muteChat", Scope: ScopeSend, Returns: "null",
		Summary: "Marks a chat as muted.", Errors: []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleChat, Params: `["tea"]`, Result: `null`},
	}
	WakuextUnmuteChat = Method[ChatIDArgs, None]{
		Name: "wakuext_unmuteChat", Scope: ScopeSend, Returns: "null",
		Summary: "Takes the mark back.", Errors: []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleChat, Params: `["tea"]`, Result: `null`},
	}
)

func chatMethods() []Described {
	return []Described{
		WakuextStartMessenger, WakuextChats, WakuextSaveChat, WakuextDeleteChat, StatusDeleteChat,
		WakuextJoin, WakuextLeave, WakuextMuteChat, WakuextUnmuteChat,
	}
}
