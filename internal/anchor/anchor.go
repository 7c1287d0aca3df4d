//go:build anchor

// Package anchor keeps planned dependencies in go.mod until they are used.
package anchor

import (
	_ "github.com/beevik/ntp"
	_ "github.com/ethereum/go-ethereum/accounts/keystore"
	_ "github.com/ethereum/go-ethereum/crypto/ecies"
	_ "github.com/ethereum/go-ethereum/p2p"
	_ "github.com/ethereum/go-ethereum/p2p/discover"
	_ "github.com/ethereum/go-ethereum/p2p/dnsdisc"
	_ "github.com/ethereum/go-ethereum/rpc"
	_ "github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/multiformats/go-multibase"
	_ "github.com/ncruces/go-sqlite3/driver"
	_ "github.com/ncruces/go-sqlite3/vfs/adiantum"
	_ "github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/spf13/cobra/doc"
	_ "github.com/syndtr/goleveldb/leveldb"
	_ "github.com/tyler-smith/go-bip39"
	_ "go.uber.org/zap"
	_ "golang.org/x/crypto/scrypt"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/sys/unix"
	_ "golang.org/x/term"
	_ "golang.org/x/text/unicode/norm"
	_ "google.golang.org/protobuf/proto"
	_ "gopkg.in/natefinch/lumberjack.v2"
)
