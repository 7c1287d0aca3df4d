package store

import (
	"encoding/json"
	"fmt"
	"math"
)

// Types of chats.
const (
	ChatOneToOne     = 1
	ChatPublic       = 2
	ChatPrivateGroup = 3
	ChatProfile      = 4
)

// Chat is a conversation. Its numbers are those of spec 05 section 14.1.
type Chat struct {
	Key             int64 // 0 until it is stored
	ID              string
	Type            int
	Name, Color     string
	Active, Muted   bool
	Deleted         bool  // hidden until it comes back
	Stranger        bool  // begun by somebody unknown, never answered
	Timestamp       int64 // Unix milliseconds
	LastClock       uint64
	DeletedClock    uint64
	Unread          uint
	Last            int64    // Message.Seq of the last message, 0 for none
	Members         []Member // of a group; only SetMembers writes them
	InvitationAdmin string
	Profile         string
	Looked          bool   // the user looked at it; only kept of strangers
	BegunBy         string // contact id of the stranger who began a group or a deleted chat
}

// Member is a member of a group.
type Member struct {
	ID     string `json:"id"`
	Admin  bool   `json:"admin,omitempty"`
	Joined bool   `json:"joined,omitempty"`
}

// Chats are the conversations in a transaction.
type Chats struct{ tx *Tx }

// Chats returns the table of conversations.
func (tx *Tx) Chats() Chats { return Chats{tx} }

const chatColumns = `SELECT key, id, type, name, color, active, muted, deleted, stranger, timestamp, last_clock,
	deleted_clock, unread, last, members, admin, profile, looked, begun_by FROM chat `

func scanChat(r Row) (Chat, error) {
	c := Chat{
		Key: r.Int64(0), ID: r.Text(1), Type: int(r.Int64(2)), Name: r.Text(3), Color: r.Text(4), Active: r.Bool(5),
		Muted: r.Bool(6), Deleted: r.Bool(7), Stranger: r.Bool(8), Timestamp: r.Int64(9),
		LastClock: uint64(r.Int64(10)), DeletedClock: uint64(r.Int64(11)), Unread: uint(r.Int64(12)),
		Last: r.Int64(13), InvitationAdmin: r.Text(15), Profile: r.Text(16),
		Looked: r.Bool(17), BegunBy: r.Text(18),
	}
	if members := r.Text(14); members != "" {
		if err := json.Unmarshal([]byte(members), &c.Members); err != nil {
			return c, fmt.Errorf("read members of a chat: %w", err)
		}
	}
	return c, nil
}

// List returns the chats that are not deleted, the most recent first.
func (c Chats) List() (list []Chat, err error) {
	err = c.tx.Query(chatColumns+`WHERE NOT deleted ORDER BY timestamp DESC, key`, nil, func(r Row) error {
		chat, err := scanChat(r)
		list = append(list, chat)
		return err
	})
	return list, err
}

// Listened counts the active chats of some types.
func (c Chats) Listened(types ...int) (n int, err error) {
	for _, t := range types {
		_, err = c.tx.Get(`SELECT count(*) FROM chat WHERE active AND NOT deleted AND NOT stranger AND type = ?`, []any{t},
			func(r Row) { n += int(r.Int64(0)) })
		if err != nil {
			return 0, fmt.Errorf("count chats: %w", err)
		}
	}
	return n, nil
}

// GroupsNamed returns private groups that are not closed and have a name, in
// any case of the letters a to z: those that we take part in first, since
// whoever invites us could fill the limit.
func (c Chats) GroupsNamed(name string, limit int) (list []Chat, err error) {
	err = c.tx.Query(chatColumns+`WHERE type = 3 AND active AND NOT deleted AND name = ? COLLATE NOCASE
		ORDER BY stranger, key LIMIT ?`, []any{name, limit}, func(r Row) error {
		chat, err := scanChat(r)
		list = append(list, chat)
		return err
	})
	return list, err
}

// ByID returns a chat, also a deleted one.
func (c Chats) ByID(id string) (chat Chat, found bool, err error) {
	return c.one(`WHERE id = ?`, id)
}

// ByKey returns the chat with a key.
func (c Chats) ByKey(key int64) (chat Chat, found bool, err error) {
	return c.one(`WHERE key = ?`, key)
}

func (c Chats) one(where string, arg any) (chat Chat, found bool, err error) {
	var errScan error
	found, err = c.tx.Get(chatColumns+where, []any{arg}, func(r Row) { chat, errScan = scanChat(r) })
	if err == nil {
		err = errScan
	}
	return chat, found, err
}

