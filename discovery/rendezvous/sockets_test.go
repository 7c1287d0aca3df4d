//go:build integration

package rendezvous

import (
	"context"
	"net"
	"testing"
	"time"
)

// TestRealSockets: hostile connections over TCP end, and hold up nobody.
func TestRealSockets(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	key := newKey(t)
	s := NewServer(ServerConfig{Key: key, Listener: listener})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	session := func() *carrier {
		c, err := secure(dial(), newKey(t), &key.PublicKey, time.Now().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	began := time.Now()
	silent, slow := dial(), session()
	go func() { // a frame of which one byte comes in a while
		for {
			if _, err := slow.conn.Write([]byte{1}); err != nil {
				return
			}
			time.Sleep(500 * time.Millisecond)
		}
	}()
	large := session()
	if err := large.write(CodeDiscover, make([]byte, 1<<23), time.Now().Add(time.Minute)); err == nil {
		if _, _, err := large.read(time.Now().Add(time.Minute)); err == nil {
			t.Error("a message of 8 MiB is answered")
		}
	}
	good := session()
	for i := range 5 { // without waiting
		n := signed(t, newKey(t), 1, "127.0.0.1", uint16(i+1))
		register := body(t, &Register{Topic: "whisper", Record: *n.Record(), TTL: uint64(MaxTTL)})
		if err := good.write(CodeRegister, register, time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		code, raw, err := good.read(time.Now().Add(time.Minute))
		if err != nil || code != CodeRegisterResponse || string(raw) != "\xc2\x80\x80" {
			t.Fatalf("type %d, %x, %v", code, raw, err)
		}
	}
	if st := s.Stats(); st.Records != 5 {
		t.Errorf("%+v", st)
	}
	for name, conn := range map[string]net.Conn{"silent": silent, "slow": slow.conn} {
		_ = conn.SetReadDeadline(began.Add(3 * Patience))
		_, err := conn.Read(make([]byte, 1))
		if timeout, ok := err.(net.Error); err == nil || ok && timeout.Timeout() { //nolint:errorlint // of the socket itself
			t.Errorf("the %s connection is not closed: %v", name, err)
		}
		if took := time.Since(began); took < Patience-time.Second {
			t.Errorf("the %s connection was closed after %v", name, took)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
