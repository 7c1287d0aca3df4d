package rpc

import (
	"fmt"
	"slices"
	"syscall"
	"testing"

	"statusd/accounts"
	"statusd/accounts/contact"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/keystore"
	"statusd/accounts/mnemonic"
	"statusd/accounts/multibase"
	"statusd/accounts/vault"
	"statusd/api"
	"statusd/fault"
	"statusd/internal/feed"
	"statusd/internal/profile"
	"statusd/internal/store"
	"statusd/messenger"
	"statusd/messenger/courier"
	"statusd/payloads"
	"statusd/transport"
	"statusd/waku"
)

// answered is what callers get for errors: scripts compare code and kind, people
// read text and hint.
type answered struct {
	code   api.Code
	kind   api.Kind
	hint   string
	errors map[error]string // with the text of the answer
}

// TestErrorsHaveTheirAnswers holds the answers of declared errors, and of the
// system's.
func TestErrorsHaveTheirAnswers(t *testing.T) {
	for _, c := range slices.Concat(answersOfAccounts, answersOfOthers) {
		for err, text := range c.errors {
			e := failureOf(t.Context(), fmt.Errorf("%w: so", err))
			if e.Code != c.code || e.Data.Kind != c.kind || e.Message != text+": so" || e.Data.Hint != c.hint {
				t.Errorf("%v: %d %s %q, hint %q; want %d %s %q, hint %q", err, e.Code, e.Data.Kind, e.Message, e.Data.Hint,
					c.code, c.kind, text+": so", c.hint)
			}
		}
	}
}

// TestKindsAreThoseOfTheContract: the words for kinds stand twice, since the
// contract imports nothing.
func TestKindsAreThoseOfTheContract(t *testing.T) {
	for _, class := range api.ErrorClasses() {
		e := failureOf(t.Context(), fault.New(fault.Kind(class.Kind), "x", "y"))
		if e.Code != class.Code || e.Data.Kind != class.Kind || e.Data.Hint != "y" {
			t.Errorf("%s: %+v", class.Kind, e)
		}
	}
	for _, kind := range []fault.Kind{
		fault.Usage, fault.Config, fault.NoInput, fault.BadInput, fault.CannotCreate, fault.Unavailable, fault.Protocol,
		fault.Permission, fault.Interrupted, "",
	} {
		if e := failureOf(t.Context(), fault.New(kind, "x", "y")); e.Code != api.CodeFailed || e.Data.Kind != api.KindFailed {
			t.Errorf("%s, which only commands meet: %+v", kind, e)
		}
	}
}

