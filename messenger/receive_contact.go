package messenger

import (
	"context"
	"errors"
	"slices"
	"time"

	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
	"statusd/transport"
)

// tagsOf returns the tags of a contact, never nil.
func tagsOf(k *store.Contact) []api.SystemTag {
	tags := make([]api.SystemTag, len(k.Tags))
	for i, t := range k.Tags {
		tags[i] = api.SystemTag(t)
	}
	return tags
}

// setTags stores tags of a contact and what they say.
func setTags(k *store.Contact, tags []api.SystemTag) {
	k.Tags = make([]string, len(tags))
	for i, t := range tags {
		k.Tags[i] = string(t)
	}
	k.Added = slices.Contains(tags, api.TagAdded)
	k.Blocked = slices.Contains(tags, api.TagBlocked)
}

// addTag adds a tag, and reports whether it was not there.
func addTag(k *store.Contact, tag api.SystemTag) bool {
	tags := tagsOf(k)
	if slices.Contains(tags, tag) {
		return false
	}
	setTags(k, append(tags, tag))
	return true
}

// rename gives a contact a claimed name, which has to be verified.
func rename(k *store.Contact, name string, clock uint64) {
	if k.Name != name {
		k.Name, k.ENSClock, k.ENSVerified, k.ENSVerifiedAt, k.ENSRetries = name, clock, false, 0, 0
	}
}

// receiveContactUpdate handles the name and picture of somebody who added us
// (spec 05 section 10.1).
func (c *core) receiveContactUpdate(_ context.Context, tx *store.Tx, r *received, body *payloads.ContactUpdate) error {
	if !r.direct() {
		return drop("not_direct")
	}
	contact, err := c.contactOf(tx, r.author)
	if err != nil {
		return err
	}
	if body.Clock <= contact.Updated {
		return drop("old_clock")
	}
	chat, err := c.updatesChat(tx, r, &contact)
	if err != nil {
		return err
	}
	requested := !r.own && addTag(&contact, api.TagRequestReceived)
	rename(&contact, body.ENSName, body.Clock)
	contact.Photo, contact.Updated = picture(body.ProfileImage, contact.Added || r.own), body.Clock
	if err := tx.Contacts().Save(&contact); err != nil {
		return err
	}
	c.raise(&chat, body.Clock)
	if err := tx.Chats().Save(&chat); err != nil {
		return err
	}
	return c.tellContact(tx, &contact, &chat, requested)
}

// updatesChat returns the chat whose clock a contact update raises. A new one
// is not active.
func (c *core) updatesChat(tx *store.Tx, r *received, contact *store.Contact) (store.Chat, error) {
	chat, found, err := tx.Chats().ByID(r.author)
	if err != nil || found {
		return chat, err
	}
	chat, err = c.oneToOne(tx, r.author)
	if err != nil {
		return chat, err
	}
	chat.Active = false
	if r.own || contact.Added {
		return chat, nil
	}
	chat.Stranger = true
	if len(r.parcel.Data) > c.policy.MaxStrangerBytes {
		return chat, noRoom("stranger_full")
	}
	return chat, c.admit(tx, &chat, 0)
}

// tellContact appends the events about a changed contact: that of the
// reference, and our own. chat may be nil.
func (c *core) tellContact(tx *store.Tx, contact *store.Contact, chat *store.Chat, requested bool) error {
	v := c.contactView(contact)
	news := api.Changes{Contacts: []api.Contact{v}}
	if chat != nil {
		cv, err := c.chatView(tx, chat, false)
		if err != nil {
			return err
		}
		news.Chats = []api.Chat{cv}
	}
	if err := c.append(tx, api.MessagesNewEvent{Changes: news}); err != nil {
		return err
	}
	if requested {
		return c.append(tx, api.ContactRequestedEvent{Contact: v})
	}
	return c.append(tx, api.ContactUpdatedEvent{Contact: v})
}

