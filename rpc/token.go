package rpc

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"go.uber.org/zap"

	"statusd/internal/atomicfile"
)

// Bounds of a token, in characters.
const (
	minToken  = 32
	maxToken  = 512
	tokenSize = 32 // random bytes of one that we make
)

// token is the bearer token in a file. Only its hash is kept.
type token struct {
	path string
	log  *zap.Logger

	mu    sync.RWMutex
	sum   [sha256.Size]byte
	grant *grant // of who presents it
}

// openToken reads the token of a file. A missing file is made, with a fresh
// token, readable by its owner only.
func openToken(path string, log *zap.Logger) (*token, error) {
	t := &token{path: path, log: log}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := createToken(path); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTokenFile, err)
		}
	}
	if _, err := t.reload(); err != nil {
		return nil, err
	}
	return t, nil
}

// createToken writes a fresh token. The file appears with its whole content or
// not at all.
func createToken(path string) error {
	var secret [tokenSize]byte
	rand.Read(secret[:])
	return atomicfile.Write(path, []byte(hex.EncodeToString(secret[:])+"\n"), 0o600)
}

// reload reads the file again and reports whether the token has changed. On an
// error the earlier token stays.
func (t *token) reload() (changed bool, err error) {
	text, err := t.read()
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrTokenFile, err)
	}
	sum := sha256.Sum256([]byte(text))
	t.mu.Lock()
	defer t.mu.Unlock()
	changed = sum != t.sum
	t.sum = sum
	if changed {
		if t.grant != nil {
			close(t.grant.revoked)
		}
		t.grant = &grant{root: true, scopes: scopeToken, revoked: make(chan struct{})}
	}
	return changed, nil
}

func (t *token) read() (string, error) {
	f, err := os.Open(t.path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", t.path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		t.log.Warn("token file can be read by others; it should have mode 0600",
			zap.String("path", t.path), zap.Stringer("mode", info.Mode().Perm()))
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxToken+2))
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(raw))
	if len(text) < minToken || len(text) > maxToken {
		return "", fmt.Errorf("%s has a token of %d characters, want %d to %d; delete the file to get a new one",
			t.path, len(text), minToken, maxToken)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%s holds more than one word; delete the file to get a new token", t.path)
	}
	return text, nil
}

// find returns what the token allows, nil if it is not this one. It compares in
// constant time.
func (t *token) find(presented string) *grant {
	sum := sha256.Sum256([]byte(presented))
	t.mu.RLock()
	defer t.mu.RUnlock()
	if subtle.ConstantTimeCompare(sum[:], t.sum[:]) != 1 {
		return nil
	}
	return t.grant
}
