package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"statusd/cmd/statusd/frame"
)

// TestPasswordSources gives a password in every way, and in several: the first
// in the documented order counts.
func TestPasswordSources(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := file("good", "from the file\r\nsecond line\n", 0o600)
	open := file("open", "x\n", 0o644)
	file(credentialFile, "from systemd", 0o400)
	for name, tt := range map[string]struct {
		flags []string
		env   map[string]string
		stdin string
		want  string
		code  int
	}{
		"file":              {flags: []string{"--password-file", good}, want: "from the file"},
		"descriptor":        {flags: []string{"--password-fd", "0"}, stdin: "from stdin\nrest", want: "from stdin"},
		"command":           {flags: []string{"--password-cmd", "echo from a command"}, want: "from a command"},
		"credential":        {env: map[string]string{envCredentials: dir}, want: "from systemd"},
		"file of variable":  {env: map[string]string{envPasswordFile: good}, want: "from the file"},
		"variable":          {env: map[string]string{envPassword: "from the environment"}, want: "from the environment"},
		"flag wins":         {[]string{"--password-file", good}, map[string]string{envPassword: "x"}, "", "from the file", 0},
		"credential wins":   {env: map[string]string{envCredentials: dir, envPassword: "x"}, want: "from systemd"},
		"no credential":     {env: map[string]string{envCredentials: "/nonexistent", envPassword: "x"}, want: "x"},
		"none":              {code: exitUsage},
		"two flags":         {flags: []string{"--password-file", good, "--password-fd", "0"}, code: exitUsage},
		"open file":         {flags: []string{"--password-file", open}, code: exitPermission},
		"open of variable":  {env: map[string]string{envPasswordFile: open}, code: exitPermission},
		"missing file":      {flags: []string{"--password-file", "/nonexistent"}, code: exitNoInput},
		"failing command":   {flags: []string{"--password-cmd", "exit 1"}, code: exitPermission},
		"no descriptor":     {flags: []string{"--password-fd", "-5"}, code: exitUsage},
		"closed descriptor": {flags: []string{"--password-fd", "987"}, code: exitIO},
		"not text":          {flags: []string{"--password-fd", "0"}, stdin: "\xff\n", code: exitData},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{envCredentials, envPasswordFile, envPassword} {
				t.Setenv(variable, "") // put back afterwards
				os.Unsetenv(variable)
				if value, ok := tt.env[variable]; ok {
					t.Setenv(variable, value)
				}
			}
			var p *passwordFlags
			program := &frame.Program{Common: func(*frame.Flags) {}, Root: frame.Command{
				Use: "x", Build: func(fs *frame.Flags) frame.Run {
					p = addPasswordFlags(fs, "", "")
					return nil
				},
			}}
			if _, err := program.Parse(tt.flags); err != nil {
				t.Fatal(err)
			}
			var errOut bytes.Buffer
			a := &app{in: strings.NewReader(tt.stdin), err: &errOut}
			got, err := a.readPassword(p, "Password", false)
			if tt.code != 0 {
				if exitCode(err) != tt.code {
					t.Errorf("%v, exit code %d, want %d", err, exitCode(err), tt.code)
				}
				return
			}
			if err != nil || string(got) != tt.want {
				t.Errorf("%q %v, want %q", got, err, tt.want)
			}
			if tt.flags == nil && os.Getenv(envPassword) != "" {
				t.Error("the variable is still set")
			}
		})
	}
}

// TestNewPasswordFlagsLeaveTheEnvironment keeps the old password from becoming
// the new one.
func TestNewPasswordFlagsLeaveTheEnvironment(t *testing.T) {
	t.Setenv(envPassword, "old")
	p := addPasswordFlags(new(frame.Flags), "new-", "")
	_, err := (&app{in: strings.NewReader(""), err: new(bytes.Buffer)}).readPassword(p, "New", true)
	if exitCode(err) != exitUsage || strings.Contains(err.Error(), envPasswordFile) {
		t.Error(err)
	}
}

func TestConfidential(t *testing.T) {
	for target, want := range map[string]bool{
		"http://127.0.0.1:1": true, "http://localhost:1": true, "ws://[::1]:1": true, "https://example.org": true,
		"wss://example.org": true, "/run/statusd.ipc": true, "http://example.org": false, "ws://192.0.2.1": false,
		"HTTP://example.org": false, "http://localhost.example.org": false, "http://0.0.0.0:1": false,
	} {
		if confidential(target) != want {
			t.Errorf("%s: %v", target, !want)
		}
	}
}

// TestHiddenLine types as on a terminal in raw mode.
func TestHiddenLine(t *testing.T) {
	for _, tt := range []struct {
		keys, want string
		err        error
	}{
		{"secret\rrest", "secret", nil},
		{"secret\n", "secret", nil},
		{"\r", "", nil},
		{"secrex\x7ft\r", "secret", nil},
		{"ä\x08ö\r", "ö", nil},
		{"\x7f\x7fa\r", "a", nil},
		{"wrong\x15right\r", "right", nil},
		{"half\x04way\r", "halfway", nil},
		{"\x04", "", io.EOF},
		{"", "", io.EOF},
		{"half", "", io.EOF},
		{"half\x03", "", errInterrupted},
		{"\xff\x00\r", "\xff\x00", nil},
	} {
		got, err := hiddenLine(strings.NewReader(tt.keys))
		if string(got) != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%q: got %q, %v, want %q, %v", tt.keys, got, err, tt.want, tt.err)
		}
	}
	if _, err := hiddenLine(strings.NewReader(strings.Repeat("x", maxSecret+1))); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("endless line: %v", err)
	}
}
