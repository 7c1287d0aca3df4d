package rendezvous

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
)

const serverAddr = "203.0.113.1:30703"

// running is a server on a pipe network.
type running struct {
	*Server
	key  *ecdsa.PrivateKey
	net  *pipeNet
	stop context.CancelFunc
	done chan error
}

func start(t *testing.T, cfg ServerConfig, network *pipeNet, addr string) *running {
	t.Helper()
	cfg.Key = newKey(t)
	cfg.Listener = network.listen(addr)
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{NewServer(cfg), cfg.Key, network, cancel, make(chan error, 1)}
	go func() { r.done <- r.Run(ctx) }()
	return r
}

// end stops the server and expects it to end well.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	if err := <-r.done; err != nil {
		t.Error(err)
	}
}

// dial connects to the server as a client does.
func (r *running) dial(t *testing.T, from string) *carrier {
	t.Helper()
	conn, err := r.net.dialer(from)(t.Context(), "tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := secure(conn, newKey(t), &r.key.PublicKey, time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ask sends bytes of a stream and returns those of the answer.
func ask(t *testing.T, c *carrier, stream []byte) ([]byte, error) {
	t.Helper()
	code, req := split(t, stream)
	if err := c.write(code, req, time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	got, answer, err := c.read(time.Now().Add(time.Minute))
	return join(got, answer), err
}

var discoverWhisper = []byte("\x03\xc9\x05\x87whisper")

// TestServerAnswersVectors plays the recorded exchanges over the carrier.
func TestServerAnswersVectors(t *testing.T) {
	file := loadVectors(t)
	synctest.Test(t, func(t *testing.T) {
		s := start(t, ServerConfig{Limits: Limits{StoredPerIP: 100}}, newPipeNet(), serverAddr)
		defer s.end(t)
		c := s.dial(t, "198.51.100.65:1")
		for _, e := range file.Exchanges[:10] {
			got, err := ask(t, c, e.Request)
			if err != nil || !bytes.Equal(got, e.Response) {
				t.Errorf("%s: got %x, %v, want %x", e.Description, got, err, []byte(e.Response))
			}
		}
		if st := s.Stats(); st.Connections != 1 || st.Requests != 10 || st.Records != 3 || st.Topics != 3 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestServerClosesConnections(t *testing.T) {
	for _, c := range []struct {
		name   string
		send   func(t *testing.T, c *carrier) error
		within time.Duration // the server closes the connection
		answer bool          // and answers before
	}{
		{"silence", func(*testing.T, *carrier) error { return nil }, Patience, false},
		{"unknown type", func(_ *testing.T, c *carrier) error { return c.write(9, []byte{0xc0}, time.Time{}) }, 0, false},
		{"response", func(_ *testing.T, c *carrier) error {
			return c.write(2, []byte("\xc2\x80\x80"), time.Time{})
		}, 0, false},
		{"bad body", func(_ *testing.T, c *carrier) error { return c.write(3, []byte{0x80}, time.Time{}) }, 0, true},
		{"body too large", func(_ *testing.T, c *carrier) error {
			return c.write(3, make([]byte, MaxBody+1), time.Time{})
		}, 0, false},
		{"frame of 16 MiB", func(_ *testing.T, c *carrier) error {
			_ = c.write(3, make([]byte, 1<<24-2), time.Time{}) // the server does not read it
			return nil
		}, 0, false},
		{"slow writer", func(_ *testing.T, c *carrier) error {
			go func() { // a frame of which one byte comes each second
				for {
					if _, err := c.conn.Write([]byte{1}); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			}()
			return nil
		}, Patience, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, ServerConfig{}, newPipeNet(), serverAddr)
				defer s.end(t)
				conn := s.dial(t, "198.51.100.65:1")
				defer conn.conn.Close()
				if got, err := ask(t, conn, discoverWhisper); err != nil {
					t.Fatal(got, err)
				}
				began := time.Now()
				if err := c.send(t, conn); err != nil {
					t.Fatal(err)
				}
				_, _, err := conn.read(time.Now().Add(time.Hour))
				if c.answer != (err == nil) {
					t.Errorf("answered: %v", err)
				}
				if c.answer {
					_, _, err = conn.read(time.Now().Add(time.Hour))
				}
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
					t.Errorf("connection: %v", err)
				}
				if took := time.Since(began); took != c.within {
					t.Errorf("closed after %v, want %v", took, c.within)
				}
				time.Sleep(time.Minute) // writers notice
			})
		})
	}
}

// TestServerReadsNothingOfLargeFrames looks at the reads themselves: the
// length of a frame is only known to go-ethereum.
func TestServerReadsNothingOfLargeFrames(t *testing.T) {
	if _, err := (bounded{}).Read(make([]byte, maxRead+1)); !errors.Is(err, ErrLarge) {
		t.Error(err)
	}
}

func TestServerHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, ServerConfig{}, newPipeNet(), serverAddr)
		defer s.end(t)
		conn, err := s.net.dialer("198.51.100.65:1")(t.Context(), "tcp", serverAddr)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if n, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("server spoke first: %d", n)
		}
		if took := time.Since(began); took != Patience {
			t.Errorf("silent client is dropped after %v", took)
		}
		// A client that expects another key does not get through.
		if conn, err = s.net.dialer("198.51.100.65:1")(t.Context(), "tcp", serverAddr); err != nil {
			t.Fatal(err)
		}
		if _, err := secure(conn, newKey(t), &newKey(t).PublicKey, time.Now().Add(time.Minute)); err == nil {
			t.Error("handshake with another key succeeded")
		}
	})
}

