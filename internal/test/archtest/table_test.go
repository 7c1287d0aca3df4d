package archtest

import (
	"maps"
	"slices"
)

// Groups of third-party packages that rules share.
const (
	geth     = "github.com/ethereum/go-ethereum/"
	zap      = "go.uber.org/zap"
	metrics  = "github.com/prometheus/client_golang/prometheus"
	errgroup = "golang.org/x/sync/errgroup"
	unix     = "golang.org/x/sys/unix"
	tea      = "charm.land/bubbletea/v2"
	sqlite   = "github.com/ncruces/go-sqlite3"
)

// table says what each package may import besides the standard library: a
// path allows itself and everything below it. A package that is not listed
// fails the test, and so does an entry that no longer exists or is no longer
// needed. It follows the layers of docs/architecture.md; .golangci.yml has
// the same borders for editors.
func table() map[string][]string {
	all := make(map[string][]string)
	for _, layer := range []map[string][]string{
		layer0(), layer1(), layer2(), layer3(), layer4(), layerT(), layer5(),
	} {
		maps.Copy(all, layer)
	}
	return all
}

// everywhere is what the packages of the daemon may import without an entry: the
// form of their errors. The contract and what users write do not know it.
func everywhere(path string) []string {
	for _, apart := range []string{"statusd/api", "statusd/examples"} {
		if within(path, apart) {
			return nil
		}
	}
	return []string{"statusd/fault"}
}

// layer0 is layer 0: pure packages and leaves.
func layer0() map[string][]string {
	return map[string][]string{
		"statusd/api":         {},
		"statusd/fault":       {},
		"statusd/api/openrpc": {"statusd/api"},
		"statusd/api/client":  {"statusd/api", "github.com/gorilla/websocket"},
		"statusd/accounts": {
			"statusd/accounts/hd", "statusd/accounts/kdf", "statusd/accounts/key", "statusd/accounts/keystore",
			"statusd/accounts/mnemonic", "statusd/accounts/secret", "statusd/accounts/vault", "statusd/internal/atomicfile",
		},
		"statusd/accounts/contact": {
			"statusd/accounts/ens", "statusd/accounts/key", "statusd/accounts/multibase",
		},
		"statusd/accounts/ens": {geth + "crypto", "golang.org/x/net/idna"},
		"statusd/accounts/hd": {
			"statusd/accounts/key", "statusd/accounts/multibase", "statusd/accounts/secret", geth + "crypto",
			"golang.org/x/crypto/ripemd160",
		},
		"statusd/accounts/identicon": {},
		"statusd/accounts/kdf": {
			"statusd/accounts/secret", geth + "crypto", "golang.org/x/crypto/pbkdf2", "golang.org/x/crypto/scrypt",
			"golang.org/x/text/unicode/norm",
		},
		"statusd/accounts/key": {"statusd/accounts/secret", geth + "crypto", "github.com/google/uuid"},
		"statusd/accounts/keystore": {
			"statusd/accounts/hd", "statusd/accounts/kdf", "statusd/accounts/key", "statusd/accounts/secret",
			"statusd/internal/atomicfile", geth + "crypto", "github.com/google/uuid",
		},
		"statusd/accounts/mnemonic": {
			"statusd/accounts/secret", "golang.org/x/crypto/pbkdf2",
			"golang.org/x/text/unicode/norm",
		},
		"statusd/accounts/multibase":  {},
		"statusd/accounts/names":      {"statusd/accounts/key"},
		"statusd/accounts/secret":     {},
		"statusd/accounts/signedtext": {"statusd/accounts/key", geth + "crypto"},
		"statusd/accounts/vault":      {"statusd/accounts/kdf", "statusd/accounts/key", "statusd/accounts/secret"},
		"statusd/payloads": {
			"statusd/accounts/key", "statusd/payloads/internal/pb", geth + "crypto", "google.golang.org/protobuf",
		},
		"statusd/payloads/internal/pb":  {"google.golang.org/protobuf"},
		"statusd/waku/wire":             {geth + "rlp", geth + "crypto", geth + "common/hexutil"},
		"statusd/internal/atomicfile":   {},
		"statusd/internal/backup":       {"statusd/accounts/kdf", "statusd/accounts/secret"},
		"statusd/internal/blocking":     {geth + "p2p/nat"},
		"statusd/internal/broadcast":    {},
		"statusd/internal/bucket":       {},
		"statusd/internal/cache":        {"statusd/internal/atomicfile", "github.com/syndtr/goleveldb/leveldb"},
		"statusd/internal/confusable":   {"golang.org/x/text/unicode/norm"},
		"statusd/internal/clock":        {"github.com/beevik/ntp", zap},
		"statusd/internal/deadline":     {},
		"statusd/internal/diskspace":    {},
		"statusd/internal/logx":         {"statusd/internal/atomicfile", zap, "gopkg.in/natefinch/lumberjack.v2"},
		"statusd/internal/nearest":      {},
		"statusd/internal/sdnotify":     {unix},
		"statusd/internal/multiaddr":    {"statusd/accounts/multibase", geth + "crypto"},
		"statusd/internal/termtext":     {},
		"statusd/internal/tdtenr":       {geth + "p2p/enode"},
		"statusd/internal/test/vectors": {},
		"statusd/internal/wakuenr":      {geth + "rlp", geth + "p2p/enode"},
	}
}

