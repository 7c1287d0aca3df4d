package messenger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
	"statusd/transport"
)

// Devices is the service for the account's devices (spec 05 section 10.2).
type Devices struct{ *core }

// List returns all known devices of the account, this one first.
func (s *Devices) List(ctx context.Context) (out []api.Installation, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		own, err := s.courier.Own(tx)
		if err != nil {
			return err
		}
		others, err := s.courier.Installations(tx, s.self)
		if err != nil {
			return err
		}
		out = []api.Installation{installationView(&own)}
		for i := range others {
			if others[i].ID != own.ID {
				out = append(out, installationView(&others[i]))
			}
		}
		return nil
	})
	return out, err
}

// SetMetadata names a device, this one or another. Errors:
// transport.ErrInstallation.
func (s *Devices) SetMetadata(ctx context.Context, id string, m api.InstallationMetadata) error {
	return s.update(ctx, func(tx *store.Tx) error {
		return s.courier.SetMetadata(tx, id, transport.Metadata{
			Name: m.Name, DeviceType: m.DeviceType, PushToken: m.FCMToken,
		})
	})
}

// Enable pairs another device: it gets copies of what is sent from now on.
// Errors: transport.ErrInstallation, transport.ErrTooManyOwn.
func (s *Devices) Enable(ctx context.Context, id string) error {
	return s.update(ctx, func(tx *store.Tx) error {
		if err := s.courier.Enable(tx, id); err != nil {
			return err
		}
		list, err := s.courier.Installations(tx, s.self)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].ID == id {
				return s.append(tx, api.DevicePairedEvent{Installation: installationView(&list[i])})
			}
		}
		return nil
	})
}

// Disable ends the pairing with another device. Errors:
// transport.ErrInstallation.
func (s *Devices) Disable(ctx context.Context, id string) error {
	return s.update(ctx, func(tx *store.Tx) error {
		if err := s.courier.Disable(tx, id); err != nil {
			return err
		}
		return s.append(tx, api.DeviceUnpairedEvent{InstallationID: id})
	})
}

// SendPairing shows this device, with its name, to our other devices. Errors:
// transport.ErrNoMetadata before it has a name.
func (s *Devices) SendPairing(ctx context.Context) (out api.Changes, err error) {
	err = s.update(ctx, func(tx *store.Tx) error {
		own, err := s.courier.Own(tx)
		if err != nil {
			return err
		}
		if own.Metadata.Name == "" || own.Metadata.DeviceType == "" {
			return fmt.Errorf("send pairing: %w", transport.ErrNoMetadata)
		}
		chat, err := s.contacts.selfChat(tx)
		if err != nil {
			return err
		}
		body := &payloads.PairInstallation{
			Clock: s.clock(&chat), InstallationID: own.ID, DeviceType: own.Metadata.DeviceType, Name: own.Metadata.Name,
		}
		if err := tx.Chats().Save(&chat); err != nil {
			return err
		}
		msg, err := payloads.Seal(body, s.identity)
		if err != nil {
			return err
		}
		if err := s.copies.remember(tx, &msg); err != nil {
			return err
		}
		if err := s.courier.SendPairing(ctx, tx, [32]byte(msg.ID), msg.Wrapper); err != nil {
			return err
		}
		out = api.Changes{Installations: []api.Installation{installationView(&own)}}
		return nil
	})
	return out, err
}

// Sync sends our name and picture, all joined public chats and all added
// contacts to our other devices. Without any it does nothing. Errors:
// ErrTooLarge.
func (s *Devices) Sync(ctx context.Context, ens, image string) error {
	return s.update(ctx, func(tx *store.Tx) error {
		paired, err := s.courier.Paired(tx)
		if err != nil || !paired {
			return err
		}
		if _, err := s.contacts.sendUpdate(ctx, tx, s.id, ens, image); err != nil {
			return err
		}
		if err := s.contacts.keepOwn(tx, ens, image); err != nil {
			return err
		}
		chats, err := tx.Chats().List()
		if err != nil {
			return err
		}
		for i := range chats {
			if chats[i].Active && chats[i].Type == store.ChatPublic {
				if err := s.syncPublicChat(ctx, tx, chats[i].ID); err != nil {
					return err
				}
			}
		}
		added, err := tx.Contacts().Added()
		if err != nil {
			return err
		}
		for i := range added {
			if err := s.contacts.syncContact(ctx, tx, &added[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// syncPublicChat tells our other devices of a joined public chat.
func (s *Devices) syncPublicChat(ctx context.Context, tx *store.Tx, id string) error {
	paired, err := s.courier.Paired(tx)
	if err != nil || !paired {
		return err
	}
	chat, err := s.contacts.selfChat(tx)
	if err != nil {
		return err
	}
	body := &payloads.SyncPublicChat{Clock: s.clock(&chat), ID: id}
	if err := tx.Chats().Save(&chat); err != nil {
		return err
	}
	_, _, err = s.sender.send(ctx, tx, outgoing{route: routeReliable}, body)
	return err
}

// receivePairing handles the introduction of another device of ours (spec 05
// section 10.2).
func (s *Devices) receivePairing(_ context.Context, tx *store.Tx, r *received, body *payloads.PairInstallation) error {
	err := s.courier.PairingReceived(tx, r.parcel, body.InstallationID, body.Name, body.DeviceType)
	if errors.Is(err, transport.ErrNotPaired) || errors.Is(err, transport.ErrInstallation) {
		return &dropError{reason: "installation", err: err}
	}
	if err != nil {
		return err
	}
	list, err := s.courier.Installations(tx, s.self)
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].ID != body.InstallationID {
			continue
		}
		v := installationView(&list[i])
		news := api.Changes{Installations: []api.Installation{v}}
		if err := s.append(tx, api.MessagesNewEvent{Changes: news}); err != nil {
			return err
		}
		return s.append(tx, api.DeviceFoundEvent{Installation: v})
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

// historyOfNew is how much history of a chat is fetched that was just joined.
const historyOfNew = 24 * time.Hour

// receivePublicChatSync joins a public chat that was joined on another device.
func (s *Devices) receivePublicChatSync(
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
		chat = s.chats.newPublic(body.ID, kind)
	}
	chat.Active, chat.Deleted = true, false
	if err := tx.Chats().Save(&chat); err != nil {
		return err
	}
	s.courier.ListeningChanged(tx, s.now().Add(-historyOfNew))
	v, err := s.views.chatView(tx, &chat, false)
	if err != nil {
		return err
	}
	return s.append(tx, api.MessagesNewEvent{Changes: api.Changes{Chats: []api.Chat{v}}})
}
