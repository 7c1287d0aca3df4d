package rpc

import (
	"errors"
	"strings"

	"statusd/accounts"
	"statusd/accounts/contact"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/keystore"
	"statusd/accounts/mnemonic"
	"statusd/accounts/multibase"
	"statusd/accounts/vault"
	"statusd/internal/profile"
	"statusd/internal/store"
	"statusd/rpc/jsonrpc"
)

// failureClass are errors that have one code and one way out.
type failureClass struct {
	code   jsonrpc.Code
	hint   string
	errors []error
}

// accountFailures are the classes, the first that fits counts.
func accountFailures() []failureClass {
	return []failureClass{
		{jsonrpc.CodeNotLoggedIn, "log in with account_login, or: statusd account login", []error{profile.ErrNotLoggedIn}},
		{
			jsonrpc.CodeInUse, "log out first with account_logout, or: statusd account logout",
			[]error{profile.ErrOther, profile.ErrLoggedIn},
		},
		{jsonrpc.CodeInUse, "another process has the database open; end it", []error{store.ErrBusy}},
		{jsonrpc.CodeNewerData, "use a newer statusd", []error{store.ErrNewer, vault.ErrNewer}},
		{jsonrpc.CodeUnknownObject, "account_list shows the accounts", []error{accounts.ErrUnknown}},
		{jsonrpc.CodeUnknownObject, "give the key-uid", []error{profile.ErrAmbiguous}},
		{jsonrpc.CodeUnknownObject, "", []error{vault.ErrNoPhrase}},
		{jsonrpc.CodeExists, "log in to it", []error{accounts.ErrExists}},
		{jsonrpc.CodeExists, "the key files are in the folder keystore", []error{accounts.ErrKeyTaken}},
		{
			jsonrpc.CodeKeyFile, "put the file back, restore a backup, or delete the account and import its phrase",
			[]error{
				accounts.ErrDamaged, vault.ErrMalformed, vault.ErrTooLarge, vault.ErrTampered, keystore.ErrNotFound,
				keystore.ErrAddress, store.ErrMissing, store.ErrDamaged, store.ErrForeign,
			},
		},
		{
			jsonrpc.CodeInvalidParams, "want the content of a key file as geth and Status apps write it",
			[]error{
				keystore.ErrMalformed, keystore.ErrTooLarge, keystore.ErrVersion, keystore.ErrCipher, keystore.ErrExtended,
				kdf.ErrMalformed, kdf.ErrUnsupported, kdf.ErrCost,
			},
		},
		{jsonrpc.CodeWrongPassword, "", []error{kdf.ErrWrongPassword}},
		{jsonrpc.CodeBusy, "try again soon", []error{profile.ErrBusy}},
		{jsonrpc.CodeFailed, "the daemon is stopping", []error{profile.ErrClosed}},
		{jsonrpc.CodeFailed, "make room on the disk", []error{store.ErrFull}},
		{
			jsonrpc.CodeInvalidParams, "give a password, or noPassword:true if the files need no protection",
			[]error{profile.ErrEmptyPassword},
		},
		{
			jsonrpc.CodeInvalidParams, "", []error{
				profile.ErrConfirm, accounts.ErrName, kdf.ErrPassword, mnemonic.ErrEmpty, mnemonic.ErrWordCount,
				mnemonic.ErrChecksum, mnemonic.ErrText, mnemonic.ErrWord, key.ErrPrivateText, key.ErrPrivateRange,
				contact.ErrNotContact, multibase.ErrBase,
			},
		},
	}
}

func matches(err error) func(error) bool {
	return func(target error) bool { return errors.Is(err, target) }
}

// plainText is the text of an error without the names of packages.
func plainText(err error) string {
	parts := strings.Split(err.Error(), ": ")
	keep := parts[:0]
	for _, part := range parts {
		switch part {
		case "accounts", "profile", "vault", "keystore", "kdf", "mnemonic", "store", "key", "contact", "multibase", "backup":
		default:
			keep = append(keep, part)
		}
	}
	return strings.Join(keep, ": ")
}