// layer1 is layer 1: protocol cores with their goroutines.
func layer1() map[string][]string {
	return map[string][]string{
		"statusd/waku": {
			"statusd/internal/broadcast", "statusd/internal/bucket", "statusd/waku/wire", geth + "common/hexutil",
			geth + "crypto", geth + "p2p", zap, metrics, errgroup,
		},
		"statusd/discovery": {"statusd/internal/wakuenr", geth + "p2p/enode"},
		"statusd/discovery/rendezvous": {
			"statusd/discovery", "statusd/internal/deadline", "statusd/internal/multiaddr", geth + "crypto",
			geth + "p2p/enode", geth + "p2p/enr", geth + "p2p/rlpx", geth + "rlp", zap,
		},
		"statusd/discovery/topdisc": {
			"statusd/discovery", "statusd/internal/deadline", "statusd/internal/tdtenr", geth + "crypto", geth + "p2p",
			geth + "rlp",
		},
		"statusd/discovery/topdisc/tdt1": {"statusd/discovery/topdisc", geth + "p2p", geth + "rlp"},
		"statusd/discovery/topdisc/runner": {
			"statusd/discovery", "statusd/discovery/topdisc", "statusd/discovery/topdisc/tdt1",
			"statusd/internal/blocking", "statusd/internal/deadline", "statusd/internal/tdtenr", geth + "p2p", metrics,
			zap,
		},
		"statusd/discovery/pool": {"statusd/discovery", "statusd/internal/deadline", geth + "p2p", zap},
		"statusd/discovery/discv5": {
			"statusd/discovery", "statusd/internal/blocking", geth + "crypto", geth + "log", geth + "p2p", zap,
		},
		"statusd/discovery/bootnode": {
			"statusd/discovery", "statusd/internal/blocking", "statusd/internal/cache", "statusd/internal/deadline",
			"statusd/internal/tdtenr",
			"statusd/internal/wakuenr", geth + "log", geth + "p2p", metrics, errgroup, zap,
		},
		"statusd/datasync":          {"golang.org/x/crypto/sha3", "google.golang.org/protobuf/encoding/protowire"},
		"statusd/datasync/memstore": {"statusd/datasync"},
		"statusd/datasync/runner":   {"statusd/datasync", zap},
		"statusd/transport": {
			"statusd/accounts/key", "statusd/transport/bundle", "statusd/transport/dh", "statusd/transport/protocol",
			"statusd/transport/ratchet", "statusd/transport/topics", "statusd/transport/x3dh", "statusd/waku/wire",
		},
		"statusd/transport/memstore": {
			"statusd/accounts/key", "statusd/transport", "statusd/waku/wire",
		},
		"statusd/discovery/dns": {
			"statusd/discovery", "statusd/internal/atomicfile", "statusd/internal/blocking", geth + "common/lru",
			geth + "crypto", geth + "p2p/discover", geth + "p2p/dnsdisc", geth + "p2p/enode", zap, "golang.org/x/time/rate",
		},
		"statusd/discovery/peercache": {
			"statusd/discovery", "statusd/internal/atomicfile", geth + "p2p/enode", zap,
		},
		"statusd/discovery/static":    {"statusd/discovery", geth + "p2p/enode"},
		"statusd/transport/envelopes": {"statusd/waku/wire"},
		"statusd/transport/bundle": {
			"statusd/accounts/key", "statusd/transport/dh", "statusd/transport/internal/fields", geth + "crypto",
		},
		"statusd/transport/internal/fields": {"google.golang.org/protobuf/encoding/protowire"},
		"statusd/transport/protocol":        {"statusd/transport/bundle", "statusd/transport/internal/fields"},
		"statusd/transport/storetest":       {"statusd/accounts/key", "statusd/transport", "statusd/waku/wire"},
		"statusd/transport/topics":          {"statusd/accounts/key", "statusd/transport/dh", "statusd/waku/wire"},
		"statusd/transport/dh":              {"statusd/accounts/key", "statusd/accounts/secret", geth + "crypto"},
		"statusd/transport/ratchet":         {"statusd/accounts/key", "statusd/accounts/secret", "statusd/transport/dh"},
		"statusd/transport/x3dh": {
			"statusd/accounts/key", "statusd/accounts/secret", "statusd/transport/dh", geth + "crypto",
		},
	}
}

