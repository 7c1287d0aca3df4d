// Package rawpeer is a bare devp2p peer that speaks Waku packet by packet. It
// stands in for foreign software in benchmarks and end-to-end tests: it sends
// exactly the bytes it is told to, good or bad, over a real connection.
//
// It starts no goroutines. A Conn may be read by one goroutine and written by
// another.
package rawpeer

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/rlpx"
	"github.com/ethereum/go-ethereum/rlp"

	"statusd/waku/wire"
)

// Message ids of the devp2p base protocol; the capability's begin behind them.
const (
	baseHello  = 0
	baseDisc   = 1
	basePing   = 2
	basePong   = 3
	capability = 16
)

// timeout bounds connecting and each handshake step.
const timeout = 15 * time.Second

// ErrNoWaku is returned when the other side does not offer the version.
var ErrNoWaku = errors.New("peer does not offer the waku version")

// Conn is one connection after the Waku handshake.
type Conn struct {
	rlpx    *rlpx.Conn
	Version uint
	Status  *wire.StatusOptions // what the peer announced
}

type hello struct {
	Version    uint64
	Name       string
	Caps       []p2p.Cap
	ListenPort uint64
	ID         []byte
	Rest       []rlp.RawValue `rlp:"tail"`
}

// Dial connects to a node, makes the RLPx and devp2p handshakes and exchanges
// Status packets. A nil key stands for a random identity; status is sent as it
// is.
func Dial(node *enode.Node, key *ecdsa.PrivateKey, version uint, status *wire.StatusOptions) (*Conn, error) {
	c, err := DialSilent(node, key, version)
	if err != nil {
		return nil, err
	}
	if err := c.greet(status); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// DialSilent is Dial without the exchange of Status packets.
func DialSilent(node *enode.Node, key *ecdsa.PrivateKey, version uint) (*Conn, error) {
	if key == nil {
		var err error
		if key, err = crypto.GenerateKey(); err != nil {
			return nil, fmt.Errorf("generate key: %w", err)
		}
	}
	endpoint, ok := node.TCPEndpoint()
	if !ok {
		return nil, errors.New("node has no TCP endpoint")
	}
	fd, err := net.DialTimeout("tcp", endpoint.String(), timeout)
	if err != nil {
		return nil, fmt.Errorf("%w", err)
	}
	c := &Conn{rlpx: rlpx.NewConn(fd, node.Pubkey()), Version: version}
	if err := c.introduce(fd, key); err != nil {
		fd.Close()
		return nil, err
	}
	return c, nil
}

// introduce makes the encryption handshake and exchanges Hello packets.
func (c *Conn) introduce(fd net.Conn, key *ecdsa.PrivateKey) error {
	if err := fd.SetDeadline(time.Now().Add(timeout)); err != nil {
		return fmt.Errorf("%w", err)
	}
	if _, err := c.rlpx.Handshake(key); err != nil {
		return fmt.Errorf("rlpx handshake: %w", err)
	}
	own, err := rlp.EncodeToBytes(&hello{
		Version: 5, Name: "rawpeer", Caps: []p2p.Cap{{Name: wire.ProtocolName, Version: c.Version}},
		ID: crypto.FromECDSAPub(&key.PublicKey)[1:],
	})
	if err != nil {
		return fmt.Errorf("%w", err)
	}
	if _, err := c.rlpx.Write(baseHello, own); err != nil {
		return fmt.Errorf("write hello: %w", err)
	}
	code, data, _, err := c.rlpx.Read()
	if err != nil {
		return fmt.Errorf("read hello: %w", err)
	}
	if code == baseDisc {
		return disconnected(data)
	}
	var theirs hello
	if err := rlp.DecodeBytes(data, &theirs); err != nil {
		return fmt.Errorf("hello: %w", err)
	}
	c.rlpx.SetSnappy(true)
	for _, offered := range theirs.Caps {
		if offered.Name == wire.ProtocolName && offered.Version == c.Version {
			return fd.SetDeadline(time.Time{})
		}
	}
	return ErrNoWaku
}

func (c *Conn) greet(status *wire.StatusOptions) error {
	if err := c.Send(wire.CodeStatus, status.EncodeStatus(c.Version)); err != nil {
		return err
	}
	code, payload, err := c.Read()
	if err != nil {
		return err
	}
	if code != wire.CodeStatus {
		return fmt.Errorf("first packet has code %d", code)
	}
	c.Status, err = wire.DecodeStatus(c.Version, payload)
	return err
}

// Send writes one Waku packet.
func (c *Conn) Send(code uint64, payload []byte) error {
	if _, err := c.rlpx.Write(capability+code, payload); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// Read returns the next Waku packet. It answers pings; a Disconnect is
// returned as p2p.DiscReason. The payload is valid until the next Read.
func (c *Conn) Read() (code uint64, payload []byte, err error) {
	for {
		code, data, _, err := c.rlpx.Read()
		switch {
		case err != nil:
			return 0, nil, fmt.Errorf("read: %w", err)
		case code >= capability:
			return code - capability, data, nil
		case code == baseDisc:
			return 0, nil, disconnected(data)
		case code == basePing:
			if _, err := c.rlpx.Write(basePong, []byte{0xc0}); err != nil {
				return 0, nil, fmt.Errorf("pong: %w", err)
			}
		}
	}
}

// SetDeadline bounds reads and writes that follow.
func (c *Conn) SetDeadline(t time.Time) error { return c.rlpx.SetDeadline(t) }

// Close ends the connection without a word.
func (c *Conn) Close() error { return c.rlpx.Close() }

func disconnected(data []byte) error {
	var list []p2p.DiscReason
	if err := rlp.DecodeBytes(data, &list); err == nil && len(list) > 0 {
		return list[0]
	}
	var bare p2p.DiscReason
	if err := rlp.DecodeBytes(data, &bare); err != nil {
		return fmt.Errorf("disconnect: %w", err)
	}
	return bare
}
