package rpc

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/profile"
	"statusd/waku"
)

// TestAccountLife makes an account and uses it through every method, over
// HTTP on loopback.
func TestAccountLife(t *testing.T) {
	f := start(t, nil)
	l := f.http()
	made := must[api.NewAccount](t, l, "account_create", `{"password":"one","name":"ana","words":24}`)
	if len(strings.Fields(made.Mnemonic)) != 24 || len(made.Derived) != 4 {
		t.Fatalf("%+v", made)
	}
	uid := `"` + made.KeyUID + `"`
	in := must[api.LoggedIn](t, l, "account_login", `["ana","one"]`)
	if in.KeyUID != made.KeyUID || in.PublicKey != made.PublicKey || len(in.InstallationID) != 36 {
		t.Errorf("%+v", in)
	}
	must[any](t, l, "account_changePassword", `[`+uid+`,"one","two"]`)
	if must[bool](t, l, "account_verifyPassword", `[`+uid+`,"one"]`) {
		t.Error("the old password is right")
	}
	if e := must[api.Exported](t, l, "account_export", `[`+uid+`,"two","mnemonic"]`); e.Mnemonic != made.Mnemonic {
		t.Error("another phrase comes out")
	}
	if e := must[api.Exported](t, l, "account_export", `[`+uid+`,"two","keystore"]`); len(e.Files) != 4 {
		t.Errorf("%d key files", len(e.Files))
	}
	must[any](t, l, "account_confirmBackup", `[`+uid+`]`)
	_, e := invoke(t, l, "account_export", `[`+uid+`,"two","mnemonic"]`)
	wantError(t, e, api.CodeUnknownObject, "no seed phrase is kept")
	b := must[api.WrittenBackup](t, l, "account_backup", `["for the file"]`)
	if info, err := os.Stat(b.Path); err != nil || info.Size() != b.Bytes {
		t.Errorf("%+v %v", b, err)
	}
	must[any](t, l, "account_checkDatabase", `[]`)
	must[api.DatabaseSize](t, l, "account_vacuumDatabase", `[]`)
	all := must[[]api.ListedAccount](t, l, "account_list", `[]`)
	if len(all) != 1 || !all[0].LoggedIn || all[0].Timestamp == 0 {
		t.Errorf("%+v", all)
	}
	must[any](t, l, "account_logout", `[]`)
	must[any](t, l, "account_delete", `[`+uid+`,`+uid+`]`)
}

// TestOldForms uses the calls of status-go. The id of the chat key names it, but
// the key itself is out of the reach of waku_*.
func TestOldForms(t *testing.T) {
	l := start(t, nil).ipc()
	made := must[api.SignedUp](t, l, "status_signup", `{"password":"x"}`)
	for _, address := range []string{made.Address, made.ChatAddress} {
		in := must[api.SignedIn](t, l, "status_login", `[{"address":"`+address+`","password":"x"}]`)
		chat, err := key.ParseContactID(made.ChatPubkey)
		if err != nil || in.AddressKeyID != waku.KeyPairID(chat.ECDSA()) {
			t.Errorf("key id %s, %v", in.AddressKeyID, err)
		}
		_, e := invoke(t, l, "waku_getPublicKey", `["`+in.AddressKeyID+`"]`)
		wantError(t, e, api.CodeFailed, "invalid id")
	}
}

