package blocking

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/nat"
)

// TestCallEndsWithItsContext: the answer if there is one, and otherwise the end
// of the context.
func TestCallEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := errors.New("own")
		if v, err := Call(t.Context(), func() (int, error) { return 7, own }); v != 7 || !errors.Is(err, own) {
			t.Errorf("got %d, %v", v, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began, never := time.Now(), make(chan int)
		v, err := Call(ctx, func() (int, error) { return <-never, nil })
		if v != 0 || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("got %d, %v after %v", v, err, time.Since(began))
		}
		if _, err := Call(ctx, func() (int, error) { t.Error("called after the end"); return 0, nil }); err == nil {
			t.Error("no error after the end")
		}
		close(never)
	})
}

// deafGateway does not answer before it is released.
type deafGateway struct{ release chan struct{} }

func (g deafGateway) AddMapping(_ string, ext, _ int, _ string, _ time.Duration) (uint16, error) {
	if ext != 1 {
		<-g.release
	}
	return uint16(ext), nil
}

func (g deafGateway) DeleteMapping(string, int, int) error {
	<-g.release
	return nil
}

func (g deafGateway) ExternalIP() (net.IP, error) {
	<-g.release
	return nil, nil
}

func (g deafGateway) String() string { return "deaf" }

// TestGatewayThatDoesNotAnswer holds nobody up at the end: neither its
// questions nor the removal of mappings, however many there are.
func TestGatewayThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deaf := deafGateway{make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		g := Gateway(ctx, deaf)
		if port, err := g.AddMapping("TCP", 1, 1, "", 0); port != 1 || err != nil {
			t.Fatalf("got %d, %v", port, err)
		}
		ended := make(chan error, 2)
		go func() { _, err := g.ExternalIP(); ended <- err }()
		go func() { _, err := g.AddMapping("UDP", 2, 2, "", 0); ended <- err }()
		synctest.Wait()
		began := time.Now()
		cancel()
		for range 2 {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		}
		if err := g.DeleteMapping("UDP", 2, 2); err != nil {
			t.Errorf("a mapping that was never made: %v", err)
		}
		for range 3 {
			if err := g.DeleteMapping("TCP", 1, 1); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a mapping that cannot be removed: %v", err)
			}
		}
		if took := time.Since(began); took != farewell {
			t.Errorf("took %v, want %v for all", took, farewell)
		}
		close(deaf.release)
	})
}

// TestFixedAddressStays: go-ethereum knows it by its type.
func TestFixedAddressStays(t *testing.T) {
	if g := Gateway(t.Context(), nil); g != nil {
		t.Errorf("got %v", g)
	}
	if _, ok := Gateway(t.Context(), nat.ExtIP{127, 0, 0, 1}).(nat.ExtIP); !ok {
		t.Error("a fixed address was wrapped")
	}
}
