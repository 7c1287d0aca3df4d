package messenger

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"statusd/api"
)

// TestSettingsOfFrontends are kept as they are, and bounded.
func TestSettingsOfFrontends(t *testing.T) {
	alice := newParty(t, newKey(t))
	s, ctx := alice.m.Settings(), t.Context()
	value := func(text string) *api.JSON { return new(api.JSON(text)) }
	ok(t, s.Save(ctx, "currency", value(`"eur"`)))
	ok(t, s.Save(ctx, "chaos-mode?", value(`{"on": [true, 1e3]}`)))
	ok(t, s.Save(ctx, "currency", value(`"usd"`)))
	ok(t, s.Save(ctx, "gone", value(`1`)))
	ok(t, s.Save(ctx, "gone", nil))
	ok(t, s.Save(ctx, "never there", nil))
	got := must[map[string]api.JSON](t)(s.All(ctx))
	if len(got) != 3 || got["currency"] != `"usd"` || got["chaos-mode?"] != `{"on": [true, 1e3]}` ||
		got["public-key"] != api.JSON(`"`+alice.id+`"`) {
		t.Errorf("%v", got)
	}
	for _, name := range []string{"", strings.Repeat("x", maxSettingName+1), "a\x00b", "public-key"} {
		if err := s.Save(ctx, name, value(`1`)); !errors.Is(err, ErrSetting) {
			t.Errorf("%.20q: %v", name, err)
		}
	}
	large := api.JSON(`"` + strings.Repeat("x", api.MaxNoteBytes-100) + `"`)
	ok(t, s.Save(ctx, "large", &large))
	if err := s.Save(ctx, "more", value(`"`+strings.Repeat("x", 100)+`"`)); !errors.Is(err, ErrManyNotes) {
		t.Errorf("beyond the bytes: %v", err)
	}
	ok(t, s.Save(ctx, "large", nil))
	for i := range api.MaxNotes - 2 {
		ok(t, s.Save(ctx, fmt.Sprint(i), value(`1`)))
	}
	if err := s.Save(ctx, "one more", value(`1`)); !errors.Is(err, ErrManyNotes) {
		t.Errorf("beyond the number: %v", err)
	}
	ok(t, s.Save(ctx, "currency", value(`"chf"`))) // what is there can be changed
}

// TestWalletAccountsOfFrontends keeps them by address, all or none.
func TestWalletAccountsOfFrontends(t *testing.T) {
	alice := newParty(t, newKey(t))
	s, ctx := alice.m.Settings(), t.Context()
	own := must[[]api.WalletAccount](t)(s.Accounts(ctx))
	if len(own) != 1 || !own[0].Chat || own[0].PublicKey != alice.id {
		t.Fatalf("%+v", own)
	}
	wallet := api.WalletAccount{Address: "0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B", Wallet: true, Name: "wallet"}
	bad := api.WalletAccount{Address: "0x12"}
	if err := s.SaveAccounts(ctx, []api.WalletAccount{wallet, bad}); !errors.Is(err, ErrSetting) {
		t.Errorf("a wrong address: %v", err)
	}
	if got := must[[]api.WalletAccount](t)(s.Accounts(ctx)); len(got) != 1 {
		t.Errorf("half of it was kept: %+v", got)
	}
	ok(t, s.SaveAccounts(ctx, []api.WalletAccount{wallet}))
	wallet.Name = "savings"
	wallet.Address = strings.ToLower(wallet.Address)
	ok(t, s.SaveAccounts(ctx, []api.WalletAccount{wallet}))
	if got := must[[]api.WalletAccount](t)(s.Accounts(ctx)); len(got) != 2 || got[1] != wallet {
		t.Errorf("%+v", got)
	}
	ok(t, s.DeleteAccount(ctx, "0xAB5801A7D398351B8BE11C439E05C5B3259AEC9B"))
	if err := s.DeleteAccount(ctx, wallet.Address); !errors.Is(err, ErrUnknownWallet) {
		t.Errorf("twice: %v", err)
	}
}
