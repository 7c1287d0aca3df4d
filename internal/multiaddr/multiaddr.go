// Package multiaddr reads and writes the addresses of rendezvous servers as
// status-go has them: where a server listens, and its key (spec 08 section
// 3.3). It is no general implementation of multiaddr.
//
//	text    /ip4/A | /ip6/A | /dns4/H | /dns6/H | /dns/H, then /tcp/P,
//	        then /ethv4/ID or its synonym /p2p/ID
//	binary  for each part its code as a varint, then its value: the address, a
//	        name with its length as a varint before it, a port of two bytes, or
//	        the 39 bytes of a peer id
//
// A peer id is a multihash of kind identity: 00 25, then the public key in the
// protobuf form of libp2p: 08 02 12 21 and the 33 bytes of a compressed
// secp256k1 key. Its text is base58btc. The package is pure.
package multiaddr

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/accounts/multibase"
)

// Codes of the multicodec table; ethv4 is of status-im/rendezvous.
const (
	codeIP4   = 0x04
	codeTCP   = 0x06
	codeIP6   = 0x29
	codeDNS   = 0x35
	codeDNS4  = 0x36
	codeDNS6  = 0x37
	codeP2P   = 0x01a5
	codeEthV4 = 0x01ea
)

const (
	// MaxText bounds the text of an address, in bytes.
	MaxText = 512
	// maxName bounds a host name (RFC 1035).
	maxName  = 253
	peerSize = 39
)

// Errors of Parse and Decode.
var (
	ErrForm   = errors.New("want /ip4|ip6|dns4|dns6|dns/<host>/tcp/<port>/ethv4/<peer id>")
	ErrHost   = errors.New("bad host")
	ErrPort   = errors.New("want a port from 1 to 65535")
	ErrPeerID = errors.New("the peer id is not that of a secp256k1 key")
)

// Addr is an address. Key is nil when the address names no peer; it then says
// where to connect to and not whom to expect there.
type Addr struct {
	kind string // ip4, ip6, dns, dns4 or dns6
	host string
	port uint16
	key  *ecdsa.PublicKey
}

// hostCodes are the codes of the kinds of hosts.
func hostCodes() map[string]uint64 {
	return map[string]uint64{"ip4": codeIP4, "ip6": codeIP6, "dns": codeDNS, "dns4": codeDNS4, "dns6": codeDNS6}
}

// Parse reads the text form.
func Parse(text string) (Addr, error) {
	parts := strings.Split(text, "/")
	if len(text) > MaxText || len(parts) != 5 && len(parts) != 7 || parts[0] != "" || parts[3] != "tcp" {
		return Addr{}, ErrForm
	}
	a := Addr{kind: parts[1], host: parts[2]}
	if _, known := hostCodes()[a.kind]; !known {
		return Addr{}, ErrForm
	}
	if err := a.checkHost(); err != nil {
		return Addr{}, err
	}
	port, err := strconv.ParseUint(parts[4], 10, 16)
	if err != nil || port == 0 {
		return Addr{}, ErrPort
	}
	a.port = uint16(port)
	if len(parts) == 5 {
		return a, nil
	}
	if parts[5] != "ethv4" && parts[5] != "p2p" {
		return Addr{}, ErrForm
	}
	// Bare base58btc; its multibase form has the prefix z.
	encoding, id, err := multibase.Decode("z" + parts[6])
	if err != nil || encoding != multibase.Base58BTC {
		return Addr{}, ErrPeerID
	}
	a.key, err = parsePeerID(id)
	return a, err
}

func (a *Addr) checkHost() error {
	if a.kind == "ip4" || a.kind == "ip6" {
		ip, err := netip.ParseAddr(a.host)
		if err != nil || ip.Is4() != (a.kind == "ip4") || ip.Zone() != "" {
			return ErrHost
		}
		a.host = ip.String()
		return nil
	}
	if a.host == "" || len(a.host) > maxName {
		return ErrHost
	}
	for _, c := range []byte(a.host) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return ErrHost
		}
	}
	return nil
}

