package store

import (
	"strings"
	"unicode/utf8"
)

// MaxPage is the most messages of a page.
const MaxPage = 1000

const (
	// searchScan bounds the messages that one search for one or two letters
	// looks at; it goes on where it stopped.
	searchScan = 20_000
	// minIndexed is the length of the parts of texts that the index knows.
	minIndexed = 3
)

// Page is a part of a list of messages, the newest first.
type Page struct {
	Messages []Message
	// More says that there are others, from Next and, if it was found, NextID on.
	More bool
	Next Message
}

// Page returns messages of a chat at a place and before it, hidden ones left
// out.
func (s Messages) Page(chat, from int64, limit int) (Page, error) {
	limit = pageLimit(limit)
	var page Page
	_, err := s.tx.run(messageColumns+`WHERE m.chat = ? AND m.seq <= ? AND NOT m.hidden ORDER BY m.seq DESC LIMIT ?`,
		[]any{chat, from, limit + 1}, page.collect(limit))
	return page, err
}

func pageLimit(limit int) int {
	if limit <= 0 || limit > MaxPage {
		return MaxPage
	}
	return limit
}

// collect returns a reader of rows that takes limit messages and notes the one
// after them.
func (p *Page) collect(limit int) func(Row) (bool, error) {
	return func(r Row) (bool, error) {
		m, err := scanMessage(r)
		if err != nil {
			return false, err
		}
		if len(p.Messages) == limit {
			p.More, p.Next = true, m
			return false, nil
		}
		p.Messages = append(p.Messages, m)
		return true, nil
	}
}

// Search returns messages whose text holds a part, in whatever case, at a
// place and before it; chat 0 means all. A search for fewer than three letters
// may return fewer messages than there are, with More.
func (s Messages) Search(chat, from int64, part string, limit int) (Page, error) {
	limit = pageLimit(limit)
	if part == "" || strings.ContainsRune(part, 0) {
		return Page{}, nil
	}
	if utf8.RuneCountInString(part) < minIndexed {
		return s.scan(chat, from, part, limit)
	}
	match := `text : "` + strings.ReplaceAll(part, `"`, `""`) + `"`
	if chat != 0 {
		match += ` AND chat : "` + chatToken(chat) + `"`
	}
	var page Page
	_, err := s.tx.run(`SELECT m.seq, m.id, m.chat, c.id, a.id, m.clock, m.timestamp, m.received, m.type, m.content,
			m.status, m.seen, m.hidden, m.text, m.wire_chat, m.ens_name, m.reply_to, m.replaces, m.extra,
			EXISTS (SELECT 1 FROM media WHERE message = m.seq)
		FROM message_text t CROSS JOIN message m ON m.seq = t.rowid JOIN chat c ON c.key = m.chat
			JOIN contact a ON a.key = m.author
		WHERE t.message_text MATCH ? AND t.rowid <= ? AND NOT m.hidden ORDER BY t.rowid DESC LIMIT ?`,
		[]any{match, from, limit + 1}, page.collect(limit))
	return page, err
}

// chatToken is the one token by which the index knows a chat's key, as the
// triggers write it.
func chatToken(key int64) string {
	const base = 0xF0000
	return string([]rune{base + rune(key>>32&0xFFF), base + rune(key>>16&0xFFFF), base + rune(key&0xFFFF)})
}

// scan is Search without the index.
func (s Messages) scan(chat, from int64, part string, limit int) (Page, error) {
	part = strings.ToLower(part)
	where, args := `WHERE m.seq <= ?`, []any{from}
	if chat != 0 {
		where, args = where+` AND m.chat = ?`, append(args, chat)
	}
	var page Page
	take, looked := page.collect(limit), 0
	_, err := s.tx.run(messageColumns+where+` AND NOT m.hidden AND m.content <> 6 ORDER BY m.seq DESC`, args,
		func(r Row) (bool, error) {
			if looked++; looked > searchScan {
				m, err := scanMessage(r)
				page.More, page.Next = true, m
				return false, err
			}
			if !strings.Contains(strings.ToLower(r.Text(13)), part) {
				return true, nil
			}
			return take(r)
		})
	return page, err
}
