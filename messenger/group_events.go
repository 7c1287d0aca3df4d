package messenger

import (
	"statusd/internal/store"
	"statusd/payloads"
)

// groupEvents returns the stored events of a group.
func (c *core) groupEvents(tx *store.Tx, chat *store.Chat) ([]payloads.Event, error) {
	if chat.Key == 0 {
		return nil, nil
	}
	stored, err := tx.Groups().Events(chat.Key)
	events := make([]payloads.Event, len(stored))
	for i := range stored {
		e := &stored[i]
		events[i] = payloads.Event{
			Type: payloads.EventType(e.Type), Clock: e.Clock, Members: e.Members, Name: e.Name, From: e.From, Raw: e.Raw,
			Twin: e.Twin,
		}
	}
	return events, err
}

// keepEvents makes the stored events of a group those that it has.
func (c *core) keepEvents(tx *store.Tx, chat *store.Chat, g *payloads.Group) error {
	stored, err := tx.Groups().Events(chat.Key)
	if err != nil {
		return err
	}
	type identity struct{ from, content string }
	of := func(from string, raw []byte) identity { return identity{from, string(raw[signatureSize:])} }
	rows := make(map[identity]*store.GroupEvent, len(stored))
	for i := range stored {
		rows[of(stored[i].From, stored[i].Raw)] = &stored[i]
	}
	var added []store.GroupEvent
	for i, sent := range g.Sent() {
		e := &g.Events[i]
		id := of(e.From, e.Raw)
		row := rows[id]
		delete(rows, id)
		switch {
		case row == nil:
			added = append(added, store.GroupEvent{
				Type: int(e.Type), Clock: e.Clock, Members: e.Members, Name: e.Name, From: e.From, Raw: e.Raw,
				Sent: sent, Twin: e.Twin,
			})
		case row.Sent != sent || row.Twin != e.Twin:
			row.Sent, row.Twin = sent, e.Twin
			if err := tx.Groups().Mark(row); err != nil {
				return err
			}
		}
	}
	for _, row := range rows {
		if err := tx.Groups().Drop(row.Seq); err != nil {
			return err
		}
	}
	return tx.Groups().Add(chat.Key, added)
}

const signatureSize = 65 // of a group event, before its content
