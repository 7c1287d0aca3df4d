package configs

import "strings"

// Strangers says from whom one-to-one messages, groups and invitations are
// taken.
type Strangers string

// Who may write to an account.
const (
	StrangersAll      Strangers = "all"      // everybody, within the limits of docs/messenger.md
	StrangersContacts Strangers = "contacts" // who was added or written to
)

// UnmarshalText reads who may write, in any case.
func (s *Strangers) UnmarshalText(b []byte) error {
	return oneOf(s, strings.ToLower(string(b)), []Strangers{StrangersAll, StrangersContacts})
}
