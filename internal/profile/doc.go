// Package profile owns the accounts of a data directory and the one that is
// logged in: create, import, login, logout, change of password, export,
// deletion, backup (spec 06 section 6, spec 07 section 11).
//
//	login    password → vault → database key → open client.db → installation id
//	         → chat key into the Waku host → service of the account
//	logout   the same backwards: service ended and waited for, key taken back,
//	         database emptied into its file and closed, keys overwritten
//
// Whatever fails on the way of a login closes what was open before it. A
// database is made at the first login only; later a missing one is an error,
// so that a lost history is not mistaken for an empty one.
//
// # One at a time
//
// A key derivation takes a second and 256 MiB. Everything that derives, and
// everything that changes the directory, therefore waits for its turn; who
// waits can give up by its context, and at most maxWaiting callers may wait.
// A derivation that has begun runs to its end, and so does the change it is
// for: a caller that is told of an error knows that nothing happened.
//
// # Installations
//
// Each copy of an account's database has an installation id, made at the first
// login. A restored copy gets a new one at its next login unless its owner said
// that the original is gone: two live copies of one ratchet state would corrupt
// their sessions. The file newInstallationFile in the account's folder asks for
// it; store.Tx.Installation gives the id before to whom it concerns.
//
// # Goroutines
//
// Run, for the caller to start; and for each login one for the database and
// one for the service, which end before Logout or Close returns. The methods
// are safe for concurrent use. The caller holds the lock of the data
// directory. The package knows nothing of RPC, and of Waku only that it takes
// a key.
package profile
