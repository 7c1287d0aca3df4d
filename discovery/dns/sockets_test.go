//go:build integration

package dns

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers questions for TXT records over UDP, truncated when they
// are long, and over TCP, on one port of the loopback.
func nameServer(t *testing.T, z *zone) (addr string) {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close(); udp.Close() })
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := udp.ReadFrom(buf)
			if err != nil {
				return
			}
			answer := z.answer(buf[:n], true)
			_, _ = udp.WriteTo(answer, from)
		}
	}()
	go func() {
		for {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				size := make([]byte, 2)
				for {
					if _, err := io.ReadFull(conn, size); err != nil {
						return
					}
					question := make([]byte, binary.BigEndian.Uint16(size))
					if _, err := io.ReadFull(conn, question); err != nil {
						return
					}
					answer := z.answer(question, false)
					_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
				}
			}()
		}
	}()
	return tcp.Addr().String()
}

// answer is the reply to a DNS message.
func (z *zone) answer(raw []byte, short bool) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(raw); err != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	name := strings.TrimSuffix(q.Name.String(), ".")
	m.Header.Response, m.Additionals = true, nil
	texts, err := z.LookupTXT(context.Background(), name)
	if err != nil {
		m.Header.RCode = dnsmessage.RCodeNameError
	}
	for _, text := range texts {
		txt := new(dnsmessage.TXTResource)
		for part := range slices.Chunk([]byte(text), maxString) {
			txt.TXT = append(txt.TXT, string(part))
		}
		m.Answers = append(m.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: RootTTL}, Body: txt,
		})
	}
	out, err := m.Pack()
	if err == nil && short && len(out) > 512 {
		m.Header.Truncated, m.Answers = true, nil
		out, err = m.Pack()
	}
	if err != nil {
		return nil
	}
	return out
}

// TestRealNameServer finds a vector's tree over sockets, long texts over TCP.
func TestRealNameServer(t *testing.T) {
	v := vectorTrees(t)[0]
	z := newZone(v.TXT)
	s, err := New(Config{Trees: []Link{mustLink(t, v.URL)}, Resolver: NewResolver(nameServer(t, z)), Rate: 1000})
	if err != nil {
		t.Fatal(err)
	}
	found, err := collect(t, s, "whisper")
	if err != nil || len(found) != len(v.Nodes) {
		t.Errorf("%d found, %v; %+v", len(found), err, s.Status())
	}
}

func TestAskRecords(t *testing.T) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	db, err := enode.OpenDB("")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	key := newKey(t)
	local := enode.NewLocalNode(db, key)
	local.SetStaticIP(net.IP{127, 0, 0, 1})
	port := conn.LocalAddr().(*net.UDPAddr).Port
	local.SetFallbackUDP(port)
	udp, err := discover.ListenV5(conn, local, discover.Config{PrivateKey: key})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	bare := enode.NewV4(&key.PublicKey, net.IP{127, 0, 0, 1}, 0, port)
	record := signedNode(t, "192.0.2.1")
	got, err := AskRecords(ctx, []*enode.Node{record, bare})
	if err != nil || got[0] != record || got[1].String() != local.Node().String() {
		t.Errorf("%v, %v", got, err)
	}
	udp.Close()
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := AskRecords(ctx, []*enode.Node{record, bare}); err == nil || !strings.Contains(err.Error(), bare.URLv4()) {
		t.Errorf("a node that is gone: %v", err)
	}
}
