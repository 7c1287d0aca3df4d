package profile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.uber.org/zap"

	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/internal/atomicfile"
	"statusd/internal/backup"
)

// Entries of a backup.
const (
	entryManifest = "manifest.json"
	entryInfo     = "account.json"
	entryDatabase = "client.db"
	entryVault    = "vault.json" // with keys
	entryKeyFile  = "keyfile.json"
	entryNodeKey  = "nodekey"
	entryData     = "data-key" // without keys: what opens the database, no more
)

const (
	backupsFolder = "backups"
	nodeKeyFile   = "nodekey"
	folderMode    = 0o700
	fileMode      = 0o600
)

// manifest says what a backup holds.
type manifest struct {
	Version int     `json:"version"`
	Time    int64   `json:"time"` // Unix seconds
	UID     key.UID `json:"key-uid"`
	Keys    bool    `json:"keys"` // vault, key files and node key are in it
}

// Backup is a backup that was written.
type Backup struct {
	Path  string
	Bytes int64
	UID   key.UID
}

func (m *Manager) backupFolder() string { return filepath.Join(m.cfg.Dir, backupsFolder) }

// Backup writes the account that is logged in, as it is at one moment, into a
// file in the folder backups, encrypted under a password of its own. With keys
// it holds everything; without, what belongs to the account but neither its
// keys nor its phrase: to restore it, one of them is needed. The account stays
// in use; its transactions wait while the database is copied. When ctx ends, so
// does it, at once and without a trace. Errors: ErrNotLoggedIn,
// ErrEmptyPassword, store.ErrDamaged.
func (m *Manager) Backup(ctx context.Context, p kdf.Password, withKeys bool) (b Backup, err error) {
	if p.IsEmpty() {
		return Backup{}, ErrEmptyPassword
	}
	err = m.exclusive(ctx, func() error {
		a := m.Current()
		if a == nil {
			return ErrNotLoggedIn
		}
		b, err = m.writeBackup(ctx, a, p, withKeys)
		return err
	})
	if err != nil {
		return Backup{}, err
	}
	m.log.Info("backup written", zap.Stringer("account", b.UID), zap.Int64("bytes", b.Bytes), zap.Bool("keys", withKeys))
	return b, nil
}

// writeBackup writes to a temporary file and puts it in place when it is whole.
func (m *Manager) writeBackup(ctx context.Context, a *Account, p kdf.Password, withKeys bool) (b Backup, err error) {
	dir := m.backupFolder()
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return Backup{}, fmt.Errorf("make backup folder: %w", err)
	}
	f, err := os.CreateTemp(dir, ".backup.tmp-*") // a name that atomicfile.RemoveTemps clears
	if err != nil {
		return Backup{}, fmt.Errorf("make backup file: %w", err)
	}
	defer func() {
		_ = f.Close() // checked below; a second Close says nothing new
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	w, err := m.backupWriter(ctx, f, p)
	if err != nil {
		return Backup{}, err
	}
	if err := m.fill(ctx, w, a, withKeys); err != nil {
		return Backup{}, err
	}
	if err := w.Close(); err != nil {
		return Backup{}, fmt.Errorf("write backup: %w", err)
	}
	if _, err := await(ctx, func() (struct{}, error) { return struct{}{}, f.Sync() }); err != nil {
		return Backup{}, fmt.Errorf("write backup: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return Backup{}, fmt.Errorf("write backup: %w", err)
	}
	name := fmt.Sprintf("%s-%s.statusd", m.cfg.Now().UTC().Format("20060102T150405.000000Z"), a.UID().Hex()[:8])
	b = Backup{Path: filepath.Join(dir, name), Bytes: info.Size(), UID: a.UID()}
	return b, errors.Join(f.Close(), atomicfile.Rename(f.Name(), b.Path))
}

// backupWriter derives the keys of a backup.
func (m *Manager) backupWriter(ctx context.Context, f *os.File, p kdf.Password) (*backup.Writer, error) {
	return derive(ctx, m, p, func(own kdf.Password) (*backup.Writer, error) {
		return backup.NewWriter(f, own, m.cfg.BackupCost)
	}, func(*backup.Writer) {})
}

// await runs something that cannot be interrupted, and waits for it until ctx
// ends. It must be harmless, and end by itself, when nobody waits any more.
func await[T any](ctx context.Context, fn func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		v, err := fn()
		done <- outcome{v, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// fill writes the entries.
func (m *Manager) fill(ctx context.Context, w *backup.Writer, a *Account, withKeys bool) error {
	manifest := manifest{Version: 1, Time: m.cfg.Now().Unix(), UID: a.UID(), Keys: withKeys}
	if err := putJSON(w, entryManifest, manifest); err != nil {
		return err
	}
	if err := putJSON(w, entryInfo, a.info); err != nil {
		return err
	}
	fill := m.fillData
	if withKeys {
		fill = m.fillKeys
	}
	if err := fill(w, a); err != nil {
		return err
	}
	return w.Entry(entryDatabase, func(to io.Writer) error { return a.db.Snapshot(ctx, to) })
}

func (m *Manager) fillData(w *backup.Writer, a *Account) error {
	data := a.unlocked.Data()
	defer data.Wipe()
	return put(w, entryData, data.Reveal())
}

func (m *Manager) fillKeys(w *backup.Writer, a *Account) error {
	v, err := a.unlocked.Vault().Encode()
	if err != nil {
		return err
	}
	if err := put(w, entryVault, v); err != nil {
		return err
	}
	files, err := m.dir.KeyFiles(a.UID())
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := put(w, entryKeyFile, file); err != nil {
			return err
		}
	}
	if m.cfg.NodeKeyFile == "" {
		return nil
	}
	nodeKey, err := os.ReadFile(m.cfg.NodeKeyFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read node key: %w", err)
	}
	defer clear(nodeKey)
	return put(w, entryNodeKey, nodeKey)
}

func put(w *backup.Writer, name string, content []byte) error {
	return w.Entry(name, func(to io.Writer) error {
		_, err := to.Write(content)
		return err
	})
}

func putJSON(w *backup.Writer, name string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	return put(w, name, raw)
}
