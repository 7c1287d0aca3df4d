package messenger

import (
	"context"
	"slices"
	"time"

	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// syncContact tells our other devices of an added contact.
func (s *Contacts) syncContact(ctx context.Context, tx *store.Tx, k *store.Contact) error {
	paired, err := s.courier.Paired(tx)
	if err != nil || !paired || k.ID == s.id {
		return err
	}
	chat, err := s.selfChat(tx)
	if err != nil {
		return err
	}
	body := &payloads.SyncContact{
		Clock: s.clock(&chat), ID: k.ID, ProfileImage: k.Photo, ENSName: k.Name, LocalNickname: k.Nickname,
	}
	if err := tx.Chats().Save(&chat); err != nil {
		return err
	}
	_, _, err = s.sender.send(ctx, tx, outgoing{route: routeReliable}, body)
	return err
}

// receiveContactSync handles a contact that was added on another device.
func (s *Contacts) receiveContactSync(_ context.Context, tx *store.Tx, r *received, body *payloads.SyncContact) error {
	if !r.parcel.Paired {
		return drop("not_paired")
	}
	contact, err := s.contactOf(tx, body.ID)
	switch {
	case err != nil:
		return err
	case body.ID == s.id:
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
		if err := s.welcome(tx, body.ID); err != nil {
			return err
		}
	}
	return s.tellContact(tx, &contact, nil, false)
}

// welcome does what follows when a person was added: no stranger any more, and
// the contact code is listened to.
func (s *Contacts) welcome(tx *store.Tx, id string) error {
	s.courier.ListeningChanged(tx, time.Time{})
	for _, subject := range []string{id, ""} {
		if err := s.held.wake(tx, store.ReasonContact, subject); err != nil {
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
