package node

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/syndtr/goleveldb/leveldb"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"statusd/configs"
)

// cachingConfig is a node with all its caches, which asks nobody outside.
func cachingConfig(t *testing.T) *configs.Config {
	t.Helper()
	cfg := testConfig(t)
	cfg.NoDiscovery = false
	ref, err := configs.ParseNodeRef(otherNode(t).URLv4())
	if err != nil {
		t.Fatal(err)
	}
	cfg.ClusterConfig.Enabled = true
	cfg.ClusterConfig.BootNodes = configs.NodeList{ref}
	cfg.ClusterConfig.DNSTrees = []string{
		"enrtree://AKA3AM6LPBYEUDMVNU3BSVQJ5AD45Y7YPOHJLEF6W26QOE4VTUDPE@nodes.example.invalid",
	}
	cfg.DNSServer = "127.0.0.1:9"
	return cfg
}

// TestDamagedCaches: a node starts with whatever is in the place of a cache,
// and says so once.
func TestDamagedCaches(t *testing.T) {
	junk := func(name string) func(dir string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte("junk"), 0o600) }
	}
	inFolder := func(name string) func(dir string) error {
		return func(dir string) error {
			sub := filepath.Join(dir, name)
			entries, err := os.ReadDir(sub)
			for _, e := range entries {
				if e.Name() != "LOCK" && err == nil {
					err = os.WriteFile(filepath.Join(sub, e.Name()), []byte("junk"), 0o600)
				}
			}
			return err
		}
	}
	fileInstead := func(name string) func(dir string) error {
		return func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, name)), junk(name)(dir))
		}
	}
	folderInstead := func(name string) func(dir string) error {
		return func(dir string) error {
			path := filepath.Join(dir, name)
			return errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Join(path, "sub"), 0o700))
		}
	}
	for name, damage := range map[string]func(dir string) error{
		"history":                  inFolder(historyDir),
		"history, a file":          fileInstead(historyDir),
		"nodes":                    inFolder(nodesDir),
		"nodes, a file":            fileInstead(nodesDir),
		"peers.json":               junk(peersFile),
		"peers.json, a folder":     folderInstead(peersFile),
		"dns-trees.json":           junk(treesFile),
		"dns-trees.json, a folder": folderInstead(treesFile),
	} {
		t.Run(name, func(t *testing.T) {
			cfg := cachingConfig(t)
			start(t, cfg, Deps{}).finish()
			if err := damage(cfg.DataDir); err != nil {
				t.Fatal(err)
			}
			core, logs := observer.New(zapcore.WarnLevel)
			start(t, cfg, Deps{Logger: zap.New(core)}).finish()
			file, _, _ := strings.Cut(name, ",")
			about := 0
			for _, line := range logs.All() {
				for _, value := range line.ContextMap() {
					if value == filepath.Join(cfg.DataDir, file) {
						about++
					}
				}
			}
			if about != 1 {
				t.Errorf("%d warnings: %v", about, logs.All())
			}
		})
	}
}

// TestCacheInUse: a cache that another process has open is named, with what it
// is, and nothing else is blamed.
func TestCacheInUse(t *testing.T) {
	for _, name := range []string{nodesDir, historyDir} {
		cfg := cachingConfig(t)
		path := filepath.Join(cfg.DataDir, name)
		db, err := leveldb.OpenFile(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		n := launch(t, cfg, Deps{})
		err = <-n.done
		if !errors.Is(err, ErrDataDir) || !strings.Contains(err.Error(), path+" is in use by another process") ||
			strings.Contains(err.Error(), "address") {
			t.Errorf("%s: %v", name, err)
		}
		n.stop()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStartErrorsNameThePath: the cause of an error carries the path that it is
// about, once.
func TestStartErrorsNameThePath(t *testing.T) {
	cause := &os.PathError{Op: "open", Path: "/data/x/LOCK", Err: syscall.EACCES}
	for text, want := range map[string]string{
		"cannot use the cache":         "cannot use the cache: open /data/x/LOCK: permission denied",
		"cannot use /data/x/LOCK here": "cannot use /data/x/LOCK here: permission denied",
	} {
		if got := (&StartError{Kind: ErrDataDir, Text: text, Cause: cause}).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	err := dirError("/data", "write to", &os.PathError{Op: "write", Path: "/data/LOCK", Err: syscall.ENOSPC})
	if text := err.Error(); strings.Contains(text, "choose another") || !strings.Contains(text, "/data/LOCK") {
		t.Errorf("a full disk: %q", text)
	}
}
