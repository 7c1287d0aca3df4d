package messenger

import (
	"context"
	"errors"
	"slices"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// Contacts is the service for people.
type Contacts struct{ *core }

// List returns the contacts with a tag, a nickname or a verified name.
func (s *Contacts) List(ctx context.Context) (out []api.Contact, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err := tx.Contacts().Listed()
		out = make([]api.Contact, 0, len(list))
		for i := range list {
			out = append(out, s.views.contactView(&list[i]))
		}
		return err
	})
	return out, err
}

// checkContact refuses what is no contact id.
func checkContact(id string) (key.Public, error) {
	p, err := key.ParseContactID(id)
	if err != nil {
		return p, &payloads.RuleError{
			Rule: payloads.RuleContactID, Detail: "the contact's id is not 0x04 and 128 hex digits of a public key",
		}
	}
	return p, nil
}

// ByID returns a person, nil for somebody unknown. Errors:
// *payloads.RuleError.
func (s *Contacts) ByID(ctx context.Context, id string) (out *api.Contact, err error) {
	if _, err := checkContact(id); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		k, found, err := tx.Contacts().ByID(id)
		if found {
			v := s.views.contactView(&k)
			out = &v
		}
		return err
	})
	return out, err
}

// limits of what a user stores with a contact, in bytes.
const (
	maxNickname = 200
	maxTags     = 32
	maxPhoto    = 512 << 10
)

// Save stores what the user says about a person: tags, nickname, name and
// picture as known. Clocks only rise. Somebody who has the tag TagAdded from
// now on is no stranger, and our other devices are told. Errors:
// *payloads.RuleError.
func (s *Contacts) Save(ctx context.Context, v api.ContactSettings) error {
	if _, err := checkContact(v.ID); err != nil {
		return err
	}
	if len(v.LocalNickname) > maxNickname || len(v.SystemTags) > maxTags || len(v.PhotoPath) > maxPhoto {
		return &payloads.RuleError{
			Rule: payloads.RuleContactID, Detail: "the contact's nickname, tags or picture are too long",
		}
	}
	photo := harmless(v.PhotoPath)
	if v.PhotoPath != "" && photo == "" {
		return &payloads.RuleError{
			Rule:   payloads.RuleContactID,
			Detail: "the contact's picture is no data URL of a PNG, JPEG, WEBP or GIF image in base64",
		}
	}
	return s.update(ctx, func(tx *store.Tx) error {
		k, err := s.contactOf(tx, v.ID)
		if err != nil {
			return err
		}
		wasAdded := k.Added
		tags := slices.Compact(slices.Sorted(slices.Values(v.SystemTags)))
		if v.ID == s.id {
			tags = slices.DeleteFunc(tags, func(t api.SystemTag) bool { return t == api.TagBlocked })
		}
		setTags(&k, tags)
		k.Nickname, k.Photo = v.LocalNickname, photo
		k.Name, k.ENSVerified = v.Name, v.EnsVerified
		k.ENSVerifiedAt, k.ENSRetries = v.EnsVerifiedAt, v.EnsVerificationRetries
		limit := s.millis() + payloads.MaxClockAhead
		k.Updated = max(k.Updated, min(v.LastUpdated, limit))
		k.ENSClock = max(k.ENSClock, min(v.LastENSClockValue, limit))
		if err := tx.Contacts().Save(&k); err != nil {
			return err
		}
		if !k.Added {
			return s.named(tx, &k)
		}
		if !wasAdded {
			if err := s.welcome(tx, k.ID); err != nil {
				return err
			}
		}
		return s.syncContact(ctx, tx, &k)
	})
}

// named notes that the user looked at the chat with somebody who got a
// nickname.
func (s *Contacts) named(tx *store.Tx, k *store.Contact) error {
	chat, found, err := tx.Chats().ByID(k.ID)
	if err != nil || !found || k.Nickname == "" {
		return err
	}
	return s.strangers.looked(tx, &chat)
}

// selfChat returns the chat with ourselves, whose clock our devices use. A new
// one is not active.
func (s *Contacts) selfChat(tx *store.Tx) (store.Chat, error) {
	chat, found, err := tx.Chats().ByID(s.id)
	if err != nil || found {
		return chat, err
	}
	chat, err = s.oneToOne(tx, s.id)
	chat.Active = false
	return chat, err
}

