package chatui

import (
	"context"
	"errors"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"statusd/api"
)

// help lists what can be typed.
const help = "Tab next chat · Shift+Tab previous · PgUp/PgDn scroll · /open #chat or key · /reply N text · " +
	"/resend N · /quit  (N counts from the newest message, 1)"

// key acts on a key.
func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	m.note = ""
	switch k.String() {
	case "ctrl+c":
		return tea.Quit
	case "tab", "ctrl+n", "alt+down":
		return m.step(1)
	case "shift+tab", "ctrl+p", "alt+up":
		return m.step(-1)
	case "pgup":
		return m.scrollBy(m.bodyHeight() / 2)
	case "pgdown":
		return m.scrollBy(-m.bodyHeight() / 2)
	case "esc":
		m.scroll, m.replyTo = 0, ""
		return nil
	case "enter":
		return m.enter()
	}
	var cmd tea.Cmd
	m.input, cmd = m.input.Update(k)
	return cmd
}

func (m *Model) wheel(b tea.MouseButton) tea.Cmd {
	switch b {
	case tea.MouseWheelUp:
		return m.scrollBy(3)
	case tea.MouseWheelDown:
		return m.scrollBy(-3)
	}
	return nil
}

// step opens the next chat of the list.
func (m *Model) step(by int) tea.Cmd {
	if len(m.chats) == 0 {
		return nil
	}
	at := slices.IndexFunc(m.chats, func(c api.Chat) bool { return c.ID == m.open })
	return m.show(m.chats[((at+by)%len(m.chats)+len(m.chats))%len(m.chats)].ID)
}

// scrollBy moves up, and reads older messages when their end is near.
func (m *Model) scrollBy(lines int) tea.Cmd {
	total := len(m.lines(m.bodyWidth()))
	m.scroll = max(0, min(m.scroll+lines, total-m.bodyHeight()))
	if lines > 0 && m.older != "" && !m.loading && m.scroll+2*m.bodyHeight() > total {
		m.loading = true
		return m.readPage(m.open, m.older)
	}
	return nil
}

var (
	errNoChat  = errors.New("no chat is open; try /open #tea")
	errWhich   = errors.New("which message? 1 is the newest")
	errCommand = errors.New("no such command; try /help")
)

// enter sends the line, or does what it says.
func (m *Model) enter() tea.Cmd {
	line := strings.TrimSpace(m.input.Value())
	if line == "" {
		return nil
	}
	cmd, err := m.line(line)
	if err != nil {
		m.say(err)
		return nil // the line stays, to be mended
	}
	m.input.Reset()
	return cmd
}

func (m *Model) line(line string) (tea.Cmd, error) {
	command, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch command {
	case "/quit", "/exit":
		return tea.Quit, nil
	case "/help":
		m.note = help
		return nil, nil
	case "/open", "/join":
		if rest == "" {
			return nil, errors.New("open which chat? for instance /open #tea")
		}
		return m.openChat(rest), nil
	case "/reply":
		number, text, _ := strings.Cut(rest, " ")
		target, err := m.numbered(number)
		if err != nil || strings.TrimSpace(text) == "" {
			return nil, errWhich
		}
		return m.send(strings.TrimSpace(text), target.ID)
	case "/resend":
		target, err := m.numbered(rest)
		if err != nil {
			return nil, err
		}
		return m.act(func(ctx context.Context) error { return m.daemon.Resend(ctx, target.ID) }), nil
	}
	if strings.HasPrefix(line, "/") && !strings.HasPrefix(line, "//") {
		return nil, errCommand
	}
	return m.send(strings.TrimPrefix(line, "/"), "")
}

// numbered returns the nth message from the newest, 1 on.
func (m *Model) numbered(text string) (*api.Message, error) {
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' || n > maxMessages {
			return nil, errWhich
		}
		n = 10*n + int(c-'0')
	}
	if n < 1 || n > len(m.messages) {
		return nil, errWhich
	}
	return &m.messages[len(m.messages)-n], nil
}

// send sends a text to the open chat. The message itself shows when the page
// is read again, at once after the call.
func (m *Model) send(text, replyTo string) (tea.Cmd, error) {
	if m.open == "" {
		return nil, errNoChat
	}
	id := m.open
	m.scroll = 0
	return m.call(func(ctx context.Context) tea.Msg {
		if err := m.daemon.Send(ctx, id, text, replyTo); err != nil {
			return doneMsg{err}
		}
		got, older, err := m.daemon.Messages(ctx, id, "", pageSize)
		slices.Reverse(got)
		return pageMsg{chat: id, messages: got, older: older, first: true, err: err}
	}), nil
}
