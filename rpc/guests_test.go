package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/waku"
	"statusd/waku/wire"
)

// addToken makes a token over the socket and returns a client that has it.
func (f *fixture) addToken(name string, scopes ...string) *httpLink {
	f.t.Helper()
	raw, err := json.Marshal([]any{name, scopes})
	if err != nil {
		f.t.Fatal(err)
	}
	return f.with(must[api.NewToken](f.t, f.ipc(), "admin_tokenAdd", string(raw)).Token)
}

// announced is what a peer that connects is told.
func (f *fixture) announced() *wire.StatusOptions {
	f.t.Helper()
	near, far := p2p.MsgPipe()
	proto := f.waku.host.Protocols()[0]
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		proto.Run(p2p.NewPeerPipe(enode.ID{1}, "remote", []p2p.Cap{{Name: proto.Name, Version: proto.Version}}, near), near)
	}()
	defer func() {
		far.Close()
		<-ended
	}()
	m, err := far.ReadMsg()
	if err != nil {
		f.t.Fatal(err)
	}
	raw, err := io.ReadAll(m.Payload)
	if err != nil {
		f.t.Fatal(err)
	}
	o, err := wire.DecodeStatus(proto.Version, raw)
	if err != nil {
		f.t.Fatal(err)
	}
	slices.SortFunc(o.Topics, func(a, b wire.Topic) int { return bytes.Compare(a[:], b[:]) })
	return o
}

// run makes the calls of a setup.
func (f *fixture) run(l link, calls []api.Call) {
	f.t.Helper()
	for _, s := range calls {
		if _, e := invoke(f.t, l, s.Method, string(s.Params)); e != nil && e.Code != api.CodeExists {
			f.t.Fatalf("%s: %d %s", s.Method, e.Code, e.Message)
		}
	}
}

// TestChatKeyIsOutOfReachOfWaku: nobody signs, listens or reads keys with the
// identity of the account that is logged in, not even over the socket.
func TestChatKeyIsOutOfReachOfWaku(t *testing.T) {
	f := start(t, nil)
	f.run(f.ipc(), withLogin())
	for name, l := range map[string]link{
		"socket": f.ipc(), "rpc-token": f.http(), "token": f.addToken("bot", "read", "send", "contacts", "account", "debug"),
	} {
		t.Run(name, func(t *testing.T) {
			for _, id := range []string{examplePublicKey, exampleKeyID} {
				if must[bool](t, l, "waku_hasKeyPair", `["`+id+`"]`) {
					t.Error("the chat key is in the key ring")
				}
				for _, c := range []struct{ method, params, text string }{
					{"waku_post", `[{"pubKey":"` + examplePublicKey + `","sig":"` + id + `","topic":"0x00000001"}]`, "invalid id"},
					{"waku_newMessageFilter", `[{"privateKeyID":"` + id + `"}]`, "invalid id"},
					{"waku_getPublicKey", `["` + id + `"]`, "invalid id"},
					{"waku_deleteKeyPair", `["` + id + `"]`, "not found"},
				} {
					_, e := invoke(t, l, c.method, c.params)
					wantError(t, e, api.CodeFailed, c.text)
				}
				if _, e := invoke(t, l, "waku_getPrivateKey", `["`+id+`"]`); e == nil {
					t.Error("the private chat key is given out")
				}
			}
		})
	}
}