// layer2 is layer 2: services on top of one core.
func layer2() map[string][]string {
	return map[string][]string{
		"statusd/internal/store": {
			"statusd/accounts/key", "statusd/accounts/secret", "statusd/datasync", "statusd/internal/atomicfile",
			"statusd/internal/broadcast", "statusd/internal/confusable", "statusd/internal/deadline",
			"statusd/internal/diskspace", "statusd/transport", "statusd/waku/wire", sqlite, zap,
		},
		"statusd/internal/store/storetest": {"statusd/accounts/secret", "statusd/internal/store"},
		"statusd/mailserver": {
			"statusd/internal/broadcast", "statusd/internal/bucket", "statusd/waku", geth + "p2p/enode", geth + "rlp", metrics,
			"golang.org/x/sync/semaphore", zap,
		},
		"statusd/mailserver/archivetest": {"statusd/mailserver", "statusd/waku/wire"},
		"statusd/mailserver/leveldb": {
			"statusd/internal/atomicfile", "statusd/mailserver", "statusd/waku/wire", "github.com/syndtr/goleveldb/leveldb",
			zap, unix,
		},
		"statusd/mailserver/topicindex": {"statusd/waku/wire"},
		"statusd/mailserver/statusgo": {
			"statusd/internal/atomicfile", "statusd/mailserver", "statusd/waku/wire", "github.com/syndtr/goleveldb/leveldb",
		},
		"statusd/mailserver/postgres": {
			"statusd/internal/blocking", "statusd/mailserver", "statusd/waku/wire", "github.com/jackc/pgx/v5", zap,
		},
		"statusd/mailserver/postgres/pgtest": {"github.com/jackc/pgx/v5"},
		"statusd/mailserver/canary": {
			"statusd/mailserver/history", "statusd/waku", geth + "crypto", geth + "log", geth + "p2p", zap,
		},
		"statusd/mailserver/history": {
			"statusd/internal/broadcast", "statusd/internal/cache", "statusd/internal/deadline", "statusd/mailserver",
			"statusd/waku",
			"github.com/syndtr/goleveldb/leveldb",
			geth + "crypto", geth + "p2p/enode", zap,
		},
	}
}

// layer3 is layer 3: what works for the person who is logged in.
func layer3() map[string][]string {
	return map[string][]string{
		"statusd/messenger": {
			"statusd/accounts/contact", "statusd/accounts/identicon", "statusd/accounts/key", "statusd/internal/store",
			"statusd/api", "statusd/internal/feed", "statusd/messenger/courier", "statusd/messenger/event",
			"statusd/messenger/naming",
			"statusd/messenger/text", "statusd/payloads", "statusd/transport", "statusd/waku/wire", zap,
		},
		"statusd/messenger/event": {"statusd/api", "statusd/internal/store", "statusd/messenger/text"},
		"statusd/messenger/courier": {
			"statusd/accounts/key", "statusd/datasync", "statusd/internal/broadcast", "statusd/internal/deadline",
			"statusd/internal/store", "statusd/mailserver/history", "statusd/transport", "statusd/waku", errgroup, zap,
		},
		"statusd/messenger/naming": {
			"statusd/api", "statusd/accounts/contact", "statusd/internal/confusable", "statusd/internal/termtext",
			"statusd/payloads",
		},
		"statusd/messenger/text": {"statusd/api"},
		"statusd/internal/feed": {
			"statusd/api", "statusd/internal/broadcast", "statusd/internal/nearest", "statusd/internal/profile",
			"statusd/internal/store", "statusd/messenger/text",
		},
		"statusd/internal/webhook": {
			"statusd/api", "statusd/accounts/secret", "statusd/internal/deadline", "statusd/internal/feed",
			"statusd/internal/profile",
			"statusd/internal/store", zap,
		},
		"statusd/internal/profile": {
			"statusd/accounts", "statusd/internal/atomicfile", "statusd/internal/backup", "statusd/internal/broadcast",
			"statusd/internal/store", "github.com/google/uuid", zap,
		},
	}
}

