package chatui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"statusd/api"
)

// fake is a daemon in memory.
type fake struct {
	chats    []api.Chat
	messages map[string][]api.Message // oldest first
	sent     []string
	read     []string
	pages    int
	failure  error
}

func (f *fake) Chats(context.Context) ([]api.Chat, error) { return f.chats, f.failure }

func (f *fake) Messages(_ context.Context, chat, cursor string, limit int) ([]api.Message, string, error) {
	f.pages++
	all := f.messages[chat]
	end := len(all)
	if cursor != "" {
		for i := range all {
			if cursorOf(&all[i]) == cursor {
				end = i + 1
			}
		}
	}
	from, next := max(0, end-limit), ""
	if from > 0 {
		next = cursorOf(&all[from-1])
	}
	var out []api.Message
	for i := end - 1; i >= from; i-- {
		out = append(out, all[i])
	}
	return out, next, f.failure
}

func (f *fake) Send(_ context.Context, chat, text, replyTo string) error {
	if f.failure != nil {
		return f.failure
	}
	f.sent = append(f.sent, chat+"|"+text+"|"+replyTo)
	f.messages[chat] = append(f.messages[chat], message(chat, len(f.messages[chat])+1, text, "sending"))
	return nil
}

func (f *fake) Open(_ context.Context, text string) (api.Chat, error) {
	if text == "#none" {
		return api.Chat{}, errors.New("no such chat")
	}
	return api.Chat{ID: strings.TrimPrefix(text, "#"), ChatType: api.ChatPublic, Active: true}, nil
}

func (f *fake) MarkRead(_ context.Context, chat string) error {
	f.read = append(f.read, chat)
	return nil
}

func (f *fake) Resend(_ context.Context, id string) error {
	f.sent = append(f.sent, "again|"+id)
	return nil
}

func (f *fake) ChatName(c *api.Chat) string           { return "#" + c.ID }
func (f *fake) PersonName(id, _ string) string        { return id }
func (f *fake) Next(context.Context) ([]Event, error) { return nil, errors.New("not in this test") }

func message(chat string, n int, text string, status api.OutgoingStatus) api.Message {
	return api.Message{
		ID: fmt.Sprintf("0x%064x", n), Clock: uint64(n), WhisperTimestamp: uint64(1_790_000_000_000 + n*1000),
		From: "ana", Text: text, LocalChatID: chat, ChatID: chat, OutgoingStatus: status,
	}
}

// run executes a command and all that follows from it, but not the waiting for
// events and the blinking of the cursor.
func run(t *testing.T, m *Model, cmd tea.Cmd) {
	t.Helper()
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			run(t, m, c)
		}
	case chatsMsg, pageMsg, openedMsg, doneMsg:
		_, next := m.Update(msg)
		run(t, m, next)
	}
}

// start returns a client of a fake daemon with two chats.
func start(t *testing.T, many int) (*Model, *fake) {
	t.Helper()
	f := &fake{messages: map[string][]api.Message{}}
	f.chats = []api.Chat{
		{ID: "tea", ChatType: api.ChatPublic, Timestamp: 1, Active: true},
		{ID: "milk", ChatType: api.ChatPublic, Timestamp: 2, Active: true, UnviewedMessagesCount: 3},
	}
	for i := 1; i <= many; i++ {
		f.messages["milk"] = append(f.messages["milk"], message("milk", i, fmt.Sprintf("number %d.", i), ""))
	}
	m := New(t.Context(), f, "")
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	run(t, m, m.readChats())
	return m, f
}

func screen(m *Model) string { return ansi.Strip(m.View().Content) }

func typed(t *testing.T, m *Model, text string) {
	t.Helper()
	m.input.SetValue(text)
	_, cmd := m.Update(tea.KeyPressMsg{Code: tea.KeyEnter})
	run(t, m, cmd)
}

func TestOpensTheNewestChatAndMarksItRead(t *testing.T) {
	m, f := start(t, 3)
	if m.open != "milk" || len(f.read) != 1 || f.read[0] != "milk" {
		t.Fatalf("open %q, read %q", m.open, f.read)
	}
	got := screen(m)
	for _, want := range []string{"#milk", "#tea", "number 1.", "number 3."} {
		if !strings.Contains(got, want) {
			t.Errorf("the screen lacks %q:\n%s", want, got)
		}
	}
	_, cmd := m.Update(tea.KeyPressMsg{Code: tea.KeyTab})
	if run(t, m, cmd); m.open != "tea" {
		t.Errorf("Tab opened %q", m.open)
	}
}

func TestScreenHasTheSizeOfTheTerminal(t *testing.T) {
	for _, size := range []tea.WindowSizeMsg{{Width: 80, Height: 24}, {Width: 40, Height: 10}, {Width: 5, Height: 3}} {
		m, _ := start(t, 30)
		m.messages[29].Text = strings.Repeat("wide 文字 ", 40) + strings.Repeat("x", 300)
		m.Update(size)
		lines := strings.Split(screen(m), "\n")
		if size.Height >= 4 && len(lines) != size.Height {
			t.Errorf("%dx%d: %d lines", size.Width, size.Height, len(lines))
		}
		for i, line := range lines[:len(lines)-1] { // the input cares for itself
			if w := ansi.StringWidth(line); w > max(size.Width, 10) {
				t.Errorf("%dx%d: line %d has %d columns: %q", size.Width, size.Height, i, w, line)
			}
		}
	}
}