// TestAccountErrors checks code, words and hint of what goes wrong.
func TestAccountErrors(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	must[api.NewAccount](t, l, "account_importKey", `["`+examplePrivateKey+`","`+examplePassword+`","ana"]`)
	other := must[api.NewAccount](t, l, "account_create", `["x"]`)
	const phrase = `"legal winner thank year wave sausage worth useful legal winner thank `
	for _, tt := range []struct {
		method, params string
		code           api.Code
		text           string
	}{
		{"account_login", `["ana","wrong"]`, api.CodeWrongPassword, "wrong password"},
		{"account_login", `["nobody","x"]`, api.CodeUnknownObject, "no account"},
		{"account_login", `["` + other.KeyUID + `","x"]`, 0, ""},
		{"account_login", `["ana","` + examplePassword + `"]`, api.CodeInUse, "another account is logged in"},
		{"account_confirmBackup", `["ana"]`, api.CodeInUse, "another account is logged in"},
		{"account_delete", `["` + other.KeyUID + `","` + other.KeyUID + `"]`, api.CodeInUse, "is logged in"},
		{"account_logout", `[]`, 0, ""},
		{"account_logout", `[]`, api.CodeNotLoggedIn, "no account is logged in"},
		{"account_backup", `["x"]`, api.CodeNotLoggedIn, "no account is logged in"},
		{"account_checkDatabase", `[]`, api.CodeNotLoggedIn, "no account is logged in"},
		{"account_delete", `["ana","ana"]`, api.CodeInvalidParams, "not the key-uid"},
		{"account_importKey", `["` + examplePrivateKey + `","x"]`, api.CodeExists, "exists already"},
		{"account_importKey", `["0xsecretsecret","x"]`, api.CodeInvalidParams, "64 hex digits"},
		{"account_importMnemonic", `[` + phrase + `secretz","x"]`, api.CodeInvalidParams, "word 12"},
		{"account_importMnemonic", `[` + phrase + `winner","x"]`, api.CodeInvalidParams, "do not belong together"},
		{"account_importMnemonic", `["one two","x"]`, api.CodeInvalidParams, "12, 15"},
		{"account_importKeystore", `["{}","x","x"]`, api.CodeInvalidParams, "key file is neither of version 3"},
		{"account_importKeystore", `[{"secret":1},"x","x"]`, api.CodeInvalidParams, "key file"},
		{"account_importKeystore", `[` + exampleKeyFile + `,"secret","x"]`, api.CodeWrongPassword, "wrong password"},
		{"account_create", `["x",null,13]`, api.CodeInvalidParams, "12, 15"},
		{"account_create", `["x","` + strings.Repeat("n", 300) + `"]`, api.CodeInvalidParams, "256"},
		{"account_create", `[""]`, api.CodeInvalidParams, "password is empty"},
		{"account_create", `[{"secret":1}]`, api.CodeInvalidParams, "want a string"},
		{"account_create", `[]`, api.CodeInvalidParams, "missing value for required argument 0"},
		{"account_create", `["` + strings.Repeat("p", 5000) + `"]`, api.CodeInvalidParams, "4096"},
		{"account_export", `["ana","x","other"]`, api.CodeInvalidParams, "unknown format"},
		{"account_export", `["ana","wrong","keystore"]`, api.CodeWrongPassword, "wrong password"},
		{"key_inspect", `["` + examplePrivateKey + `"]`, api.CodeInvalidParams, ""},
		{"key_inspect", `["ana.eth"]`, api.CodeInvalidParams, "a name is not a key"},
		{"key_convert", `["` + examplePublicKey + `","base7"]`, api.CodeInvalidParams, "unknown base"},
		{"status_login", `[{"address":"0x00","password":"x"}]`, api.CodeUnknownObject, "no account"},
	} {
		_, e := invoke(t, l, tt.method, tt.params)
		if tt.code == 0 {
			if e != nil {
				t.Errorf("%s %s: %+v", tt.method, tt.params, e)
			}
			continue
		}
		if e == nil {
			t.Errorf("%s %s succeeds", tt.method, tt.params)
			continue
		}
		wantError(t, e, tt.code, tt.text)
		if all := e.Message + e.Data.Hint; strings.Contains(all, "secret") || strings.Contains(all, examplePrivateKey[2:]) {
			t.Errorf("%s: the error quotes its input: %s", tt.method, all)
		}
	}
}