// layer4 is layer 4: composition, control surface, configuration.
func layer4() map[string][]string {
	return map[string][]string{
		"statusd/configs": {
			"statusd/internal/multiaddr", "statusd/internal/nearest", geth + "p2p/dnsdisc", geth + "p2p/enode", geth + "crypto",
		},
		"statusd/node": {
			"statusd/api", "statusd/accounts/kdf", "statusd/accounts/names", "statusd/accounts/secret",
			"statusd/configs", "statusd/discovery", "statusd/mailserver", "statusd/messenger", "statusd/internal",
			"statusd/node/redial", "statusd/transport/envelopes", "statusd/waku",
			geth + "crypto", geth + "event", geth + "log", geth + "p2p", zap, metrics, unix,
		},
		"statusd/deploy":      {},
		"statusd/docs":        {},
		"statusd/node/redial": {"statusd/internal/deadline", geth + "p2p/enode", zap},
		"statusd/rpc": {
			"statusd/api", "statusd/accounts", "statusd/discovery", "statusd/internal/feed", "statusd/internal/nearest",
			"statusd/internal/profile",
			"statusd/internal/store",
			"statusd/configs", "statusd/internal/atomicfile", "statusd/mailserver", "statusd/mailserver/history",
			"statusd/messenger", "statusd/payloads", "statusd/rpc/jsonrpc", "statusd/transport", "statusd/waku",
			geth + "crypto", geth + "event", geth + "p2p", zap, metrics, errgroup,
			"github.com/gorilla/websocket",
		},
		"statusd/rpc/jsonrpc": {"statusd/api"},
	}
}

// layerT is layer T: programs and helpers of tests and measurements.
func layerT() map[string][]string {
	return map[string][]string{
		"statusd/internal/test/archtest": {},
		"statusd/internal/test/bench": {
			"statusd/api", "statusd/api/client", "statusd/cmd/statusd/devnet", "statusd/internal/test/rawpeer",
			"statusd/mailserver/leveldb", "statusd/waku/wire", geth + "crypto", geth + "p2p", geth + "rlp", errgroup,
		},
		"statusd/internal/clientgen":      {"statusd/api"},
		"statusd/internal/test/crashtest": {},
		"statusd/internal/test/e2e":       {},
		"statusd/internal/test/rawpeer": {
			"statusd/waku/wire", geth + "p2p", geth + "crypto", geth + "rlp",
		},
		"statusd/internal/test/testnet": {"statusd/waku", geth + "p2p"},
		"statusd/internal/test/topicsim": {
			"statusd/discovery", "statusd/discovery/topdisc", "statusd/discovery/topdisc/tdt1",
			"statusd/internal/deadline", "statusd/internal/tdtenr", geth + "crypto", geth + "p2p",
		},
	}
}

// layer5 is layer 5: programs that users start.
func layer5() map[string][]string {
	return map[string][]string{
		"statusd/cmd/statusd": {
			"statusd/api", "statusd/cmd/statusd/chatui", "statusd/cmd/statusd/devnet", "statusd/cmd/statusd/frame",
			"statusd/docs",
			"statusd/discovery",
			"statusd/accounts", "statusd/configs", "statusd/internal/atomicfile", "statusd/internal/backup",
			"statusd/internal/logx", "statusd/internal/profile", "statusd/internal/sdnotify",
			"statusd/deploy", "statusd/mailserver", "statusd/messenger/naming",
			"statusd/node", "statusd/rpc",
			"statusd/waku/wire", geth + "crypto", geth + "p2p", geth + "log", zap, metrics,
			"statusd/internal/termtext", "statusd/payloads", "statusd/transport/protocol", tea, "golang.org/x/term",
		},
		"statusd/cmd/statusd/frame":  {"github.com/charmbracelet/x/ansi"},
		"statusd/cmd/statusd/devnet": {"statusd/api", "statusd/api/client"},
		"statusd/cmd/statusd/chatui": {
			"statusd/api", "statusd/internal/termtext", tea, "charm.land/bubbles/v2", "charm.land/lipgloss/v2",
			"github.com/charmbracelet/x/ansi",
		},
		// What users write has the contract and its client alone.
		"statusd/examples/echobot":   {"statusd/api", "statusd/api/client"},
		"statusd/examples/websocket": {"statusd/api", "statusd/api/client"},
	}
}

// testOnly reports whether a package must not be imported by the product.
func testOnly(pkg string) bool {
	return within(pkg, "statusd/internal/test") || slices.Contains([]string{
		"statusd/internal/store/storetest", "statusd/mailserver/archivetest", "statusd/mailserver/postgres/pgtest",
		"statusd/transport/storetest",
	}, pkg)
}

// programs may print to standard output and exit.
func programs() []string {
	return []string{"statusd/cmd", "statusd/examples", "statusd/internal/clientgen"}
}
