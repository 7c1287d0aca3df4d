package rpc

import (
	"context"
	"slices"

	"statusd/api"
	"statusd/messenger"
	"statusd/messenger/naming"
)

// methods send, and list whom to send to.
func (a *sendAPI) methods() []method {
	send := method{
		name: "status_send", scope: scopeSend, slow: true, timeout: sendTimeoutOf, account: true,
		summary: "Sends a message to a person, a public chat or a group. The chat is made if it is not there.",
		params: []param{
			{"recipient", "a person as zQ3sh… or 0x04…, #public-chat, the id or name of a group, or @nickname; " +
				"what could mean several things is refused: group:tea, public:tea and person:@ana say which is meant"},
			{"message", "text; may be left out with an attachment"},
			{"attachment", "image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) as data URL or, on the unix socket, as path"},
			{"replyTo", "id of the message that is answered"},
			{"wait", "state to wait for: none (if left out), sent, or delivered; in public chats nobody acknowledges, so " +
				"that sent is the end"},
			{"timeoutSeconds", "most seconds to wait, 30 if left out"},
		},
		result: "status is queued, sent, delivered or failed, as far as it is known when the time is up. A message that is " +
			"queued is on disk and is sent as soon as there is a peer",
		example: ex(`["#status","hello",null,null,"none",0]`,
			`{"messageId":"`+exampleHash+`","chatId":"status","clock":1606521600001,"status":"queued"}`, withLogin()...),
		handler: fnArgs(a.send),
	}
	short := send
	short.name, short.aliasOf = "send", send.name
	return []method{
		send, short,
		{
			name: "listGroups", scope: scopeRead, account: true,
			summary: "Lists the private groups in the form of signal-cli.",
			params:  []param{{"groupId", "id of the only group wanted"}},
			result:  "number of a member is the contact id",
			example: ex(`[]`, `[{"id":"`+exampleInstall+`-`+examplePublicKey+`","name":"friends","isMember":true,`+
				`"isBlocked":false,"members":[{"number":"`+examplePublicKey+`"}],"pendingMembers":[],"admins":[{"number":"`+
				examplePublicKey+`"}]}]`, withLogin()...),
			handler: fn1(a.listGroups),
		},
		{
			name: "listContacts", scope: scopeRead, account: true,
			summary: "Lists the contacts in the form of signal-cli.",
			params:  []param{{"recipient", "id of the only contact wanted"}},
			result: "number is the contact id, name the nickname or, as ~name (key), what the person calls itself; " +
				"nameGivenBy says which: you, them, or key where there is only the alias",
			example: ex(`[]`, `[{"number":"`+exampleContact+`","name":"friend","nameGivenBy":"you","alias":"",`+
				`"isBlocked":false,"isAdded":true}]`, withLogin()...),
			handler: fn1(a.listContacts),
		},
	}
}

// The types of this block are signal-cli's lists, as far as what they say
// exists here.
type (
	scMember struct {
		Number string `json:"number"`
	}
	scGroup struct {
		ID             string     `json:"id"`
		Name           string     `json:"name"`
		IsMember       bool       `json:"isMember"`
		IsBlocked      bool       `json:"isBlocked"`
		Members        []scMember `json:"members"`
		PendingMembers []scMember `json:"pendingMembers"` // invited, have not joined
		Admins         []scMember `json:"admins"`
	}
	scContact struct {
		Number string `json:"number"`
		Name   string `json:"name"`
		// NameGivenBy is api.GivenByYou, GivenByThem or GivenByKey.
		NameGivenBy api.GivenBy `json:"nameGivenBy"`
		Alias       string      `json:"alias"`
		IsBlocked   bool        `json:"isBlocked"`
		IsAdded     bool        `json:"isAdded"`
	}
)

func (a *sendAPI) listGroups(ctx context.Context, only *string) ([]scGroup, error) {
	return listed(a, func(m *messenger.Messenger) ([]scGroup, error) {
		list, err := m.Chats().List(ctx)
		out := []scGroup{}
		for _, c := range list {
			if c.ChatType != api.ChatPrivateGroup || only != nil && c.ID != *only {
				continue
			}
			g := scGroup{
				ID: c.ID, Name: c.Name, IsMember: c.Active, Members: []scMember{}, PendingMembers: []scMember{},
				Admins: []scMember{},
			}
			for _, member := range c.Members {
				n := scMember{member.ID}
				if member.Joined {
					g.Members = append(g.Members, n)
				} else {
					g.PendingMembers = append(g.PendingMembers, n)
				}
				if member.Admin {
					g.Admins = append(g.Admins, n)
				}
			}
			out = append(out, g)
		}
		return out, err
	})
}

func (a *sendAPI) listContacts(ctx context.Context, only *oneText) ([]scContact, error) {
	return listed(a, func(m *messenger.Messenger) ([]scContact, error) {
		list, err := m.Contacts().List(ctx)
		names := naming.New("", list, nil)
		out := []scContact{}
		for _, c := range list {
			if only != nil && c.ID != string(*only) {
				continue
			}
			name := c.LocalNickname
			if name == "" && c.Name != "" {
				name = names.Person(c.ID, "")
			}
			out = append(out, scContact{
				Number: c.ID, Name: name, NameGivenBy: c.NameGivenBy, Alias: c.Alias,
				IsBlocked: slices.Contains(c.SystemTags, api.TagBlocked), IsAdded: slices.Contains(c.SystemTags, api.TagAdded),
			})
		}
		return out, err
	})
}
