package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"statusd/api"
	"statusd/messenger/naming"
)

// TestStrangersCannotTakeNames: what somebody calls himself is shown as such
// everywhere, and names nobody.
func TestStrangersCannotTakeNames(t *testing.T) {
	self, ana, eve, mallory := person(t), person(t), person(t), person(t)
	wrote := []api.Message{
		{ID: "0x03", From: mallory, Text: "pay here", WhisperTimestamp: 3, LocalChatID: "tea"},
		{ID: "0x02", From: eve, Text: "hello @" + mallory, WhisperTimestamp: 2, LocalChatID: "tea"},
		{ID: "0x01", From: ana, Text: "hi", WhisperTimestamp: 1, LocalChatID: "tea"},
	}
	f := &fakeDaemon{
		self: self, status: "sent", chats: []api.Chat{{ID: "tea", ChatType: api.ChatPublic, Active: true}},
		messages: map[string][]api.Message{"tea": wrote}, contacts: []api.Contact{
			{ID: ana, LocalNickname: "Ben", SystemTags: []api.SystemTag{api.TagAdded}},
			{ID: eve, Name: "treasurer", SystemTags: []api.SystemTag{api.TagRequestReceived}},
			{ID: mallory, Name: "Веn ✓", SystemTags: []api.SystemTag{api.TagRequestReceived}},
		},
	}
	f.events = append(f.events, newsEvent(t, 10, wrote[0]), newsEvent(t, 20, api.Message{
		ID: "0x04", From: eve, Text: "bye", LocalChatID: "tea",
	}))
	dir := f.start(t)
	treasurer := "~treasurer (" + naming.Short(eve) + ")"
	ben := "~Веn ✓ (" + naming.Short(mallory) + ") [looks like @Ben]"
	file := filepath.Join(t.TempDir(), "out")
	for args, want := range map[string][]string{
		"messages|#tea":        {"Ben: hi\n", treasurer + ": hello @" + ben, ben + ": pay here"},
		"receive":              {ben + ": pay here", treasurer + ": bye"},
		"contacts":             {treasurer, ben, "Ben "},
		"contacts|show|" + eve: {treasurer, "own name  ~treasurer"},
		"contacts|-o|json": {
			`"nameGivenBy":"them"`, `"nameGivenBy":"you"`, `"displayName":"` + treasurer + `"`,
		},
		"messages|#tea|-o|json": {
			`"fromNameGivenBy":"them"`, `"fromNameGivenBy":"you"`, `"fromName":"` + ben + `"`,
		},
		"export|--chat|#tea|--format|txt":                {treasurer + ": hello", ben + ": pay"},
		"export|--chat|#tea|--format|json":               {`"fromName":"` + ben + `"`},
		"export|--chat|#tea|--format|html|--out|" + file: {},
	} {
		code, out, errOut := statusd(t, "", append(strings.Split(args, "|"), "--dir", dir)...)
		if code != exitOK {
			t.Errorf("%s: exit code %d: %s", args, code, errOut)
		}
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%s lacks %q:\n%s", args, w, out)
			}
		}
	}
	if raw, err := os.ReadFile(file); err != nil || !strings.Contains(string(raw), ben) {
		t.Errorf("HTML: %v\n%s", err, raw)
	}
	for _, args := range []string{
		"groups|create|board|@treasurer", "contacts|add|@treasurer", "contacts|block|@treasurer", "messages|@treasurer",
		"send|@treasurer|-m|hi",
	} {
		code, _, errOut := statusd(t, "", append(strings.Split(args, "|"), "--dir", dir)...)
		if code != exitData {
			t.Errorf("%s: exit code %d: %s", args, code, errOut)
		}
	}
	if len(f.groups) > 0 || len(f.saved) > 0 {
		t.Errorf("somebody was invited or saved: %v %v", f.groups, f.saved)
	}
	if code, _, errOut := statusd(t, "", "groups", "create", "board", "@ben", "--dir", dir); code != exitOK ||
		!slices.Equal(f.groups[0].IDs, []string{ana}) {
		t.Errorf("exit code %d, %v: %s", code, f.groups, errOut)
	}
}

// TestGroupsCannotPassForOtherChats: lists tell kinds apart, and what could
// mean two things is refused.
func TestGroupsCannotPassForOtherChats(t *testing.T) {
	self, bob := person(t), person(t)
	member := []api.Member{{ID: self, Joined: true}}
	contacts := []api.Contact{{ID: bob, LocalNickname: "bob"}}
	f := &fakeDaemon{self: self, status: "sent", contacts: contacts, chats: []api.Chat{
		{ID: "tea", ChatType: api.ChatPublic, Active: true}, {ID: bob, ChatType: api.ChatOneToOne, Active: true},
		{ID: "uuid1-" + self, Name: "#tea", ChatType: api.ChatPrivateGroup, Active: true, Members: member},
		{ID: "uuid2-" + self, Name: "@bob", ChatType: api.ChatPrivateGroup, Active: true, Members: member},
		{ID: "uuid3-" + self, Name: "tea party", ChatType: api.ChatPrivateGroup, Active: true, Members: member},
	}}
	dir := f.start(t)
	for _, command := range []string{"chats", "groups"} {
		_, out, _ := statusd(t, "", command, "--dir", dir)
		for _, want := range []string{
			`group "#tea" [looks like a public chat] `, `group "@bob" [looks like a person] `, `group "tea party" `,
		} {
			if !strings.Contains(out, want) {
				t.Errorf("%s lacks %q:\n%s", command, want, out)
			}
		}
	}
	for _, to := range []string{"#tea", "@bob"} {
		for _, args := range [][]string{{"send", to, "-m", "secret"}, {"messages", to}, {"chats", "delete", to}} {
			code, _, errOut := statusd(t, "", append(args, "--dir", dir)...)
			if code != exitData || !strings.Contains(errOut, "group:uuid") || len(f.sends) > 0 {
				t.Errorf("%q: exit code %d, sent %v: %s", args, code, f.sends, errOut)
			}
		}
	}
	for to, want := range map[string]string{
		"public:tea": "tea", "group:#tea": "uuid1-" + self, "uuid1-" + self: "uuid1-" + self,
		"group:@bob": "uuid2-" + self, "person:@bob": bob, "Tea Party": "uuid3-" + self,
	} {
		code, out, errOut := statusd(t, "", "send", to, "-m", "x", "--dir", dir, "-o", "json")
		if code != exitOK || !strings.Contains(out, `"chatId":"`+want+`"`) {
			t.Errorf("%q: exit code %d, sent %s: %s", to, code, out, errOut)
		}
	}
}