// answersOfAccounts are those of errors of accounts, and of others in their classes.
var answersOfAccounts = []answered{
	{api.CodeNotLoggedIn, api.KindNotLoggedIn,
		"log in with account_login, or: statusd account login",
		map[error]string{
			profile.ErrNotLoggedIn: "no account is logged in",
			store.ErrClosed:        "the account was logged out: its database is closed",
			feed.ErrNotLoggedIn:    "no account is logged in",
		}},
	{api.CodeInUse, api.KindInUse,
		"log out first with account_logout, or: statusd account logout",
		map[error]string{
			profile.ErrOther:    "another account is logged in",
			profile.ErrLoggedIn: "the account is logged in",
		}},
	{api.CodeNewerData, api.KindNewerData, "use a newer statusd", map[error]string{
		store.ErrNewer: "the database was written by a newer version of this program",
		vault.ErrNewer: "vault file was written by a newer version of this program",
	}},
	{api.CodeUnknownObject, api.KindUnknownObject, "see account_list, or: statusd account list", map[error]string{
		accounts.ErrUnknown: "no account with this key-uid",
	}},
	{api.CodeUnknownObject, api.KindUnknownObject, "give the key-uid", map[error]string{
		profile.ErrAmbiguous: "several accounts have this name",
	}},
	{api.CodeUnknownObject, api.KindUnknownObject, "", map[error]string{
		vault.ErrNoPhrase:              "no seed phrase is kept: its backup was confirmed, or there never was one",
		profile.ErrNever:               "the account was never logged in, so it has no database yet",
		messenger.ErrUnknownContact:    "no such contact",
		messenger.ErrUnknownMessage:    "no such message",
		messenger.ErrUnknownReaction:   "no such reaction",
		messenger.ErrUnknownInvitation: "no such invitation",
	}},
	{api.CodeExists, api.KindExists, "log in to it", map[error]string{
		accounts.ErrExists: "this account exists already",
	}},
	{api.CodeExists, api.KindExists,
		"if no account uses it any more, move the file of this address out of the folder keystore and try " +
			"again",
		map[error]string{
			accounts.ErrKeyTaken: "the keystore has a file for one of these keys already",
		}},
	{api.CodeKeyFile, api.KindKeyFile,
		"put the file back, restore a backup, or delete the account and import its phrase",
		map[error]string{
			accounts.ErrDamaged:  "a file of the account is damaged or missing",
			vault.ErrMalformed:   "vault file is damaged",
			vault.ErrTooLarge:    "vault file is larger than 65536 bytes",
			vault.ErrTampered:    "vault file was changed by something other than this program",
			keystore.ErrNotFound: "no key file for this address",
			keystore.ErrAddress:  "key file holds the key of another address",
		}},
	{api.CodeInvalidParams, api.KindInvalidParams,
		"want the content of a key file as geth and Status apps write it",
		map[error]string{
			keystore.ErrMalformed: "malformed key file",
			keystore.ErrTooLarge:  "key file is larger than 65536 bytes",
			keystore.ErrVersion:   "key file is neither of version 3 nor of version 1",
			keystore.ErrCipher:    "key file uses a cipher other than aes-128-ctr",
			keystore.ErrExtended:  "the extended key in the key file is damaged",
			kdf.ErrMalformed:      "parameters are missing, mistyped or impossible",
			kdf.ErrUnsupported:    "neither scrypt nor pbkdf2 with hmac-sha256",
			kdf.ErrCost:           "parameters ask for more memory or time than allowed",
		}},
	{api.CodeInvalidParams, api.KindInvalidParams,
		"the file is damaged or was changed; take another copy, or export it again",
		map[error]string{
			keystore.ErrImported: "the key in this file is not that of the address that the file names",
		}},
	{api.CodeWrongPassword, api.KindWrongPassword, "", map[error]string{
		kdf.ErrWrongPassword: "wrong password, or the file is damaged",
	}},
	{api.CodeBusy, api.KindBusy, "try again soon", map[error]string{
		profile.ErrBusy: "too many calls wait for their turn",
	}},
	{api.CodeFailed, api.KindFailed, "the daemon is stopping", map[error]string{
		profile.ErrClosed: "the accounts are closed",
	}},
	{api.CodeInvalidParams, api.KindInvalidParams,
		"give a password; noPassword:true, or --no-password, leaves the account unprotected",
		map[error]string{
			profile.ErrEmptyPassword: "the password is empty",
		}},
	{api.CodeInvalidParams, api.KindInvalidParams, "say which with language, or --language", map[error]string{
		mnemonic.ErrAmbiguous: "the phrase is valid in several languages, with different accounts",
	}},
	{api.CodeInvalidParams, api.KindInvalidParams, "", map[error]string{
		profile.ErrConfirm:    "the confirmation is not the key-uid of the account",
		accounts.ErrName:      "name of an account is longer than 256 bytes",
		kdf.ErrPassword:       "password is not UTF-8 text of at most 4096 bytes",
		mnemonic.ErrEmpty:     "no phrase",
		mnemonic.ErrWordCount: "a phrase has 12, 15, 18, 21 or 24 words",
		mnemonic.ErrChecksum: "the words are valid but do not belong together; one is wrong or out of " +
			"place",
		mnemonic.ErrText:                        "phrase is not UTF-8 text of at most 2048 bytes",
		mnemonic.ErrWord:                        "a word is in none of the lists",
		key.ErrPrivateText:                      "private key text is not 64 hex digits, with 0x before them or not",
		key.ErrPrivateRange:                     "private key is zero or not below the order of the curve",
		contact.ErrNotContact:                   "neither a key (zQ3sh…, 0x04…, 02…, 03…) nor a name ending in .eth",
		multibase.ErrBase:                       "the first character names no supported base",
		messenger.ErrChatType:                   "the chat is of a kind that cannot do this",
		messenger.ErrNotAdmin:                   "only admins of the group can do this",
		messenger.ErrTooLarge:                   "the message is too large to be sent",
		messenger.ErrNoWrapper:                  "the message is not ours, or too old to be sent again",
		messenger.ErrStatus:                     "status is none of sending, sent, not-sent, delivered",
		messenger.ErrCursor:                     "cursor is not one that a page returned",
		messenger.ErrAttachment:                 "the file cannot be attached",
		messenger.ErrTransaction:                "the message is no transaction request that can be answered so",
		messenger.ErrExtensionOff:               "later extensions are switched off in the configuration",
		messenger.ErrRequest:                    "the requestId cannot be used",
		messenger.ErrUnpaired:                   "no other device is enabled; enable one first",
		payloads.ErrEvent:                       "group event is invalid",
		payloads.ErrGroupID:                     "chat id does not belong to the group's creator",
		payloads.ErrMessageID:                   "message id is not 0x and 64 lower-case hex digits",
		&payloads.RuleError{Detail: "the rule"}: "the rule",
		store.ErrConsumer:                       "the name of a consumer is UTF-8 text of 1 to 128 bytes",
	}},
}