// receivePairing handles the introduction of another device of ours (spec 05
// section 10.2).
func (c *core) receivePairing(_ context.Context, tx *store.Tx, r *received, body *payloads.PairInstallation) error {
	err := c.courier.PairingReceived(tx, r.parcel, body.InstallationID, body.Name, body.DeviceType)
	if errors.Is(err, transport.ErrNotPaired) || errors.Is(err, transport.ErrInstallation) {
		return &dropError{reason: "installation", err: err}
	}
	if err != nil {
		return err
	}
	list, err := c.courier.Installations(tx, c.self)
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].ID != body.InstallationID {
			continue
		}
		v := installationView(&list[i])
		news := api.Changes{Installations: []api.Installation{v}}
		if err := c.append(tx, api.MessagesNewEvent{Changes: news}); err != nil {
			return err
		}
		return c.append(tx, api.DeviceFoundEvent{Installation: v})
	}
	return nil
}

// installationView returns a device as programs see it.
func installationView(i *transport.Installation) api.Installation {
	v := api.Installation{
		Identity: i.Identity.ContactID(), ID: i.ID, Version: i.Protocol, Enabled: i.Enabled,
		Timestamp: i.LastSeen,
	}
	if i.Metadata != (transport.Metadata{}) {
		v.Metadata = &api.InstallationMetadata{
			Name: i.Metadata.Name, DeviceType: i.Metadata.DeviceType, FCMToken: i.Metadata.PushToken,
		}
	}
	return v
}

// receiveContactSync handles a contact that was added on another device.
func (c *core) receiveContactSync(_ context.Context, tx *store.Tx, r *received, body *payloads.SyncContact) error {
	if !r.parcel.Paired {
		return drop("not_paired")
	}
	contact, err := c.contactOf(tx, body.ID)
	switch {
	case err != nil:
		return err
	case body.ID == c.id:
		return drop("contact_id")
	case body.Clock <= contact.Updated:
		return drop("old_clock")
	}
	added := addTag(&contact, api.TagAdded)
	rename(&contact, body.ENSName, body.Clock)
	contact.Photo = picture(body.ProfileImage, true)
	contact.Nickname, contact.Updated = body.LocalNickname, body.Clock
	if err := tx.Contacts().Save(&contact); err != nil {
		return err
	}
	if added {
		if err := c.welcome(tx, body.ID); err != nil {
			return err
		}
	}
	return c.tellContact(tx, &contact, nil, false)
}

// welcome does what follows when a person was added: no stranger any more, and
// the contact code is listened to.
func (c *core) welcome(tx *store.Tx, id string) error {
	c.courier.ListeningChanged(tx, time.Time{})
	for _, subject := range []string{id, ""} {
		if err := c.wake(tx, store.ReasonContact, subject); err != nil {
			return err
		}
	}
	chat, found, err := tx.Chats().ByID(id)
	if err != nil || !found || !chat.Stranger {
		return err
	}
	chat.Stranger = false
	return tx.Chats().Save(&chat)
}

// historyOfNew is how much history of a chat is fetched that was just joined.
const historyOfNew = 24 * time.Hour

// receivePublicChatSync joins a public chat that was joined on another device.
func (c *core) receivePublicChatSync(
	_ context.Context, tx *store.Tx, r *received, body *payloads.SyncPublicChat,
) error {
	if !r.parcel.Paired {
		return drop("not_paired")
	}
	chat, found, err := tx.Chats().ByID(body.ID)
	if err != nil || found && (chat.Active || body.Clock <= chat.DeletedClock) {
		return err
	}
	if found && chat.Type != store.ChatPublic && chat.Type != store.ChatProfile {
		return drop("chat_id")
	}
	kind, err := publicType(body.ID)
	if err != nil {
		return dropFor(err)
	}
	if !found {
		chat = c.newPublic(body.ID, kind)
	}
	chat.Active, chat.Deleted = true, false
	if err := tx.Chats().Save(&chat); err != nil {
		return err
	}
	c.courier.ListeningChanged(tx, c.now().Add(-historyOfNew))
	v, err := c.chatView(tx, &chat, false)
	if err != nil {
		return err
	}
	return c.append(tx, api.MessagesNewEvent{Changes: api.Changes{Chats: []api.Chat{v}}})
}
