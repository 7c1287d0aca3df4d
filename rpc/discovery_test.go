package rpc

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"statusd/api"
	"statusd/discovery"
	"statusd/discovery/pool"
)

// fakeDiscovery is a search for peers that is on or off.
type fakeDiscovery struct {
	off bool

	mu     sync.Mutex
	limits map[discovery.Topic]pool.Limits
	listen func(api.EventPayload)
}

func (f *fakeDiscovery) Discover(topic discovery.Topic, l pool.Limits) error {
	if err := pool.Check(topic, l); err != nil {
		return err
	}
	if f.off {
		return pool.ErrNotRunning
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.limits == nil {
		f.limits = map[discovery.Topic]pool.Limits{}
	}
	f.limits[topic] = l
	return nil
}

func (f *fakeDiscovery) PeerStatus() api.PoolStatus {
	return api.PoolStatus{Topics: []api.PoolTopic{{
		Topic: "whisper", Min: 2, Max: 2, Mode: api.SearchOff, Connected: []api.PoolNode{}, Pending: []api.PoolNode{},
		Sources: []api.SourceStatus{},
	}}}
}

func (f *fakeDiscovery) DiscoveryStatus() api.DiscoveryReport {
	return api.DiscoveryReport{
		Running: true, Sources: []api.SourceStatus{},
		Registrations: []api.RegistrationStatus{{Topic: "whisper", By: "discv5"}, {Topic: "whisper", By: "rendezvous"}},
	}
}

func (f *fakeDiscovery) PrunePeers() (int, error) {
	if f.off {
		return 0, pool.ErrNotRunning
	}
	return 3, nil
}

func (f *fakeDiscovery) OnSignal(listen func(api.EventPayload)) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listen = listen
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.listen = nil
	}
}

func (f *fakeDiscovery) tell(e api.EventPayload) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listen == nil {
		return false
	}
	f.listen(e)
	return true
}

// TestPeerDiscoverErrors has the texts of status-go in their order.
func TestPeerDiscoverErrors(t *testing.T) {
	none := start(t, func(_ *Config, d *Deps) { d.Discovery = nil }).ws()
	off := start(t, func(_ *Config, d *Deps) { d.Discovery = &fakeDiscovery{off: true} }).ws()
	source := &fakeDiscovery{}
	on := start(t, func(_ *Config, d *Deps) { d.Discovery = source }).ws()
	for _, tt := range []struct {
		link   link
		params string
		want   string
	}{
		{none, `[{"topic":"","max":1,"min":2}]`, "discoverer not provided"},
		{off, `[{"topic":"","max":1,"min":2}]`, "topic not valid"},
		{off, `[{"topic":"` + strings.Repeat("x", 51) + `","max":2,"min":1}]`, "topic not valid"},
		{off, `[{"topic":"whisper","max":1,"min":2}]`, "invalid range, Min should be lower or equal to Max"},
		{off, `[{"topic":"whisper","max":2,"min":-1}]`, "invalid range, Min should be lower or equal to Max"},
		{off, `[{"topic":"whisper","max":2,"min":2}]`, "peerPool not running"},
	} {
		_, e := invoke(t, tt.link, "peer_discover", tt.params)
		wantError(t, e, api.CodeFailed, tt.want)
		if e.Message != tt.want {
			t.Errorf("text %q, want %q", e.Message, tt.want)
		}
	}
	_, e := invoke(t, on, "peer_discover", `["whisper"]`)
	wantError(t, e, api.CodeInvalidParams, "")
	_, e = invoke(t, off, "peer_prune", `[]`)
	wantError(t, e, api.CodeFailed, "peerPool not running")
	for _, params := range []string{`[{"topic":"new","max":3,"min":1}]`, `{"topic":"new","max":3,"min":1}`} {
		source.limits = nil
		if got := string(must[json.RawMessage](t, on, "peer_discover", params)); got != "null" {
			t.Errorf("answer %s", got)
		}
		if source.limits["new"] != (pool.Limits{Min: 1, Max: 3}) {
			t.Errorf("%s: %v", params, source.limits)
		}
	}
	for _, method := range []string{"peer_status", "peer_topics", "peer_prune", "discovery_status"} {
		_, e := invoke(t, none, method, `[]`)
		wantError(t, e, api.CodeFailed, "discoverer not provided")
	}
	topics := must[api.TopicLists](t, on, "peer_topics", `[]`)
	if len(topics.Required) != 1 || len(topics.Registered) != 1 || topics.Registered[0] != "whisper" {
		t.Errorf("topics %+v", topics)
	}
}

func TestDiscoverySignals(t *testing.T) {
	source := &fakeDiscovery{}
	l := start(t, func(_ *Config, d *Deps) { d.Discovery = source }).ws()
	id := must[string](t, l, "discovery_subscribe", `["signals"]`)
	source.tell(api.DiscoveryStartedEvent{})
	source.tell(api.EnodeDiscoveredEvent{Enode: exampleID, Topic: "whispermail"})
	for _, want := range []string{
		`{"type":"discovery.started","event":null}`,
		`{"type":"enode.discovered","event":{"enode":"` + exampleID + `","topic":"whispermail"}}`,
	} {
		a := decode(t, l.push())
		if a.Method != "discovery_subscription" || a.Params.Subscription != id || string(a.Params.Result) != want {
			t.Errorf("got %s %s", a.Method, a.Params.Result)
		}
	}
	must[bool](t, l, "discovery_unsubscribe", `["`+id+`"]`)
	if source.tell(api.DiscoveryStoppedEvent{}) {
		t.Error("still subscribed")
	}
	_, e := invoke(t, l, "discovery_subscribe", `["peers"]`)
	wantError(t, e, api.CodeMethodNotFound, `no "peers" subscription in discovery namespace`)
}
