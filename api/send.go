package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// SendState says how far a message is that was sent with status_send.
type SendState string

// How far such messages are.
const (
	SendQueued    SendState = "queued" // on disk; it leaves as soon as there is a peer
	SendSent      SendState = "sent"   // a peer of the network has it
	SendDelivered SendState = "delivered"
	SendFailed    SendState = "failed" // given up
)

// Values implements Enum.
func (SendState) Values() []SendState {
	return []SendState{SendQueued, SendSent, SendDelivered, SendFailed}
}

// SendWait is the state that status_send waits for.
type SendWait string

// What to wait for.
const (
	WaitNone      SendWait = "none"
	WaitSent      SendWait = "sent"
	WaitDelivered SendWait = "delivered"
)

// Values implements Enum.
func (SendWait) Values() []SendWait { return []SendWait{WaitNone, WaitSent, WaitDelivered} }

// SentMessage is what became of a message that was sent with status_send.
type SentMessage struct {
	MessageID string    `json:"messageId"`
	ChatID    string    `json:"chatId"`
	Clock     uint64    `json:"clock"`
	Status    SendState `json:"status"`
}

// Sent is what became of what was sent with status_send: the message, or with
// several recipients the first one, and Status is that of the message that is
// least far.
type Sent struct {
	SentMessage
	// Messages has the message of each recipient, in their order; absent with one
	// recipient.
	Messages []SentMessage `json:"messages,omitempty"`
}

// MaxRecipients is the most recipients of one status_send.
const MaxRecipients = 100

// Recipients are those of a message, in JSON one text or a list of texts.
type Recipients []string

// MarshalJSON implements json.Marshaler.
func (r Recipients) MarshalJSON() ([]byte, error) {
	if len(r) == 1 {
		return json.Marshal(r[0])
	}
	return json.Marshal([]string(r))
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Recipients) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*r = Recipients{one}
		return nil
	}
	if json.Unmarshal(raw, (*[]string)(r)) != nil || len(*r) < 1 || len(*r) > MaxRecipients {
		return fmt.Errorf("want one text, or a list of 1 to %d", MaxRecipients)
	}
	return nil
}

// JSONShape implements Shaped.
func (Recipients) JSONShape() string {
	const shape = `{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"},"minItems":1,"maxItems":%d}]}`
	return fmt.Sprintf(shape, MaxRecipients)
}

// OneText is a text, or a list with one, as clients of signal-cli send it.
type OneText string

// UnmarshalJSON implements json.Unmarshaler.
func (o *OneText) UnmarshalJSON(raw []byte) error {
	var list []string
	if json.Unmarshal(raw, (*string)(o)) == nil {
		return nil
	}
	if json.Unmarshal(raw, &list) != nil || len(list) != 1 {
		return errors.New("want one text; make a call for each")
	}
	*o = OneText(list[0])
	return nil
}

// MaxRequestID is the longest requestId, in bytes.
const MaxRequestID = 64

// DefaultSendWait is how long status_send waits for a state when nobody says.
const DefaultSendWait = 30 * time.Second

// Arguments of methods in the words of signal-cli.
type (
	// SendArgs are those of status_send.
	SendArgs struct {
		Recipient  Recipients `json:"recipient" doc:"a person as zQ3sh… or 0x04…, #public-chat, the id or name of a group, or @nickname; what could mean several things is refused: group:tea, public:tea and person:@ana say which is meant. A list of at most 100 sends to each: all are checked first, and if one is refused, nothing is sent"`
		Message    string     `json:"message,omitempty" doc:"text; may be left out with an attachment"`
		Attachment OneText    `json:"attachment,omitempty" doc:"image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) as data URL or, on the unix socket, as path"`
		ReplyTo    string     `json:"replyTo,omitempty" doc:"id of the message that is answered"`
		Wait       SendWait   `json:"wait,omitempty" doc:"state to wait for: none (if left out), sent, or delivered; in public chats nobody acknowledges, so that sent is the end"`
		// TimeoutSeconds is DefaultSendWait if nil.
		TimeoutSeconds *float64 `json:"timeoutSeconds" doc:"most seconds to wait, 30 if left out"`
		RequestID      string   `json:"requestId,omitempty" doc:"a name for this request, at most 64 bytes: repeated within 7 days with the same arguments, it sends nothing and answers what became of the message; with others it is an error"`
	}
	// ListGroupsArgs are those of listGroups.
	ListGroupsArgs struct {
		GroupID *string `json:"groupId" doc:"id of the only group wanted"`
	}
	// ListContactsArgs are those of listContacts.
	ListContactsArgs struct {
		Recipient *OneText `json:"recipient" doc:"id of the only contact wanted"`
	}
)

// LocalFiles implements FileReader.
func (a SendArgs) LocalFiles() []string {
	if strings.HasPrefix(string(a.Attachment), "data:") {
		return nil
	}
	return []string{string(a.Attachment)}
}

// CallTimeout implements Patient: the time to wait and that of other calls.
func (a SendArgs) CallTimeout() time.Duration {
	wait := DefaultSendWait
	if s := a.TimeoutSeconds; s != nil && *s > 0 {
		wait = time.Duration(min(*s, MaxTimeout.Seconds()) * float64(time.Second))
	}
	return min(wait+DefaultTimeout, MaxTimeout)
}

