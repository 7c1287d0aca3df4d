package rendezvous

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/ethereum/go-ethereum/p2p/rlpx"
)

// maxRead bounds the room that go-ethereum's reader of frames may ask a
// connection to fill. It makes that room from the length in the frame, up to
// 16 MiB, before it reads; a handshake needs some hundred bytes, a message of
// ours MaxBody at most.
const maxRead = 4 * MaxBody

// errEmptyAddress is returned for a connection without a remote IP address.
var errEmptyAddress = errors.New("connection has no remote address")

// bounded is a connection that refuses reads of large frames.
type bounded struct{ net.Conn }

// Read implements net.Conn.
func (b bounded) Read(p []byte) (int, error) {
	if len(p) > maxRead {
		return 0, ErrLarge
	}
	return b.Conn.Read(p)
}

// carrier is one end of an encrypted connection. It belongs to one goroutine
// at a time.
type carrier struct {
	conn net.Conn
	rlpx *rlpx.Conn
}

// secure shakes hands, which must be over at the deadline. remote is the key
// of the server for the side that dialled, nil for the one that listens.
func secure(conn net.Conn, own *ecdsa.PrivateKey, remote *ecdsa.PublicKey, deadline time.Time) (*carrier, error) {
	c := &carrier{conn: conn, rlpx: rlpx.NewConn(bounded{conn}, remote)}
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	if _, err := c.rlpx.Handshake(own); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return c, nil
}

// read waits for one message. The body is valid until the next call.
func (c *carrier) read(deadline time.Time) (Code, []byte, error) {
	if err := c.conn.SetReadDeadline(deadline); err != nil {
		return 0, nil, fmt.Errorf("read: %w", err)
	}
	code, body, _, err := c.rlpx.Read()
	if err != nil {
		return 0, nil, fmt.Errorf("read: %w", err)
	}
	if len(body) > MaxBody {
		return 0, nil, ErrLarge
	}
	return Code(code), body, nil
}

// write sends one message.
func (c *carrier) write(code Code, body []byte, deadline time.Time) error {
	if err := c.conn.SetWriteDeadline(deadline); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if _, err := c.rlpx.Write(uint64(code), body); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// remoteAddr returns the IP address of the other side.
func remoteAddr(conn net.Conn) (netip.Addr, error) {
	ap, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}, errEmptyAddress
	}
	return ap.Addr().Unmap(), nil
}
