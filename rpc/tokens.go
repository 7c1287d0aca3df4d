package rpc

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"statusd/api"
	"statusd/fault"
	"statusd/internal/atomicfile"
)

const (
	maxTokens     = 100
	maxTokenName  = 64
	maxTokensFile = 1 << 20 // bytes
	tokensMode    = 0o600
)

// Errors of tokenBook.
var (
	errTokenExists = fault.New(fault.Exists, "there is a token of this name",
		"revoke it first, or choose another name")
	errTokenUnknown = fault.New(fault.NotFound, "there is no token of this name",
		"admin_tokenList lists them, as does: statusd token list")
	errTokenCount = fault.New(fault.Busy, fmt.Sprintf("there are %d tokens already", maxTokens),
		"revoke one that is no longer used")
)

// grant is what one token allows. It does not change; revoked is closed when
// it ends before its time.
type grant struct {
	name    string
	root    bool // the token in the data directory
	sum     [sha256.Size]byte
	scopes  scope
	account string    // 0x key-uid of the only account it is for; empty: any
	old     bool      // made before consumers had owners
	created time.Time // zero: the token in the data directory
	expires time.Time // zero: never
	revoked chan struct{}
	unread  atomic.Int64 // bytes that were not written to who presents it yet
}

// over tells whether a grant has ended. A nil one, for callers without a
// token, has not.
func (g *grant) over(now time.Time) bool {
	if g == nil {
		return false
	}
	select {
	case <-g.revoked:
		return true
	default:
		return !g.expires.IsZero() && !now.Before(g.expires)
	}
}

// ended is closed when the grant is revoked; nil for a nil one.
func (g *grant) ended() <-chan struct{} {
	if g == nil {
		return nil
	}
	return g.revoked
}

// left is the time until the grant expires; known is false if it does not.
func (g *grant) left(now time.Time) (d time.Duration, known bool) {
	if g == nil || g.expires.IsZero() {
		return 0, false
	}
	return g.expires.Sub(now), true
}

// only is the account that a grant is limited to, "" for none.
func (g *grant) only() string {
	if g == nil {
		return ""
	}
	return g.account
}

// storedToken is a grant in the file. Only the hash of the token is kept.
type storedToken struct {
	Name    string      `json:"name"`
	Hash    string      `json:"hash"` // SHA-256 of the token, hex
	Scopes  []api.Scope `json:"scopes"`
	Account string      `json:"account,omitempty"`
	Created time.Time   `json:"created"`
	Expires time.Time   `json:"expires,omitzero"`
	// Owns is true for tokens made since consumers of events have owners and a
	// scope of their own. Others get it if they may send, and take over
	// consumers without owner.
	Owns bool `json:"ownsConsumers,omitempty"`
}

// tokenFile is the content of tokens.json.
type tokenFile struct {
	Version int           `json:"version"` // 1
	Tokens  []storedToken `json:"tokens"`
}

// tokenBook is the tokens besides the one in the data directory.
type tokenBook struct {
	path string

	mu     sync.RWMutex
	grants []*grant
}

// openTokens reads the tokens of a file. One that is missing has none.
func openTokens(path string) (*tokenBook, error) {
	b := &tokenBook{path: path}
	return b, b.reload()
}

// reload reads the file again. Tokens that are gone or changed end. On an
// error everything stays.
func (b *tokenBook) reload() error {
	fresh, err := readTokens(b.path)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrTokenFile, b.path, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, g := range fresh {
		same := func(old *grant) bool {
			return old.sum == g.sum && old.scopes == g.scopes && old.account == g.account && old.expires.Equal(g.expires)
		}
		if j := slices.IndexFunc(b.grants, same); j >= 0 {
			fresh[i] = b.grants[j]
		}
	}
	for _, old := range b.grants {
		if !slices.Contains(fresh, old) {
			close(old.revoked)
		}
	}
	b.grants = fresh
	return nil
}