// The types of this block are signal-cli's lists, as far as what they say
// exists here.
type (
	// GroupMember is a member of a ListedGroup.
	GroupMember struct {
		Number string `json:"number"` // contact id
	}
	// ListedGroup is a private group.
	ListedGroup struct {
		ID             string        `json:"id"`
		Name           string        `json:"name"`
		IsMember       bool          `json:"isMember"`
		IsBlocked      bool          `json:"isBlocked"`
		Members        []GroupMember `json:"members"`
		PendingMembers []GroupMember `json:"pendingMembers"` // invited, have not joined
		Admins         []GroupMember `json:"admins"`
	}
	// ListedContact is a contact.
	ListedContact struct {
		Number      string  `json:"number"` // contact id
		Name        string  `json:"name"`
		NameGivenBy GivenBy `json:"nameGivenBy"`
		Alias       string  `json:"alias"`
		IsBlocked   bool    `json:"isBlocked"`
		IsAdded     bool    `json:"isAdded"`
	}
)

// What both names of status_send say.
const (
	sendSummary = "Sends a message to a person, a public chat or a group, or to several of them. Chats are made if they " +
		"are not there."
	sendReturns = "status is queued, sent, delivered or failed, as far as it is known when the time is up. A message " +
		"that is queued is on disk and is sent as soon as there is a peer. With several recipients messages has the " +
		"message of each, in their order, and status is that of the one that is least far"
	sendParams = `["#status","hello",null,null,"none",0]`
	sendResult = `{"messageId":"` + exampleHash + `","chatId":"status","clock":1606521600001,"status":"queued"}`
)

// NameKind is what a name can mean.
type NameKind string

// What names mean.
const (
	NamePerson  NameKind = "person"
	NameGroup   NameKind = "group"
	NamePublic  NameKind = "public"
	NameProfile NameKind = "profile"
)

// Values implements Enum.
func (NameKind) Values() []NameKind {
	return []NameKind{NamePerson, NameGroup, NamePublic, NameProfile}
}

// ResolveArgs are those of status_resolve.
type ResolveArgs struct {
	Name string   `json:"name" doc:"what people call somebody or something: zQ3sh… or 0x04…, @nickname, #public-chat, the id or name of a group, also behind a kind, as group:tea"`
	Kind NameKind `json:"kind,omitempty" doc:"what it has to mean; left out: anything"`
}

// Resolved is the one thing that a name means.
type Resolved struct {
	Kind NameKind `json:"kind"`
	ID   string   `json:"id"` // of the chat; that with a person has the contact id
	// Chat: there is such a chat, and it is not closed.
	Chat  bool   `json:"chat"`
	Exact string `json:"exact"` // a text that means this and nothing else
}

// Methods in the words of signal-cli.
var (
	StatusResolve = Method[ResolveArgs, Resolved]{
		Name: "status_resolve", Scope: ScopeRead, Account: true,
		Summary: "Says what a name means, as status_send takes it. What could mean several things, or nothing, is an " +
			"error that says what to give instead. Names that people gave themselves are not looked up: anybody may take " +
			"any name.",
		Returns: "id of the chat, which for a person is the contact id; exact is a text that means nothing else",
		Errors:  []Code{CodeNotLoggedIn, CodeInvalidRecipient},
		Example: Example{
			Setup: exampleChat, Params: `["#tea"]`,
			Result: `{"kind":"public","id":"tea","chat":true,"exact":"public:tea"}`,
		},
	}
	StatusSend = Method[SendArgs, Sent]{
		Name: "status_send", Scope: ScopeSend, Slow: true, Account: true, Summary: sendSummary, Returns: sendReturns,
		Errors:  []Code{CodeNotLoggedIn, CodeInvalidRecipient, CodeExists},
		Example: Example{Setup: exampleLogin, Params: sendParams, Result: sendResult},
	}
	Send = Method[SendArgs, Sent]{
		Name: "send", AliasOf: "status_send", Scope: ScopeSend, Slow: true, Account: true, Summary: sendSummary,
		Returns: sendReturns, Errors: []Code{CodeNotLoggedIn, CodeInvalidRecipient, CodeExists},
		Example: Example{Setup: exampleLogin, Params: sendParams, Result: sendResult},
	}
	ListGroups = Method[ListGroupsArgs, []ListedGroup]{
		Name: "listGroups", Scope: ScopeRead, Account: true, Errors: []Code{CodeNotLoggedIn},
		Summary: "Lists the private groups in the form of signal-cli.", Returns: "number of a member is the contact id",
		Example: Example{
			Setup: exampleLogin, Params: `[]`,
			Result: `[{"id":"` + exampleInstall + `-` + examplePublicKey + `","name":"friends","isMember":true,` +
				`"isBlocked":false,"members":[{"number":"` + examplePublicKey + `"}],"pendingMembers":[],"admins":[{"number":"` +
				examplePublicKey + `"}]}]`,
		},
	}
	ListContacts = Method[ListContactsArgs, []ListedContact]{
		Name: "listContacts", Scope: ScopeRead, Account: true, Errors: []Code{CodeNotLoggedIn},
		Summary: "Lists the contacts in the form of signal-cli.",
		Returns: "number is the contact id, name the nickname or, as ~name (key), what the person calls itself; " +
			"nameGivenBy says which: you, them, or key where there is only the alias",
		Example: Example{
			Setup: exampleLogin, Params: `[]`,
			Result: `[{"number":"` + exampleContact + `","name":"friend","nameGivenBy":"you","alias":"",` +
				`"isBlocked":false,"isAdded":true}]`,
		},
	}
)

func sendMethods() []Described {
	return []Described{
		StatusResolve, StatusSend, Send, ListGroups, ListContacts,
	}
}
