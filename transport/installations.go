package transport

import (
	"fmt"
	"slices"

	"statusd/accounts/key"
	"statusd/transport/topics"
)

// Installations returns the known installations of an identity, the newest
// first; of our own identity all but this one.
func (d *Device) Installations(st Store, identity key.Public) ([]Installation, error) {
	list, err := st.Installations(identity)
	if err != nil {
		return nil, fmt.Errorf("load installations: %w", err)
	}
	list = slices.Clone(list)
	newestFirst(list)
	return list, nil
}

// Enable pairs another installation of our identity: it enters our bundle and
// gets our messages. Errors: ErrInstallation if it was not seen yet,
// ErrTooManyOwn if two others are paired already.
func (d *Device) Enable(st Store, id string) error {
	list, err := st.Installations(d.own)
	if err != nil {
		return fmt.Errorf("load installations: %w", err)
	}
	active := 1 // this one
	for _, i := range list {
		if i.Enabled && i.ID != id {
			active++
		}
	}
	if active >= MaxTargets {
		return ErrTooManyOwn
	}
	return change(st, list, id, func(i *Installation) { i.Enabled = true })
}

// Disable ends the pairing with another installation of ours. The other side
// is not told. Errors: ErrInstallation.
func (d *Device) Disable(st Store, id string) error {
	list, err := st.Installations(d.own)
	if err != nil {
		return fmt.Errorf("load installations: %w", err)
	}
	return change(st, list, id, func(i *Installation) { i.Enabled = false })
}

// SetMetadata describes an installation of ours, this one or another.
// Errors: ErrInstallation.
func (d *Device) SetMetadata(st Store, id string, m Metadata) error {
	if id == d.cfg.Installation {
		self, err := st.Self()
		if err != nil {
			return fmt.Errorf("load own record: %w", err)
		}
		self.Metadata = m
		if err := st.PutSelf(self); err != nil {
			return fmt.Errorf("store own record: %w", err)
		}
		return nil
	}
	list, err := st.Installations(d.own)
	if err != nil {
		return fmt.Errorf("load installations: %w", err)
	}
	return change(st, list, id, func(i *Installation) { i.Metadata = m })
}

// PairingReceived stores name and type from a pairing message that came as
// got. It must be from our own identity, encrypted, and of a known
// installation; the user still has to enable it. Errors: ErrNotPaired,
// ErrInstallation.
func (d *Device) PairingReceived(st Store, got Decrypted, id, name, deviceType string) error {
	if !got.Vouches(d.own) {
		return ErrNotPaired
	}
	list, err := st.Installations(d.own)
	if err != nil {
		return fmt.Errorf("load installations: %w", err)
	}
	return change(st, list, id, func(i *Installation) {
		i.Metadata.Name, i.Metadata.DeviceType = name, deviceType
	})
}

func change(st Store, list []Installation, id string, edit func(*Installation)) error {
	i := slices.IndexFunc(list, func(i Installation) bool { return i.ID == id })
	if i < 0 {
		return ErrInstallation
	}
	edit(&list[i])
	if err := st.PutInstallation(list[i]); err != nil {
		return fmt.Errorf("store installation: %w", err)
	}
	return nil
}

// Listening returns the places that need a filter, in the order of
// installing: our own, public chats, contact codes of people (one-to-one
// peers, group members and added contacts that are not blocked), negotiated
// places. Sending needs none, so partitions of others are never among them
// (spec 03 section 9.7).
func (d *Device) Listening(st Store, chats []string, people []key.Public) ([]topics.Place, error) {
	places := []topics.Place{topics.ContactCodeOf(d.own), topics.PartitionOf(d.own), topics.PersonalOf(d.own)}
	for _, id := range chats {
		places = append(places, topics.PublicChat(id))
	}
	for _, p := range people {
		if p != d.own {
			places = append(places, topics.ContactCodeOf(p))
		}
	}
	peers, err := st.SecretPeers()
	if err != nil {
		return nil, fmt.Errorf("load negotiated secrets: %w", err)
	}
	for _, p := range peers {
		places = append(places, topics.NegotiatedOf(p.Shared))
	}
	return places, nil
}