// TestPipelinedRequests: requests that do not wait are answered in order.
func TestPipelinedRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, ServerConfig{}, newPipeNet(), serverAddr)
		defer s.end(t)
		c := s.dial(t, "198.51.100.65:1")
		go func() {
			for i := range 10 {
				code, body := CodeDiscover, []byte("\xc9\x05\x87whisper")
				if i%2 == 1 {
					code, body = CodeRemoteIP, []byte{0xc0}
				}
				if err := c.write(code, body, time.Time{}); err != nil {
					t.Error(err)
				}
			}
		}()
		for i := range 10 {
			code, _, err := c.read(time.Now().Add(time.Minute))
			if want := CodeDiscoverResponse + Code(i%2)*2; err != nil || code != want {
				t.Fatalf("answer %d: type %d, %v", i, code, err)
			}
		}
	})
}

func TestConnectionLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, ServerConfig{MaxConns: 3}, newPipeNet(), serverAddr)
		defer s.end(t)
		dead := func(c *carrier) bool {
			_ = c.conn.SetReadDeadline(time.Now())
			_, err := c.conn.Read(make([]byte, 1))
			return errors.Is(err, io.EOF)
		}
		var all []*carrier
		for i := range 4 {
			all = append(all, s.dial(t, net.JoinHostPort("198.51.100."+string(rune('1'+i)), "1")))
			time.Sleep(time.Second)
			if i == 2 { // the first is used, the second has been quiet for longest
				if _, err := ask(t, all[0], discoverWhisper); err != nil {
					t.Fatal(err)
				}
			}
		}
		synctest.Wait()
		if !dead(all[1]) || dead(all[0]) || dead(all[2]) || dead(all[3]) {
			t.Error("another connection was closed than the quietest")
		}
		if st := s.Stats(); st.Connections != 3 {
			t.Errorf("%d connections", st.Connections)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := start(t, ServerConfig{}, newPipeNet(), serverAddr)
		defer s.end(t)
		for range maxConnsPerIP {
			s.dial(t, "198.51.100.1:1")
		}
		conn, err := s.net.dialer("198.51.100.1:1")(t.Context(), "tcp", serverAddr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("one more of an address: %v", err)
		}
		s.dial(t, "198.51.100.2:1")
		time.Sleep(Patience + time.Second)
		s.dial(t, "198.51.100.1:1")
	})
}

func TestServerStops(t *testing.T) {
	for name, prepare := range map[string]func(*testing.T, *running){
		"idle":                func(*testing.T, *running) {},
		"with a quiet client": func(t *testing.T, s *running) { s.dial(t, "198.51.100.1:1") },
		"in a handshake": func(t *testing.T, s *running) {
			if _, err := s.net.dialer("198.51.100.1:1")(t.Context(), "tcp", serverAddr); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, ServerConfig{}, newPipeNet(), serverAddr)
				prepare(t, s)
				synctest.Wait()
				began := time.Now()
				s.end(t)
				if took := time.Since(began); took != 0 {
					t.Errorf("took %v", took)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := start(t, ServerConfig{}, newPipeNet(), serverAddr)
		synctest.Wait()
		_ = s.cfg.Listener.Close()
		if err := <-s.done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("listener gone: %v", err)
		}
	})
}

// BenchmarkRequest is a request with its connection, over loopback.
func BenchmarkRequest(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	s := NewServer(ServerConfig{Key: key, Listener: listener, Limits: Limits{ExemptLocal: true}})
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	defer func() {
		cancel()
		<-done
	}()
	b.ReportAllocs()
	for b.Loop() {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		own, err := crypto.GenerateKey()
		if err != nil {
			b.Fatal(err)
		}
		c, err := secure(conn, own, &key.PublicKey, time.Now().Add(time.Minute))
		if err != nil {
			b.Fatal(err)
		}
		if err := c.write(CodeDiscover, []byte("\xc9\x05\x87whisper"), time.Time{}); err != nil {
			b.Fatal(err)
		}
		if _, _, err := c.read(time.Time{}); err != nil {
			b.Fatal(err)
		}
		_ = conn.Close()
	}
}
