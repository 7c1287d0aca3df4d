package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/messenger/naming"
)

// fakeDaemon answers the calls of the commands about people.
type fakeDaemon struct {
	chats    []api.Chat
	messages map[string][]api.Message // the newest first
	contacts []api.Contact
	saved    []api.ContactSettings
	updates  []string
	sends    []api.SendArgs
	status   api.SendState
	events   []api.Event
	acks     []string
	queries  []api.EventsQuery
	groups   []api.CreateGroupArgs
	self     string
	alone    bool // no peers, and no discovery
	listings int  // of the chats
}

// start serves the daemon on the socket of a directory.
func (f *fakeDaemon) start(t *testing.T) (dir string) {
	t.Helper()
	m := fakeMethods{}
	handle(m, api.AccountList, func(api.None) ([]api.ListedAccount, error) {
		return []api.ListedAccount{{CompressedKey: naming.Key(f.self), LoggedIn: true}}, nil
	})
	handle(m, api.WakuextChats, func(api.None) ([]api.Chat, error) {
		f.listings++
		return f.chats, nil
	})
	handle(m, api.WakuextContacts, func(api.None) ([]api.Contact, error) { return f.contacts, nil })
	handle(m, api.WakuextGetContactByID, f.contact)
	handle(m, api.WakuextSaveContact, func(args api.SaveContactArgs) (out api.None, err error) {
		f.saved = append(f.saved, args.Contact)
		return out, nil
	})
	handle(m, api.WakuextSendContactUpdate, func(args api.ContactUpdateArgs) (out api.Changes, err error) {
		f.updates = append(f.updates, args.ID+args.EnsName+args.Image)
		return out, nil
	})
	handle(m, api.WakuextChatMessages, f.page)
	handle(m, api.WakuextSaveChat, func(args api.SaveChatArgs) (out api.None, err error) {
		f.chats = append(f.chats, api.Chat{ID: args.Chat.ID, ChatType: args.Chat.ChatType, Active: true})
		return out, nil
	})
	handle(m, api.WakuextJoin, func(api.ChatArgs) (out api.None, err error) { return out, nil })
	handle(m, api.WakuextCreateGroupChatWithMembers, func(args api.CreateGroupArgs) (api.Changes, error) {
		f.groups = append(f.groups, args)
		return api.Changes{Chats: []api.Chat{{ID: "uuid-" + f.self, Name: args.Name, ChatType: api.ChatPrivateGroup}}}, nil
	})
	handle(m, api.NetPeerCount, func(api.None) (api.Quantity, error) {
		return map[bool]api.Quantity{false: 1}[f.alone], nil
	})
	handle(m, api.StatusHealth, func(api.None) (api.Health, error) {
		return api.Health{ProtocolsHealth: []api.ComponentHealth{{Name: "Waku", Level: api.HealthReady}}}, nil
	})
	handle(m, api.StatusResolve, f.resolve)
	handle(m, api.StatusSend, f.send)
	handle(m, api.StatusGetEvents, f.getEvents)
	handle(m, api.StatusAckEvents, func(args api.AckEventsArgs) (out api.None, err error) {
		f.acks = append(f.acks, fmt.Sprint(args.Consumer, " ", args.Cursor))
		return out, nil
	})
	return m.serve(t)
}

func (f *fakeDaemon) contact(args api.ContactIDArgs) (*api.Contact, error) {
	for i := range f.contacts {
		if f.contacts[i].ID == args.ID {
			return &f.contacts[i], nil
		}
	}
	return nil, nil
}

func (f *fakeDaemon) page(args api.PageArgs) (api.MessagePage, error) {
	all, from := f.messages[args.ChatID], 0
	if args.Cursor != "" {
		_, _ = fmt.Sscan(args.Cursor, &from)
	}
	to, next := min(from+*args.Limit, len(all)), ""
	if to < len(all) {
		next = fmt.Sprint(to)
	}
	return api.MessagePage{Messages: all[from:to], Cursor: next}, nil
}

// resolve finds what the daemon would.
func (f *fakeDaemon) resolve(args api.ResolveArgs) (api.Resolved, error) {
	t, err := naming.New(f.self, f.contacts, f.chats).FindKind(naming.Kind(args.Kind), args.Name)
	if err != nil {
		return api.Resolved{}, api.NewError(api.CodeInvalidRecipient, "%v", err)
	}
	return api.Resolved{Kind: api.NameKind(t.Kind), ID: t.ID, Exact: t.Exact()}, nil
}

