package discv5

import (
	"net"
	"net/netip"
	"sync/atomic"
)

// counted is a UDP socket that counts its packets.
type counted struct {
	*net.UDPConn
	counts *counts
}

// counts are packets since the start of the process.
type counts struct{ in, out atomic.Uint64 }

// ReadFromUDPAddrPort implements discover.UDPConn.
func (c counted) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := c.UDPConn.ReadFromUDPAddrPort(b)
	if err == nil {
		c.counts.in.Add(1)
	}
	return n, from, err
}

// WriteToUDPAddrPort implements discover.UDPConn.
func (c counted) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	n, err := c.UDPConn.WriteToUDPAddrPort(b, to)
	if err == nil {
		c.counts.out.Add(1)
	}
	return n, err
}
