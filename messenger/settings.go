package messenger

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
)

// Settings is the service for what frontends keep with the account. It means
// nothing to the daemon.
type Settings struct{ *core }

// maxSettingName is the longest name of a setting, in bytes.
const maxSettingName = 128

// publicKeySetting is the setting that the daemon knows itself.
const publicKeySetting = "public-key"

// Save keeps a setting; nil takes it away. Errors: ErrSetting, ErrManyNotes.
func (s *Settings) Save(ctx context.Context, name string, value *api.JSON) error {
	switch {
	case name == "" || len(name) > maxSettingName || strings.ContainsRune(name, 0):
		return fmt.Errorf("%w: its name has to have 1 to %d bytes", ErrSetting, maxSettingName)
	case name == publicKeySetting:
		return fmt.Errorf("%w: %s follows from the account", ErrSetting, name)
	}
	return s.update(ctx, func(tx *store.Tx) error {
		if value == nil {
			_, err := tx.Notes(store.NoteSetting).Delete(name)
			return err
		}
		return put(tx.Notes(store.NoteSetting), store.Note{Name: name, Value: string(*value)})
	})
}

// All returns the settings by their names.
func (s *Settings) All(ctx context.Context) (map[string]api.JSON, error) {
	out := map[string]api.JSON{publicKeySetting: api.JSON(`"` + s.id + `"`)}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		list, err := tx.Notes(store.NoteSetting).All()
		for _, n := range list {
			out[n.Name] = api.JSON(n.Value)
		}
		return err
	})
	return out, err
}

// Accounts returns the accounts of a wallet that frontends keep, that of the
// chat key among them.
func (s *Settings) Accounts(ctx context.Context) ([]api.WalletAccount, error) {
	own := api.WalletAccount{Address: s.self.Address().String(), Chat: true, PublicKey: s.id}
	out, there := []api.WalletAccount{}, false
	err := s.db.View(ctx, func(tx *store.Tx) error {
		list, err := tx.Notes(store.NoteAccount).All()
		if err != nil {
			return err
		}
		for _, n := range list {
			var a api.WalletAccount
			if err := json.Unmarshal([]byte(n.Value), &a); err != nil {
				return fmt.Errorf("read account of a wallet: %w", err)
			}
			there = there || strings.EqualFold(a.Address, own.Address)
			out = append(out, a)
		}
		return nil
	})
	if !there {
		out = append([]api.WalletAccount{own}, out...)
	}
	return out, err
}

// SaveAccounts keeps accounts of a wallet, all or none. Errors: ErrSetting,
// ErrManyNotes.
func (s *Settings) SaveAccounts(ctx context.Context, list []api.WalletAccount) error {
	return s.update(ctx, func(tx *store.Tx) error {
		for _, a := range list {
			name, err := walletAddress(a.Address)
			if err != nil {
				return err
			}
			raw, err := json.Marshal(a)
			if err != nil {
				return err
			}
			if err := put(tx.Notes(store.NoteAccount), store.Note{Name: name, Value: string(raw)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteAccount forgets an account of a wallet. Errors: ErrSetting,
// ErrUnknownWallet.
func (s *Settings) DeleteAccount(ctx context.Context, address string) error {
	name, err := walletAddress(address)
	if err != nil {
		return err
	}
	return s.update(ctx, func(tx *store.Tx) error {
		found, err := tx.Notes(store.NoteAccount).Delete(name)
		if err == nil && !found {
			err = ErrUnknownWallet
		}
		return err
	})
}

// walletAddress is an address as it is stored: in lower case.
func walletAddress(text string) (string, error) {
	a, err := key.ParseAddress(text)
	if err != nil {
		return "", fmt.Errorf("%w: the address is not 0x and 40 hex digits", ErrSetting)
	}
	return strings.ToLower(a.String()), nil
}

// put stores a note within the bounds. Error: ErrManyNotes.
func put(notes store.Notes, n store.Note) error {
	if err := notes.Put(n); err != nil {
		return err
	}
	count, bytes, err := notes.Size()
	if err != nil {
		return err
	}
	if count > api.MaxNotes || bytes > api.MaxNoteBytes {
		return fmt.Errorf("%w: at most %d, %d bytes together", ErrManyNotes, api.MaxNotes, api.MaxNoteBytes)
	}
	return nil
}
