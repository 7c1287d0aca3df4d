package rpc

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"statusd/api"
	"statusd/fault"
	"statusd/mailserver/history"
)

// hostileValues are what is given for each parameter in turn.
func hostileValues() []string {
	return []string{
		`null`, `""`, `"x"`, `-1`, `0`, `1e99`, `true`, `[]`, `{}`, `[""]`, `[{}]`, `"0x"`, `"0x00"`, `"#"`, `"nobody"`,
		`"0x` + strings.Repeat("ab", 32) + `"`, `"` + exampleContact + `"`, `"` + strings.Repeat("y", 5000) + `"`,
		`{"id":"x"}`, `{"chatId":"x","text":"y"}`, `"zQ3shNobody"`, `"mnemonic"`, `"enode://x"`, `"tea"`,
	}
}

// errorsSeen are the codes that came, by method.
type errorsSeen map[string]map[api.Code]bool

// provoke calls a method with each value in the place of each parameter, and
// checks that codes are in the method's list or may come from any method.
func (seen errorsSeen) provoke(t *testing.T, l link, d api.Description, values []string) {
	t.Helper()
	var example []json.RawMessage
	if err := json.Unmarshal([]byte(d.Example.Params), &example); err != nil {
		t.Fatal(err)
	}
	if d.Timeout > api.DefaultTimeout || d.Name == api.WakuextRequestMessagesSync.Name { // what may take long
		values = values[:min(5, len(values))]
	}
	calls := []string{`[]`}
	for i := range d.Params() {
		for _, v := range values {
			var args []string
			for j := range d.Params() {
				switch {
				case j == i:
					args = append(args, v)
				case j < len(example):
					args = append(args, string(example[j]))
				default:
					args = append(args, `null`)
				}
			}
			calls = append(calls, `[`+strings.Join(args, ",")+`]`)
		}
	}
	if seen[d.Name] == nil {
		seen[d.Name] = map[api.Code]bool{}
	}
	for _, params := range calls {
		_, e := invoke(t, l, d.Name, params)
		if e == nil {
			continue
		}
		seen[d.Name][e.Code] = true
		if !anyMethod(e.Code) && !slices.Contains(d.Errors, e.Code) {
			t.Errorf("%s %.200s: %d (%s) is not in the contract: %s", d.Name, params, e.Code, e.Data.Kind, e.Message)
		}
	}
}

// refusals are wrong passwords, logins beside another one, and mailservers that
// fail.
func (seen errorsSeen) refusals(t *testing.T) {
	t.Helper()
	f := start(t, nil)
	l := f.ipc()
	f.people(l)
	nobody := `"0x` + strings.Repeat("ab", 32) + `"`
	use := func(d api.Description, params string) {
		if _, e := invoke(t, l, d.Name, params); e != nil {
			seen[d.Name] = seenWith(seen[d.Name], e.Code)
		}
	}
	use(api.AccountDelete.Describe(), `["`+exampleAccount+`","`+exampleAccount+`"]`)
	use(api.AccountDelete.Describe(), `[`+nobody+`,`+nobody+`]`)
	use(api.AccountsDeleteAccount.Describe(), `["0x`+strings.Repeat("ab", 20)+`"]`)
	use(api.StatusLogin.Describe(), `[{"address":"`+exampleAddress+`","password":"wrong"}]`)
	use(api.StatusLogin.Describe(), `[{"address":"0x`+strings.Repeat("ab", 20)+`","password":"wrong"}]`)
	use(api.WakuextSendEmojiReaction.Describe(), `["`+exampleContact+`",`+nobody+`,1]`)
	use(api.AccountLogin.Describe(), `["`+exampleAccount+`","wrong"]`)
	use(api.AccountLogin.Describe(), `["nobody","wrong"]`)
	for _, err := range []error{history.ErrNoServer, fault.New(fault.WrongPassword, "another password", "")} {
		f.mail.mu.Lock()
		f.mail.answer = func(context.Context, history.Request) (history.Result, error) { return history.Result{}, err }
		f.mail.mu.Unlock()
		f.node.mu.Lock()
		f.node.err = err
		f.node.mu.Unlock()
		for _, d := range []api.Description{
			api.MailserverFetch.Describe(), api.MailserverBackfill.Describe(), api.WakuextRequestMessagesSync.Describe(),
		} {
			use(d, d.Example.Params)
		}
	}
}

func seenWith(codes map[api.Code]bool, code api.Code) map[api.Code]bool {
	if codes == nil {
		codes = map[api.Code]bool{}
	}
	codes[code] = true
	return codes
}

// anyMethod tells whether every method may answer with a code.
func anyMethod(code api.Code) bool {
	return slices.ContainsFunc(api.ErrorClasses(), func(c api.ErrorClass) bool { return c.Code == code && c.Any })
}

