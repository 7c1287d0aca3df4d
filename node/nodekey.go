package node

import (
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"go.uber.org/zap"

	"statusd/internal/atomicfile"
)

// statusGoKey is where status-go keeps the node key, below the data
// directory.
const statusGoKey = "Statusd/nodekey"

// keySource says where the node key comes from.
type keySource struct {
	given *ecdsa.PrivateKey // from the configuration; nil: from a file
	file  string            // of the key; made when it is the default one
	// fixed is true when the operator named the file: it must exist.
	fixed bool
	dir   string // data directory
}

// load returns the node key. Without one it takes over that of status-go, so
// that the node keeps its address, else makes one; either is stored.
func (s keySource) load(log *zap.Logger) (*ecdsa.PrivateKey, error) {
	if s.given != nil {
		return s.given, nil
	}
	key, err := readKey(s.file, log)
	if err == nil || s.fixed || !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	old := filepath.Join(s.dir, filepath.FromSlash(statusGoKey))
	key, err = readKey(old, log)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if key, err = crypto.GenerateKey(); err != nil {
			return nil, keyError("cannot make a node key", err)
		}
		log.Info("node key made", zap.String("file", s.file))
	case err != nil:
		return nil, err
	default:
		log.Info("node key of status-go taken over", zap.String("file", old))
	}
	if err := atomicfile.Write(s.file, []byte(hex.EncodeToString(crypto.FromECDSA(key))+"\n"), 0o600); err != nil {
		return nil, keyError("cannot store the node key in "+s.file, err)
	}
	return key, nil
}

func keyError(text string, cause error) error {
	return &StartError{Kind: ErrNodeKey, Text: text, Cause: cause}
}

// readKey reads 64 hex digits, with or without 0x and white space around. Its
// errors never quote the content.
func readKey(name string, log *zap.Logger) (*ecdsa.PrivateKey, error) {
	raw, err := readSmall(name)
	if err != nil {
		return nil, keyError("cannot read node key "+name, err)
	}
	bytes, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(string(raw)), "0x"))
	if err != nil || len(bytes) != 32 {
		return nil, keyError("node key "+name+" must hold 64 hex digits: restore it, or delete it to get a new identity", nil)
	}
	key, err := crypto.ToECDSA(bytes)
	if err != nil {
		return nil, keyError("node key "+name+" holds a number that is no secp256k1 key: restore it, or delete it to "+
			"get a new identity", nil)
	}
	if info, err := os.Stat(name); err == nil && info.Mode().Perm()&0o077 != 0 {
		log.Warn("node key can be read by others, mode 0600 is better", zap.String("file", name))
	}
	return key, nil
}
