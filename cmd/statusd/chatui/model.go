package chatui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"statusd/api"
)

// Sizes.
const (
	pageSize    = 50
	maxMessages = 2000 // of the open chat in memory; older ones are read again
	callTime    = 30 * time.Second
	retryTime   = 2 * time.Second
)

// Model is the state of the client.
type Model struct {
	ctx    context.Context // of the program: tea calls Update without one
	daemon Daemon

	width, height int
	chats         []api.Chat
	open          string        // id of the open chat
	messages      []api.Message // of it, oldest first
	older         string        // where the page before them begins, "" for none
	loading       bool          // that page is on its way
	scroll        int           // lines up from the newest
	replyTo       string        // id of the message that is being answered
	input         textinput.Model
	note          string // what to tell the user
	lost          bool   // the daemon does not answer
	failure       error  // that ended the program
}

// New returns the client of a daemon. A chat to open first may be named as a
// person types it. ctx ends the calls that are going on.
func New(ctx context.Context, d Daemon, first string) *Model {
	input := textinput.New()
	input.Placeholder = "write a message, or /help"
	input.Prompt = "> "
	input.CharLimit = 4096
	input.Focus()
	return &Model{ctx: ctx, daemon: d, input: input, open: first, width: 80, height: 24}
}

// What calls to the daemon bring.
type (
	chatsMsg struct {
		chats []api.Chat
		err   error
	}
	pageMsg struct {
		chat     string
		messages []api.Message
		older    string
		first    bool // the newest page
		err      error
	}
	openedMsg struct {
		chat api.Chat
		err  error
	}
	eventsMsg struct {
		events []Event
		err    error
	}
	doneMsg struct {
		err error
	}
	retryMsg struct{}
)

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd {
	cmds := []tea.Cmd{m.readChats(), m.next(), textinput.Blink}
	if m.open != "" {
		cmds = append(cmds, m.openChat(m.open))
		m.open = ""
	}
	return tea.Batch(cmds...)
}

// call runs a call to the daemon as a command.
func (m *Model) call(do func(context.Context) tea.Msg) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(m.ctx, callTime)
		defer cancel()
		return do(ctx)
	}
}

func (m *Model) readChats() tea.Cmd {
	return m.call(func(ctx context.Context) tea.Msg {
		chats, err := m.daemon.Chats(ctx)
		return chatsMsg{chats, err}
	})
}

func (m *Model) readPage(chat, cursor string) tea.Cmd {
	return m.call(func(ctx context.Context) tea.Msg {
		got, older, err := m.daemon.Messages(ctx, chat, cursor, pageSize)
		slices.Reverse(got)
		return pageMsg{chat: chat, messages: got, older: older, first: cursor == "", err: err}
	})
}

func (m *Model) openChat(text string) tea.Cmd {
	return m.call(func(ctx context.Context) tea.Msg {
		chat, err := m.daemon.Open(ctx, text)
		return openedMsg{chat, err}
	})
}

// act runs a call that brings nothing but an error.
func (m *Model) act(do func(context.Context) error) tea.Cmd {
	return m.call(func(ctx context.Context) tea.Msg { return doneMsg{do(ctx)} })
}

// next waits for events, for as long as it takes.
func (m *Model) next() tea.Cmd {
	return func() tea.Msg {
		events, err := m.daemon.Next(m.ctx)
		return eventsMsg{events, err}
	}
}

// Update implements tea.Model.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.input.SetWidth(max(10, msg.Width-3))
		return m, nil
	case tea.KeyPressMsg:
		return m, m.key(msg)
	case tea.MouseWheelMsg:
		return m, m.wheel(msg.Mouse().Button)
	case chatsMsg:
		return m, m.gotChats(msg)
	case pageMsg:
		return m, m.gotPage(msg)
	case openedMsg:
		return m, m.gotOpened(msg)
	case eventsMsg:
		return m, m.gotEvents(msg)
	case retryMsg:
		return m, tea.Batch(m.readChats(), m.next())
	case doneMsg:
		m.say(msg.err)
		return m, nil
	}
	var cmd tea.Cmd
	m.input, cmd = m.input.Update(msg)
	return m, cmd
}

// say shows an error until the next key.
func (m *Model) say(err error) {
	if err != nil && m.ctx.Err() == nil {
		m.note = err.Error()
	}
}

func (m *Model) gotChats(msg chatsMsg) tea.Cmd {
	if msg.err != nil {
		m.say(msg.err)
		return nil
	}
	m.chats = msg.chats
	m.sortChats()
	if m.open == "" && len(m.chats) > 0 {
		return m.show(m.chats[0].ID)
	}
	return nil
}

