package rpc

import (
	"errors"
	"slices"
	"strings"
	"syscall"

	"statusd/accounts"
	"statusd/accounts/contact"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/keystore"
	"statusd/accounts/mnemonic"
	"statusd/accounts/multibase"
	"statusd/accounts/vault"
	"statusd/api"
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
		{jsonrpc.CodeUnknownObject, "see account_list, or: statusd account list", []error{accounts.ErrUnknown}},
		{jsonrpc.CodeUnknownObject, "give the key-uid", []error{profile.ErrAmbiguous}},
		{jsonrpc.CodeUnknownObject, "", []error{vault.ErrNoPhrase, profile.ErrNever}},
		{jsonrpc.CodeExists, "log in to it", []error{accounts.ErrExists}},
		{
			jsonrpc.CodeExists, "if no account uses it any more, move the file of this address out of the folder keystore " +
				"and try again", []error{accounts.ErrKeyTaken},
		},
		{
			jsonrpc.CodeKeyFile, "put the file back, restore a backup, or delete the account and import its phrase",
			[]error{
				accounts.ErrDamaged, vault.ErrMalformed, vault.ErrTooLarge, vault.ErrTampered, keystore.ErrNotFound,
				keystore.ErrAddress,
			},
		},
		{
			jsonrpc.CodeKeyFile, "look at the disk, and put the database back with statusd restore of a backup; without one, " +
				"delete the account and import its phrase: messages and contacts are lost then",
			[]error{store.ErrMissing, store.ErrDamaged, store.ErrForeign},
		},
		{
			jsonrpc.CodeKeyFile, "what is left is sound; fetch the time before from a mailserver again, or restore a backup; " +
				"to end this message move the damaged log elsewhere", []error{store.ErrLost},
		},
		{
			jsonrpc.CodeInvalidParams, "want the content of a key file as geth and Status apps write it",
			[]error{
				keystore.ErrMalformed, keystore.ErrTooLarge, keystore.ErrVersion, keystore.ErrCipher, keystore.ErrExtended,
				kdf.ErrMalformed, kdf.ErrUnsupported, kdf.ErrCost,
			},
		},
		{
			jsonrpc.CodeInvalidParams, "the file is damaged or was changed; take another copy, or export it again",
			[]error{keystore.ErrImported},
		},
		{jsonrpc.CodeWrongPassword, "", []error{kdf.ErrWrongPassword}},
		{jsonrpc.CodeBusy, "try again soon", []error{profile.ErrBusy}},
		{jsonrpc.CodeFailed, "the daemon is stopping", []error{profile.ErrClosed}},
		{
			jsonrpc.CodeInvalidParams, "give a password; noPassword:true, or --no-password, leaves the account unprotected",
			[]error{profile.ErrEmptyPassword},
		},
		{
			jsonrpc.CodeInvalidParams, "say which with language, or --language", []error{mnemonic.ErrAmbiguous},
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

// Kinds of failures of the disk, which have no code of their own.
const (
	kindDiskFull = api.KindDiskFull
	kindIO       = api.KindIO
)

// diskFailure is the error for a disk that is full or broken, nil for others.
// Nothing of the call was done.
func diskFailure(err error) *jsonrpc.Error {
	is := func(targets ...error) bool { return slices.ContainsFunc(targets, matches(err)) }
	e := jsonrpc.NewError(jsonrpc.CodeFailed, "%s", plainText(err))
	switch {
	case is(store.ErrFull, syscall.ENOSPC, syscall.EDQUOT):
		e.Data.Kind = kindDiskFull
		if !is(store.ErrFull) {
			e.Message = "the disk is full: " + e.Message
		}
		return e.WithHint("make room on the disk of the data directory, then try again")
	case is(store.ErrIO, syscall.EIO, syscall.EROFS, syscall.EISDIR, syscall.ENOTDIR, syscall.ELOOP):
		e.Data.Kind = kindIO
		return e.WithHint("look at the disk of the data directory, and at the permissions there")
	}
	return nil
}

// AccountError returns the code, kind, sentence and hint with which an error of
// accounts goes out; code is 0 for other errors. It serves programs that work
// on accounts without a daemon.
func AccountError(err error) (code int, kind, text, hint string) {
	e := new(jsonrpc.Error)
	if !errors.As(accountFailure(err), &e) {
		return 0, "", "", ""
	}
	return int(e.Code), string(e.Data.Kind), e.Message, e.Data.Hint
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