// Block stores a person as blocked, and removes the chat and everything that
// person wrote. What comes afterwards is dropped. It returns all chats that
// are left. Errors: ErrSelf, *payloads.RuleError.
func (s *Contacts) Block(ctx context.Context, v api.BlockedContact) (out []api.Chat, err error) {
	peer, err := checkContact(v.ID)
	if err != nil {
		return nil, err
	}
	if v.ID == s.id {
		return nil, ErrSelf
	}
	err = s.update(ctx, func(tx *store.Tx) error {
		k, err := s.contactOf(tx, v.ID)
		if err != nil {
			return err
		}
		if v.LocalNickname != "" {
			k.Nickname = v.LocalNickname
		}
		setTags(&k, slices.DeleteFunc(tagsOf(&k), func(t api.SystemTag) bool { return t == api.TagAdded }))
		addTag(&k, api.TagBlocked)
		if err := tx.Contacts().Save(&k); err != nil {
			return err
		}
		if err := s.courier.ForgetPeer(ctx, tx, peer); err != nil {
			return err
		}
		s.courier.ListeningChanged(tx, s.now())
		if err := tx.Quarantine().Forget(peer.Uncompressed()); err != nil {
			return err
		}
		if err := s.purge(tx, v.ID); err != nil {
			return err
		}
		out, err = s.chats.chatViews(tx)
		return err
	})
	return out, err
}

// purge removes the chat with a person and what that person wrote elsewhere.
func (s *Contacts) purge(tx *store.Tx, id string) error {
	tx.Forget()
	keys, err := tx.Messages().DeleteAuthor(id)
	if err != nil {
		return err
	}
	for _, k := range keys {
		chat, found, err := tx.Chats().ByKey(k)
		if err != nil {
			return err
		}
		if !found || chat.ID == id {
			continue
		}
		if err := tx.Chats().Refresh(&chat); err != nil {
			return err
		}
	}
	chat, err := s.chat(tx, id)
	if errors.Is(err, ErrUnknownChat) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.chats.deleteChat(tx, &chat)
}

// SendUpdate sends our name and picture to a person, who thereby sees that we
// added him. Errors: ErrBlocked, ErrSelf, ErrTooLarge, *payloads.RuleError.
func (s *Contacts) SendUpdate(ctx context.Context, id, ens, image string) (out api.Changes, err error) {
	if _, err := checkContact(id); err != nil {
		return api.Changes{}, err
	}
	if id == s.id {
		return api.Changes{}, ErrSelf
	}
	err = s.update(ctx, func(tx *store.Tx) error {
		k, err := s.contactOf(tx, id)
		if err != nil {
			return err
		}
		if k.Blocked {
			return ErrBlocked
		}
		chat, err := s.sendUpdate(ctx, tx, id, ens, image)
		if err != nil {
			return err
		}
		if err := tx.Contacts().Save(&k); err != nil {
			return err
		}
		cv, err := s.views.chatView(tx, &chat, true)
		out = api.Changes{Chats: []api.Chat{cv}, Contacts: []api.Contact{s.views.contactView(&k)}}
		return err
	})
	return out, err
}

// sendUpdate sends a contact update to a person or, for our own id, to our
// other devices.
func (s *Contacts) sendUpdate(ctx context.Context, tx *store.Tx, id, ens, image string) (store.Chat, error) {
	peer, err := checkContact(id)
	if err != nil {
		return store.Chat{}, err
	}
	chat, found, err := tx.Chats().ByID(id)
	if err != nil {
		return chat, err
	}
	if !found {
		if chat, err = s.oneToOne(tx, id); err != nil {
			return chat, err
		}
		chat.Active = false
	}
	if err := s.held.meet(tx, &chat); err != nil {
		return chat, err
	}
	body := &payloads.ContactUpdate{Clock: s.clock(&chat), ENSName: ens, ProfileImage: image}
	if err := tx.Chats().Save(&chat); err != nil {
		return chat, err
	}
	o := outgoing{chat: id, route: routeReliable, to: []key.Public{peer}}
	_, _, err = s.sender.send(ctx, tx, o, body)
	return chat, err
}