// sortChats puts the chat with the newest message first.
func (m *Model) sortChats() {
	slices.SortStableFunc(m.chats, func(a, b api.Chat) int {
		switch {
		case a.Timestamp > b.Timestamp:
			return -1
		case a.Timestamp < b.Timestamp:
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// show opens a chat.
func (m *Model) show(id string) tea.Cmd {
	if id == m.open {
		return nil
	}
	m.open, m.messages, m.older, m.scroll, m.replyTo = id, nil, "", 0, ""
	m.loading = true
	return m.readPage(id, "")
}

func (m *Model) gotOpened(msg openedMsg) tea.Cmd {
	if msg.err != nil {
		m.say(msg.err)
		return nil
	}
	if !slices.ContainsFunc(m.chats, func(c api.Chat) bool { return c.ID == msg.chat.ID }) {
		m.chats = append([]api.Chat{msg.chat}, m.chats...)
	}
	return m.show(msg.chat.ID)
}

func (m *Model) gotPage(msg pageMsg) tea.Cmd {
	if msg.chat != m.open {
		return nil // the user has gone on
	}
	m.loading = false
	if msg.err != nil {
		m.say(msg.err)
		return nil
	}
	m.older = msg.older
	if !msg.first {
		m.messages = append(msg.messages, m.messages...)
		return nil
	}
	m.messages = merge(msg.messages, m.messages)
	return m.read()
}

// read marks the open chat as read.
func (m *Model) read() tea.Cmd {
	chat := m.chat(m.open)
	if chat == nil || chat.UnviewedMessagesCount == 0 {
		return nil
	}
	chat.UnviewedMessagesCount = 0
	id := m.open
	return m.act(func(ctx context.Context) error { return m.daemon.MarkRead(ctx, id) })
}

func (m *Model) chat(id string) *api.Chat {
	for i := range m.chats {
		if m.chats[i].ID == id {
			return &m.chats[i]
		}
	}
	return nil
}

func (m *Model) gotEvents(msg eventsMsg) tea.Cmd {
	if msg.err != nil {
		if m.ctx.Err() != nil {
			return nil
		}
		m.lost = true
		m.say(msg.err)
		return tea.Tick(retryTime, func(time.Time) tea.Msg { return retryMsg{} })
	}
	cmds := []tea.Cmd{m.next()}
	if m.lost { // the daemon is back; what happened meanwhile is read again
		m.lost, m.note = false, ""
		cmds = append(cmds, m.readPage(m.open, ""))
	}
	for _, e := range msg.events {
		cmds = append(cmds, m.apply(e))
	}
	return tea.Batch(cmds...)
}

// apply shows what happened.
func (m *Model) apply(e Event) tea.Cmd {
	for i := range m.messages {
		if status, ok := e.Statuses[m.messages[i].ID]; ok {
			m.messages[i].OutgoingStatus = status
		}
	}
	reread := e.Chats
	for _, c := range e.News.Chats {
		if known := m.chat(c.ID); known != nil {
			*known = c
		} else if c.Active {
			m.chats = append(m.chats, c)
		}
	}
	m.sortChats()
	var fresh []api.Message
	for _, got := range e.News.Messages {
		if got.LocalChatID == m.open && got.New {
			fresh = append(fresh, got)
		}
		if m.chat(got.LocalChatID) == nil {
			reread = true
		}
	}
	var cmds []tea.Cmd
	if len(fresh) > 0 {
		m.messages = merge(m.messages, fresh)
		if cut := len(m.messages) - maxMessages; cut > 0 && m.scroll == 0 {
			m.messages = slices.Delete(m.messages, 0, cut)
			m.older = cursorOf(&m.messages[0])
		}
		cmds = append(cmds, m.read())
	}
	if reread {
		cmds = append(cmds, m.readChats())
	}
	return tea.Batch(cmds...)
}

// cursorOf is where the page begins that ends with a message (spec 05 section
// 12); the message itself comes again and is merged.
func cursorOf(m *api.Message) string { return fmt.Sprintf("%064d%s", m.Clock, m.ID) }

// merge adds messages to others in the order of chats, each once.
func merge(have, more []api.Message) []api.Message {
	at := make(map[string]int, len(have))
	for i := range have {
		at[have[i].ID] = i
	}
	for _, got := range more {
		if i, known := at[got.ID]; known {
			have[i] = got
			continue
		}
		at[got.ID] = len(have)
		have = append(have, got)
	}
	slices.SortFunc(have, func(a, b api.Message) int {
		switch {
		case a.Clock < b.Clock:
			return -1
		case a.Clock > b.Clock:
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
	return have
}

// Failure is the error that ended the program, nil when the user did.
func (m *Model) Failure() error { return m.failure }