// keyPrefix is everything in a peer id before the compressed key.
func keyPrefix() []byte { return []byte{0x00, 0x25, 0x08, 0x02, 0x12, 0x21} }

func parsePeerID(id []byte) (*ecdsa.PublicKey, error) {
	raw, ok := bytes.CutPrefix(id, keyPrefix())
	if !ok || len(id) != peerSize {
		return nil, ErrPeerID
	}
	key, err := crypto.DecompressPubkey(raw)
	if err != nil {
		return nil, ErrPeerID
	}
	return key, nil
}

// Decode reads the binary form.
func Decode(b []byte) (Addr, error) {
	var a Addr
	code, b, err := varint(b)
	if err != nil {
		return Addr{}, err
	}
	for kind, c := range hostCodes() {
		if c == code {
			a.kind = kind
		}
	}
	size := uint64(0)
	switch a.kind {
	case "":
		return Addr{}, ErrForm
	case "ip4":
		size = 4
	case "ip6":
		size = 16
	default:
		if size, b, err = varint(b); err != nil {
			return Addr{}, err
		}
	}
	if size > uint64(len(b)) {
		return Addr{}, ErrForm
	}
	host, b := b[:size], b[size:]
	if ip, ok := netip.AddrFromSlice(host); ok && a.kind[0] == 'i' {
		a.host = ip.String()
	} else {
		a.host = string(host)
	}
	if err := a.checkHost(); err != nil {
		return Addr{}, err
	}
	if code, b, err = varint(b); err != nil || code != codeTCP || len(b) < 2 {
		return Addr{}, ErrForm
	}
	if a.port = binary.BigEndian.Uint16(b); a.port == 0 {
		return Addr{}, ErrPort
	}
	if b = b[2:]; len(b) == 0 {
		return a, nil
	}
	code, b, err = varint(b)
	switch {
	case err == nil && code == codeEthV4:
	case err == nil && code == codeP2P && len(b) > 0 && b[0] == peerSize:
		b = b[1:]
	default:
		return Addr{}, ErrForm
	}
	a.key, err = parsePeerID(b)
	return a, err
}

// varint takes an unsigned varint off b.
func varint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, ErrForm
	}
	return v, b[n:], nil
}

// Encode returns the binary form, the peer under the code of ethv4.
func (a Addr) Encode() []byte {
	b := binary.AppendUvarint(nil, hostCodes()[a.kind])
	if ip, err := netip.ParseAddr(a.host); err == nil && a.kind[0] == 'i' {
		b = append(b, ip.AsSlice()...)
	} else {
		b = append(binary.AppendUvarint(b, uint64(len(a.host))), a.host...)
	}
	b = binary.BigEndian.AppendUint16(binary.AppendUvarint(b, codeTCP), a.port)
	if a.key != nil {
		b = append(binary.AppendUvarint(b, codeEthV4), a.peerID()...)
	}
	return b
}

func (a Addr) peerID() []byte { return append(keyPrefix(), crypto.CompressPubkey(a.key)...) }

// PeerID returns the text of the peer id, empty when the address names none.
func (a Addr) PeerID() string {
	if a.key == nil {
		return ""
	}
	text, err := multibase.Encode(multibase.Base58BTC, a.peerID())
	if err != nil {
		panic("multiaddr: base58btc is known: " + err.Error())
	}
	return text[1:]
}

// String returns the text form.
func (a Addr) String() string {
	text := fmt.Sprintf("/%s/%s/tcp/%d", a.kind, a.host, a.port)
	if a.key != nil {
		text += "/ethv4/" + a.PeerID()
	}
	return text
}

// Key returns the public key of the peer, nil when the address names none.
func (a Addr) Key() *ecdsa.PublicKey { return a.key }

// HostPort returns host:port to connect to.
func (a Addr) HostPort() string { return net.JoinHostPort(a.host, strconv.Itoa(int(a.port))) }