// TestDamagedAccount takes files away under a running daemon.
func TestDamagedAccount(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	must[api.NewAccount](t, l, "account_importKey", `["`+examplePrivateKey+`","x","ana"]`)
	login := func() *api.Error {
		_, e := invoke(t, l, "account_login", `["ana","x"]`)
		return e
	}
	keyFiles, err := filepath.Glob(filepath.Join(f.dir, "keystore", "UTC*"))
	if err != nil || len(keyFiles) != 1 {
		t.Fatal(keyFiles, err)
	}
	vault := filepath.Join(f.dir, "accounts", exampleAccount[2:], "vault.json")
	for _, file := range []string{keyFiles[0], vault} {
		if err := os.Rename(file, filepath.Join(f.dir, "away")); err != nil {
			t.Fatal(err)
		}
		wantError(t, login(), api.CodeKeyFile, "")
		if err := os.Rename(filepath.Join(f.dir, "away"), file); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(vault)
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.Replace(string(raw), `"version": 1`, `"version": 7`, 1)
	if err := os.WriteFile(vault, []byte(newer), 0o600); err != nil {
		t.Fatal(err)
	}
	wantError(t, login(), api.CodeNewerData, "newer version")
	if err := os.WriteFile(vault, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if e := login(); e != nil {
		t.Errorf("with the files back: %+v", e)
	}
}

// TestSecretsNeedPrivacy calls what takes or gives secrets as somebody whose
// connection others could read, and with other scopes.
func TestSecretsNeedPrivacy(t *testing.T) {
	f := prepare(t, nil)
	for name, m := range f.dispatch.methods {
		if ns := namespace(name); ns != "account" && ns != "key" && name != "status_login" && name != "status_signup" {
			continue
		}
		open := &caller{scopes: scopeAll}
		if e := permitted(open, m); (e != nil) != m.Secret {
			t.Errorf("%s on a connection in the clear: %v", name, e)
		}
		for _, p := range m.Params() {
			lower := strings.ToLower(p.Name)
			holds := strings.Contains(lower, "password") || strings.Contains(lower, "mnemonic") || lower == "privatekey"
			if holds && !m.Secret {
				t.Errorf("%s takes %s, but is not secret", name, p.Name)
			}
		}
		reader := &caller{scopes: scopeRead, private: true}
		if e := permitted(reader, m); (e != nil) != (m.scope != scopeRead) {
			t.Errorf("%s with the scope read: %v", name, e)
		}
	}
}

// TestParametersAreNotLogged looks for secrets in the log at its finest level.
func TestParametersAreNotLogged(t *testing.T) {
	var lines []string
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
		zapcore.AddSync(writerFunc(func(p []byte) { lines = append(lines, string(p)) })), zap.DebugLevel)
	f := start(t, func(c *Config, _ *Deps) { c.Logger = zap.New(zapcore.NewTee(core)) })
	l := f.ipc()
	made := must[api.NewAccount](t, l, "account_create", `["secret password","ana"]`)
	invoke(t, l, "account_login", `["ana","wrong secret"]`)
	invoke(t, l, "account_importMnemonic", `["secret words","x"]`)
	invoke(t, l, "account_create", `[{"secret":true}]`)
	f.stop()
	if len(lines) == 0 {
		t.Fatal("nothing was logged")
	}
	for _, line := range lines {
		if strings.Contains(line, "secret") || strings.Contains(line, strings.Fields(made.Mnemonic)[0]+" ") {
			t.Errorf("logged: %s", line)
		}
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}

func TestKeyForms(t *testing.T) {
	l := start(t, nil).ipc()
	want := must[api.KeyForms](t, l, "key_inspect", `["`+examplePublicKey+`"]`)
	if want.CompressedKey != exampleText || want.Address != exampleAddress ||
		!strings.HasPrefix(want.Identicon, "data:image/png;base64,") {
		t.Errorf("%+v", want)
	}
	for _, base := range []string{"z", "base58btc", "f", "0x", "base64url", "k"} {
		text := must[string](t, l, "key_convert", `["`+examplePublicKey+`","`+base+`"]`)
		if got := must[api.KeyForms](t, l, "key_inspect", `["`+text+`"]`); got != want {
			t.Errorf("%s: %s is another key", base, text)
		}
	}
	v := must[api.PhraseCheck](t, l, "key_validateMnemonic", `["`+examplePhrase+`"]`)
	if !v.Valid {
		t.Errorf("%+v", v)
	}
	v = must[api.PhraseCheck](t, l, "key_validateMnemonic", `["`+strings.Replace(examplePhrase, "year", "yeer", 1)+`"]`)
	if v.Valid || v.Word != 4 {
		raw, _ := json.Marshal(v)
		t.Errorf("%s", raw)
	}
}

// endless are accounts whose calls on a whole database end with their context
// only.
type endless struct {
	Accounts
	begun chan struct{}
}

func (e endless) wait(ctx context.Context) error {
	e.begun <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

func (e endless) Backup(ctx context.Context, _ kdf.Password, _ bool) (profile.Backup, error) {
	return profile.Backup{}, e.wait(ctx)
}

func (e endless) CheckDatabase(ctx context.Context) error { return e.wait(ctx) }

func (e endless) VacuumDatabase(ctx context.Context) (int64, error) { return 0, e.wait(ctx) }

// TestStopEndsWorkOnAWholeDatabase at once, while other calls get their time.
func TestStopEndsWorkOnAWholeDatabase(t *testing.T) {
	for _, call := range []string{
		request("account_backup", `["x",false]`), request("account_checkDatabase", `[]`),
		request("account_vacuumDatabase", `[]`),
	} {
		begun := make(chan struct{}, 1)
		f := start(t, func(c *Config, d *Deps) {
			c.StopTimeout = 24 * time.Hour // so that only the stop itself ends the call
			d.Accounts = endless{d.Accounts, begun}
		})
		l := f.ipc()
		io.WriteString(l.conn, call)
		<-begun
		f.cancel()
		wantError(t, decode(t, l.push()).Error, api.CodeFailed, "")
		f.stop()
	}
}
