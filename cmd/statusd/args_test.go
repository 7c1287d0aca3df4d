package main

import (
	"os"
	"strings"
	"testing"

	"statusd/api"
)

// TestValuesOfFlagsAreNotTouched: a value means what it says, whatever it
// begins with.
func TestValuesOfFlagsAreNotTouched(t *testing.T) {
	for _, text := range []string{
		"-hello", "--hello", "-o json", "-m", "--", "-5", "--dir=/x", "-dir", " -1", "-output=json",
	} {
		for _, form := range [][]string{
			{"-m", text}, {"--message", text}, {"-message", text}, {"--message=" + text}, {"-message=" + text}, {"-m=" + text},
		} {
			f := &fakeDaemon{status: "sent"}
			dir := f.start(t)
			for _, args := range [][]string{
				append([]string{"send", "--dir", dir, "#tea"}, form...),
				append(append([]string{"send", "-dir", dir}, form...), "#tea"),
				append(append([]string{"-dir", dir, "send"}, form...), "#tea"),
			} {
				f.sends = nil
				code, _, errOut := statusd(t, "", args...)
				if code != exitOK || len(f.sends) != 1 || f.sends[0].Message != text || f.sends[0].Recipient[0] != "#tea" {
					t.Errorf("%q: exit code %d, sent %v: %s", args, code, f.sends, errOut)
				}
			}
		}
	}
}

func TestArgumentsThatBeginWithADash(t *testing.T) {
	ana := person(t)
	f := &fakeDaemon{status: "sent", self: person(t), messages: map[string][]api.Message{}, chats: []api.Chat{
		{ID: "tea", ChatType: api.ChatPublic, Active: true},
	}}
	dir := f.start(t)
	if code, _, errOut := statusd(t, "", "contacts", "nickname", "--dir", dir, "--", ana, "-x"); code != exitOK ||
		len(f.saved) != 1 || f.saved[0].LocalNickname != "-x" {
		t.Errorf("exit code %d, saved %v: %s", code, f.saved, errOut)
	}
	if code, _, errOut := statusd(t, "", "contacts", "add", ana, "--nickname", "-o json", "--dir", dir); code != exitOK ||
		f.saved[len(f.saved)-1].LocalNickname != "-o json" {
		t.Errorf("exit code %d, saved %v: %s", code, f.saved, errOut)
	}
	t.Chdir(t.TempDir())
	code, _, errOut := statusd(t, "", "export", "--dir", dir, "--chat", "#tea", "--out", "-x.html", "--format", "html")
	if code != exitOK {
		t.Errorf("exit code %d: %s", code, errOut)
	}
	if _, err := os.Stat("-x.html"); err != nil {
		t.Errorf("not what was asked for: %v", err)
	}
}

func TestShellCompletionStillAnswers(t *testing.T) {
	code, out, _ := statusd(t, "", "__complete", "chats", "jo")
	if code != exitOK || !strings.Contains(out, "join") {
		t.Errorf("exit code %d: %s", code, out)
	}
	code, out, _ = statusd(t, "", "help", "config", "dump")
	if code != exitOK || !strings.Contains(out, "effective value") {
		t.Errorf("exit code %d: %s", code, out)
	}
}
