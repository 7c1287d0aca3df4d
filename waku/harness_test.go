package waku

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"statusd/waku/wire"
)

// Tests of this package run in a synctest bubble: time is virtual, Wait
// returns when every goroutine of host and peers is idle, and a goroutine
// that is left over at the end fails the test.

func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// bothVersions runs a test in a bubble for each protocol version.
func bothVersions(t *testing.T, test func(t *testing.T, version uint)) {
	t.Helper()
	for _, version := range []uint{1, 0} {
		t.Run([]string{"waku0", "waku1"}[version], func(t *testing.T) {
			bubble(t, func(t *testing.T) { test(t, version) })
		})
	}
}

// newHost builds a host that accepts any proof of work unless cfg says
// otherwise.
func newHost(tb testing.TB, cfg Config) *Host {
	tb.Helper()
	if cfg.MinPoW == nil {
		cfg.MinPoW = new(float64)
	}
	h, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// startHost builds a host and runs it until the test ends.
func startHost(tb testing.TB, cfg Config) *Host {
	tb.Helper()
	h := newHost(tb, cfg)
	run(tb, h)
	return h
}

// run runs a host and returns what stops it and waits.
func run(tb testing.TB, h *Host) (stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("run: %v", err)
		}
	})
	tb.Cleanup(stop)
	return stop
}

// wirePacket is a packet as it was read.
type wirePacket struct {
	code    uint64
	payload []byte
}

// remote is the other side of a connection to a host under test.
type remote struct {
	tb      testing.TB
	version uint
	id      enode.ID
	rw      *p2p.MsgPipeRW
	ended   chan struct{} // the host's protocol has returned
	err     error         // what it returned; read after ended
	host    *Host

	got    notes[wirePacket]
	status *wire.StatusOptions // of the host
}

// testID makes a node id of a small number.
func testID(n int) (id enode.ID) {
	binary.BigEndian.PutUint64(id[24:], uint64(n)+1)
	return id
}

// connect joins a remote to a host without sending anything.
func connect(tb testing.TB, h *Host, version uint, n int) *remote {
	tb.Helper()
	near, far := p2p.MsgPipe()
	r := &remote{tb: tb, version: version, id: testID(n), rw: far, ended: make(chan struct{}), host: h}
	caps := []p2p.Cap{{Name: wire.ProtocolName, Version: version}}
	pp := p2p.NewPeerPipe(r.id, "remote", caps, near)
	for _, proto := range h.Protocols() {
		if proto.Version == version {
			go func() {
				defer close(r.ended)
				r.err = proto.Run(pp, near)
				near.Close() //nolint:errcheck // always nil
			}()
			tb.Cleanup(r.close)
			return r
		}
	}
	tb.Fatalf("host does not speak version %d", version)
	return nil
}

// dial connects a remote, which announces the options and then reads all that
// the host sends.
func dial(tb testing.TB, h *Host, version uint, n int, o *wire.StatusOptions) *remote {
	tb.Helper()
	r := dialDeaf(tb, h, version, n, o)
	go r.listen()
	return r
}

// dialDeaf is dial for a remote that reads nothing after the host's Status.
func dialDeaf(tb testing.TB, h *Host, version uint, n int, o *wire.StatusOptions) *remote {
	tb.Helper()
	r := connect(tb, h, version, n)
	r.readStatus()
	if o == nil {
		o = &wire.StatusOptions{}
	}
	_ = r.send(wire.CodeStatus, o.EncodeStatus(version)) // a host that refused us is seen later
	return r
}

func (r *remote) readStatus() {
	r.tb.Helper()
	pkt, err := r.read()
	if err != nil || pkt.code != wire.CodeStatus {
		r.tb.Fatalf("expected the host's status, got code %d, error %v", pkt.code, err)
	}
	status, err := wire.DecodeStatus(r.version, pkt.payload)
	if err != nil {
		r.tb.Fatal(err)
	}
	r.status = status
}

func (r *remote) read() (wirePacket, error) {
	msg, err := r.rw.ReadMsg()
	if err != nil {
		return wirePacket{}, err
	}
	payload, err := io.ReadAll(msg.Payload)
	if err != nil {
		return wirePacket{}, err
	}
	if uint32(len(payload)) != msg.Size {
		r.tb.Errorf("packet of code %d announces %d bytes and has %d", msg.Code, msg.Size, len(payload))
	}
	return wirePacket{msg.Code, payload}, nil
}

// listen gathers packets until the connection ends.
func (r *remote) listen() {
	for {
		pkt, err := r.read()
		if err != nil {
			return
		}
		r.got.add(pkt)
	}
}

// send writes a packet. The error of a connection that the host has closed is
// for the caller to look at, if he cares.
func (r *remote) send(code uint64, payload []byte) error {
	return r.rw.WriteMsg(p2p.Msg{Code: code, Size: uint32(len(payload)), Payload: bytes.NewReader(payload)})
}

func (r *remote) sendEnvelopes(envs ...*wire.Envelope) error {
	return r.send(wire.CodeMessages, wire.EncodeMessages(envs))
}

func (r *remote) update(o wire.StatusOptions) error {
	return r.send(wire.CodeStatusUpdate, o.EncodeUpdate(r.version))
}

