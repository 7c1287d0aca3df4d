package rendezvous

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
)

func TestProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, Limits{})
		stop := goAdvertise(t, w.client(t, 1, fixed(signed(t, newKey(t), 1, "198.51.100.1", 1)), nil), discovery.TopicMail)
		synctest.Wait()
		cfg := ProbeConfig{Server: w.nodes()[0], Dial: w.net.dialer("198.51.100.9:1"), Topic: discovery.TopicMail}
		got := Probe(t.Context(), cfg)
		if got.Err() != nil || len(got.Steps) != 3 || got.Records != 1 || got.Seen.String() != "198.51.100.9" {
			t.Errorf("%+v", got)
		}
		cfg.Topic = ""
		if got := Probe(t.Context(), cfg); got.Err() != nil || got.Records != 0 {
			t.Errorf("other topic: %+v", got)
		}
		synctest.Wait()
		if n := w.servers[0].Stats().Connections; n != 1 {
			t.Errorf("%d connections left", n)
		}
		cfg.Topic = "\xff"
		var status *StatusError
		if got := Probe(t.Context(), cfg); !errors.As(got.Err(), &status) || status.Status != StatusTopic {
			t.Errorf("bad topic: %+v", got)
		}
		stop()
		w.end(t)
		if got := Probe(t.Context(), cfg); !errors.Is(got.Err(), errPipeRefused) || len(got.Steps) != 1 {
			t.Errorf("server gone: %+v", got)
		}
		w.net.silence(serverAt(0), true)
		got = Probe(t.Context(), cfg)
		if !errors.Is(got.Err(), context.DeadlineExceeded) || got.Steps[0].Took != DefaultTimeout {
			t.Errorf("server silent: %+v", got)
		}
		cfg.Server = enode.NewV4(&newKey(t).PublicKey, net.IP{}, 0, 0)
		if got := Probe(t.Context(), cfg); !errors.Is(got.Err(), ErrNoEndpoint) {
			t.Errorf("no address: %+v", got)
		}
		time.Sleep(time.Minute)
	})
}
