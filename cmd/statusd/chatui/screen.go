package chatui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"statusd/api"
	"statusd/internal/termtext"
)

// Widths of the parts of the screen.
const (
	listWidth = 24
	minWide   = 60 // narrower screens show no list
)

// styles are the looks of the parts. They are values, made for each frame.
type styles struct{ bar, open, unread, name, me, dim, failed lipgloss.Style }

func look() styles {
	plain := lipgloss.NewStyle()
	return styles{
		bar: plain.Reverse(true), open: plain.Bold(true).Reverse(true), unread: plain.Bold(true),
		name: plain.Bold(true).Foreground(lipgloss.Color("6")), me: plain.Bold(true).Foreground(lipgloss.Color("2")),
		dim: plain.Faint(true), failed: plain.Foreground(lipgloss.Color("1")),
	}
}

func (m *Model) wide() bool { return m.width >= minWide }

// bodyWidth and bodyHeight are the size of the part with the messages.
func (m *Model) bodyWidth() int {
	if m.wide() {
		return m.width - listWidth - 1
	}
	return max(10, m.width)
}

func (m *Model) bodyHeight() int { return max(1, m.height-3) }

// View implements tea.Model.
func (m *Model) View() tea.View {
	s := look()
	body := m.body(s)
	if m.wide() {
		body = lipgloss.JoinHorizontal(lipgloss.Top, m.list(s), m.divider(s), body)
	}
	v := tea.NewView(strings.Join([]string{m.title(s), body, m.status(s), m.input.View()}, "\n"))
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.WindowTitle = "statusd"
	return v
}

func (m *Model) title(s styles) string {
	text := " statusd"
	if chat := m.chat(m.open); chat != nil {
		text += "  " + termtext.Line(m.daemon.ChatName(chat))
		if n := len(chat.Members); n > 0 {
			text += fmt.Sprintf("  %d members", n)
		}
	}
	return s.bar.Width(m.width).Render(ansi.Truncate(text, m.width, "…"))
}

// status is the line above the input.
func (m *Model) status(s styles) string {
	switch {
	case m.note != "":
		return s.failed.Render(ansi.Truncate(termtext.Line(m.note), m.width, "…"))
	case m.lost:
		return s.failed.Render("the daemon does not answer; trying again")
	case m.loading:
		return s.dim.Render("loading …")
	case m.scroll > 0:
		return s.dim.Render(fmt.Sprintf("%d lines below; Esc goes down", m.scroll))
	}
	return ""
}

func (m *Model) divider(s styles) string {
	return s.dim.Render(strings.TrimSuffix(strings.Repeat("│\n", m.bodyHeight()), "\n"))
}

// list shows the chats around the open one.
func (m *Model) list(s styles) string {
	height, at := m.bodyHeight(), 0
	for i := range m.chats {
		if m.chats[i].ID == m.open {
			at = i
		}
	}
	from := max(0, min(at-height/2, len(m.chats)-height))
	rows := make([]string, 0, height)
	for i := from; i < len(m.chats) && len(rows) < height; i++ {
		chat := &m.chats[i]
		name, count := termtext.Line(m.daemon.ChatName(chat)), ""
		if chat.UnviewedMessagesCount > 0 {
			count = fmt.Sprintf(" %d", chat.UnviewedMessagesCount)
		}
		row := ansi.Truncate(" "+name, listWidth-len(count)-1, "…") + count
		style := lipgloss.NewStyle()
		switch {
		case chat.ID == m.open:
			style = s.open
		case count != "" && !chat.Muted:
			style = s.unread
		}
		rows = append(rows, style.Width(listWidth).Render(row))
	}
	return lipgloss.NewStyle().Width(listWidth).Height(height).Render(strings.Join(rows, "\n"))
}

// body shows the lines of the messages that fit, the newest at the bottom.
func (m *Model) body(s styles) string {
	width, height := m.bodyWidth(), m.bodyHeight()
	lines := m.lines(width)
	if len(m.chats) == 0 && !m.loading {
		lines = []string{s.dim.Render(" no chats yet: /open #tea")}
	}
	end := max(0, len(lines)-m.scroll)
	lines = lines[max(0, end-height):end]
	return strings.Repeat("\n", height-len(lines)) + strings.Join(lines, "\n")
}

// lines are the messages of the open chat in lines of a width.
func (m *Model) lines(width int) []string {
	s := look()
	var out []string
	day := ""
	for i := range m.messages {
		msg := &m.messages[i]
		at := time.UnixMilli(int64(msg.WhisperTimestamp))
		if d := at.Format("Monday, 2 January 2006"); d != day {
			day = d
			out = append(out, s.dim.Render(" ── "+d))
		}
		out = append(out, m.messageLines(s, msg, at, width)...)
	}
	return out
}

func (m *Model) messageLines(s styles, msg *api.Message, at time.Time, width int) []string {
	name, style := termtext.Line(m.daemon.PersonName(msg.From, msg.Alias)), s.name
	if msg.OutgoingStatus != "" {
		style = s.me
	}
	text := termtext.Lines(termtext.Mentions(msg.Text, func(id string) string { return m.daemon.PersonName(id, "") }))
	if msg.MessageType == api.MessageSystem {
		return []string{ansi.Truncate("       "+s.dim.Render(strings.TrimPrefix(termtext.Line(text), "@")), width, "…")}
	}
	head := " " + s.dim.Render(at.Format("15:04")) + " " + style.Render(name) + " "
	var out []string
	if q := msg.QuotedMessage; q != nil {
		quote := termtext.Line(m.daemon.PersonName(q.From, "")) + ": " + termtext.Line(q.Text)
		out = append(out, s.dim.Render(ansi.Truncate("       │ "+quote, width, "…")))
	}
	switch {
	case msg.Image != "":
		text += " [image]"
	case msg.Audio != "":
		text += " [audio]"
	case msg.Sticker != nil:
		text += " [sticker]"
	}
	indent := "       "
	wrapped := strings.Split(ansi.Wrap(text+mark(s, msg), max(10, width-ansi.StringWidth(head)), " "), "\n")
	for i, line := range wrapped {
		if i == 0 {
			out = append(out, head+line)
			continue
		}
		out = append(out, ansi.Truncate(indent+line, width, "…"))
	}
	return out
}

// mark says what became of an own message.
func mark(s styles, m *api.Message) string {
	switch m.OutgoingStatus {
	case api.OutgoingSending:
		return s.dim.Render("  …")
	case api.OutgoingSent:
		return s.dim.Render("  ✓")
	case api.OutgoingDelivered:
		return s.dim.Render("  ✓✓")
	case api.OutgoingNotSent:
		return s.failed.Render("  ✗ not sent")
	}
	return ""
}
