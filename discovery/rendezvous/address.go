package rendezvous

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/multiaddr"
)

// Errors of ParseServer.
var (
	// ErrLibp2p is returned for a server that only libp2p reaches.
	ErrLibp2p = errors.New("libp2p rendezvous is not supported")
	// ErrAddress is returned for what is no address of a server.
	ErrAddress = errors.New("want enode://<128 hex digits>@<host>:<port>, enr:… or a multiaddr")
	// ErrNoEndpoint is returned for a node that does not say where it listens.
	ErrNoEndpoint = errors.New("the address does not say where the server listens")
)

// maxAddress bounds the text of an address, in bytes.
const maxAddress = 2048

// Port is the entry "rdv" of a node record: the TCP port of the rendezvous
// server, when it is not that of the node (spec 08 section 1.3).
type Port uint16

// ENRKey implements enr.Entry.
func (Port) ENRKey() string { return "rdv" }

// PortOf returns the TCP port at which a node's rendezvous server listens.
func PortOf(n *enode.Node) int {
	var p Port
	if n.Load(&p) == nil && p != 0 {
		return int(p)
	}
	return n.TCP()
}

// ParseServer reads the address of a server: enode://…, enr:… or a multiaddr.
// The last is read only to tell a typing error (multiaddr's errors) from an
// address that is right and cannot be used (ErrLibp2p).
func ParseServer(text string) (*enode.Node, error) {
	text = strings.TrimSpace(text)
	switch {
	case len(text) > maxAddress:
		return nil, ErrAddress
	case strings.HasPrefix(text, "/"):
		if _, err := multiaddr.Parse(text); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %s", ErrLibp2p, text)
	case strings.HasPrefix(text, "enr:"):
		n, err := enode.Parse(enode.ValidSchemes, text)
		if err != nil {
			return nil, fmt.Errorf("node record: %w", err)
		}
		return n, checkServer(n)
	case strings.HasPrefix(text, "enode://"):
		n, err := enode.ParseV4(text)
		var bad *url.Error
		if errors.As(err, &bad) {
			err = bad.Err
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAddress, err)
		}
		return n, checkServer(n)
	}
	return nil, ErrAddress
}

func checkServer(n *enode.Node) error {
	if dialAddress(n) == "" {
		return ErrNoEndpoint
	}
	return nil
}

// dialAddress returns host:port of a server, empty when it does not say.
func dialAddress(n *enode.Node) string {
	host := n.Hostname()
	if host == "" && n.IPAddr().IsValid() {
		host = n.IPAddr().String()
	}
	port := PortOf(n)
	if host == "" || port == 0 {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
