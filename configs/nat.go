package configs

import (
	"errors"
	"net/netip"
	"strings"
)

var errNAT = errors.New("want none, any, upnp, pmp, pmp:<gateway>, stun, stun:<server>, extip:<ip> " +
	"or extif:<interface>")

// NATKind is a way to find the address and open the port of this node.
type NATKind string

// Kinds of NAT traversal.
const (
	NATNone  NATKind = "none"
	NATAny   NATKind = "any"
	NATUPnP  NATKind = "upnp"
	NATPMP   NATKind = "pmp"
	NATStun  NATKind = "stun"
	NATExtIP NATKind = "extip" // the argument is the external address
	NATExtIf NATKind = "extif" // the argument is an interface holding it
)

// ParseNAT splits and checks a NAT setting. The argument is empty, an IP
// address (pmp, extip), a server (stun) or an interface name (extif).
func ParseNAT(s string) (NATKind, string, error) {
	head, arg, hasArg := strings.Cut(s, ":")
	kind := NATKind(strings.ToLower(head))
	switch kind {
	case "", "off":
		kind = NATNone
	case "auto", "on":
		kind = NATAny
	case "natpmp", "nat-pmp":
		kind = NATPMP
	case "ip":
		kind = NATExtIP
	}
	ok := false
	switch kind {
	case NATNone, NATAny, NATUPnP:
		ok = !hasArg
	case NATPMP:
		ok = !hasArg || isIP(arg)
	case NATExtIP:
		ok = isIP(arg)
	case NATStun:
		ok = !hasArg || arg != ""
	case NATExtIf:
		ok = arg != ""
	}
	if !ok {
		return "", "", errNAT
	}
	return kind, arg, nil
}

func isIP(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}
