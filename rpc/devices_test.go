package rpc

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"

	"statusd/api"
	"statusd/internal/profile"
	"statusd/internal/store"
	"statusd/messenger"
	"statusd/messenger/courier"
	"statusd/transport"
	"statusd/transport/dh"
	"statusd/waku"
)

// office makes the messenger of the account that is logged in, over a host
// without peers, as the node does.
type office struct {
	host    *waku.Host
	current atomic.Pointer[officeSession]
}

type officeSession struct {
	office    *office
	courier   *courier.Courier
	messenger *messenger.Messenger
}

// attach implements profile.Config.Attach. A second device of the account is
// known.
func (o *office) attach(a *profile.Account) (profile.Service, error) {
	ctx := context.Background()
	own := a.ChatKey().Public()
	err := a.DB().Update(ctx, func(tx *store.Tx) error {
		return tx.Transport().PutInstallation(transport.Installation{
			Identity: own, ID: exampleSecond, Protocol: 1, LastSeen: 1_606_060_800_000_000_000, Prekey: dh.PointOf(own),
			Version: 1,
		})
	})
	if err != nil {
		return nil, err
	}
	c, err := courier.New(ctx, courier.Config{
		Identity: a.ChatKey(), Installation: a.InstallationID(), DB: a.DB(), Host: o.host,
	})
	if err != nil {
		return nil, err
	}
	m, err := messenger.New(ctx, messenger.Config{Identity: a.ChatKey(), DB: a.DB(), Courier: c})
	if err != nil {
		return nil, err
	}
	c.Serve(m)
	s := &officeSession{o, c, m}
	o.current.Store(s)
	return s, nil
}

// Run implements profile.Service.
func (s *officeSession) Run(ctx context.Context) error {
	defer s.office.current.CompareAndSwap(s, nil)
	return s.courier.Run(ctx)
}

func (o *office) theMessenger() *messenger.Messenger {
	if s := o.current.Load(); s != nil {
		return s.messenger
	}
	return nil
}

func (o *office) theCourier() *courier.Courier {
	if s := o.current.Load(); s != nil {
		return s.courier
	}
	return nil
}

// TestDevices goes through the life of a second device and of a filter.
func TestDevices(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	for _, m := range []string{
		"wakuext_getOurInstallations", "wakuext_sendPairInstallation", "wakuext_loadFilters", "wakuext_removeFilters",
		"wakuext_enableInstallation", "wakuext_disableInstallation", "wakuext_signMessageWithChatKey",
		"wakuext_setInstallationMetadata",
	} {
		params := map[string]string{
			"wakuext_loadFilters": `[[]]`, "wakuext_removeFilters": `[[]]`, "wakuext_getOurInstallations": `[]`,
			"wakuext_sendPairInstallation": `[]`, "wakuext_setInstallationMetadata": `["x",{}]`,
		}[m]
		if params == "" {
			params = `["x"]`
		}
		if _, e := invoke(t, l, m, params); e == nil || e.Code != api.CodeNotLoggedIn {
			t.Errorf("%s while nobody is logged in: %+v", m, e)
		}
	}
	for _, s := range withLogin() {
		if _, e := invoke(t, l, s.Method, string(s.Params)); e != nil {
			t.Fatal(e)
		}
	}
	type device struct {
		Identity, ID string
		Enabled      bool
		Metadata     *struct{ Name, DeviceType, FCMToken string }
	}
	list := func() []device { return must[[]device](t, l, "wakuext_getOurInstallations", `[]`) }
	before := list()
	if len(before) != 2 || before[0].ID != exampleInstall || !before[0].Enabled ||
		before[0].Identity != examplePublicKey ||
		before[0].Metadata != nil || before[1].ID != exampleSecond || before[1].Enabled {
		t.Errorf("devices at first: %+v", before)
	}
	fails := func(method, params string, code api.Code) {
		_, e := invoke(t, l, method, params)
		if e == nil || e.Code != code || e.Data.Hint == "" && code != api.CodeInvalidParams {
			t.Errorf("%s%s: %+v", method, params, e)
		}
	}
	fails("wakuext_sendPairInstallation", `[]`, api.CodeFailed)
	fails("wakuext_enableInstallation", `["nobody"]`, api.CodeUnknownObject)
	fails("wakuext_disableInstallation", `["nobody"]`, api.CodeUnknownObject)
	fails("wakuext_setInstallationMetadata", `["nobody",{"name":"x"}]`, api.CodeUnknownObject)
	fails("wakuext_setInstallationMetadata", `["`+exampleSecond+`",{"name":"`+strings.Repeat("x", maxDeviceText+1)+`"}]`,
		api.CodeInvalidParams)
	must[any](t, l, "wakuext_enableInstallation", `["`+exampleSecond+`"]`)
	must[any](t, l, "wakuext_enableInstallation", `["`+exampleInstall+`"]`) // always is
	must[any](t, l, "wakuext_setInstallationMetadata", `["`+exampleSecond+`",{"name":"phone","deviceType":"ios"}]`)
	if got := list()[1]; !got.Enabled || got.Metadata == nil || got.Metadata.Name != "phone" {
		t.Errorf("after enabling: %+v", got)
	}
	must[any](t, l, "wakuext_disableInstallation", `["`+exampleSecond+`"]`)
	if list()[1].Enabled {
		t.Error("still enabled")
	}
}

// TestFilters installs a filter, which the waku methods do not reach, and
// removes it.
func TestFilters(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	for _, s := range withLogin() {
		if _, e := invoke(t, l, s.Method, string(s.Params)); e != nil {
			t.Fatal(e)
		}
	}
	load := func(what string) map[string]api.ChatFilter {
		byChat := make(map[string]api.ChatFilter)
		for _, v := range must[[]api.ChatFilter](t, l, "wakuext_loadFilters", what) {
			byChat[v.ChatID] = v
		}
		return byChat
	}
	got := load(`[[{"chatId":"status"},{"oneToOne":true,"identity":"` + examplePublicKey[2:] + `"}]]`)
	public := got["status"]
	if !public.Listen || public.OneToOne || public.Topic != "0xcd423760" {
		t.Errorf("public chat %+v", public)
	}
	if own := got[examplePublicKey+"-contact-code"]; !own.OneToOne || own.Identity != examplePublicKey[2:] {
		t.Errorf("contact code %+v", own)
	}
	if public.SymKeyID != "" || public.FilterID == "" {
		t.Errorf("key id %q, filter id %q", public.SymKeyID, public.FilterID)
	}
	_, e := invoke(t, l, "waku_getFilterMessages", `["`+public.FilterID+`"]`)
	wantError(t, e, api.CodeFailed, "filter not found")
	raw, err := json.Marshal([]any{[]any{api.ChatFilter{FilterID: public.FilterID}}})
	if err != nil {
		t.Fatal(err)
	}
	must[any](t, l, "wakuext_removeFilters", string(raw))
	if _, there := load(`[[]]`)["status"]; there {
		t.Error("the filter is still there")
	}
	for _, bad := range []string{`[[{}]]`, `[[{"oneToOne":true,"identity":"04"}]]`} {
		if _, e := invoke(t, l, "wakuext_loadFilters", bad); e == nil || e.Code != api.CodeInvalidParams {
			t.Errorf("%s: %+v", bad, e)
		}
	}
	sig := must[string](t, l, "wakuext_signMessageWithChatKey", `["hello"]`)
	if sig != exampleSignature {
		t.Errorf("signature %s", sig)
	}
}