// TestFiltersAndKeysHaveAnOwner: what one token made another one can neither
// see nor use nor remove; it goes with the token.
func TestFiltersAndKeysHaveAnOwner(t *testing.T) {
	f := start(t, nil)
	a, b := f.addToken("a", "read", "send"), f.addToken("b", "read", "send")
	criteria := func(sym string) string { return `[{"symKeyID":"` + sym + `","topics":["0x00000001"]}]` }
	sym := must[string](t, a, "waku_addSymKey", `["`+exampleSymKey+`"]`)
	pair := must[string](t, a, "waku_newKeyPair", `[]`)
	filter := must[string](t, a, "waku_newMessageFilter", criteria(sym))

	for name, l := range map[string]link{"token": b, "rpc-token": f.http(), "socket": f.ipc()} {
		t.Run(name, func(t *testing.T) {
			if must[bool](t, l, "waku_hasSymKey", `["`+sym+`"]`) || must[bool](t, l, "waku_hasKeyPair", `["`+pair+`"]`) {
				t.Error("the keys of another token are seen")
			}
			if must[bool](t, l, "waku_deleteSymKey", `["`+sym+`"]`) {
				t.Error("the key of another token was removed")
			}
			for _, c := range []struct{ method, params, text string }{
				{"waku_deleteKeyPair", `["` + pair + `"]`, "not found"},
				{"waku_newMessageFilter", criteria(sym), "non-existent key ID"},
				{"waku_getFilterMessages", `["` + filter + `"]`, "filter not found"},
				{"waku_deleteMessageFilter", `["` + filter + `"]`, "failed to unsubscribe: invalid ID"},
				{"waku_post", `[{"symKeyID":"` + sym + `","topic":"0x00000001"}]`, "non-existent key ID"},
			} {
				_, e := invoke(t, l, c.method, c.params)
				wantError(t, e, api.CodeFailed, c.text)
			}
			must[any](t, l, "waku_uninstallFilter", `["`+filter+`"]`) // always null
		})
	}
	must[[]api.WakuMessage](t, a, "waku_getFilterMessages", `["`+filter+`"]`)

	// A token of the same name is another one.
	must[any](t, f.ipc(), "admin_tokenRevoke", `["a"]`)
	if topics := f.announced().Topics; topics != nil {
		t.Errorf("the filters of a revoked token are there: %v", topics)
	}
	again := f.addToken("a", "read", "send")
	if must[bool](t, again, "waku_hasSymKey", `["`+sym+`"]`) {
		t.Error("the keys of a revoked token are there")
	}
	_, e := invoke(t, again, "waku_getFilterMessages", `["`+filter+`"]`)
	wantError(t, e, api.CodeFailed, "filter not found")
}

// TestSocketAndTokenFileAreOneOwner: who holds the data directory is one owner,
// by whatever way he comes and however often he connects.
func TestSocketAndTokenFileAreOneOwner(t *testing.T) {
	f := start(t, nil)
	sym := must[string](t, f.ipc(), "waku_addSymKey", `["`+exampleSymKey+`"]`)
	filter := must[string](t, f.http(), "waku_newMessageFilter", `[{"symKeyID":"`+sym+`"}]`)
	must[[]api.WakuMessage](t, f.ws(), "waku_getFilterMessages", `["`+filter+`"]`)
	must[bool](t, f.ipc(), "waku_deleteMessageFilter", `["`+filter+`"]`)
}

// TestInstallingFiltersIsNotReading: with read alone nothing that peers are
// told of can be changed.
func TestInstallingFiltersIsNotReading(t *testing.T) {
	f := start(t, nil)
	l := f.addToken("reader", "read")
	for _, method := range []string{
		"waku_newMessageFilter", "waku_getFilterMessages", "waku_deleteMessageFilter", "waku_uninstallFilter",
		"waku_subscribe",
	} {
		_, e := invoke(t, l, method, `["x"]`)
		wantError(t, e, api.CodeScope, `lacks the scope "send"`)
		if !strings.Contains(e.Data.Hint, "token add") {
			t.Errorf("%s: the hint %q does not say how to get a token", method, e.Data.Hint)
		}
	}
}

