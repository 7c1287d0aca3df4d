package rpc

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/courier"
	"statusd/payloads"
)

const examplePNG = "\x89PNG\r\n\x1a\n and more"

func TestSend(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	_, e := invoke(t, l, "send", `["#tea","hello"]`)
	wantError(t, e, api.CodeNotLoggedIn, "no account")
	f.loggedIn(l)
	file := filepath.Join(t.TempDir(), "p.png")
	if err := os.WriteFile(file, []byte(examplePNG), 0o600); err != nil {
		t.Fatal(err)
	}
	image := "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(examplePNG))
	for params, chat := range map[string]string{
		`["#tea","hello"]`:    "tea",
		`["#coffee","hello"]`: "coffee",
		`["` + exampleContact + `","hello",null,null,"none",` +
			`0]`: exampleContact,
		`{"recipient":["#tea"],"message":"hello"}`:                                                                  "tea",
		`{"recipient":"#tea","attachment":"` + image + `"}`:                                                         "tea",
		`{"recipient":"#tea","attachment":["` + file + `"]}`:                                                        "tea",
		`{"recipient":"#tea","message":"x","wait":"sent","timeoutSeconds":0.01,"account":"` + exampleAccount + `"}`: "tea",
	} {
		for _, method := range []string{"status_send", "send"} {
			got := must[api.Sent](t, l, method, params)
			if got.ChatID != chat || got.Status != "queued" || got.Clock == 0 || len(got.MessageID) != 66 {
				t.Errorf("%s %s: %+v", method, params, got)
			}
		}
	}
	for _, tt := range []struct {
		params string
		code   api.Code
		text   string
	}{
		{`["nobody","x"]`, api.CodeInvalidRecipient, "recipient"},
		{`{"recipient":["#a","@nobody"],"message":"x"}`, api.CodeInvalidRecipient, `recipient 2`},
		{`["@nobody","x"]`, api.CodeInvalidRecipient, "nickname"},
		{`["#tea"," "]`, api.CodeInvalidParams, "text"},
		{`["#tea","x",null,null,"read"]`, api.CodeInvalidParams, "want sent, delivered or none"},
		{`["#tea","x",null,null,"sent",-1]`, api.CodeInvalidParams, "negative"},
		{`["#tea","x","data:image/png;base64,!"]`, api.CodeInvalidParams, "data URL"},
		{`["#tea","x","/no/such/file"]`, api.CodeInvalidParams, "attached"},
		{`{"recipient":[],"message":"x"}`, api.CodeInvalidParams, "a list of 1 to 100"},
		{`{"recipient":"#tea","message":"x","account":"0x12"}`, api.CodeNotLoggedIn, "is not logged in"},
		{`{"recipient":"#tea","message":"x","account":7}`, api.CodeInvalidParams, "key-uid"},
		{
			`{"recipient":"#tea","message":"x","account":"0x` + strings.Repeat("ab", 32) + `"}`, api.CodeNotLoggedIn,
			"is not logged in",
		},
	} {
		_, e := invoke(t, l, "status_send", tt.params)
		wantError(t, e, tt.code, tt.text)
	}
	_, e = invoke(t, f.http(), "send", `{"recipient":"#tea","attachment":"`+file+`"}`)
	wantError(t, e, api.CodeScope, "unix socket")
	must[api.Sent](t, f.http(), "send", `{"recipient":"#tea","attachment":"`+image+`"}`)
}

// TestSendsAreRepeatedByToken repeats calls under a requestId: each token has
// ids of its own, and who holds the data directory has one set on all ways.
func TestSendsAreRepeatedByToken(t *testing.T) {
	f := start(t, nil)
	l, h := f.ipc(), f.http()
	f.loggedIn(l)
	const params = `{"recipient":"#tea","message":"hello","requestId":"a"}`
	first := must[api.Sent](t, l, "status_send", params)
	if again := must[api.Sent](t, h, "send", `{"recipient":["#tea"],"message":"hello","wait":"none","timeoutSeconds":1,`+
		`"requestId":"a"}`); again.SentMessage != first.SentMessage {
		t.Errorf("%+v, then %+v", first, again)
	}
	if other := must[api.Sent](t, f.addToken("bot", "send"), "send", params); other.MessageID == first.MessageID {
		t.Error("a token got the answer of another")
	}
	_, e := invoke(t, l, "status_send", `{"recipient":"#tea","message":"bye","requestId":"a"}`)
	wantError(t, e, api.CodeExists, "message")
	const message = `[{"chatId":"tea","text":"hello"},"b"]`
	sent := must[api.Changes](t, l, "wakuext_sendChatMessage", message)
	if again := must[api.Changes](t, l, "wakuext_sendChatMessage", message); again.Messages[0].ID != sent.Messages[0].ID {
		t.Errorf("%+v, then %+v", sent, again)
	}
	_, e = invoke(t, l, "wakuext_sendChatMessage", `[{"chatId":"tea","text":"bye"},"b"]`)
	wantError(t, e, api.CodeExists, "text")
	if page := must[api.MessagePage](t, l, "wakuext_chatMessages", `["tea"]`); len(page.Messages) != 3 {
		t.Errorf("%d messages were sent", len(page.Messages))
	}
}