// answersOfOthers are those of all others.
var answersOfOthers = []answered{
	{api.CodeInUse, api.KindInUse, "another process has the database open; end it", map[error]string{
		store.ErrBusy: "the database is in use by another process",
	}},
	{api.CodeKeyFile, api.KindKeyFile,
		"look at the disk, and put the database back with statusd restore of a backup; without one, delete " +
			"the account and import its phrase: messages and contacts are lost then",
		map[error]string{
			store.ErrMissing: "there is no database",
			store.ErrDamaged: "the database is damaged, or the key is not its key",
			store.ErrForeign: "the file is a database of another program",
		}},
	{api.CodeKeyFile, api.KindKeyFile,
		"what is left is sound; fetch the time before from a mailserver again, or restore a backup; to end " +
			"this message move the damaged log elsewhere",
		map[error]string{
			store.ErrLost: "a damaged write-ahead log cost committed transactions",
		}},
	{api.CodeFailed, api.KindDiskFull,
		"make room on the disk of the data directory, then try again",
		map[error]string{
			store.ErrFull: "the disk is full",
			fmt.Errorf("%w: %w", store.ErrFull, syscall.ENOSPC): "the disk is full: no space left on device",
		}},
	{api.CodeFailed, api.KindIO,
		"look at the disk of the data directory, and at the permissions there",
		map[error]string{
			store.ErrIO: "the database file cannot be read or written",
		}},
	{api.CodeFailed, api.KindDiskFull, "make room on the disk, then try again", map[error]string{
		syscall.ENOSPC: "the disk is full: no space left on device",
		syscall.EDQUOT: "the disk is full: disk quota exceeded",
	}},
	{api.CodeFailed, api.KindIO, "look at the disk, and at the permissions there", map[error]string{
		syscall.EIO:     "input/output error",
		syscall.EROFS:   "read-only file system",
		syscall.EISDIR:  "is a directory",
		syscall.ENOTDIR: "not a directory",
		syscall.ELOOP:   "too many levels of symbolic links",
	}},
	{api.CodeUnknownObject, api.KindUnknownObject, "see the list of chats, or create it first", map[error]string{
		messenger.ErrUnknownChat: "no such chat",
	}},
	{api.CodeInvalidRecipient, api.KindInvalidRecipient, "", map[error]string{
		messenger.ErrRecipient:  "recipient is neither a contact (zQ3sh…, 0x04…), a #channel, a group nor a @nickname",
		messenger.ErrAmbiguous:  "the recipient is ambiguous",
		messenger.ErrNameLookup: "names ending in .eth cannot be looked up here; use the contact id",
		messenger.ErrBlocked:    "the contact is blocked; unblock it first",
		messenger.ErrSelf:       "this cannot be done with yourself",
		messenger.ErrNotMember:  "you are not a member of this group, or have not joined it yet",
		messenger.ErrNotOwner:   "only its owner writes in a profile chat",
	}},
	{api.CodeFailed, api.KindFailed, "", map[error]string{
		messenger.ErrNotAuthor: "only the author of a message can do this",
		store.ErrEnded:         "the transaction has ended, by itself after an error or with its function",
	}},
	{api.CodeExists, api.KindExists, "", map[error]string{
		messenger.ErrExists: "the chat exists already",
	}},
	{api.CodeBusy, api.KindBusy, "", map[error]string{
		messenger.ErrManyChats: "2500 chats are active already; leave one first",
	}},
	{api.CodeInvalidParams, api.KindInvalidParams,
		"choose a name of letters, digits, signs and spaces",
		map[error]string{
			store.ErrConsumerName: "the name of a consumer has characters that are not shown",
		}},
	{api.CodeInvalidParams, api.KindInvalidParams, "choose another name", map[error]string{
		store.ErrReserved: "names of consumers that begin with webhook, or look so, are reserved",
	}},
	{api.CodeScope, api.KindScope,
		"leave out the owner, or use the token that made it or one of the scope admin",
		map[error]string{
			store.ErrOtherOwner: "the consumer belongs to another token",
		}},
	{api.CodeInvalidParams, api.KindInvalidParams,
		"say whose with the parameter owner, as status_listConsumers gives it",
		map[error]string{
			store.ErrManyOwners: "several others have a consumer of this name",
		}},
	{api.CodeBusy, api.KindBusy, "remove one that is no longer used with status_removeConsumer", map[error]string{
		store.ErrOwnQuota: "a token may have 10 consumers, the socket and rpc-token 100",
	}},
	{api.CodeInvalidParams, api.KindInvalidParams,
		"acknowledge the cursor of an event, or next, as they came",
		map[error]string{
			store.ErrAhead: "acknowledged an event that has not happened",
		}},
	{api.CodeBusy, api.KindBusy,
		"remove some with status_removeConsumer; an admin lists and removes those of all tokens",
		map[error]string{
			store.ErrTooMany: "there are 1000 consumers of tokens already",
		}},
	{api.CodeUnknownObject, api.KindUnknownObject, "status_listConsumers lists them", map[error]string{
		store.ErrNoConsumer: "there is no consumer of this name",
	}},
	{api.CodeUnknownObject, api.KindUnknownObject,
		"see wakuext_getOurInstallations, or: statusd devices list; a device shows up once it has been " +
			"online",
		map[error]string{
			transport.ErrInstallation: "no such installation; it must be known from a bundle",
		}},
	{api.CodeBusy, api.KindBusy, "wakuext_disableInstallation, or: statusd devices disable", map[error]string{
		transport.ErrTooManyOwn: "disable an installation first, 3 of an identity are active at most",
	}},
	{api.CodeFailed, api.KindFailed,
		"wakuext_setInstallationMetadata, or: statusd devices name",
		map[error]string{
			transport.ErrNoMetadata: "set the name and type of this device before pairing",
		}},
	{api.CodeBusy, api.KindBusy,
		"remove filters with waku_deleteMessageFilter, or end subscriptions; those of a token go when it is " +
			"revoked",
		map[error]string{
			waku.ErrTooManyTopics: "the filters would ask for more than 10000 topics",
			waku.ErrFilterQuota:   "too many filters: an owner may have 256, all together 1024",
			waku.ErrTopicQuota:    "too many topics: the filters of an owner may have 1000, those of all together 5000",
		}},
	{api.CodeBusy, api.KindBusy,
		"remove some with wakuext_removeFilters; those of a token go when it is revoked",
		map[error]string{
			courier.ErrTooMuch:  "more than 500 places asked for",
			courier.ErrAskedAll: "more than 2000 places asked for by all together",
		}},
	{api.CodeBusy, api.KindBusy, "remove keys with waku_deleteKeyPair and waku_deleteSymKey", map[error]string{
		waku.ErrKeyQuota: "too many keys: an owner may have 1024",
	}},
	{api.CodeExists, api.KindExists, "revoke it first, or choose another name", map[error]string{
		errTokenExists: "there is a token of this name",
	}},
	{api.CodeUnknownObject, api.KindUnknownObject,
		"admin_tokenList lists them, as does: statusd token list",
		map[error]string{
			errTokenUnknown: "there is no token of this name",
		}},
	{api.CodeBusy, api.KindBusy, "revoke one that is no longer used", map[error]string{
		errTokenCount: "there are 100 tokens already",
	}},
}