// Save inserts a chat or replaces it by its id, all but the members, and sets
// its key.
func (c Chats) Save(chat *Chat) error {
	var last any
	if chat.Last != 0 {
		last = chat.Last
	}
	values := []any{
		chat.Type, chat.Name, chat.Color, chat.Active, chat.Muted, chat.Deleted, chat.Stranger,
		chat.Timestamp, chat.LastClock, chat.DeletedClock, int64(chat.Unread), last, chat.InvitationAdmin, chat.Profile,
		chat.Looked, chat.BegunBy,
	}
	if chat.Key != 0 {
		return c.tx.Exec(`UPDATE chat SET type = ?, name = ?, color = ?, active = ?, muted = ?, deleted = ?,
			stranger = ?, timestamp = ?, last_clock = ?, deleted_clock = ?, unread = ?, last = ?, admin = ?,
			profile = ?, looked = ?, begun_by = ? WHERE key = ?`, append(values, chat.Key)...)
	}
	_, err := c.tx.Get(`INSERT INTO chat (type, name, color, active, muted, deleted, stranger, timestamp,
		last_clock, deleted_clock, unread, last, admin, profile, looked, begun_by, id, members)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '') RETURNING key`,
		append(values, chat.ID), func(r Row) { chat.Key = r.Int64(0) })
	return err
}

// SetMembers stores the members of a group.
func (c Chats) SetMembers(chat *Chat, members []Member) error {
	text, err := json.Marshal(members)
	if err != nil {
		return err
	}
	chat.Members = members
	return c.tx.Exec(`UPDATE chat SET members = ? WHERE key = ?`, string(text), chat.Key)
}

// Strangers counts the chats of a type that strangers began, all of them for 0.
func (c Chats) Strangers(kind int) (n int64, err error) {
	_, err = c.tx.Get(`SELECT count(*) FROM chat INDEXED BY chat_stranger WHERE stranger AND type BETWEEN ? AND ?`,
		kindRange(kind), func(r Row) { n = r.Int64(0) })
	return n, err
}

func kindRange(kind int) []any {
	if kind == 0 {
		return []any{0, int64(math.MaxInt32)}
	}
	return []any{kind, kind}
}

// OldestStranger returns the chat of a type, of any for 0, that a stranger began
// and that makes room first: of those at which nobody looked, else of all, the
// one whose last activity is the longest ago.
func (c Chats) OldestStranger(kind int) (chat Chat, found bool, err error) {
	var errScan error
	found, err = c.tx.Get(chatColumns+`INDEXED BY chat_stranger_order WHERE stranger AND type BETWEEN ? AND ?
		ORDER BY looked, timestamp LIMIT 1`, kindRange(kind), func(r Row) { chat, errScan = scanChat(r) })
	if err == nil {
		err = errScan
	}
	return chat, found, err
}

// StrangerGroupsOf counts the groups of strangers that a person sent us or
// created: the id of a group ends with the creator's.
func (c Chats) StrangerGroupsOf(id string) (n int64, err error) {
	_, err = c.tx.Get(`SELECT count(*) FROM chat INDEXED BY chat_stranger
		WHERE stranger AND type = 3 AND (begun_by = ?1 OR substr(id, -length(?1)) = ?1)`, []any{id},
		func(r Row) { n = r.Int64(0) })
	return n, err
}

// Remove deletes a chat with everything in it, and the people who were known by
// nothing else.
func (c Chats) Remove(chat *Chat) error {
	var people []int64
	collect := func(r Row) error {
		people = append(people, r.Int64(0))
		return nil
	}
	for _, query := range []string{
		`SELECT DISTINCT author FROM message WHERE chat = ?`, `SELECT DISTINCT author FROM reaction WHERE chat = ?`,
	} {
		if err := c.tx.Query(query, []any{chat.Key}, collect); err != nil {
			return err
		}
	}
	if blob, err := contactBlob(chat.ID); err == nil {
		if err := c.tx.Query(`SELECT key FROM contact WHERE id = ?`, []any{blob}, collect); err != nil {
			return err
		}
	}
	if err := c.tx.Messages().DeleteChat(chat.Key); err != nil {
		return err
	}
	if err := c.tx.Groups().Forget(chat.Key); err != nil {
		return err
	}
	if err := c.tx.Exec(`DELETE FROM chat WHERE key = ?`, chat.Key); err != nil {
		return err
	}
	for _, key := range people {
		err := c.tx.Exec(`DELETE FROM contact WHERE key = ?1 AND NOT listed AND NOT added AND NOT blocked
			AND NOT EXISTS (SELECT 1 FROM message WHERE author = ?1)
			AND NOT EXISTS (SELECT 1 FROM reaction WHERE author = ?1)`, key)
		if err != nil {
			return err
		}
	}
	return nil
}

// Refresh recomputes the unread count and the last message of a chat after
// messages were deleted or seen, and saves it.
func (c Chats) Refresh(chat *Chat) error {
	_, err := c.tx.Get(`SELECT (SELECT count(*) FROM message WHERE chat = ?1 AND NOT seen),
		(SELECT seq FROM message WHERE chat = ?1 AND NOT hidden AND type <> 4 ORDER BY seq DESC LIMIT 1)`,
		[]any{chat.Key}, func(r Row) { chat.Unread, chat.Last = uint(r.Int64(0)), r.Int64(1) })
	if err != nil {
		return err
	}
	return c.Save(chat)
}
