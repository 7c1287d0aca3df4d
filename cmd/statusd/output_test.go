package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"statusd/api"
	"statusd/messenger/naming"
)

// teaDaemon is a daemon with a chat of each kind.
func teaDaemon(t *testing.T) (f *fakeDaemon, ana string) {
	t.Helper()
	self, ana := person(t), person(t)
	member := []api.Member{{ID: self, Joined: true, Admin: true}, {ID: ana}}
	said := api.Message{ID: "0x01", From: ana, Text: "two\nlines 日本", WhisperTimestamp: 1, LocalChatID: "tea"}
	f = &fakeDaemon{
		self: self, status: "sent", contacts: []api.Contact{
			{ID: ana, LocalNickname: "Ana 👩‍👩‍👧", SystemTags: []api.SystemTag{api.TagAdded}},
		},
		chats: []api.Chat{
			{ID: "tea", ChatType: api.ChatPublic, Active: true, LastMessage: &said},
			{ID: ana, ChatType: api.ChatOneToOne, Active: true},
			{ID: "uuid1-" + self, Name: "party", ChatType: api.ChatPrivateGroup, Active: true, Members: member},
		},
		messages: map[string][]api.Message{"tea": {said, said}},
	}
	f.events = []api.Event{newsEvent(t, 1, said)}
	return f, ana
}

// TestJSONIsOneObjectALine: a list is one object a line, everything else one
// object, and an error one object on standard error.
func TestJSONIsOneObjectALine(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	_, ana := teaDaemon(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "key")
	if code, _, errOut := statusd(t, "", "key", "gen", file); code != exitOK {
		t.Fatal(errOut)
	}
	for line, want := range map[string]struct{ code, objects int }{
		"chats": {0, 3}, "chats list": {0, 3}, "chats join milk": {0, 1}, "contacts": {0, 1}, "contacts add " + ana: {0, 1},
		"contacts show " + ana: {0, 1}, "contacts nickname x": {64, 0}, "groups": {0, 1},
		"groups members group:party": {0, 2},
		"groups create x " + ana:     {0, 1}, "messages #tea": {0, 2}, "messages tea party": {64, 0}, "receive": {0, 1},
		"send #tea #milk -m x": {0, 2}, "account": {0, 1}, "account list": {0, 1}, "fleet": {0, -1}, "fleet list": {0, -1},
		"fleet show eth.prod": {0, 1}, "version": {0, 1}, "config default": {0, 1}, "config check": {0, 1},
		"config path": {0, 1},
		"config dump": {0, -1}, "config dump --file": {0, 1}, "key gen " + file + "2": {0, 1}, "key inspect " + file: {0, 1},
		"key convert " + ana + " base58btc": {0, 1}, "man " + t.TempDir(): {0, 1}, "devices nonsense": {64, 0},
		"chats join": {64, 0}, "cofnig": {64, 0}, "--nonsense": {64, 0}, "key": {64, 0}, "contacts show nobody": {65, 0},
		"messages #nothing": {65, 0}, "chats --timeout soon": {64, 0}, "config check --log loud": {78, 0},
		"bootnode --genkey " + file: {73, 0}, "rpc wakuext_nothing": {64, 0},
	} {
		f, _ := teaDaemon(t)
		dir := f.start(t)
		args := slices.Concat([]string{"-o", "json"}, strings.Fields(line))
		noDir := []string{"version", "key", "man", "bootnode", "cofnig"}
		if words := strings.Fields(line); !slices.Contains(noDir, words[0]) &&
			line != "config default" && line != "key" {
			args = append(args, "--dir", dir)
		}
		code, out, errOut := statusd(t, "", args...)
		if lines := objects(t, line, out); code != want.code || lines != want.objects && (want.objects >= 0 || lines < 2) {
			t.Errorf("%s: exit code %d, %d objects, want %d, %d\n%s%s", line, code, lines, want.code, want.objects, out, errOut)
		}
		if objects(t, line, errOut) != 1 && code != 0 {
			t.Errorf("%s: standard error %q", line, errOut)
		}
		var shown api.CommandError
		if code != 0 && (json.Unmarshal([]byte(errOut), &shown) != nil || shown.ExitCode != code || shown.Error == "") {
			t.Errorf("%s: error %q", line, errOut)
		}
		if code == exitUsage && line != "rpc wakuext_nothing" && !strings.HasSuffix(shown.Help, " --help") {
			t.Errorf("%s: error %q names no help", line, errOut)
		}
	}
}