func (f *fakeDaemon) send(args api.SendArgs) (out api.Sent, err error) {
	for _, to := range args.Recipient {
		found, err := f.resolve(api.ResolveArgs{Name: to})
		if err != nil {
			return out, err
		}
		out.Messages = append(out.Messages, api.SentMessage{MessageID: "0x01", ChatID: found.ID, Clock: 7, Status: f.status})
	}
	f.sends = append(f.sends, args)
	out.SentMessage = out.Messages[0]
	if len(out.Messages) == 1 {
		out.Messages = nil
	}
	return out, nil
}

func (f *fakeDaemon) getEvents(args api.GetEventsArgs) (api.EventPage, error) {
	f.queries = append(f.queries, *args.Query)
	page := api.EventPage{Events: []api.Event{}}
	if args.Query.Since != nil {
		page.Next = *args.Query.Since
	}
	since := page.Next
	for _, e := range f.events {
		if e.Cursor > since && len(page.Events) < *args.Query.Limit {
			page.Events = append(page.Events, e)
			page.Next = e.Cursor
		}
	}
	return page, nil
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
func newsEvent(t *testing.T, cursor int64, m api.Message) api.Event {
	t.Helper()
	m.New = true
	raw, err := json.Marshal(api.Changes{Messages: []api.Message{m}})
	if err != nil {
		t.Fatal(err)
	}
	return api.Event{Cursor: cursor, Type: api.EventMessagesNew, Event: raw}
}

func TestSend(t *testing.T) {
	png := filepath.Join(t.TempDir(), "p.png")
	if err := os.WriteFile(png, []byte("\x89PNG\r\n\x1a\n rest"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, stdin string
		status      api.SendState
		args        []string
		code        int
		out, errOut string
		sends       int
	}{
		{"sent", "", "sent", []string{"#tea", "-m", "hi"}, exitOK, "0x01  sent\n", "", 1},
		{"from a pipe", "hi\nthere\n", "sent", []string{"#tea"}, exitOK, "0x01  sent\n", "", 1},
		{"to many", "", "sent", []string{"#tea", "#milk", "-m", "hi"}, exitOK, "0x01  sent\n0x01  sent\n", "", 1},
		{"one of many is unknown", "", "sent", []string{"#milk", "nobody", "-m", "hi"}, exitData, "", "nobody", 0},
		{"queued", "", "queued", []string{"#tea", "-m", "hi"}, exitTemporary, "0x01  queued\n", "goes on trying", 1},
		{"queued is enough", "", "queued", []string{"#tea", "-m", "hi", "--wait", "none"}, exitOK, "0x01  queued\n", "", 1},
		{"sent is not delivered", "", "sent", []string{person(t), "-m", "x", "--wait", "delivered"}, exitTemporary,
			"0x01  sent\n", "not delivered", 1},
		{"nobody acknowledges", "", "sent", []string{"#tea", "-m", "x", "--wait", "delivered"}, exitOK, "0x01  sent\n",
			"nobody acknowledges", 1},
		{"image", "", "sent", []string{"#tea", "-a", png}, exitOK, "0x01  sent\n", "", 1},
		{"json", "", "sent", []string{"#tea", "-m", "hi", "-o", "json"}, exitOK,
			`{"messageId":"0x01","chatId":"tea","clock":7,"status":"sent"}` + "\n", "", 1},
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
				if f.sends[0].Message != "hi\nthere" {
					t.Errorf("sent %q", f.sends[0].Message)
				}
			case "image":
				if a := string(f.sends[0].Attachment); !strings.HasPrefix(a, "data:image/png;base64,") {
					t.Errorf("attached %v", a)
				}
			}
		})
	}
}

// TestSendSaysThatNobodyIsThere at once, with what helps.
func TestSendSaysThatNobodyIsThere(t *testing.T) {
	f := &fakeDaemon{status: api.SendQueued, alone: true}
	code, out, errOut := statusd(t, "", "send", "#tea", "-m", "hi", "--dir", f.start(t))
	if code != exitTemporary || out != "0x01  queued\n" || !strings.Contains(errOut, "no peers, and discovery is off") ||
		!strings.Contains(errOut, "statusd peers add") || f.sends[0].Wait != api.WaitNone {
		t.Errorf("exit code %d: %q %q, waited for %q", code, out, errOut, f.sends[0].Wait)
	}
}

