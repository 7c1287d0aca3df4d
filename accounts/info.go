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
	raw, err := readBounded(filepath.Join(folder, infoFile), maxInfo)
	if err != nil {
		return Info{}, fmt.Errorf("read account: %w", err)
	}
	var i Info
	if err := json.Unmarshal(raw, &i); err != nil || i.UID != uid {
		return Info{}, fmt.Errorf("%w: %s of %s", ErrDamaged, infoFile, uid)
	}
	return i, nil
}

func writeInfo(folder string, i Info) error {
	if len(i.Name) > MaxName {
		return ErrName
	}
	raw, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return fmt.Errorf("encode account: %w", err)
	}
	return atomicfile.Write(filepath.Join(folder, infoFile), append(raw, '\n'), fileMode)
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
// change of name. Errors: ErrUnknown, ErrName.
func (d *Directory) Set(i Info) error {
	if err := d.check(i.UID); err != nil {
		return err
	}
	return writeInfo(d.Folder(i.UID), i)
}
