package rpc

import (
	"reflect"
	"testing"

	"statusd/accounts/mnemonic"
	"statusd/api"
)

// TestSecretsAreOverwrittenAfterACall: also those that are optional, and those
// of an object.
func TestSecretsAreOverwrittenAfterACall(t *testing.T) {
	fresh := func() api.Secret { return api.NewSecret([]byte("secret")) }
	plain, optional, inner := fresh(), fresh(), fresh()
	args := struct {
		Plain    api.Secret
		Optional *api.Secret
		Absent   *api.Secret
		Request  api.SignIn
		Name     *string
	}{Plain: plain, Optional: &optional, Request: api.SignIn{Password: inner}}
	wipe(reflect.ValueOf(&args))
	for name, s := range map[string]api.Secret{"plain": plain, "optional": optional, "inner": inner} {
		if s.Reveal() != nil {
			t.Errorf("the %s secret is still there", name)
		}
	}
}

func TestLanguagesOfPhrasesAreThoseOfTheLists(t *testing.T) {
	names := api.PhraseLanguage("").Values()
	all := mnemonic.Languages()
	if len(names) != len(all) {
		t.Fatalf("%d names, %d lists", len(names), len(all))
	}
	for i, l := range all {
		if string(names[i]) != l.Key() {
			t.Errorf("the contract has %s, the lists %s", names[i], l.Key())
		}
	}
}
