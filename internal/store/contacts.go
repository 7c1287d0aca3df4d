package store

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ErrContactID is returned for text that is no contact id.
var ErrContactID = errors.New("contact id is not 0x and 130 hex digits")

// Contact is a person. Clocks are Unix milliseconds.
type Contact struct {
	ID            string // contact id
	Tags          []string
	Added         bool // what tags say, computed by the caller
	Blocked       bool
	Name          string
	Nickname      string
	Photo         string
	Updated       uint64
	ENSVerified   bool
	ENSVerifiedAt uint64
	ENSClock      uint64
	ENSRetries    uint64
}

// Contacts are the people in a transaction.
type Contacts struct{ tx *Tx }

// Contacts returns the table of people.
func (tx *Tx) Contacts() Contacts { return Contacts{tx} }

const contactColumns = `SELECT id, tags, added, blocked, name, nickname, photo, updated, ens_verified, ens_verified_at,
	ens_clock, ens_retries FROM contact `

func scanContact(r Row) (Contact, error) {
	c := Contact{
		ID: contactText(r.Blob(0)), Added: r.Bool(2), Blocked: r.Bool(3), Name: r.Text(4), Nickname: r.Text(5),
		Photo: r.Text(6), Updated: uint64(r.Int64(7)), ENSVerified: r.Bool(8), ENSVerifiedAt: uint64(r.Int64(9)),
		ENSClock: uint64(r.Int64(10)), ENSRetries: uint64(r.Int64(11)),
	}
	if err := json.Unmarshal([]byte(r.Text(1)), &c.Tags); err != nil {
		return c, fmt.Errorf("read tags of a contact: %w", err)
	}
	return c, nil
}

// Listed returns the contacts with a tag, a nickname or a verified name.
func (c Contacts) Listed() (list []Contact, err error) {
	return c.many(`WHERE listed ORDER BY nickname, key`)
}

// Added returns those that the user added and did not block.
func (c Contacts) Added() (list []Contact, err error) {
	return c.many(`WHERE listed AND added AND NOT blocked ORDER BY key`)
}

// ByNickname returns the contacts with exactly this nickname.
func (c Contacts) ByNickname(name string) (list []Contact, err error) {
	return c.many(`WHERE listed AND nickname = ? LIMIT 2`, name)
}

func (c Contacts) many(where string, args ...any) (list []Contact, err error) {
	err = c.tx.Query(contactColumns+where, args, func(r Row) error {
		contact, err := scanContact(r)
		list = append(list, contact)
		return err
	})
	return list, err
}

// ByID returns a contact. A contact that is unknown has the id alone.
func (c Contacts) ByID(id string) (contact Contact, found bool, err error) {
	blob, err := contactBlob(id)
	if err != nil {
		return Contact{}, false, err
	}
	var errScan error
	found, err = c.tx.Get(contactColumns+`WHERE id = ?`, []any{blob}, func(r Row) { contact, errScan = scanContact(r) })
	if err == nil {
		err = errScan
	}
	if !found {
		contact.ID = id
	}
	return contact, found, err
}

// Save inserts a contact or replaces it.
func (c Contacts) Save(contact *Contact) error {
	blob, err := contactBlob(contact.ID)
	if err != nil {
		return err
	}
	if contact.Tags == nil {
		contact.Tags = []string{}
	}
	tags, err := json.Marshal(contact.Tags)
	if err != nil {
		return err
	}
	listed := len(contact.Tags) > 0 || contact.ENSVerified || contact.Nickname != ""
	err = c.tx.Exec(`INSERT INTO contact (id, tags, added, blocked, listed, name, nickname, photo, updated,
			ens_verified, ens_verified_at, ens_clock, ens_retries) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET tags = excluded.tags, added = excluded.added, blocked = excluded.blocked,
			listed = excluded.listed, name = excluded.name, nickname = excluded.nickname, photo = excluded.photo,
			updated = excluded.updated, ens_verified = excluded.ens_verified,
			ens_verified_at = excluded.ens_verified_at, ens_clock = excluded.ens_clock,
			ens_retries = excluded.ens_retries`,
		blob, string(tags), contact.Added, contact.Blocked, listed, contact.Name, contact.Nickname, contact.Photo,
		contact.Updated, contact.ENSVerified, contact.ENSVerifiedAt, contact.ENSClock, contact.ENSRetries)
	if err != nil || !contact.Added {
		return err
	}
	return c.tx.Guests().release(blob)
}

// key returns the row of a person, which it makes if there is none.
func (c Contacts) key(id string) (key int64, err error) {
	blob, err := contactBlob(id)
	if err != nil {
		return 0, err
	}
	found, err := c.tx.Get(`SELECT key FROM contact WHERE id = ?`, []any{blob}, func(r Row) { key = r.Int64(0) })
	if err != nil || found {
		return key, err
	}
	_, err = c.tx.Get(`INSERT INTO contact (id, tags, added, blocked, listed, name, nickname, photo, updated,
		ens_verified, ens_verified_at, ens_clock, ens_retries)
		VALUES (?, '[]', 0, 0, 0, '', '', '', 0, 0, 0, 0, 0) RETURNING key`, []any{blob},
		func(r Row) { key = r.Int64(0) })
	return key, err
}

const contactBytes = 65

// contactBlob returns the bytes of a contact id.
func contactBlob(id string) ([]byte, error) {
	digits, ok := strings.CutPrefix(id, "0x")
	if !ok || len(digits) != 2*contactBytes {
		return nil, ErrContactID
	}
	blob, err := hex.DecodeString(digits)
	if err != nil {
		return nil, ErrContactID
	}
	return blob, nil
}

// contactText is the reverse of contactBlob.
func contactText(blob []byte) string { return "0x" + hex.EncodeToString(blob) }