// TestSendSaysThatTheAnswerWasLost also where nobody is there: what failed is
// the output.
func TestSendSaysThatTheAnswerWasLost(t *testing.T) {
	f := &fakeDaemon{status: api.SendQueued, alone: true}
	var errOut strings.Builder
	args := []string{"send", "#tea", "-m", "hi", "--dir", f.start(t)}
	code := realMain(args, strings.NewReader(""), fullDisk{}, &errOut)
	text := errOut.String()
	if code != exitIO || !strings.Contains(text, "no space left") || strings.Contains(text, "no peers") {
		t.Errorf("exit code %d: %s", code, text)
	}
}

// fullDisk is an output on a disk that is full.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

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
	if !slices.Equal(f.acks, []string{"bot 20"}) || f.queries[0].Consumer != "bot" {
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

// TestReceiveWaitsForAMessage: what else the log has of conversations, a
// changed contact for instance, is neither printed nor counted.
func TestReceiveWaitsForAMessage(t *testing.T) {
	ana := person(t)
	changed := newsEvent(t, 10, api.Message{})
	changed.Event = []byte(`{"contacts":[{"id":"` + ana + `"}]}`)
	f := &fakeDaemon{self: person(t), events: []api.Event{
		changed, newsEvent(t, 20, api.Message{ID: "0x01", From: ana, Text: "at last", LocalChatID: "tea"}),
	}}
	dir := f.start(t)
	code, out, errOut := statusd(t, "", "receive", "--dir", dir, "--max-messages", "1", "--wait", "10s", "--ack")
	if code != exitOK || strings.Count(out, "\n") != 1 || !strings.Contains(out, "at last") || len(f.queries) != 2 {
		t.Errorf("exit code %d after %d pages: %s%s", code, len(f.queries), out, errOut)
	}
	if !slices.Equal(f.acks, []string{"receive 10", "receive 20"}) {
		t.Errorf("acknowledged %q", f.acks)
	}
}

func TestContactsAreFoundByNickname(t *testing.T) {
	ana, ben := person(t), person(t)
	f := &fakeDaemon{self: person(t), contacts: []api.Contact{
		{ID: ana, LocalNickname: "Ana", SystemTags: []api.SystemTag{api.TagAdded, api.TagRequestReceived}},
		{ID: ben, LocalNickname: "ana "},
	}}
	dir := f.start(t)
	code, out, errOut := statusd(t, "", "groups", "create", "tea party", "@ana", naming.Key(ben), "--dir", dir)
	if code != exitOK || !strings.HasPrefix(out, "uuid-") {
		t.Fatalf("exit code %d: %s%s", code, out, errOut)
	}
	if got := f.groups[0].IDs; !slices.Equal(got, []string{ana, ben}) {
		t.Errorf("members %q", got)
	}
	if code, out, _ = statusd(t, "", "contacts", "--dir", dir); code != exitOK || !strings.Contains(out, "mutual") {
		t.Errorf("exit code %d: %s", code, out)
	}
	for args, want := range map[string]string{
		"@eve": "nobody", "eve": "nobody", "0x04ff": "nobody",
	} {
		if code, _, errOut := statusd(t, "", "contacts", "add", args, "--dir", dir); code != exitData ||
			!strings.Contains(errOut, want) {
			t.Errorf("%s: exit code %d: %s", args, code, errOut)
		}
	}
	code, _, _ = statusd(t, "", "contacts", "add", naming.Key(ben), "--nickname", "ben", "--dir", dir)
	if code != exitOK || len(f.saved) != 1 || f.saved[0].LocalNickname != "ben" || len(f.updates) != 1 {
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

// TestChatsAreReadOnce by commands that look one up and then say what it is called.
func TestChatsAreReadOnce(t *testing.T) {
	f := &fakeDaemon{messages: map[string][]api.Message{}, chats: []api.Chat{
		{ID: "tea", ChatType: api.ChatPublic, Active: true},
		{ID: "g", Name: "team", ChatType: api.ChatPrivateGroup, Active: true},
	}}
	dir := f.start(t)
	for _, args := range [][]string{{"chats"}, {"groups"}, {"groups", "members", "team"}, {"messages", "#tea"}} {
		f.listings = 0
		if code, _, errOut := statusd(t, "", append(args, "--dir", dir)...); code != exitOK || f.listings != 1 {
			t.Errorf("%q: exit code %d, chats read %d times: %s", args, code, f.listings, errOut)
		}
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