func readTokens(path string) ([]*grant, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if info.Size() > maxTokensFile {
		return nil, errors.New("the file is too large")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file tokenFile
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if file.Version != 1 || len(file.Tokens) > maxTokens {
		return nil, fmt.Errorf("version %d with %d tokens; known is version 1 with at most %d", file.Version,
			len(file.Tokens), maxTokens)
	}
	var out []*grant
	for _, s := range file.Tokens {
		g := &grant{name: s.Name, account: s.Account, created: s.Created, expires: s.Expires, revoked: make(chan struct{})}
		sum, err := hex.DecodeString(s.Hash)
		if err != nil || len(sum) != len(g.sum) {
			return nil, fmt.Errorf("token %q: its hash is not 64 hex digits", s.Name)
		}
		copy(g.sum[:], sum)
		if g.scopes, err = parseScopes(s.Scopes); err != nil {
			return nil, fmt.Errorf("token %q: %w", s.Name, err)
		}
		if g.old = !s.Owns; g.old && g.scopes&scopeSend != 0 {
			g.scopes |= scopeEvents
		}
		out = append(out, g)
	}
	return out, nil
}

// save writes the grants; the caller holds mu.
func (b *tokenBook) save(grants []*grant) error {
	file := tokenFile{Version: 1, Tokens: []storedToken{}}
	for _, g := range grants {
		file.Tokens = append(file.Tokens, storedToken{
			Name: g.name, Hash: hex.EncodeToString(g.sum[:]), Scopes: g.scopes.names(), Account: g.account,
			Created: g.created, Expires: g.expires, Owns: !g.old,
		})
	}
	raw, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(b.path, append(raw, '\n'), tokensMode)
}

// add makes a token. It is on disk, as a hash, when add returns. Expired ones
// make room.
func (b *tokenBook) add(g *grant, now time.Time) (token string, err error) {
	var random [tokenSize]byte
	rand.Read(random[:])
	token = hex.EncodeToString(random[:])
	g.sum, g.created, g.revoked = sha256.Sum256([]byte(token)), now.UTC().Truncate(time.Second), make(chan struct{})
	b.mu.Lock()
	defer b.mu.Unlock()
	grants := slices.DeleteFunc(slices.Clone(b.grants), func(old *grant) bool { return old.over(now) })
	if slices.ContainsFunc(grants, func(old *grant) bool { return old.name == g.name }) {
		return "", errTokenExists
	}
	if len(grants) >= maxTokens {
		return "", errTokenCount
	}
	grants = append(grants, g)
	if err := b.save(grants); err != nil {
		return "", err
	}
	b.grants = grants
	return token, nil
}

// revoke ends a token at once.
func (b *tokenBook) revoke(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.grants, func(g *grant) bool { return g.name == name })
	if i < 0 {
		return errTokenUnknown
	}
	g := b.grants[i]
	grants := slices.Delete(slices.Clone(b.grants), i, i+1)
	if err := b.save(grants); err != nil {
		return err
	}
	b.grants = grants
	close(g.revoked)
	return nil
}

// list returns the grants in the order in which they were made.
func (b *tokenBook) list() []*grant {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Clone(b.grants)
}

// has reports whether there is a valid token of a name.
func (b *tokenBook) has(name string, now time.Time) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.ContainsFunc(b.grants, func(g *grant) bool { return g.name == name && !g.over(now) })
}

// find returns the grant of a token, nil if it is not valid. It compares with
// each in constant time.
func (b *tokenBook) find(presented string, now time.Time) *grant {
	sum := sha256.Sum256([]byte(presented))
	var found *grant
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, g := range b.grants {
		if subtle.ConstantTimeCompare(sum[:], g.sum[:]) == 1 {
			found = g
		}
	}
	if found.over(now) {
		return nil
	}
	return found
}

// names lists the scopes of a set.
func (s scope) names() []api.Scope {
	var out []api.Scope
	for one := scopeRead; one <= scopeDebug; one <<= 1 {
		if s&one != 0 {
			out = append(out, api.Scope(one.String()))
		}
	}
	return out
}

// parseScopes reads the names of scopes.
func parseScopes(names []api.Scope) (scope, error) {
	var all scope
	for _, name := range names {
		i := slices.Index(scopeAll.names(), name)
		if i < 0 {
			return 0, fmt.Errorf("unknown scope %q; the scopes are %s", shortened(string(name)), scopeNames())
		}
		all |= scopeRead << i
	}
	if all == 0 {
		return 0, errors.New("a token needs a scope; the scopes are " + scopeNames())
	}
	return all, nil
}
