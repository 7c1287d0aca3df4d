package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gethrpc "github.com/ethereum/go-ethereum/rpc"

	"statusd/accounts/key"
	"statusd/api"
)

// fakeDaemon answers the calls of the commands about people.
type fakeDaemon struct {
	chats    []api.Chat
	messages map[string][]api.Message // the newest first
	contacts []api.Contact
	saved    []api.Contact
	updates  []string
	sends    [][]any
	status   string
	events   []logEvent
	acks     []string
	queries  []map[string]any
	groups   [][]any
	self     string
}

// start serves the daemon on the socket of a directory.
func (f *fakeDaemon) start(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	server := gethrpc.NewServer()
	services := map[string]any{"wakuext": (*fakeExt)(f), "status": (*fakeStatus)(f), "account": (*fakeAccount)(f)}
	for name, service := range services {
		if err := server.RegisterName(name, service); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "statusd.ipc"))
	if err != nil {
		t.Fatal(err)
	}
	go server.ServeListener(listener) //nolint:errcheck // ends with the listener
	t.Cleanup(func() { _ = listener.Close(); server.Stop() })
	return dir
}

type fakeExt fakeDaemon

func (f *fakeExt) Chats() []api.Chat       { return f.chats }
func (f *fakeExt) Contacts() []api.Contact { return f.contacts }

func (f *fakeExt) GetContactByID(id string) *api.Contact {
	for i := range f.contacts {
		if f.contacts[i].ID == id {
			return &f.contacts[i]
		}
	}
	return nil
}

func (f *fakeExt) SaveContact(c api.Contact) { f.saved = append(f.saved, c) }

func (f *fakeExt) SendContactUpdate(id, name, image string) api.Changes {
	f.updates = append(f.updates, id+name+image)
	return api.Changes{}
}

func (f *fakeExt) SaveChat(c api.Chat) { f.chats = append(f.chats, c) }
func (f *fakeExt) Join(api.Chat)       {}

func (f *fakeExt) ChatMessages(chat, cursor string, limit int) messagesAnswer {
	all, from := f.messages[chat], 0
	if cursor != "" {
		_, _ = fmt.Sscan(cursor, &from)
	}
	to, next := min(from+limit, len(all)), ""
	if to < len(all) {
		next = fmt.Sprint(to)
	}
	return messagesAnswer{all[from:to], next}
}

func (f *fakeExt) CreateGroupChatWithMembers(name string, members []string) api.Changes {
	f.groups = append(f.groups, []any{name, members})
	return api.Changes{Chats: []api.Chat{{ID: "uuid-" + f.self, Name: name, ChatType: api.ChatPrivateGroup}}}
}

type fakeStatus fakeDaemon

func (f *fakeStatus) Send(
	recipient, text string, attachment, replyTo *string, wait string, seconds float64,
) (sendResult, error) {
	if recipient == "nobody" {
		return sendResult{}, errors.New("no such recipient")
	}
	f.sends = append(f.sends, []any{recipient, text, attachment, replyTo, wait, seconds})
	return sendResult{"0x01", recipient, 7, f.status}, nil
}

func (f *fakeStatus) GetEvents(query map[string]any) eventPageAnswer {
	f.queries = append(f.queries, query)
	since, _ := query["since"].(float64)
	limit, _ := query["limit"].(float64)
	page := eventPageAnswer{Next: int64(since)}
	for _, e := range f.events {
		if e.Cursor > int64(since) && len(page.Events) < int(limit) {
			page.Events = append(page.Events, e)
			page.Next = e.Cursor
		}
	}
	return page
}

func (f *fakeStatus) AckEvents(consumer string, cursor int64) {
	f.acks = append(f.acks, fmt.Sprint(consumer, " ", cursor))
}

type fakeAccount fakeDaemon

func (f *fakeAccount) List() any {
	return []map[string]any{{"compressedKey": keyText(f.self), "loggedIn": true}}
}

// person makes a contact id.
func person(t *testing.T) string {
	t.Helper()
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k.Public().ContactID()
}

// newsEvent is a received message as the event log has it.
func newsEvent(t *testing.T, cursor int64, m api.Message) logEvent {
	t.Helper()
	m.New = true
	raw, err := json.Marshal(api.Changes{Messages: []api.Message{m}})
	if err != nil {
		t.Fatal(err)
	}
	return logEvent{Cursor: cursor, Type: "messages.new", Event: raw}
}

