package rpc

import (
	"strings"
	"testing"

	"statusd/api"
)

// TestFrontendsOfStatusGo: what they keep comes back; what is elsewhere here
// says where.
func TestFrontendsOfStatusGo(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	f.loggedIn(l)
	must[api.None](t, l, "settings_saveSetting", `["wallet/visible-tokens",{"mainnet":["SNT"]}]`)
	must[api.None](t, l, "settings_saveSetting", `["currency",null]`)
	got := must[map[string]api.JSON](t, l, "settings_getSettings", `[]`)
	if got["wallet/visible-tokens"] != `{"mainnet":["SNT"]}` || len(got) != 2 {
		t.Errorf("%v", got)
	}
	for _, name := range []string{"mnemonic", "log-level", "installation-id"} {
		_, e := invoke(t, l, "settings_saveSetting", `["`+name+`","x"]`)
		if wantError(t, e, api.CodeInvalidParams, name); e.Data.Hint == "" {
			t.Errorf("%s: no hint", name)
		}
	}
	for method, hint := range map[string]string{
		"multiaccounts_updateAccount": "account_create", "multiaccounts_anything": "account_list",
		"accounts_generateAccount": "accounts_saveAccounts", "settings_nodeConfig": "settings_getSettings",
		"wallet_getTokens": "leaves out", "permissions_getDappPermissions": "leaves out",
	} {
		_, e := invoke(t, l, method, `[]`)
		if wantError(t, e, api.CodeMethodNotFound, method); !strings.Contains(e.Data.Hint, hint) {
			t.Errorf("%s: hint %q", method, e.Data.Hint)
		}
	}
	_, e := invoke(t, f.addToken("reader", "read"), "settings_saveSetting", `["a",1]`)
	wantError(t, e, api.CodeScope, "account")
}
