// Package accounts keeps the accounts of a data directory: what is derived
// from a seed phrase or a key, and the files that hold it (spec 06 sections 2
// to 6). It is the part of an account's life that needs no database and no
// network.
//
//	<dir>/keystore/                key files of all accounts, package keystore
//	<dir>/accounts/<key-uid hex>/  one folder for each account
//	    account.json               name, time of the last login, public chat key: readable without a password
//	    vault.json                 data key, chat key, seed phrase under the password, package vault
//	    client.db                  the database, made by whoever logs in (Directory.Folder)
//
// A newcomer reads on in the sub-packages: key (keys, addresses, ids), hd
// (derivation), mnemonic (seed phrases), contact (keys as people type them),
// keystore, vault, kdf (passwords), signedtext, names, identicon, ens.
//
// # How the life cycle is built on it
//
//	create   FromPhrase(mnemonic.New(12)) → Directory.Create with the phrase
//	import   FromPhrase(mnemonic.Parse(text)), FromPrivateKey, FromKeyFile → Directory.Create
//	login    Directory.Unlock → Unlocked.ChatKey, Unlocked.DatabaseKey → open Folder(uid)/client.db
//	logout   close the database, Unlocked.Wipe, Private.Wipe
//	verify   Directory.Unlock, Wipe
//	backup confirmed   Directory.ConfirmBackup
//
// # Crashes
//
// Every change has one moment at which it is made, a rename: for creation that
// of the account's folder, for a password change that of vault.json, for
// deletion again that of the folder. Key files that belong to a change wait
// beside the old ones under the generation it will commit. Open, which needs
// no password, completes what was committed and removes what was not; after a
// kill at any time an account is in its old or its new state.
//
// # Concurrency
//
// A Directory is for one goroutine at a time, in one process: the caller holds
// the lock of the data directory. Methods that take a password need 256 MiB
// for a moment with the standard cost. The package starts no goroutines.
package accounts
