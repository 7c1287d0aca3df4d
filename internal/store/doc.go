// Package store is the one client database of an account: an encrypted SQLite
// file, its transactions, its migrations and its durable event log.
//
// # File
//
// The file is encrypted in blocks of 4 KiB by the adiantum layer of
// ncruces/go-sqlite3; so are its write-ahead log and temporary files. That
// gives confidentiality at rest, not detection of tampering: equal blocks at
// equal offsets are recognisable between two copies, and an old copy of a
// block can be put back. A backup must add a signature of its own. The key is
// 32 bytes and comes from the account's vault; it is passed by pragma, never
// in a name.
//
// The layer rewrites whole blocks and says so: SQLite then fills the last block
// of each commit, so that no later write touches a block with committed data
// and a power cut in the middle of a write cannot reach back.
//
// Every page has SQLite's checksum inside the encryption, so that damage shows
// when a page is read from the file. The layer that verifies them sees the mark
// in the file's header, which SQLite does not read when the write-ahead log has
// it: Open reads it first. The log has checksums of its own, each of which
// covers the one before; SQLite takes the first that does not fit for the end.
// Open therefore walks the whole log before it is emptied (log.go): a power cut
// tears the last transaction at most, so two that were committed behind a bad
// frame prove damage. The log is kept then (damage.go). After a failed commit the
// log is emptied, so that its rest never looks like that.
//
// # One connection
//
// There is exactly one connection to the file, by construction here and by an
// exclusive lock against other processes. It is used by one transaction at a
// time: Update for reading and writing, View for reading. Both wait for their
// turn, and neither may be called inside another. A transaction is on disk
// when Update returns nil (synchronous=FULL): only then may anything leave
// that depends on it.
//
// # Secrets that must be gone
//
// secure_delete overwrites what is deleted, but the write-ahead log keeps the
// old pages until it is emptied. A transaction that deletes keys calls
// Tx.Forget; the log is then emptied within ForgetDelay by Run, and by Close.
// Copies made before a migration hold old keys too and are removed after
// CopyKept.
//
// # Tables
//
// Each subject has its own file with methods on Tx, and its tables come by
// numbered files in migrations. The SQLite driver is known to sqlite.go only.
//
// # Goroutines
//
// The package starts none. Run is for its caller to start; all other methods
// are safe for concurrent use. The package knows nothing of messages, ratchets
// or accounts beyond the tables that hold them.
package store
