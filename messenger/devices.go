package messenger

import (
	"context"
	"fmt"

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
		chat, err := s.selfChat(tx)
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
		if err := s.remember(tx, &msg); err != nil {
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
		if _, err := s.sendUpdate(ctx, tx, s.id, ens, image); err != nil {
			return err
		}
		if err := s.keepOwn(tx, ens, image); err != nil {
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
			if err := s.syncContact(ctx, tx, &added[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// syncPublicChat tells our other devices of a joined public chat.
func (c *core) syncPublicChat(ctx context.Context, tx *store.Tx, id string) error {
	paired, err := c.courier.Paired(tx)
	if err != nil || !paired {
		return err
	}
	chat, err := c.selfChat(tx)
	if err != nil {
		return err
	}
	body := &payloads.SyncPublicChat{Clock: c.clock(&chat), ID: id}
	if err := tx.Chats().Save(&chat); err != nil {
		return err
	}
	_, _, err = c.send(ctx, tx, outgoing{route: routeReliable}, body)
	return err
}