// TestTopicsOfATokenLeaveRoomForChats: a token with as many topics as it likes
// to ask for neither gets them nor keeps a chat from being listened to.
func TestTopicsOfATokenLeaveRoomForChats(t *testing.T) {
	f := start(t, nil)
	f.run(f.ipc(), withLogin())
	l := f.addToken("greedy", "read", "send")
	sym := must[string](t, l, "waku_addSymKey", `["`+exampleSymKey+`"]`)
	install := func(from, n int) *api.Error {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"0x%08x"`, from+i))
		}
		_, e := invoke(t, l, "waku_newMessageFilter", `[{"symKeyID":"`+sym+`","topics":[`+strings.Join(list, ",")+`]}]`)
		return e
	}
	wantError(t, install(0, 9990), api.CodeBusy, "topics")
	if e := install(0, waku.GuestTopics); e != nil {
		t.Fatal(e)
	}
	wantError(t, install(waku.GuestTopics, 1), api.CodeBusy, "topics")
	var places []string
	for i := range 600 {
		places = append(places, fmt.Sprintf(`{"chatId":"place %d"}`, i))
	}
	_, e := invoke(t, l, "wakuext_loadFilters", `[[`+strings.Join(places, ",")+`]]`)
	wantError(t, e, api.CodeBusy, "places")
	f.run(f.ipc(), withChat())
	local := f.ipc()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); { // listening follows the commit
		for _, v := range must[[]api.ChatFilter](t, local, "wakuext_loadFilters", `[[]]`) {
			if v.ChatID == "tea" {
				return
			}
		}
	}
	t.Error("the chat is not listened to")
}

// TestPlacesOfTheAccountStay: wakuext_removeFilters takes back what the same
// owner asked for, and no more.
func TestPlacesOfTheAccountStay(t *testing.T) {
	f := start(t, nil)
	f.run(f.ipc(), withLogin())
	a, b := f.addToken("a", "send"), f.addToken("b", "send")
	listed := func() map[string]string {
		out := make(map[string]string)
		for _, v := range must[[]api.ChatFilter](t, b, "wakuext_loadFilters", `[[]]`) {
			out[v.ChatID] = v.FilterID
		}
		return out
	}
	own := examplePublicKey + "-contact-code"
	for deadline := time.Now().Add(patience); listed()[own] == ""; { // listening follows the login
		if time.Now().After(deadline) {
			t.Fatalf("places %v", listed())
		}
	}
	must[[]api.ChatFilter](t, a, "wakuext_loadFilters", `[[{"chatId":"coffee"}]]`)
	before := listed()
	for chat, id := range before {
		must[any](t, b, "wakuext_removeFilters", `[[{"filterId":"`+id+`"},{"chatId":"`+chat+`"}]]`)
	}
	now := listed()
	for chat, id := range before {
		if now[chat] != id {
			t.Errorf("%s is no longer listened to", chat)
		}
	}
	must[any](t, a, "wakuext_removeFilters", `[[{"chatId":"coffee"}]]`)
	if now := listed(); now["coffee"] != "" || now[own] == "" {
		t.Errorf("places %v", now)
	}
	must[[]api.ChatFilter](t, a, "wakuext_loadFilters", `[[{"chatId":"coffee"}]]`)
	must[any](t, f.ipc(), "admin_tokenRevoke", `["a"]`)
	for deadline := time.Now().Add(patience); listed()["coffee"] != ""; {
		if time.Now().After(deadline) {
			t.Fatal("the place of a revoked token is still listened to")
		}
	}
}

// TestGuestsLeaveWhenTheirTokenExpires: nobody has to call for it.
func TestGuestsLeaveWhenTheirTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, err := waku.New(waku.Config{})
		if err != nil {
			t.Fatal(err)
		}
		g := newGuests(func() WakuGuest { return host.NewGuest() })
		defer g.close()
		as := func(grant *grant) (WakuGuest, error) {
			return g.of(&caller{grant: grant})
		}
		short := &grant{name: "short", revoked: make(chan struct{}), expires: time.Now().Add(time.Hour)}
		long := &grant{name: "long", revoked: make(chan struct{})}
		for _, grant := range []*grant{short, long, nil} {
			guest, err := as(grant)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := guest.Keys().NewKeyPair(); err != nil {
				t.Fatal(err)
			}
		}
		gone, _ := as(short)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if _, err := as(short); err == nil {
			t.Error("an expired token is let in")
		}
		if _, err := gone.Keys().NewKeyPair(); err == nil {
			t.Error("an expired token makes keys")
		}
		stays, err := as(long)
		if err != nil {
			t.Fatal(err)
		}
		close(long.revoked)
		g.sweep()
		if _, err := stays.Keys().NewKeyPair(); err == nil {
			t.Error("a revoked token makes keys")
		}
		if local, err := as(nil); err != nil || local.Keys().String() != "1 key pairs, 0 symmetric keys" {
			t.Errorf("the local owner: %v", err)
		}
	})
}
