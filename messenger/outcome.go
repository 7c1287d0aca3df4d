package messenger

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/courier"
	"statusd/payloads"
	"statusd/transport"
)

// noHash stands where the reference tells an envelope's hash: 32 zero bytes.
func noHash() string { return "0x" + strings.Repeat("0", 64) }

// Sent implements courier.Chats.
func (b *inbox) Sent(_ context.Context, tx *store.Tx, ids []courier.ID) error {
	for _, id := range ids {
		if err := b.messages.advance(tx, store.MessageID(id), store.StatusSent); err != nil {
			return err
		}
	}
	return b.append(tx, api.EnvelopeSentEvent{IDs: idTexts(ids), Hash: noHash()})
}

func idTexts(ids []courier.ID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = payloads.MessageID(id).String()
	}
	return out
}

// Failed implements courier.Chats.
func (b *inbox) Failed(_ context.Context, tx *store.Tx, ids []courier.ID, why courier.Failure) error {
	if why == courier.FailedLifetime { // not everybody acknowledged it; did anybody?
		var err error
		if ids, err = b.missed(tx, ids); err != nil || len(ids) == 0 {
			return err
		}
	}
	for _, id := range ids {
		if err := b.messages.advance(tx, store.MessageID(id), store.StatusNotSent); err != nil {
			return err
		}
	}
	return b.append(tx, api.EnvelopeExpiredEvent{IDs: idTexts(ids), Hash: noHash(), Message: string(why)})
}

// missed returns the payloads that nobody but our own devices acknowledged.
func (b *inbox) missed(tx *store.Tx, ids []courier.ID) (out []courier.ID, err error) {
	for _, id := range ids {
		by, err := tx.Sent().DeliveredTo(store.MessageID(id))
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(by, func(who string) bool { return who != b.id }) {
			out = append(out, id)
		}
	}
	return out, nil
}

// Delivered implements courier.Chats. Our own other devices do not count: a
// message is delivered when everybody else has it.
func (b *inbox) Delivered(_ context.Context, tx *store.Tx, id courier.ID, by key.Public, waiting int) error {
	fresh, err := tx.Sent().Delivered(store.MessageID(id), by.Uncompressed())
	if err != nil || !fresh || by == b.self {
		return err
	}
	chat, recipients, found, err := tx.Sent().Recipients(store.MessageID(id))
	if err != nil {
		return err
	}
	if found {
		if waiting, err = b.waiting(tx, store.MessageID(id), recipients); err != nil {
			return err
		}
	}
	m, isMessage, err := tx.Messages().ByID(store.MessageID(id))
	if err != nil {
		return err
	}
	if isMessage {
		chat = m.ChatID
	}
	if waiting == 0 {
		if err := b.messages.advance(tx, store.MessageID(id), store.StatusDelivered); err != nil {
			return err
		}
	} else if err := b.messages.advance(tx, store.MessageID(id), store.StatusSent); err != nil {
		return err
	}
	return b.append(tx, api.MessageDeliveredEvent{
		ChatID: chat, MessageID: payloads.MessageID(id).String(), By: by.ContactID(), Waiting: waiting,
	})
}

// waiting counts the recipients, ourselves left out, that have not acknowledged.
func (b *inbox) waiting(tx *store.Tx, id store.MessageID, to [][key.UncompressedSize]byte) (n int, err error) {
	acked, err := tx.Sent().DeliveredTo(id)
	if err != nil {
		return 0, err
	}
	has := make(map[string]bool, len(acked)+1)
	for _, id := range acked {
		has[id] = true
	}
	has[b.id] = true
	for _, raw := range to {
		p, err := keyOf(raw)
		if err == nil && !has[p.ContactID()] {
			n++
		}
	}
	return n, nil
}

// Found implements courier.Chats.
func (b *inbox) Found(_ context.Context, tx *store.Tx, found []transport.Installation) error {
	for i := range found {
		e := api.BundlesAddedEvent{Identity: found[i].Identity.ContactID(), InstallationID: found[i].ID}
		if err := b.append(tx, e); err != nil {
			return err
		}
		if found[i].Identity != b.self {
			continue
		}
		v := installationView(&found[i])
		news := api.MessagesNewEvent{Changes: api.Changes{Installations: []api.Installation{v}}}
		if err := b.append(tx, news); err != nil {
			return err
		}
		if err := b.append(tx, api.DeviceFoundEvent{Installation: v}); err != nil {
			return err
		}
	}
	return nil
}

// Undecryptable implements courier.Chats.
func (b *inbox) Undecryptable(_ context.Context, tx *store.Tx, from key.Public) error {
	return b.append(tx, api.MessagesDecryptFailEvent{Sender: from.ContactID()})
}

// Listens implements courier.Chats.
func (b *inbox) Listens(_ context.Context, tx *store.Tx, added []courier.Filter) error {
	if len(added) == 0 {
		return nil
	}
	e := api.FilterAddedEvent{}
	for _, f := range added {
		u := f.Person.Uncompressed()
		e.Filters = append(e.Filters, api.AddedFilter{
			ChatID: f.Person.ContactID(), Listen: true, FilterID: f.Name,
			Identity: hex.EncodeToString(u[:]), Topic: f.Place.Topic().String(),
		})
	}
	return b.append(tx, e)
}

// HistorySynced implements courier.Chats.
func (b *inbox) HistorySynced(_ context.Context, tx *store.Tx, to time.Time, envelopes int) error {
	return b.append(tx, api.HistorySyncedEvent{To: to.Unix(), Envelopes: envelopes})
}

// Listening implements courier.Chats: active public and profile chats, our own
// profile, and the contact codes of one-to-one peers, group members and added
// contacts that are not blocked.
func (b *inbox) Listening(_ context.Context, tx *store.Tx) (chats []string, people []key.Public, err error) {
	list, err := tx.Chats().List()
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{b.id: true}
	add := func(id string) {
		if p, err := key.ParseContactID(id); err == nil && !seen[id] {
			seen[id] = true
			people = append(people, p)
		}
	}
	for i := range list {
		chat := &list[i]
		switch {
		case !chat.Active || chat.Stranger:
		case chat.Type == store.ChatPublic || chat.Type == store.ChatProfile:
			chats = append(chats, chat.ID)
		case chat.Type == store.ChatOneToOne:
			add(chat.ID)
		case chat.Type == store.ChatPrivateGroup:
			for _, m := range chat.Members {
				add(m.ID)
			}
		}
	}
	added, err := tx.Contacts().Added()
	if err != nil {
		return nil, nil, err
	}
	for i := range added {
		add(added[i].ID)
	}
	return chats, people, nil
}

// ContactCode implements courier.Chats.
func (b *inbox) ContactCode(context.Context, *store.Tx) ([]byte, error) {
	msg, err := payloads.Seal(&payloads.ContactCode{}, b.identity)
	return msg.Wrapper, err
}