func TestSend(t *testing.T) {
	png := filepath.Join(t.TempDir(), "p.png")
	if err := os.WriteFile(png, []byte("\x89PNG\r\n\x1a\n rest"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, stdin, status string
		args                []string
		code                int
		out, errOut         string
		sends               int
	}{
		{"sent", "", "sent", []string{"#tea", "-m", "hi"}, exitOK, "0x01  sent\n", "", 1},
		{"from a pipe", "hi\nthere\n", "sent", []string{"#tea"}, exitOK, "0x01  sent\n", "", 1},
		{"to many", "", "sent", []string{"#tea", "#milk", "-m", "hi"}, exitOK, "0x01  sent\n0x01  sent\n", "", 2},
		{"one of many fails", "", "sent", []string{"nobody", "#milk", "-m", "hi"}, exitOther, "0x01  sent\n", "nobody", 1},
		{"queued", "", "queued", []string{"#tea", "-m", "hi"}, exitTemporary, "0x01  queued\n", "goes on trying", 1},
		{"queued is enough", "", "queued", []string{"#tea", "-m", "hi", "--wait", "none"}, exitOK, "0x01  queued\n", "", 1},
		{"sent is not delivered", "", "sent", []string{"#tea", "-m", "x", "--wait", "delivered"}, exitTemporary,
			"0x01  sent\n", "not delivered", 1},
		{"image", "", "sent", []string{"#tea", "-a", png}, exitOK, "0x01  sent\n", "", 1},
		{"json", "", "sent", []string{"#tea", "-m", "hi", "-o", "json"}, exitOK,
			`{"messageId":"0x01","chatId":"#tea","clock":7,"status":"sent"}` + "\n", "", 1},
		{"no recipient", "", "", []string{"-m", "hi"}, exitUsage, "", "recipient", 0},
		{"bad wait", "", "", []string{"#tea", "-m", "hi", "--wait", "read"}, exitUsage, "", "--wait", 0},
		{"no file", "", "", []string{"#tea", "-a", "/nonexistent"}, exitNoInput, "", "/nonexistent", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeDaemon{status: tt.status}
			dir := f.start(t)
			code, out, errOut := statusd(t, tt.stdin, append([]string{"send", "--dir", dir}, tt.args...)...)
			if code != tt.code || out != tt.out || !strings.Contains(errOut, tt.errOut) || len(f.sends) != tt.sends {
				t.Errorf("exit code %d, want %d; %d sends, want %d\nstdout %q, want %q\nstderr %q", code, tt.code, len(f.sends),
					tt.sends, out, tt.out, errOut)
			}
			switch tt.name {
			case "from a pipe":
				if f.sends[0][1] != "hi\nthere" {
					t.Errorf("sent %q", f.sends[0][1])
				}
			case "image":
				if a := f.sends[0][2].(*string); a == nil || !strings.HasPrefix(*a, "data:image/png;base64,") {
					t.Errorf("attached %v", a)
				}
			}
		})
	}
}

func TestReceiveAcknowledgesWhatItPrints(t *testing.T) {
	ana := person(t)
	f := &fakeDaemon{self: person(t), contacts: []api.Contact{{ID: ana, LocalNickname: "ana"}}}
	for i := int64(1); i <= 5; i++ {
		f.events = append(f.events, newsEvent(t, 10*i, api.Message{
			ID: "0x0" + fmt.Sprint(i), From: ana, Text: fmt.Sprintf("number %d", i), LocalChatID: "tea",
		}))
	}
	dir := f.start(t)
	code, out, errOut := statusd(t, "", "receive", "--dir", dir, "--max-messages", "2", "--ack", "--consumer", "bot")
	if code != exitOK || !strings.Contains(out, "#tea  ana: number 1\n") || strings.Contains(out, "number 3") {
		t.Fatalf("exit code %d: %s%s", code, out, errOut)
	}
	if !slices.Equal(f.acks, []string{"bot 20"}) || f.queries[0]["consumer"] != "bot" {
		t.Errorf("acknowledged %q, asked %v", f.acks, f.queries[0])
	}
	code, out, _ = statusd(t, "", "receive", "--dir", dir, "--since", "30", "-o", "json")
	if lines := strings.Count(out, "\n"); code != exitOK || lines != 2 || !strings.Contains(out, `"cursor":40`) {
		t.Errorf("exit code %d: %s", code, out)
	}
	if len(f.acks) != 1 {
		t.Errorf("acknowledged without --ack: %q", f.acks)
	}
}

