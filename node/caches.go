package node

import (
	"errors"
	"fmt"
	"path/filepath"

	"go.uber.org/zap"

	"statusd/internal/cache"
)

// Caches in the data directory: peers, which versions of DNS trees were seen,
// nodes of the discv5 network (a database of go-ethereum), and what has been
// fetched from mailservers. A damaged one does not keep the node from starting:
// it is put aside, or mended, with one warning.
const (
	peersFile  = "peers.json"
	treesFile  = "dns-trees.json"
	nodesDir   = "nodes"
	historyDir = "history"
)

// openCache opens a cache that is a file. One that cannot be read is put aside.
func openCache[T any](n *core, what, path string, open func() (T, error)) (T, error) {
	c, err := open()
	if err == nil {
		return c, nil
	}
	aside, moveErr := cache.PutAside(path)
	if moveErr != nil {
		return c, cacheError(what, path, err)
	}
	n.finding.warnOfDamage(what, &cache.Damage{Path: path, Aside: aside, Err: err})
	if c, err = open(); err != nil {
		return c, cacheError(what, path, err)
	}
	return c, nil
}

// mendNodes makes sure that go-ethereum can open its database of nodes.
func (n *finding) mendNodes() error {
	if n.cfg.NoDiscovery {
		return nil
	}
	path := filepath.Join(n.cfg.DataDir, nodesDir)
	damage, err := cache.MendDB(path)
	if err != nil {
		return cacheError("the database of known nodes", path, err)
	}
	n.warnOfDamage("the database of known nodes", damage)
	return nil
}

// cacheError words a cache that cannot be used, for a reason that making it
// anew would not cure.
func cacheError(what, path string, err error) error {
	if errors.Is(err, cache.ErrInUse) {
		text := fmt.Sprintf("%s %s is in use by another process: stop it, or choose another directory with --dir",
			what, path)
		return &StartError{Kind: ErrDataDir, Text: text}
	}
	return &StartError{Kind: ErrDataDir, Text: fmt.Sprintf("cannot use %s %s", what, path), Cause: err}
}

func (n *finding) warnOfDamage(what string, damage *cache.Damage) {
	if damage == nil {
		return
	}
	state := "it begins empty"
	if damage.Kept {
		state = "what could be read of it was kept"
	}
	n.log.Warn("cache was damaged; "+state, zap.String("cache", what), zap.String("path", damage.Path),
		zap.String("movedTo", damage.Aside), zap.Error(damage.Err))
}
