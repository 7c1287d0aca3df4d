package rpc

import (
	"slices"
	"strings"
	"testing"

	"statusd/api"
)

// ofTheNode are the methods that a token of one account may call whoever is
// logged in: none of them touches an account. waku_* works on keys and filters
// of the caller's own, subscriptions deliver events of the token's account
// alone, account_list shows that one.
func ofTheNode() []string {
	return []string{
		"account_list", "admin_datadir", "admin_nodeInfo", "admin_peers", "admin_subscribe", "admin_unsubscribe",
		"discovery_status", "discovery_subscribe", "discovery_unsubscribe", "key_convert", "key_inspect", "mailserver_stats",
		"net_listening", "net_peerCount", "net_version", "peer_status", "peer_topics", "rpc.discover", "rpc_modules",
		"status_health", "status_subscribe", "status_unsubscribe", "status_version", "subscribeReceive", "unsubscribeReceive",
		"version", "web3_clientVersion", "web3_sha3",
	}
}

// TestTokensOfAnAccountAreBound calls every method with a token of another
// account than the one that is logged in.
func TestTokensOfAnAccountAreBound(t *testing.T) {
	f := start(t, nil)
	f.run(f.ipc(), append(withLogin(), setup("account_importKey", `["`+exampleOther+`","`+examplePassword+`"]`, "")))
	l := f.with(must[api.NewToken](t, f.ipc(), "admin_tokenAdd",
		`{"name":"bot","scopes":["read","send","contacts"],"account":"`+exampleGone+`"}`).Token)
	for _, m := range discovered(t, l).Methods {
		if strings.HasPrefix(m.Name, "waku_") || slices.Contains(ofTheNode(), m.Name) {
			continue
		}
		_, e := invoke(t, l, m.Name, `{"no such parameter":1}`)
		switch {
		case e != nil && e.Code == api.CodeScope: // of the daemon as a whole
		case e == nil || e.Code != api.CodeNotLoggedIn || !strings.Contains(e.Message, exampleGone):
			t.Errorf("%s is open to a token of another account: %+v", m.Name, e)
		}
	}
	all := must[[]api.ListedAccount](t, l, "account_list", `[]`)
	if len(all) != 1 || all[0].KeyUID != exampleGone {
		t.Errorf("the token of an account sees the accounts %+v", all)
	}
}

// TestRecordsBelongToAnAccount: what a client had remembered of the chats of
// one account is not shown to a token of the next.
func TestRecordsBelongToAnAccount(t *testing.T) {
	f := start(t, nil)
	local := f.ipc()
	gap := func(id string) string { return `[[{"id":"` + id + `","chatId":"status","from":1,"to":2}]]` }
	must[any](t, local, "mailservers_addMailserverRequestGaps", gap("before"))
	f.run(local, withLogin())
	must[any](t, local, "mailservers_addMailserverRequestGaps", gap("first"))
	ids := func(l link) (out []string) {
		for _, g := range must[[]api.RequestGap](t, l, "mailservers_getMailserverRequestGaps", `["status"]`) {
			out = append(out, g.ID)
		}
		return out
	}
	if got := ids(local); !slices.Equal(got, []string{"first", "before"}) {
		t.Errorf("gaps of the account, and older ones: %v", got)
	}
	f.run(local, []api.Call{
		setup("account_logout", `[]`, ""), setup("account_importKey", `["`+exampleOther+`","`+examplePassword+`"]`, ""),
		setup("account_login", `["`+exampleGone+`","`+examplePassword+`"]`, ""),
	})
	l := f.with(must[api.NewToken](t, local, "admin_tokenAdd",
		`{"name":"bot","scopes":["read","send"],"account":"`+exampleGone+`"}`).Token)
	if got := ids(l); len(got) != 0 {
		t.Errorf("a token sees gaps of another account: %v", got)
	}
	must[any](t, l, "mailservers_addMailserverRequestGaps", gap("second"))
	must[any](t, l, "mailservers_deleteMailserverRequestGapsByChatID", `["status"]`)
	must[any](t, l, "mailservers_deleteMailserverRequestGaps", `[["first","before"]]`)
	f.run(local, []api.Call{
		setup("account_logout", `[]`, ""), setup("account_login", `["`+exampleAccount+`","`+examplePassword+`"]`, ""),
	})
	if got := ids(local); !slices.Equal(got, []string{"first", "before"}) {
		t.Errorf("a token removed gaps of another account; left are %v", got)
	}
}