// objects counts the lines of a text, each of which is an object in JSON.
func objects(t *testing.T, what, text string) int {
	t.Helper()
	for line := range strings.Lines(text) {
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &object); err != nil || !strings.HasSuffix(line, "\n") {
			t.Errorf("%s: %q is no object: %v", what, line, err)
		}
	}
	return strings.Count(text, "\n")
}

func TestUsageErrorsNameTheHelpOfTheCommand(t *testing.T) {
	for line, want := range map[string]string{
		"chats join": "statusd chats join --help", "chats jion": "statusd chats --help", "--nonsense": "statusd --help",
		"send #tea -m x --wait long": "statusd send --help", "run extra": "statusd run --help",
		"-o xml version": "version --help",
		"token add":      "statusd token add --help", "export": "statusd export --help",
	} {
		code, _, errOut := statusd(t, "", strings.Fields(line)...)
		if code != exitUsage || !strings.HasSuffix(errOut, "see "+want+"\n") && !strings.HasSuffix(errOut, " "+want+"\n") {
			t.Errorf("%s: exit code %d: %s", line, code, errOut)
		}
	}
}

func TestTablesAreForPeople(t *testing.T) {
	f, ana := teaDaemon(t)
	dir := f.start(t)
	for line, want := range map[string][2]string{ // shown, and shown with --wide
		"contacts": {"NAME    STATE  KEY\n", naming.Key(ana)},
		"groups":   {"UNREAD  ID\n", "uuid1-" + f.self},
		"chats":    {"CHAT           UNREAD  LAST\n", "lines 日本"},
	} {
		_, out, _ := statusd(t, "", line, "--dir", dir)
		if !strings.Contains(out, want[0]) || strings.Contains(out, " \n") ||
			line != "chats" && strings.Contains(out, want[1]) {
			t.Errorf("%s:\n%s", line, out)
		}
		if _, out, _ = statusd(t, "", line, "--wide", "--dir", dir); !strings.Contains(out, want[1]) {
			t.Errorf("%s --wide:\n%s", line, out)
		}
	}
}

func TestCompletionKnowsWhatTheDaemonKnows(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	f, ana := teaDaemon(t)
	dir := f.start(t)
	if err := os.MkdirAll(filepath.Join(dir, "fleets"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "fleets", "mine.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"messages --dir DIR|#":              "#tea\n:4\n",
		"messages --dir DIR|par":            "party\tgroup \"party\"\n:4\n",
		"groups leave --dir DIR|":           "party\tgroup \"party\"\n:4\n",
		"export --dir DIR --chat|#":         "#tea\n:4\n",
		"history --dir DIR --chat|":         "tea\n:4\n",
		"contacts show --dir DIR|@":         "@Ana 👩‍👩‍👧\tAna 👩‍👩‍👧\n:4\n",
		"account login --dir DIR|ana":       ":4\n",
		"fleet show --dir DIR|mi":           "mine\n:4\n",
		"run --dir DIR --fleet|mi":          "mine\n:4\n",
		"run --log|D":                       "DEBUG\n:4\n",
		"send --wait|":                      "sent\ndelivered\nnone\n:4\n",
		"messages --dir /nonexistent|#":     ":4\n",
		"token add --scope|e":               "events\n:4\n",
		"account import --language|fr":      "french\n:4\n",
		"messages react 0x01|thumbs-u":      "thumbs-up\t👍\n:4\n",
		"key gen|":                          ":0\n",
		"contacts block --dir DIR|" + ana:   ":4\n",
		"contacts block --url http://x:1|@": ":4\n",
	} {
		before, word, _ := strings.Cut(strings.ReplaceAll(line, "DIR", dir), "|")
		args := slices.Concat([]string{"__complete"}, strings.Fields(before), []string{word})
		if code, out, _ := statusd(t, "", args...); code != exitOK || out != want {
			t.Errorf("%s: exit code %d, got %q, want %q", line, code, out, want)
		}
	}
}