func TestSendingShowsTheMessageAndItsMarks(t *testing.T) {
	m, f := start(t, 0)
	typed(t, m, "hello there")
	if len(f.sent) != 1 || f.sent[0] != "milk|hello there|" {
		t.Fatalf("sent %q", f.sent)
	}
	id := m.messages[0].ID
	for _, step := range []struct{ status, want string }{
		{"sending", "hello there  …"}, {"sent", "hello there  ✓"}, {"delivered", "hello there  ✓✓"},
		{"not-sent", "✗ not sent"},
	} {
		m.apply(Event{Statuses: map[string]api.OutgoingStatus{id: api.OutgoingStatus(step.status)}})
		if got := screen(m); !strings.Contains(got, step.want) {
			t.Errorf("%s: the screen lacks %q:\n%s", step.status, step.want, got)
		}
	}
	typed(t, m, "/reply 1 and you?")
	typed(t, m, "/resend 1")
	typed(t, m, "//slash")
	want := []string{"milk|and you?|" + id, "again|" + m.messages[1].ID, "milk|/slash|"}
	for i, w := range want {
		if f.sent[i+1] != w {
			t.Errorf("sent %q, want %q", f.sent[i+1], w)
		}
	}
}

func TestMistakesAreSaidAndTheLineStays(t *testing.T) {
	tests := []struct{ line, want string }{
		{"/dance", "no such command"}, {"/reply 9 x", "which message"}, {"/reply 1", "which message"},
		{"/resend", "which message"}, {"/resend 99999999999999999999", "which message"}, {"/open", "open which chat"},
	}
	for _, tt := range tests {
		m, f := start(t, 1)
		typed(t, m, tt.line)
		if got := screen(m); !strings.Contains(got, tt.want) || m.input.Value() != tt.line || len(f.sent) != 0 {
			t.Errorf("%s: line %q, sent %q, screen:\n%s", tt.line, m.input.Value(), f.sent, got)
		}
	}
	m, f := start(t, 1)
	f.failure = errors.New("not logged in")
	typed(t, m, "hello")
	if got := screen(m); !strings.Contains(got, "not logged in") {
		t.Errorf("the failure is not shown:\n%s", got)
	}
}

func TestEventsBringMessagesAndChats(t *testing.T) {
	m, f := start(t, 1)
	news := message("milk", 7, "live", "")
	news.New = true
	other := api.Chat{ID: "coffee", ChatType: api.ChatPublic, Active: true, Timestamp: 9, UnviewedMessagesCount: 2}
	_ = m.apply(Event{News: api.Changes{Messages: []api.Message{news, news}, Chats: []api.Chat{other}}})
	got := screen(m)
	if strings.Count(got, "live") != 1 || !strings.Contains(got, "#coffee") || m.chats[0].ID != "coffee" {
		t.Errorf("chats %v, screen:\n%s", m.chats, got)
	}
	if f.pages != 1 {
		t.Errorf("%d pages were read", f.pages)
	}
}

func TestScrollingUpReadsOlderMessages(t *testing.T) {
	m, f := start(t, 120)
	for range 40 {
		_, cmd := m.Update(tea.KeyPressMsg{Code: tea.KeyPgUp})
		run(t, m, cmd)
	}
	if len(m.messages) != 120 || m.older != "" || f.pages != 3 {
		t.Errorf("%d messages after %d pages, older %q", len(m.messages), f.pages, m.older)
	}
	if got := screen(m); !strings.Contains(got, "number 1.") {
		t.Errorf("the oldest message is not shown:\n%s", got)
	}
	m.Update(tea.KeyPressMsg{Code: tea.KeyEscape})
	if got := screen(m); !strings.Contains(got, "number 120.") {
		t.Errorf("the newest message is not shown:\n%s", got)
	}
}

func TestForeignTextCannotSteerTheTerminal(t *testing.T) {
	m, _ := start(t, 1)
	m.messages[0].Text, m.messages[0].From = "\x1b[2Jboo\u202e", "\x1b]0;title\x07"
	raw := m.View().Content
	for _, bad := range []string{"\x1b[2J", "\x1b]0;", "\u202e"} {
		if strings.Contains(raw, bad) {
			t.Errorf("the screen has %q", bad)
		}
	}
}

func TestComesBackAfterTheDaemonDid(t *testing.T) {
	m, f := start(t, 1)
	m.Update(eventsMsg{err: errors.New("connection refused")})
	m.note = ""
	if got := screen(m); !strings.Contains(got, "the daemon does not answer") {
		t.Errorf("the loss is not shown:\n%s", got)
	}
	f.messages["milk"] = append(f.messages["milk"], message("milk", 2, "meanwhile", ""))
	_, cmd := m.Update(eventsMsg{})
	for _, c := range cmd().(tea.BatchMsg)[1:] { // the first waits for events
		run(t, m, c)
	}
	if got := screen(m); !strings.Contains(got, "meanwhile") || m.lost {
		t.Errorf("what happened meanwhile is not shown:\n%s", got)
	}
}
