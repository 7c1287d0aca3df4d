package node

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/api"
	"statusd/configs"
	"statusd/internal/profile"
	"statusd/internal/store"
	"statusd/mailserver/history"
	"statusd/messenger"
	"statusd/waku/wire"
)

func password(t *testing.T) kdf.Password {
	t.Helper()
	p, err := kdf.NewPassword([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// lightConfig is testConfig with passwords that are cheap to check.
func lightConfig(t *testing.T) *configs.Config {
	t.Helper()
	cfg := testConfig(t)
	cfg.LightKDF = true
	return cfg
}

// loginNew makes an account on a node and logs it in.
func (r *running) loginNew(name string) *profile.Account {
	r.t.Helper()
	ctx := r.t.Context()
	o := profile.Options{Name: name, Password: password(r.t)}
	s, _, err := r.Accounts().Create(ctx, o, 12, secret.Bytes{})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.login(s.UID)
}

func (r *running) login(uid key.UID) *profile.Account {
	r.t.Helper()
	a, err := r.Accounts().Login(r.t.Context(), uid, password(r.t))
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

// eventsUntil returns the types in the event log of an account, once one is
// there.
func eventsUntil(t *testing.T, db *store.DB, want api.EventType) string {
	t.Helper()
	for {
		arrived := db.EventsAfter(0)
		var types []string
		seq := int64(0)
		err := db.View(t.Context(), func(tx *store.Tx) error {
			page, err := tx.EventLog().Read(store.EventQuery{})
			for _, e := range page.Events {
				types, seq = append(types, e.Type), e.Seq
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(types, " ")
		if strings.Contains(all, string(want)) {
			return all
		}
		if seq > 0 {
			arrived = db.EventsAfter(seq)
		}
		select {
		case <-arrived:
		case <-t.Context().Done():
			t.Fatalf("%q did not come, only %s", want, all)
		}
	}
}

// TestTwoAccountsTalk: two nodes on real sockets, logged in, send and receive;
// logging out ends it, and nothing waits for the network.
func TestTwoAccountsTalk(t *testing.T) {
	a, b := start(t, lightConfig(t), Deps{}), start(t, lightConfig(t), Deps{})
	defer a.finish()
	defer b.finish()
	if a.Messenger() != nil || a.Courier() != nil {
		t.Error("a messenger without account")
	}
	alice, bob := a.loginNew("alice"), b.loginNew("bob")
	if err := a.AddPeer(b.Self()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	sent, err := a.Messenger().Mail().SendTo(ctx, messenger.SendRequest{
		Recipients: []string{bob.ChatKey().Public().ContactID()}, Message: "hello bob",
	})
	if err != nil {
		t.Fatal(err)
	}
	eventsUntil(t, bob.DB(), api.EventMessagesNew)
	list, _, err := b.Messenger().Messages().Page(ctx, alice.ChatKey().Public().ContactID(), "", 10)
	if err != nil || len(list) != 1 || list[0].Text != "hello bob" || list[0].ID != sent.MessageID {
		t.Errorf("received %+v, %v", list, err)
	}
	all := eventsUntil(t, alice.DB(), api.EventMessageDelivered)
	for _, want := range []string{"account.login", "envelope.sent"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in %s", want, all)
		}
	}
	metrics := make(chan prometheus.Metric, 100)
	a.metrics.collectCourier(metrics)
	if len(metrics) < 3 {
		t.Errorf("%d metrics of the messenger", len(metrics))
	}
	if h := a.outboxHealth(); h.Level != api.HealthReady {
		t.Errorf("outbox %+v", h)
	}
	uid := alice.UID()
	if err := a.Accounts().Logout(ctx); err != nil {
		t.Fatal(err)
	}
	if a.Messenger() != nil {
		t.Error("the messenger outlives the logout")
	}
	if all := eventsUntil(t, a.login(uid).DB(), api.EventAccountLogout); !strings.HasSuffix(all, "account.login") {
		t.Errorf("after another login: %s", all)
	}
}

// TestRequestsTellTheirEnd: the event log says how requests for history ended,
// in the shape of status-go.
func TestRequestsTellTheirEnd(t *testing.T) {
	n := start(t, lightConfig(t), Deps{})
	defer n.finish()
	n.requestEnded(history.RequestEnd{}) // nobody is logged in: nobody is told
	db := n.loginNew("alice").DB()
	id := wire.Hash{1}
	n.requestEnded(history.RequestEnd{ID: id, Last: wire.Hash{2}, Cursor: []byte{3, 4}})
	n.requestEnded(history.RequestEnd{ID: id, Error: "too many requests"})
	n.requestEnded(history.RequestEnd{ID: id, Silent: true})
	eventsUntil(t, db, api.EventHistoryPageExpired)
	var got []string
	err := db.View(t.Context(), func(tx *store.Tx) error {
		page, err := tx.EventLog().Read(store.EventQuery{})
		for _, e := range page.Events {
			if strings.HasPrefix(e.Type, "mailserver.request.") {
				got = append(got, e.Type+" "+string(e.Body))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	hash := func(first string) string { return `"0x` + first + strings.Repeat("00", 31) + `"` }
	want := []string{
		`mailserver.request.completed {"requestID":` + hash("01") + `,"lastEnvelopeHash":` + hash("02") +
			`,"cursor":"0304","errorMessage":""}`,
		`mailserver.request.completed {"requestID":` + hash("01") + `,"lastEnvelopeHash":` + hash("00") +
			`,"cursor":"","errorMessage":"too many requests"}`,
		`mailserver.request.expired {"ids":null,"hash":` + hash("01") + `,"message":""}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestHistoryReachesWhoWasAway: a message to an account that is not there comes
// from a mailserver when it logs in, and is acknowledged.
func TestHistoryReachesWhoWasAway(t *testing.T) {
	archive := lightConfig(t)
	archive.WakuConfig.EnableMailServer, archive.WakuConfig.FullNode = true, true
	m := start(t, archive, Deps{})
	a, b := start(t, lightConfig(t), Deps{}), start(t, lightConfig(t), Deps{})
	alice, bob := a.loginNew("alice"), b.loginNew("bob")
	uid, author, who := bob.UID(), alice.UID(), bob.ChatKey().Public().ContactID()
	from := alice.ChatKey().Public().ContactID()
	if err := b.Accounts().Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.finish() // away
	if err := a.AddPeer(m.Self()); err != nil {
		t.Fatal(err)
	}
	request := messenger.SendRequest{Recipients: []string{who}, Message: "while you were away"}
	_, err := a.Messenger().Mail().SendTo(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	eventsUntil(t, alice.DB(), "envelope.sent")
	a.finish() // so that no pool has the message any more
	m.finish()
	m = start(t, archive, Deps{})
	defer m.finish()
	again := start(t, b.cfg, Deps{})
	defer again.finish()
	ref, err := configs.ParseNodeRef(m.Self().URLv4())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.UpdateMailservers([]configs.NodeRef{ref}); err != nil {
		t.Fatal(err)
	}
	bob = again.login(uid)
	all := eventsUntil(t, bob.DB(), api.EventMessagesNew)
	eventsUntil(t, bob.DB(), "history.synced")
	list, _, err := again.Messenger().Messages().Page(t.Context(), from, "", 10)
	if err != nil || len(list) != 1 || list[0].Text != "while you were away" {
		t.Errorf("received %+v, %v; events %s", list, err, all)
	}
	back := start(t, a.cfg, Deps{})
	defer back.finish()
	if err := back.AddPeer(m.Self()); err != nil {
		t.Fatal(err)
	}
	eventsUntil(t, back.login(author).DB(), "message.delivered")
}

// TestHealthTellsOfALossInTheDatabase as long as the damaged log lies there.
func TestHealthTellsOfALossInTheDatabase(t *testing.T) {
	r := start(t, lightConfig(t), Deps{})
	health := func() api.ComponentHealth {
		for _, c := range r.Health().ProtocolsHealth {
			if c.Name == "Database" {
				return c
			}
		}
		t.Fatal("no such component")
		return api.ComponentHealth{}
	}
	if h := health(); h.Level != api.HealthNotMounted {
		t.Errorf("nobody is logged in: %+v", h)
	}
	a := r.loginNew("ana")
	if h := health(); h.Level != api.HealthReady {
		t.Errorf("new: %+v", h)
	}
	folder := filepath.Join(r.cfg.DataDir, "accounts", a.UID().Hex())
	lost := filepath.Join(folder, "client.db-wal.damaged-20261130T120000Z-7")
	if err := os.WriteFile(lost, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if h := health(); h.Level != api.HealthNotReady || !strings.Contains(h.Desc, "7 transactions") ||
		r.Health().NodeHealth == api.HealthNotReady {
		t.Errorf("with a damaged log: %+v", h)
	}
	if err := os.Remove(lost); err != nil {
		t.Fatal(err)
	}
	if h := health(); h.Level != api.HealthReady {
		t.Errorf("seen: %+v", h)
	}
	level, text := databaseLevel(store.Condition{Damage: "the database is damaged"})
	if level != api.HealthNotReady || !strings.Contains(text, "db check") {
		t.Errorf("damaged: %s %s", level, text)
	}
	r.finish()
}

// TestHealthTellsThatStrangersAreNotStored on a disk that is nearly full.
func TestHealthTellsThatStrangersAreNotStored(t *testing.T) {
	cfg := lightConfig(t)
	cfg.WakuConfig.MinFreeDisk = 1 << 50
	r := start(t, cfg, Deps{})
	r.loginNew("ana")
	r.monitor.freeDisk.Store(1 << 40)
	h := r.Node.diskHealth()
	if h.Level != api.HealthNotReady || !strings.Contains(h.Desc, "no contacts is not stored") ||
		r.roomForStrangers() {
		t.Errorf("%+v", h)
	}
	r.finish()
}
