package store

import "fmt"

// Names of values in the table meta.
const (
	metaInstallation         = "installation-id"
	metaPreviousInstallation = "previous-installation-id"
)

// Installation is what tells this copy of the account from others.
type Installation struct{ tx *Tx }

// Installation returns the table.
func (tx *Tx) Installation() Installation { return Installation{tx} }

// IDs returns the id of this copy of the account, or "" in a new database, and
// the id it had before it was restored from a backup of an original that may
// live on, or "".
//
// A previous id says that all that is bound to that installation is shared with
// the original: used from two places, the same message keys would encrypt two
// plaintexts (spec 06 section 6). So the secure transport asks at each login,
// before it encrypts or decrypts anything. If there is a previous id, it
// deletes, in one transaction, every ratchet session, message key and own
// prekey and what waits in the outbox sealed by them, keeps the previous id as
// another, disabled installation of the account, as if learnt from a bundle
// (spec 03 section 10), and calls ForgetPrevious. Its next bundle is that of a
// new installation, and is announced at once. A crash before the commit leaves
// the previous id, and so the duty, in place.
func (i Installation) IDs() (id, previous string, err error) {
	current, _, err := i.tx.Meta(metaInstallation)
	if err != nil {
		return "", "", fmt.Errorf("read installation id: %w", err)
	}
	before, _, err := i.tx.Meta(metaPreviousInstallation)
	if err != nil {
		return "", "", fmt.Errorf("read previous installation id: %w", err)
	}
	return string(current), string(before), nil
}

// Set makes this copy of the account another installation. The id that it had
// becomes the previous one, unless there still is one: everything stored is
// bound to that.
func (i Installation) Set(id string) error {
	current, previous, err := i.IDs()
	if err == nil && current != "" && current != id && previous == "" {
		err = i.tx.SetMeta(metaPreviousInstallation, []byte(current))
	}
	if err == nil {
		err = i.tx.SetMeta(metaInstallation, []byte(id))
	}
	if err != nil {
		return fmt.Errorf("set installation id: %w", err)
	}
	return nil
}

// ForgetPrevious notes that nothing of the previous installation is left; see
// IDs.
func (i Installation) ForgetPrevious() error {
	if err := i.tx.Exec(`DELETE FROM meta WHERE name = ?`, metaPreviousInstallation); err != nil {
		return fmt.Errorf("forget previous installation id: %w", err)
	}
	return nil
}

// metaRestored is set in a database that was put back from a backup.
const metaRestored = "restored"

// Restored reports whether the database was put back from a backup and nobody
// has taken note: what peers saw last may be missing in it.
func (i Installation) Restored() (bool, error) {
	_, found, err := i.tx.Meta(metaRestored)
	if err != nil {
		return false, fmt.Errorf("read note of the restoring: %w", err)
	}
	return found, nil
}

// SetRestored notes that the database was put back from a backup.
func (i Installation) SetRestored() error { return i.tx.SetMeta(metaRestored, []byte{1}) }

// ForgetRestored takes SetRestored back: the secure transport has taken note.
func (i Installation) ForgetRestored() error {
	if err := i.tx.Exec(`DELETE FROM meta WHERE name = ?`, metaRestored); err != nil {
		return fmt.Errorf("forget note of the restoring: %w", err)
	}
	return nil
}

// Erase erases everything that only the installation may use from which this
// database was copied: prekeys, sessions, message keys, and what was sealed with
// them and waits to be posted; see IDs.
func (i Installation) Erase() error {
	i.tx.Forget()
	for _, table := range []string{"message_key", "session", "prekey", "outbox_message", "outbox"} {
		if err := i.tx.Exec("DELETE FROM " + table); err != nil {
			return fmt.Errorf("forget installation: %w", err)
		}
	}
	return nil
}
