package accounts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"

	"statusd/accounts/key"
	"statusd/internal/atomicfile"
)

const (
	infoFile  = "account.json"
	infoCopy  = "account-copy.json" // the same again: the name is nowhere else
	vaultFile = "vault.json"

	// MaxName bounds the name of an account in bytes.
	MaxName = 256

	maxInfo = 256 << 10 // bytes; a picture as data URI is about 1 KiB
)

// Info is what is known of an account without its password: account.json.
type Info struct {
	Name           string     `json:"name"`
	Timestamp      int64      `json:"timestamp"` // last login, Unix seconds
	PhotoPath      string     `json:"photo-path"`
	KeycardPairing string     `json:"keycard-pairing"`
	UID            key.UID    `json:"key-uid"`
	ChatKey        key.Public `json:"public-key"`
	Damaged        bool       `json:"-"` // account.json cannot be read; only UID is set
}

// readBounded reads a file of at most limit bytes; one that is larger comes
// back as limit+1 bytes, which no parser takes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

func readInfo(folder string, uid key.UID) (Info, error) {
	return readInfoFile(filepath.Join(folder, infoFile), uid)
}

func readInfoFile(path string, uid key.UID) (Info, error) {
	raw, err := readBounded(path, maxInfo)
	if err != nil {
		return Info{}, fmt.Errorf("read account: %w", err)
	}
	var i Info
	if err := json.Unmarshal(raw, &i); err != nil || i.UID != uid || len(i.Name) > MaxName {
		return Info{}, fmt.Errorf("%w: %s of %s", ErrDamaged, filepath.Base(path), uid)
	}
	return i, nil
}

func writeInfo(folder string, i Info, names ...string) error {
	if len(i.Name) > MaxName {
		return ErrName
	}
	raw, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return fmt.Errorf("encode account: %w", err)
	}
	for _, name := range names {
		if err := atomicfile.Write(filepath.Join(folder, name), append(raw, '\n'), fileMode); err != nil {
			return err
		}
	}
	return nil
}

// Mend writes account.json of each account, or the copy that Set makes, anew from
// the other one if it cannot be read. An account of which neither can be read
// stays as it is: its database knows the name.
func (d *Directory) Mend() error {
	uids, err := d.uids()
	if err != nil {
		return err
	}
	var errs []error
	for _, uid := range uids {
		errs = append(errs, mendInfo(d.Folder(uid), uid))
	}
	return errors.Join(errs...)
}

func mendInfo(folder string, uid key.UID) error {
	i, errInfo := readInfo(folder, uid)
	c, errCopy := readInfoFile(filepath.Join(folder, infoCopy), uid)
	switch {
	case errInfo != nil && errCopy == nil:
		return writeInfo(folder, c, infoFile)
	case errInfo == nil && errors.Is(errCopy, ErrDamaged):
		return writeInfo(folder, i, infoCopy)
	}
	return nil
}

// List returns all accounts, last login first. A damaged account.json gives an
// Info with the UID alone.
func (d *Directory) List() ([]Info, error) {
	uids, err := d.uids()
	if err != nil {
		return nil, err
	}
	all := make([]Info, 0, len(uids))
	for _, uid := range uids {
		i, err := readInfo(d.Folder(uid), uid)
		if err != nil {
			i = Info{UID: uid, Damaged: true}
		}
		all = append(all, i)
	}
	sort.SliceStable(all, func(a, b int) bool { return all[a].Timestamp > all[b].Timestamp })
	return all, nil
}

// Get returns one account. Errors: ErrUnknown, ErrDamaged.
func (d *Directory) Get(uid key.UID) (Info, error) {
	if err := d.check(uid); err != nil {
		return Info{}, err
	}
	i, err := readInfo(d.Folder(uid), uid)
	if errors.Is(err, os.ErrNotExist) {
		return Info{}, fmt.Errorf("%w: %s of %s is missing", ErrDamaged, infoFile, uid)
	}
	return i, err
}

// Set writes what is known of an account, for instance after a login or a
// change of name, and a copy: a kill, a full disk or a damaged block leaves one
// of the two. Errors: ErrUnknown, ErrName.
func (d *Directory) Set(i Info) error {
	if err := d.check(i.UID); err != nil {
		return err
	}
	return writeInfo(d.Folder(i.UID), i, infoFile, infoCopy)
}