// TestErrorsAreThoseOfTheContract calls every method with wrong input: as
// anybody, as somebody who is logged in, and where people were met. What comes
// is what the contract says, and all that it says comes, but for what
// notProvoked lists.
func TestErrorsAreThoseOfTheContract(t *testing.T) {
	seen := errorsSeen{}
	for _, loggedIn := range []bool{false, true} {
		f := start(t, nil)
		if loggedIn {
			f.loggedIn(f.ipc())
		}
		for _, m := range api.Methods() {
			d := m.Describe()
			if d.Event != nil || ends(d.Name) && (loggedIn || d.Name != api.AccountLogout.Name) {
				continue
			}
			own := f.ipc()
			seen.provoke(t, own, d, hostileValues())
			own.conn.Close()
		}
		f.stop()
	}
	seen.refusals(t)
	for _, m := range api.Methods() {
		if d := m.Describe(); slices.Contains(d.Errors, api.CodeInvalidRecipient) {
			f := start(t, nil) // a method may take away what another one needs
			l := f.ipc()
			seen.provoke(t, l, d, f.people(l))
			f.stop()
		}
	}
	for _, m := range api.Methods() {
		d := m.Describe()
		for _, code := range d.Errors {
			excused := slices.Contains(notProvoked()[code], d.Name)
			if seen[d.Name][code] == excused {
				t.Errorf("%s: code %d came: %t, and is excused: %t", d.Name, code, seen[d.Name][code], excused)
			}
		}
	}
}

// notProvoked are codes that need more than a call: files that are damaged or
// newer, mailservers, a second login. Tests of their own provoke them.
func notProvoked() map[api.Code][]string {
	const login, status = "account_login", "status_login"
	return map[api.Code][]string{
		api.CodeWrongPassword: {"wakuext_requestMessages"},
		api.CodeNoMailserver:  {"wakuext_requestMessages"},
		api.CodeInvalidRecipient: {
			"wakuext_acceptRequestAddressForTransaction", "wakuext_acceptRequestTransaction",
			"wakuext_declineRequestAddressForTransaction", "wakuext_declineRequestTransaction",
			"wakuext_sendEmojiReactionRetraction",
		},
		api.CodeInUse:     {login, status},
		api.CodeNewerData: {login, status, "account_changePassword", "account_export", "account_verifyPassword"},
		api.CodeKeyFile: {
			login, status, "account_backup", "account_changePassword", "account_checkDatabase", "account_confirmBackup",
			"account_export", "account_vacuumDatabase", "account_verifyPassword",
		},
	}
}

// people logs in and makes what is refused for who takes part in it: a person
// who is blocked, a group that was left, another one that was only founded. It
// returns the names of all that.
func (f *fixture) people(l link) (values []string) {
	f.t.Helper()
	f.loggedIn(l)
	group := func(name string) string {
		made := must[api.Changes](f.t, l, api.WakuextCreateGroupChatWithMembers.Name, `["`+name+`",["`+exampleContact+`"]]`)
		return made.Chats[0].ID
	}
	stay, left := group("stay"), group("left")
	must[api.Changes](f.t, l, api.WakuextLeaveGroupChat.Name, `["`+left+`",false]`)
	must[api.None](f.t, l, api.WakuextSaveChat.Name, `[{"id":"`+exampleContact+`","chatType":1,"active":true}]`)
	sent := must[api.Sent](f.t, l, api.StatusSend.Name, `["`+exampleContact+`","x"]`)
	must[api.Sent](f.t, l, api.StatusSend.Name, `{"recipient":"#tea","message":"x","requestId":"used"}`)
	ask := `["` + exampleContact + `","1","","` + exampleAddress + `"]`
	request := must[api.Changes](f.t, l, api.WakuextRequestTransaction.Name, ask)
	must[[]api.Chat](f.t, l, api.WakuextBlockContact.Name, `[{"id":"`+exampleContact+`"}]`)
	must[api.None](f.t, l, api.WakuextSaveChat.Name, `[{"id":"`+exampleContact+`","chatType":1,"active":true}]`)
	own := must[map[string]api.JSON](f.t, l, api.SettingsGetSettings.Name, `[]`)["public-key"]
	for _, id := range []string{stay, left, exampleContact, sent.MessageID, request.Messages[0].ID} {
		values = append(values, `"`+id+`"`, `{"id":"`+id+`"}`, `{"chatId":"`+id+`","text":"x","contentType":1}`)
	}
	return append(values, `"used"`, string(own), `{"id":`+string(own)+`}`, `["`+exampleContact+`"]`, `[`+string(own)+`]`)
}

// ends tells whether a method ends the daemon, or the account that others need.
func ends(name string) bool {
	return slices.Contains([]string{
		api.AdminShutdown.Name, api.AccountLogout.Name, api.AccountDelete.Name, api.AccountLogin.Name,
		api.StatusLogin.Name, api.StatusSignup.Name,
	}, name)
}
