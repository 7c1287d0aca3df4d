package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// MessageID identifies a message, a reaction or another payload.
type MessageID = [32]byte

// Status is what became of an outgoing message; 0 for a received one.
type Status int

// Statuses in the order in which they replace each other.
const (
	StatusNone Status = iota
	StatusSending
	StatusNotSent
	StatusSent
	StatusDelivered
)

// Message is a message of a chat.
type Message struct {
	Seq         int64 // its place in the order, set by Put
	ID          MessageID
	ChatKey     int64
	ChatID      string // of the chat it is filed in; read only
	Author      string // contact id
	Clock       uint64
	Timestamp   uint64 // Unix milliseconds, the sender's
	Received    uint64 // Unix milliseconds, of the envelope
	Type        int
	Content     int
	Status      Status
	Seen        bool
	Hidden      bool
	Text        string
	WireChat    string // chat id in the payload
	ENSName     string
	ReplyTo     string
	Replaces    string
	Extra       MessageExtra
	Media       *Media // only what WithMedia loaded, and for Put
	HasMedia    bool   // read only
	Guest       Guest  // only for Put
	DeliveredTo int
}

// MessageExtra is what few messages have.
type MessageExtra struct {
	StickerHash string   `json:"sticker,omitempty"`
	StickerPack int32    `json:"pack,omitempty"`
	Command     *Command `json:"command,omitempty"`
	EditedAt    uint64   `json:"edited,omitempty"`
	PinClock    uint64   `json:"pinClock,omitempty"`
	Pinned      bool     `json:"pinned,omitempty"`
}

// Command describes a transaction command.
type Command struct {
	ID        string `json:"id,omitempty"`
	From      string `json:"from,omitempty"`
	Address   string `json:"address,omitempty"`
	Contract  string `json:"contract,omitempty"`
	Value     string `json:"value,omitempty"`
	Hash      string `json:"hash,omitempty"`
	State     int    `json:"state,omitempty"`
	Signature []byte `json:"signature,omitempty"`
}

// Media is a picture or recording.
type Media struct {
	Image    bool
	Format   int32
	Duration uint64 // milliseconds
	Bytes    []byte
}

const (
	idBits = 20
	// MaxMessageClock is the highest clock that a message can have here: the
	// year 2248. Clocks of peers are near the present.
	MaxMessageClock = 1<<(63-idBits) - 1
)

// ErrClock is returned for a clock above MaxMessageClock.
var ErrClock = errors.New("clock of a message is beyond the year 2248")

// Position returns where a message with a clock and id belongs in the order of
// messages.
func Position(clock uint64, id MessageID) int64 {
	if clock > MaxMessageClock {
		return math.MaxInt64
	}
	return int64(clock<<idBits | uint64(binary.BigEndian.Uint32(id[:])>>(32-idBits)))
}

// Messages are the messages in a transaction.
type Messages struct{ tx *Tx }

// Messages returns the table of messages.
func (tx *Tx) Messages() Messages { return Messages{tx} }

const messageColumns = `SELECT m.seq, m.id, m.chat, c.id, a.id, m.clock, m.timestamp, m.received, m.type, m.content,
	m.status, m.seen, m.hidden, m.text, m.wire_chat, m.ens_name, m.reply_to, m.replaces, m.extra,
	EXISTS (SELECT 1 FROM media WHERE message = m.seq)
	FROM message m JOIN chat c ON c.key = m.chat JOIN contact a ON a.key = m.author `

func scanMessage(r Row) (Message, error) {
	m := Message{
		Seq: r.Int64(0), ChatKey: r.Int64(2), ChatID: r.Text(3), Author: contactText(r.Blob(4)),
		Clock: uint64(r.Int64(5)), Timestamp: uint64(r.Int64(6)), Received: uint64(r.Int64(7)),
		Type: int(r.Int64(8)), Content: int(r.Int64(9)), Status: Status(r.Int64(10)), Seen: r.Bool(11),
		Hidden: r.Bool(12), Text: r.Text(13), WireChat: r.Text(14), ENSName: r.Text(15), ReplyTo: r.Text(16),
		Replaces: r.Text(17), HasMedia: r.Bool(19),
	}
	if r.IsNull(14) {
		m.WireChat = m.ChatID
	}
	copy(m.ID[:], r.Blob(1))
	if extra := r.Blob(18); len(extra) > 0 {
		if err := json.Unmarshal(extra, &m.Extra); err != nil {
			return m, fmt.Errorf("read message: %w", err)
		}
	}
	return m, nil
}