// SendUpdates sends our name and picture to all added contacts and our other
// devices. Errors: ErrTooLarge.
func (s *Contacts) SendUpdates(ctx context.Context, ens, image string) error {
	return s.update(ctx, func(tx *store.Tx) error {
		list, err := tx.Contacts().Added()
		if err != nil {
			return err
		}
		ids := []string{s.id}
		for i := range list {
			if list[i].ID != s.id {
				ids = append(ids, list[i].ID)
			}
		}
		for _, id := range ids {
			if _, err := s.sendUpdate(ctx, tx, id, ens, image); err != nil {
				return err
			}
		}
		return s.keepOwn(tx, ens, image)
	})
}

// keepOwn stores our own name and picture.
func (s *Contacts) keepOwn(tx *store.Tx, ens, image string) error {
	k, err := s.contactOf(tx, s.id)
	if err != nil {
		return err
	}
	k.Name, k.Photo, k.Updated = ens, image, max(min(k.Updated, s.ceiling()), s.millis())
	return tx.Contacts().Save(&k)
}

// claimName stores the name that somebody claims to own, unverified.
func (s *Contacts) claimName(tx *store.Tx, id, name string, clock uint64) error {
	if name == "" {
		return nil
	}
	contact, err := s.contactOf(tx, id)
	if err != nil || !payloads.ENSNameChanged(contact.Name, contact.ENSClock, name, clock) {
		return err
	}
	contact.Name, contact.ENSClock = name, clock
	contact.ENSVerified, contact.ENSVerifiedAt, contact.ENSRetries = false, 0, 0
	return tx.Contacts().Save(&contact)
}

// contactOf returns a person's row; an unknown one has no tags.
func (s *Contacts) contactOf(tx *store.Tx, id string) (store.Contact, error) {
	contact, _, err := tx.Contacts().ByID(id)
	return contact, err
}

// rename gives a contact a claimed name, which has to be verified.
func rename(k *store.Contact, name string, clock uint64) {
	if k.Name != name {
		k.Name, k.ENSClock, k.ENSVerified, k.ENSVerifiedAt, k.ENSRetries = name, clock, false, 0, 0
	}
}

// receiveContactUpdate handles the name and picture of somebody who added us
// (spec 05 section 10.1).
func (s *Contacts) receiveContactUpdate(
	_ context.Context, tx *store.Tx, r *received, body *payloads.ContactUpdate,
) error {
	if !r.direct() {
		return drop("not_direct")
	}
	contact, err := s.contactOf(tx, r.author)
	if err != nil {
		return err
	}
	if body.Clock <= contact.Updated {
		return drop("old_clock")
	}
	chat, err := s.updatesChat(tx, r, &contact)
	if err != nil {
		return err
	}
	requested := !r.own && addTag(&contact, api.TagRequestReceived)
	rename(&contact, body.ENSName, body.Clock)
	contact.Photo, contact.Updated = picture(body.ProfileImage, contact.Added || r.own), body.Clock
	if err := tx.Contacts().Save(&contact); err != nil {
		return err
	}
	s.raise(&chat, body.Clock)
	if err := tx.Chats().Save(&chat); err != nil {
		return err
	}
	return s.tellContact(tx, &contact, &chat, requested)
}

// updatesChat returns the chat whose clock a contact update raises. A new one
// is not active.
func (s *Contacts) updatesChat(tx *store.Tx, r *received, contact *store.Contact) (store.Chat, error) {
	chat, found, err := tx.Chats().ByID(r.author)
	if err != nil || found {
		return chat, err
	}
	chat, err = s.oneToOne(tx, r.author)
	if err != nil {
		return chat, err
	}
	chat.Active = false
	if r.own || contact.Added {
		return chat, nil
	}
	chat.Stranger = true
	if len(r.parcel.Data) > s.policy.MaxStrangerBytes {
		return chat, noRoom("stranger_full")
	}
	return chat, s.strangers.admit(tx, &chat, 0)
}

// tellContact appends the events about a changed contact: that of the
// reference, and our own. chat may be nil.
func (s *Contacts) tellContact(tx *store.Tx, contact *store.Contact, chat *store.Chat, requested bool) error {
	v := s.views.contactView(contact)
	news := api.Changes{Contacts: []api.Contact{v}}
	if chat != nil {
		cv, err := s.views.chatView(tx, chat, false)
		if err != nil {
			return err
		}
		news.Chats = []api.Chat{cv}
	}
	if err := s.append(tx, api.MessagesNewEvent{Changes: news}); err != nil {
		return err
	}
	if requested {
		return s.append(tx, api.ContactRequestedEvent{Contact: v})
	}
	return s.append(tx, api.ContactUpdatedEvent{Contact: v})
}