func TestContactsAreFoundByNickname(t *testing.T) {
	ana, ben := person(t), person(t)
	f := &fakeDaemon{self: person(t), contacts: []api.Contact{
		{ID: ana, LocalNickname: "Ana", SystemTags: []api.SystemTag{api.TagAdded, api.TagRequestReceived}},
		{ID: ben, LocalNickname: "ana "},
	}}
	dir := f.start(t)
	code, out, errOut := statusd(t, "", "groups", "create", "tea party", "@ana", keyText(ben), "--dir", dir)
	if code != exitOK || !strings.HasPrefix(out, "uuid-") {
		t.Fatalf("exit code %d: %s%s", code, out, errOut)
	}
	if got := f.groups[0][1].([]string); !slices.Equal(got, []string{ana, ben}) {
		t.Errorf("members %q", got)
	}
	if code, out, _ = statusd(t, "", "contacts", "--dir", dir); code != exitOK || !strings.Contains(out, "mutual") {
		t.Errorf("exit code %d: %s", code, out)
	}
	for args, want := range map[string]string{
		"@eve": "no contact is called", "eve": "no public key", "0x04ff": "no public key",
	} {
		if code, _, errOut := statusd(t, "", "contacts", "add", args, "--dir", dir); code != exitData ||
			!strings.Contains(errOut, want) {
			t.Errorf("%s: exit code %d: %s", args, code, errOut)
		}
	}
	if code, _, _ := statusd(t, "", "contacts", "add", keyText(ben), "--nickname", "ben", "--dir", dir); code != exitOK ||
		len(f.saved) != 1 || f.saved[0].LocalNickname != "ben" || len(f.updates) != 1 {
		t.Errorf("exit code %d, saved %v, updates %q", code, f.saved, f.updates)
	}
}

func TestExportIsInOrderAndComplete(t *testing.T) {
	f := &fakeDaemon{messages: map[string][]api.Message{}, chats: []api.Chat{
		{ID: "tea", ChatType: api.ChatPublic, Active: true},
	}}
	for i := 250; i >= 1; i-- {
		f.messages["tea"] = append(f.messages["tea"], api.Message{
			ID: fmt.Sprint(i), Text: fmt.Sprintf("<b>%d</b>\nsecond line", i), WhisperTimestamp: uint64(i),
		})
	}
	f.messages["tea"][0].Image = "javascript:alert(1)"
	f.messages["tea"][1].Image = "data:image/png;base64,AAAA"
	f.messages["tea"][2].Image = "data:image/SVG+xml;base64,PHN2Zy8+"
	f.messages["tea"][3].Audio = "data:audio/x-any;base64,PHN2Zy8+"
	dir := f.start(t)
	for format, last := range map[string]string{
		"json": `"id":"250"`, "txt": "<b>250</b>\n    second line", "html": "&lt;b&gt;250",
	} {
		file := filepath.Join(t.TempDir(), "out")
		code, _, errOut := statusd(t, "", "export", "--dir", dir, "--chat", "#tea", "--format", format, "--out", file)
		if code != exitOK || !strings.Contains(errOut, "250 messages") {
			t.Fatalf("%s: exit code %d: %s", format, code, errOut)
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		first := strings.NewReplacer("250", "1").Replace(last)
		if at, end := strings.Index(text, first), strings.Index(text, last); at < 0 || end < at {
			t.Errorf("%s: first at %d, last at %d", format, at, end)
		}
		if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v", format, info.Mode())
		}
		if format == "html" && (strings.Contains(text, "javascript:") ||
			strings.Contains(text, "PHN2Zy8+") || !strings.Contains(text, "data:image/png")) {
			t.Error("html: wrong images")
		}
	}
	code, out, _ := statusd(t, "", "messages", "#tea", "-n", "2", "--dir", dir)
	if code != exitOK || strings.Count(out, "\n") != 2 || !strings.Contains(out, "<b>249</b> second line") {
		t.Errorf("exit code %d: %q", code, out)
	}
	if code, _, errOut := statusd(t, "", "messages", "#milk", "--dir", dir); code != exitData ||
		!strings.Contains(errOut, "statusd chats") {
		t.Errorf("exit code %d: %s", code, errOut)
	}
}

func TestPeopleCommandsWithoutDaemon(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{"send", "#tea", "-m", "x"}, {"receive"}, {"chats"}, {"messages", "#tea"}, {"contacts"}, {"groups"},
		{"search", "x"}, {"export", "--chat", "#tea"},
	} {
		if code, _, errOut := statusd(t, "", append(args, "--dir", dir)...); code != exitUnavailable {
			t.Errorf("%q: exit code %d: %s", args, code, errOut)
		}
	}
	code, _, errOut := statusd(t, "", "chat", "--dir", dir)
	if code != exitUsage || !strings.Contains(errOut, "terminal") {
		t.Errorf("chat: exit code %d: %s", code, errOut)
	}
}