// ByID returns a message by its id or one of its further ones: see AddAlias.
func (s Messages) ByID(id MessageID) (m Message, found bool, err error) {
	return s.one(`WHERE m.seq = `+seqOf, id[:])
}

// seqOf finds the place of a message by one of its ids, the only parameter.
const seqOf = `coalesce((SELECT seq FROM message WHERE id = ?1), (SELECT message FROM message_alias WHERE id = ?1))`

// BySeq returns the message at a place.
func (s Messages) BySeq(seq int64) (m Message, found bool, err error) {
	return s.one(`WHERE m.seq = ?`, seq)
}

func (s Messages) one(where string, arg any) (m Message, found bool, err error) {
	var errScan error
	found, err = s.tx.Get(messageColumns+where, []any{arg}, func(r Row) { m, errScan = scanMessage(r) })
	if err == nil {
		err = errScan
	}
	return m, found, err
}

// Put inserts a message, or replaces the one with its id, and sets Seq. The
// author gets a row among the contacts.
func (s Messages) Put(m *Message) error {
	if m.Clock > MaxMessageClock {
		return ErrClock
	}
	author, err := s.tx.Contacts().key(m.Author)
	if err != nil {
		return err
	}
	extra := []byte{}
	if m.Extra != (MessageExtra{}) {
		if extra, err = json.Marshal(m.Extra); err != nil {
			return err
		}
	}
	if err := s.Delete(m.ID); err != nil {
		return err
	}
	if m.Seq, err = s.place(Position(m.Clock, m.ID)); err != nil {
		return err
	}
	var wire any
	if m.WireChat != m.ChatID {
		wire = m.WireChat
	}
	weight := int64(0)
	if m.Guest != 0 {
		weight = m.weight()
	}
	err = s.tx.Exec(`INSERT INTO message (seq, id, chat, author, clock, timestamp, received, type, content, status,
		seen, hidden, text, wire_chat, ens_name, reply_to, replaces, extra, guest, weight)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		m.Seq, m.ID[:], m.ChatKey, author, m.Clock, min(m.Timestamp, math.MaxInt64), min(m.Received, math.MaxInt64),
		m.Type, m.Content, int(m.Status), m.Seen, m.Hidden, m.Text, wire, m.ENSName, m.ReplyTo, m.Replaces, extra,
		int(m.Guest), weight)
	if err != nil || m.Media == nil {
		return err
	}
	m.HasMedia = true
	return s.tx.Exec(`INSERT INTO media (message, image, format, duration, bytes) VALUES (?, ?, ?, ?, ?)`,
		m.Seq, m.Media.Image, int64(m.Media.Format), min(m.Media.Duration, math.MaxInt64), m.Media.Bytes)
}

// place returns the first free place from one on.
func (s Messages) place(seq int64) (int64, error) {
	for ; ; seq++ {
		taken, err := s.tx.Get(`SELECT 1 FROM message WHERE seq = ?`, []any{seq}, func(Row) {})
		if err != nil || !taken {
			return seq, err
		}
	}
}

// Exists reports whether a message is stored; see ByID.
func (s Messages) Exists(id MessageID) (bool, error) {
	return s.tx.Get(`SELECT 1 FROM message WHERE seq = `+seqOf, []any{id[:]}, func(Row) {})
}

// WithMedia loads the picture or recording of a message, if it has one.
func (s Messages) WithMedia(m *Message) error {
	if !m.HasMedia {
		return nil
	}
	_, err := s.tx.Get(`SELECT image, format, duration, bytes FROM media WHERE message = ?`, []any{m.Seq},
		func(r Row) {
			m.Media = &Media{
				Image: r.Bool(0), Format: int32(r.Int64(1)), Duration: uint64(r.Int64(2)), Bytes: r.Blob(3),
			}
		})
	return err
}

// Change writes the parts of a stored message that may change: status, seen,
// hidden, text, extra.
func (s Messages) Change(m *Message) error {
	extra := []byte{}
	if m.Extra != (MessageExtra{}) {
		var err error
		if extra, err = json.Marshal(m.Extra); err != nil {
			return err
		}
	}
	if err := s.tx.Exec(`UPDATE message SET text = ? WHERE seq = ? AND text <> ?`, m.Text, m.Seq, m.Text); err != nil {
		return err
	}
	return s.tx.Exec(`UPDATE message SET status = ?, seen = ?, hidden = ?, extra = ? WHERE seq = ?`,
		int(m.Status), m.Seen, m.Hidden, extra, m.Seq)
}

// Delete removes a message with its further ids. It is no error if there is
// none.
func (s Messages) Delete(id MessageID) error {
	return s.tx.Exec(`DELETE FROM message WHERE id = ?`, id[:])
}

// DeleteChat removes all messages and reactions of a chat, with what was kept
// to send its messages again.
func (s Messages) DeleteChat(chat int64) error {
	for _, table := range []string{"sent", "delivery"} {
		err := s.tx.Exec(`DELETE FROM `+table+` WHERE id IN (SELECT id FROM message WHERE chat = ?)`, chat)
		if err != nil {
			return err
		}
	}
	if err := s.tx.Exec(`DELETE FROM reaction WHERE chat = ?`, chat); err != nil {
		return err
	}
	return s.tx.Exec(`DELETE FROM message WHERE chat = ?`, chat)
}

// DeleteAuthor removes all messages and reactions of a person, and returns the
// keys of the chats they were in.
func (s Messages) DeleteAuthor(id string) (chats []int64, err error) {
	author, err := s.tx.Contacts().key(id)
	if err != nil {
		return nil, err
	}
	err = s.tx.Query(`SELECT DISTINCT chat FROM message WHERE author = ?`, []any{author}, func(r Row) error {
		chats = append(chats, r.Int64(0))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := s.tx.Exec(`DELETE FROM reaction WHERE author = ?`, author); err != nil {
		return nil, err
	}
	return chats, s.tx.Exec(`DELETE FROM message WHERE author = ?`, author)
}

// Weight returns how many messages a chat has and the bytes of their texts,
// pictures and recordings.
func (s Messages) Weight(chat int64) (messages, bytes int, err error) {
	_, err = s.tx.Get(`SELECT count(*), coalesce(sum(length(CAST(m.text AS BLOB)) + coalesce(length(f.bytes), 0)), 0)
		FROM message m LEFT JOIN media f ON f.message = m.seq WHERE m.chat = ?`, []any{chat},
		func(r Row) { messages, bytes = int(r.Int64(0)), int(r.Int64(1)) })
	return messages, bytes, err
}

// DeleteOldest removes the n oldest messages of a chat.
func (s Messages) DeleteOldest(chat int64, n int) error {
	return s.tx.Exec(`DELETE FROM message WHERE seq IN (SELECT seq FROM message WHERE chat = ? ORDER BY seq LIMIT ?)`,
		chat, n)
}

// MarkSeen marks messages of a chat as seen, all of them for no ids, and
// returns how many were not.
func (s Messages) MarkSeen(chat int64, ids []MessageID) (changed int64, err error) {
	if ids == nil {
		if err := s.tx.Exec(`UPDATE message SET seen = 1 WHERE chat = ? AND NOT seen`, chat); err != nil {
			return 0, err
		}
		return s.tx.Changed()
	}
	for _, id := range ids {
		err := s.tx.Exec(`UPDATE message SET seen = 1 WHERE seq = `+seqOf+` AND chat = ?2 AND NOT seen`, id[:], chat)
		if err != nil {
			return 0, err
		}
		n, err := s.tx.Changed()
		if err != nil {
			return 0, err
		}
		changed += n
	}
	return changed, nil
}