// outcome lets a message reach a state, as the courier does.
func (f *fixture) outcome(id courier.ID, state string) {
	f.t.Helper()
	friend, err := key.ParseContactID(exampleContact)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, m := f.t.Context(), f.deps.Messenger()
	err = f.files.Current().DB().Update(ctx, func(tx *store.Tx) error {
		switch state {
		case "sent":
			return m.Sent(ctx, tx, []courier.ID{id})
		case "failed":
			return m.Failed(ctx, tx, []courier.ID{id}, courier.FailedConnectivity)
		}
		if err := m.Sent(ctx, tx, []courier.ID{id}); err != nil {
			return err
		}
		return m.Delivered(ctx, tx, id, friend, 0)
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// TestSendWaits has messages reach a state while a call waits for it.
func TestSendWaits(t *testing.T) {
	f := start(t, nil)
	l, w := f.ipc(), f.ws()
	f.loggedIn(l)
	must[any](t, l, "wakuext_saveChat", `[{"id":"`+exampleContact+`","chatType":1,"active":true}]`)
	for i, tt := range []struct{ recipient, chat, wait, want string }{
		{"#tea", "tea", "sent", "sent"},
		{"#tea", "tea", "delivered", "sent"}, // nobody acknowledges
		{exampleContact, exampleContact, "sent", "sent"},
		{exampleContact, exampleContact, "delivered", "delivered"},
		{exampleContact, exampleContact, "delivered", "failed"},
	} {
		text := fmt.Sprint("message ", i)
		done := make(chan string, 1)
		go func() {
			done <- w.send(request("send", fmt.Sprintf(`[%q,%q,null,null,%q,60]`, tt.recipient, text, tt.wait)))
		}()
		var page api.MessagePage
		for len(page.Messages) == 0 || page.Messages[0].Text != text {
			page = must[api.MessagePage](t, l, "wakuext_chatMessages", fmt.Sprintf(`[%q,"",1]`, tt.chat))
		}
		id, err := payloads.ParseMessageID(page.Messages[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		f.outcome(courier.ID(id), tt.want)
		var got api.Sent
		if err := json.Unmarshal(decode(t, <-done).Result, &got); err != nil || string(got.Status) != tt.want ||
			got.MessageID != page.Messages[0].ID {
			t.Errorf("%+v: %+v %v", tt, got, err)
		}
	}
}

func TestListsInTheWordsOfSignalCLI(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	f.loggedIn(l)
	must[any](t, l, "wakuext_createGroupChatWithMembers", `["friends",["`+exampleContact+`"]]`)
	must[any](t, l, "wakuext_saveContact", `[{"id":"`+exampleContact+`","localNickname":"bo",`+
		`"systemTags":[":contact/added"]}]`)
	groups := must[[]api.ListedGroup](t, l, "listGroups", `[]`)
	if len(groups) != 1 || groups[0].Name != "friends" || !groups[0].IsMember || len(groups[0].Members) != 1 ||
		groups[0].Members[0].Number != examplePublicKey || groups[0].PendingMembers[0].Number != exampleContact ||
		groups[0].Admins[0].Number != examplePublicKey {
		t.Fatalf("%+v", groups)
	}
	if one := must[[]api.ListedGroup](t, l, "listGroups", `{"groupId":"other"}`); len(one) != 0 {
		t.Errorf("%+v", one)
	}
	people := must[[]api.ListedContact](t, l, "listContacts", `{"recipient":["`+exampleContact+`"]}`)
	if len(people) != 1 || people[0].Name != "bo" || !people[0].IsAdded || people[0].IsBlocked {
		t.Errorf("%+v", people)
	}
	if v := must[api.VersionInfo](t, l, "version", `[]`); v.Version != "v1" {
		t.Errorf("%+v", v)
	}
}
