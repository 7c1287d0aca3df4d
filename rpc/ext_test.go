package rpc

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"statusd/api"
)

// loggedIn makes the account of the examples and logs in.
func (f *fixture) loggedIn(l link) {
	f.t.Helper()
	must[api.NewAccount](f.t, l, "account_importKey", `["`+examplePrivateKey+`","`+examplePassword+`","ana"]`)
	must[api.LoggedIn](f.t, l, "account_login", `["ana","`+examplePassword+`"]`)
	must[any](f.t, l, "wakuext_saveChat", `[{"id":"tea","name":"tea","chatType":2,"active":true}]`)
}

// TestLeadingNull: programs of status-go pass one null more to some methods.
func TestLeadingNull(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	f.loggedIn(l)
	for _, params := range []string{
		`["one",["` + exampleContact + `"]]`, `[null,"two",["` + exampleContact + `"]]`,
		` [ null , "three" , [] ] `, `{"name":"four","ids":[]}`,
	} {
		got := must[api.Changes](t, l, "wakuext_createGroupChatWithMembers", params)
		if len(got.Chats) != 1 || got.Chats[0].ChatType != api.ChatPrivateGroup {
			t.Errorf("%s: %+v", params, got)
		}
	}
	for _, params := range []string{`[null,null,"x",[]]`, `["x",[],null]`, `[null,"x"]`} {
		_, e := invoke(t, l, "wakuext_createGroupChatWithMembers", params)
		if e == nil || e.Code != api.CodeInvalidParams {
			t.Errorf("%s: %+v", params, e)
		}
	}
	if _, e := invoke(t, l, "wakuext_confirmJoiningGroup", `[null]`); e == nil {
		t.Error("null is a group")
	}
}

// TestNobodyLoggedIn: every method of chats says so and nothing else.
func TestNobodyLoggedIn(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	for _, m := range discovered(t, l).Methods {
		if !strings.HasPrefix(m.Name, "wakuext_") || len(m.Examples[0].Setup) == 0 {
			continue
		}
		var params []string
		for _, p := range m.Examples[0].Params {
			params = append(params, strings.ReplaceAll(string(p.Value), "{{", "x"))
		}
		_, e := invoke(t, l, m.Name, "["+strings.Join(params, ",")+"]")
		if e == nil || e.Code != api.CodeNotLoggedIn || e.Data.Hint == "" {
			t.Errorf("%s: %+v", m.Name, e)
		}
	}
}

