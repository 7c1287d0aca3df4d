package messenger

import (
	"statusd/internal/store"
	"statusd/payloads"
)

// The signature of a payload covers neither its wrapper nor its type, and
// exists in two forms. So whoever can read a payload can make copies of it,
// each with an id of its own. All of them are one payload here: the first is
// handled, and the ids of the others lead to its message.

// copies are messages that came more than once, in other wrappers.
type copies struct{ *core }

// handledAs returns the id under which a payload was handled, in the same
// wrapper or in another.
func (c *copies) handledAs(tx *store.Tx, m *payloads.Message) (id store.MessageID, found bool, err error) {
	for _, id := range []store.MessageID{m.ID, m.PlainID} {
		if seen, err := tx.SeenPayloads().Has(id); err != nil || seen {
			return id, seen, err
		}
	}
	if id, found, err = tx.Handled().As(m.Identity); err != nil || found {
		return id, found, err
	}
	if m.PlainID == m.ID {
		return id, false, nil
	}
	found, err = tx.Messages().Exists(m.PlainID)
	return m.PlainID, found, err
}

// remember notes that a payload was handled.
func (c *copies) remember(tx *store.Tx, m *payloads.Message) error {
	if err := tx.Handled().Add(m.Identity, m.ID, c.now()); err != nil || m.PlainID == m.ID {
		return err
	}
	return c.link(tx, m.ID, m.PlainID, true)
}

// copied notes the id of a copy of a payload that was handled as first.
func (c *copies) copied(tx *store.Tx, m *payloads.Message, first store.MessageID) error {
	if m.ID == first {
		return nil
	}
	return c.link(tx, first, m.ID, false)
}

// maxMoved bounds the reactions that are moved to another id at once.
const maxMoved = 1000

// link makes an id lead to a message if that is stored, with the reactions
// that came before. plain says that others know the message by it.
func (c *copies) link(tx *store.Tx, of, id store.MessageID, plain bool) error {
	m, found, err := tx.Messages().ByID(of)
	if err != nil || !found {
		return err
	}
	added, err := tx.Messages().AddAlias(&m, id, plain)
	if err != nil || !added {
		return err
	}
	list, err := tx.Reactions().To(m.ChatKey, payloads.MessageID(id).String(), maxMoved)
	if err != nil {
		return err
	}
	to := payloads.MessageID(m.ID).String()
	for i := range list {
		e := &list[i]
		moved := payloads.ReactionID(e.Author, to, payloads.EmojiType(e.Emoji))
		if err := tx.Reactions().Move(e, moved, to); err != nil {
			return err
		}
	}
	return nil
}

// wireID returns the id by which others know a message: that of its plain
// wrapper, also when it came here in another.
func (c *copies) wireID(tx *store.Tx, m *store.Message) (string, error) {
	id, found, err := tx.Messages().PlainAlias(m)
	if !found {
		id = m.ID
	}
	return payloads.MessageID(id).String(), err
}

// ids returns the id by which a message of a chat is stored, and the one by
// which others know it. One that is not there is named as it is.
func (c *copies) ids(tx *store.Tx, chat *store.Chat, text string) (stored, wire string, err error) {
	id, err := payloads.ParseMessageID(text)
	if err != nil {
		return text, text, nil //nolint:nilerr // foreign text: there is no such message
	}
	m, found, err := tx.Messages().ByID(id)
	if err != nil || !found || m.ChatKey != chat.Key {
		return text, text, err
	}
	wire, err = c.wireID(tx, &m)
	return payloads.MessageID(m.ID).String(), wire, err
}
