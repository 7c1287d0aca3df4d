package peercache

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/test/crashtest"
)

func TestMain(m *testing.M) {
	crashtest.Main(m, map[string]crashtest.Job{"remember": rememberForEver})
}

// rememberForEver adds one node after the other and prints the id of each that
// is remembered.
func rememberForEver(dir string, ready func()) error {
	cache, err := Open(Config{Path: filepath.Join(dir, "peers.json")})
	if err != nil {
		return err
	}
	ready()
	for {
		key, err := crypto.GenerateKey()
		if err != nil {
			return err
		}
		n := enode.NewV4(&key.PublicKey, net.IP{192, 0, 2, 1}, 30303, 30303)
		if err := cache.Succeeded("whisper", n); err != nil {
			return err
		}
		fmt.Println(n.ID())
	}
}

// TestKill: the file is whole at every moment, and holds what was promised.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	for range 10 {
		printed := strings.Fields(string(crashtest.Kill(t, "remember", dir, 50*time.Millisecond)))
		path := filepath.Join(dir, "peers.json")
		cache, err := Open(Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path + ".damaged"); err == nil {
			t.Fatal("the file was damaged")
		}
		if len(printed) == 0 {
			continue
		}
		last, known := printed[len(printed)-1], false
		for _, e := range cache.Entries("whisper") {
			known = known || e.Node.ID().String() == last
		}
		if !known && len(last) == 64 {
			t.Errorf("%s was remembered and is not in the file", last)
		}
	}
}