// TestMessengerErrors checks code and words of what goes wrong.
func TestMessengerErrors(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	f.loggedIn(l)
	long := strings.Repeat("x", 4097)
	file := filepath.Join(t.TempDir(), "note.txt")
	if err := os.WriteFile(file, []byte("no image"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		method, params string
		code           api.Code
		text           string
	}{
		{"wakuext_sendChatMessage", `[{"chatId":"nowhere","text":"x"}]`, api.CodeUnknownObject, "no such chat"},
		{"wakuext_sendChatMessage", `[{"chatId":"tea","text":" \n"}]`, api.CodeInvalidParams, "text"},
		{"wakuext_sendChatMessage", `[{"chatId":"tea","text":"` + long + `"}]`, api.CodeInvalidParams, "4096"},
		{"wakuext_sendChatMessage", `[{"chatId":"tea","text":"x","contentType":5}]`, api.CodeInvalidParams, ""},
		{"wakuext_sendChatMessage", `[{"chatId":"tea","text":"x","imagePath":"` + file + `"}]`, api.CodeInvalidParams,
			"note.txt"},
		{"wakuext_sendChatMessage", `[{"chatId":"tea","text":"x","image":"data:image/png;base64,!"}]`,
			api.CodeInvalidParams, "base64"},
		{"wakuext_chatMessages", `["nowhere","",20]`, api.CodeUnknownObject, "no such chat"},
		{"wakuext_chatMessages", `["tea","junk",20]`, api.CodeInvalidParams, "cursor"},
		{"wakuext_chatMessages", `["tea","",0]`, api.CodeInvalidParams, "limit 0"},
		{"wakuext_messageByID", `["` + exampleHash + `"]`, api.CodeUnknownObject, "no such message"},
		{"wakuext_messageByID", `["junk"]`, api.CodeUnknownObject, ""},
		{"wakuext_reSendChatMessage", `["` + exampleHash + `"]`, api.CodeUnknownObject, ""},
		{"wakuext_saveChat", `[{"id":"0x04ff","chatType":1}]`, api.CodeInvalidParams, "contact id"},
		{"wakuext_confirmJoiningGroup", `["nowhere"]`, api.CodeUnknownObject, "no such chat"},
		{"wakuext_changeGroupChatName", `["tea","x"]`, api.CodeInvalidParams, ""},
		{"wakuext_sendEmojiReaction", `["tea","` + exampleHash + `",9]`, api.CodeInvalidParams, ""},
	} {
		_, e := invoke(t, l, tt.method, tt.params)
		if e == nil || e.Code != tt.code || !strings.Contains(e.Message+e.Data.Hint, tt.text) ||
			strings.Contains(e.Message, "messenger:") {
			t.Errorf("%s %.80s: %+v, want %d %q", tt.method, tt.params, e, tt.code, tt.text)
		}
	}
	if _, e := invoke(t, l, "wakuext_getLinkPreviewData", `["x"]`); e == nil || e.Code != api.CodeMethodNotFound ||
		!strings.Contains(e.Data.Hint, "links") {
		t.Errorf("%+v", e)
	}
	must[any](t, l, "wakuext_confirmMessagesProcessedByID", `[[{"id":1}]]`)
}

// TestFilesAreReadForTheSocketOnly: who has a token is not who may read the
// daemon's files.
func TestFilesAreReadForTheSocketOnly(t *testing.T) {
	f := start(t, nil)
	f.loggedIn(f.ipc())
	file := filepath.Join(t.TempDir(), "p.png")
	if err := os.WriteFile(file, []byte("\x89PNG\r\n\x1a\n and more"), 0o600); err != nil {
		t.Fatal(err)
	}
	params := `[{"chatId":"tea","text":"look","contentType":7,"imagePath":"` + file + `"}]`
	for name, l := range map[string]link{"http": f.http(), "ws": f.ws()} {
		if _, e := invoke(t, l, "wakuext_sendChatMessage", params); e == nil || e.Code != api.CodeScope {
			t.Errorf("%s: %+v", name, e)
		}
	}
	got := must[api.Changes](t, f.ipc(), "wakuext_sendChatMessage", params)
	if len(got.Messages) != 1 || !strings.HasPrefix(got.Messages[0].Image, "data:image/png;base64,") {
		t.Errorf("%+v", got)
	}
	inline := `[{"chatId":"tea","text":"look","contentType":7,"image":"` + got.Messages[0].Image + `"}]`
	must[api.Changes](t, f.http(), "wakuext_sendChatMessage", inline)
}

// TestShapes compares the members of objects with those of status-go.
func TestShapes(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	f.loggedIn(l)
	sent := must[api.Changes](t, l, "wakuext_sendChatMessage", `[{"chatId":"tea","text":"hello","contentType":1}]`)
	raw, _ := invoke(t, l, "wakuext_chats", `[]`)
	var chats []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &chats); err != nil || len(chats) != 1 {
		t.Fatalf("%v: %s", err, raw)
	}
	for _, name := range []string{
		"id", "name", "color", "active", "chatType", "timestamp", "lastClockValue", "deletedAtClockValue",
		"unviewedMessagesCount", "lastMessage", "members", "membershipUpdateEvents", "identicon",
	} {
		if chats[0][name] == nil {
			t.Errorf("a chat lacks %s: %s", name, raw)
		}
	}
	var message map[string]json.RawMessage
	if err := json.Unmarshal(chats[0]["lastMessage"], &message); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"id", "whisperTimestamp", "from", "alias", "identicon", "seen", "outgoingStatus", "quotedMessage", "rtl", "lineCount",
		"text", "chatId", "localChatId", "clock", "replace", "responseTo", "ensName", "sticker", "commandParameters",
		"timestamp", "contentType", "messageType",
	} {
		if message[name] == nil {
			t.Errorf("a message lacks %s: %s", name, chats[0]["lastMessage"])
		}
	}
	if string(message["id"]) != `"`+sent.Messages[0].ID+`"` {
		t.Errorf("last message %s, sent %s", message["id"], sent.Messages[0].ID)
	}
	for method, want := range map[string]string{
		"wakuext_contacts": "[]", "wakuext_getGroupChatInvitations": "[]",
	} {
		if raw, e := invoke(t, l, method, `[]`); string(raw) != want {
			t.Errorf("%s: %s %+v", method, raw, e)
		}
	}
}

// TestNullIsAnEmptyText: a null for a text means "", as in status-go, also where
// the text has to be given. For anything else it says nothing.
func TestNullIsAnEmptyText(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	f.loggedIn(l)
	for _, params := range []string{`[null]`, `{"text":null}`, `[""]`} {
		if got := must[string](t, l, "wakuext_echo", params); got != must[string](t, l, "wakuext_echo", `[""]`) {
			t.Errorf("%s: %q", params, got)
		}
	}
	must[api.Changes](t, l, "wakuext_sendContactUpdate", `["`+exampleContact+`",null,null]`)
	must[api.MessagePage](t, l, "wakuext_searchMessages", `[null,"x",null,null]`)
	for method, params := range map[string]string{
		"wakuext_confirmJoiningGroup": `[null]`, "wakuext_deleteMessage": `[null]`,
		"account_confirmBackup": `{"keyUid":null}`,
	} {
		if _, e := invoke(t, l, method, params); e == nil || strings.Contains(e.Message, "missing value") {
			t.Errorf("%s %s: %+v, want what an empty text leads to", method, params, e)
		}
	}
	for method, params := range map[string]string{
		"waku_setMinPoW": `[null]`, "wakuext_saveChat": `[null]`, "account_login": `["` + exampleAccount + `",null]`,
	} {
		_, e := invoke(t, l, method, params)
		wantError(t, e, api.CodeInvalidParams, "missing value")
	}
}
