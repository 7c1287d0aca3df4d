package courier

import (
	"statusd/accounts/key"
	"statusd/internal/store"
	"statusd/transport"
)

// Installations returns the known installations of an identity, the newest
// first; of our own all but this one.
func (c *Courier) Installations(tx *store.Tx, identity key.Public) ([]transport.Installation, error) {
	return c.device.Installations(tx.Transport(), identity)
}

// Own describes this installation.
func (c *Courier) Own(tx *store.Tx) (transport.Installation, error) {
	st := tx.Transport()
	self, err := st.Self()
	if err != nil {
		return transport.Installation{}, err
	}
	i := transport.Installation{
		Identity: c.own, ID: c.cfg.Installation, Enabled: true, Protocol: 1, Version: self.LastVersion,
		LastSeen: self.ContactCodeAt, Metadata: self.Metadata,
	}
	prekey, found, err := st.CurrentPrekey()
	if err != nil || !found {
		return i, err
	}
	i.Prekey, i.Version, i.PrekeySeen = prekey.ID(), prekey.Version, prekey.Created
	i.LastSeen = max(i.LastSeen, prekey.Created)
	return i, nil
}

// Enable pairs another installation of ours, and makes its prekey known.
// Errors: transport.ErrInstallation, transport.ErrTooManyOwn.
func (c *Courier) Enable(tx *store.Tx, id string) error {
	if id == c.cfg.Installation {
		return nil // always is
	}
	if err := c.device.Enable(tx.Transport(), id); err != nil {
		return err
	}
	return c.republish(tx)
}

// Disable ends the pairing with another installation of ours. Errors:
// transport.ErrInstallation.
func (c *Courier) Disable(tx *store.Tx, id string) error {
	if err := c.device.Disable(tx.Transport(), id); err != nil {
		return err
	}
	return c.republish(tx)
}

// SetMetadata describes an installation of ours, this one or another. Errors:
// transport.ErrInstallation.
func (c *Courier) SetMetadata(tx *store.Tx, id string, m transport.Metadata) error {
	return c.device.SetMetadata(tx.Transport(), id, m)
}

// PairingReceived stores what a pairing message of our own identity says.
// Errors: transport.ErrNotPaired, transport.ErrInstallation.
func (c *Courier) PairingReceived(tx *store.Tx, p Parcel, id, name, deviceType string) error {
	got := transport.Decrypted{From: p.From, Protection: p.Protection}
	return c.device.PairingReceived(tx.Transport(), got, id, name, deviceType)
}

// Paired reports whether we have another enabled device.
func (c *Courier) Paired(tx *store.Tx) (bool, error) {
	list, err := tx.Transport().Installations(c.own)
	for _, i := range list {
		if i.Enabled && i.ID != c.cfg.Installation {
			return true, err
		}
	}
	return false, err
}

// Identity returns the public chat key.
func (c *Courier) Identity() key.Public { return c.own }

// Installation returns the id of this device.
func (c *Courier) Installation() string { return c.cfg.Installation }