// packets returns what arrived since the last call, once everybody is idle.
func (r *remote) packets() []wirePacket { return r.got.take() }

// envelopes returns the envelopes among packets.
func (r *remote) envelopes() []*wire.Envelope {
	r.tb.Helper()
	var envs []*wire.Envelope
	for _, pkt := range r.packets() {
		if pkt.code != wire.CodeMessages {
			continue
		}
		list, err := wire.DecodeMessages(pkt.payload)
		if err != nil {
			r.tb.Fatalf("host sent a malformed packet: %v", err)
		}
		envs = append(envs, list...)
	}
	return envs
}

func (r *remote) close() { r.rw.Close() } //nolint:errcheck // always nil

// gone reports whether the host has ended the connection.
func (r *remote) gone() bool {
	synctest.Wait()
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// wantClosed fails the test unless the host ended the connection for one
// reason, and counted that.
func (r *remote) wantClosed(reason CloseReason) {
	r.tb.Helper()
	if !r.gone() {
		r.tb.Fatalf("connection is open, want closed: %s", reason)
	}
	var disc p2p.DiscReason
	if !errors.As(r.err, &disc) || disc != reason.disc() {
		r.tb.Errorf("protocol returned %v, want %v", r.err, reason.disc())
	}
	if n := counted(r.tb, r.host.metrics.closed[reason]); n == 0 {
		r.tb.Errorf("close reason %s was not counted; counted: %s", reason, closeCounts(r.tb, r.host))
	}
}

func (r *remote) wantOpen() {
	r.tb.Helper()
	if r.gone() {
		r.tb.Fatalf("connection is closed: %v; counted: %s", r.err, closeCounts(r.tb, r.host))
	}
}

// envelopeAt makes an envelope of n data bytes that differs from all others
// with another seed. It is valid for ttl seconds from now.
func envelopeAt(now time.Time, seed uint64, ttl uint32, topic wire.Topic, n int) *wire.Envelope {
	data := make([]byte, n)
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, seed))
	copy(data, sum[:])
	return wire.NewEnvelope(uint32(now.Unix())+ttl, ttl, topic, data, seed)
}

// testEnvelope is envelopeAt for now, 50 s and 100 bytes.
func testEnvelope(seed uint64) *wire.Envelope {
	return envelopeAt(time.Now(), seed, 50, testTopic(0), 100)
}

func testTopic(n int) (t wire.Topic) {
	binary.BigEndian.PutUint32(t[:], 0xA0000000+uint32(n))
	return t
}

// hashes lists envelopes' hashes as a set with counts.
func hashes(envs []*wire.Envelope) map[wire.Hash]int {
	m := make(map[wire.Hash]int)
	for _, env := range envs {
		m[env.Hash()]++
	}
	return m
}

func wantHashes(tb testing.TB, what string, got, want []*wire.Envelope) {
	tb.Helper()
	g, w := hashes(got), hashes(want)
	for h, n := range g {
		if n > w[h] {
			tb.Errorf("%s: %s arrived %d times, want %d", what, h, n, w[h])
		}
	}
	for h, n := range w {
		if g[h] < n {
			tb.Errorf("%s: %s arrived %d times, want %d", what, h, g[h], n)
		}
	}
}

// notes gathers what a test is told.
type notes[T any] struct {
	mu   sync.Mutex
	list []T
}

func (n *notes[T]) add(v T) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, v)
}

// take returns what came since the last call, once everybody is idle.
func (n *notes[T]) take() []T {
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.list
	n.list = nil
	return list
}

// recorder is a Sink.
type recorder struct{ notes[*ReceivedMessage] }

func (r *recorder) Deliver(m *ReceivedMessage) { r.add(m) }

// testKey is a symmetric key.
func testKey(n byte) []byte {
	key := make([]byte, wire.SymKeyLength)
	key[0], key[31] = n+1, 0xFF
	return key
}

// sealedAt makes an envelope that testKey(key) opens to payload.
func sealedAt(tb testing.TB, now time.Time, key byte, ttl uint32, topic wire.Topic, payload []byte) *wire.Envelope {
	tb.Helper()
	data, err := sealData(&Post{SymKey: testKey(key), Payload: payload})
	if err != nil {
		tb.Fatal(err)
	}
	return wire.NewEnvelope(uint32(now.Unix())+ttl, ttl, topic, data, 0)
}

// counted returns the value of a counter or gauge.
func counted(tb testing.TB, m prometheus.Metric) float64 {
	tb.Helper()
	var out dto.Metric
	if err := m.Write(&out); err != nil {
		tb.Fatal(err)
	}
	if out.Gauge != nil {
		return out.Gauge.GetValue()
	}
	return out.Counter.GetValue()
}

// closeCounts lists why connections of a host ended.
func closeCounts(tb testing.TB, h *Host) string {
	tb.Helper()
	var list []string
	for r := CloseReason(1); r < closeReasons; r++ {
		if n := counted(tb, h.metrics.closed[r]); n > 0 {
			list = append(list, fmt.Sprintf("%s %g", r, n))
		}
	}
	return strings.Join(list, ", ")
}

// newKey makes a private key of a small number.
func newKey(tb testing.TB, n byte) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte{n}))
	if err != nil {
		tb.Fatal(err)
	}
	return key
}
