package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"statusd/internal/atomicfile"
)

// TestFetchTakesBackupsOnly has a daemon that says where the backup is: a file
// that is none stays where it is.
func TestFetchTakesBackupsOnly(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	exists := func(name string) bool {
		_, err := os.Lstat(name)
		return !errors.Is(err, os.ErrNotExist)
	}
	for _, tt := range []struct {
		content, to string
		code        int
	}{
		{"-----BEGIN OPENSSH PRIVATE KEY-----\n", to, exitProtocol},
		{"-----BEGIN OPENSSH PRIVATE KEY-----\n", "-", exitProtocol},
		{"statusd", "-", exitProtocol},
		{"", to, exitProtocol},
		{"statusd backup\nand so on", "-", exitOK},
		{"statusd backup\nand so on", to, exitOK},
		{"statusd backup\nand so on", filepath.Join(dir, "missing", "to"), exitCantCreate},
	} {
		if err := os.WriteFile(from, []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		err := (&app{out: &out}).fetch(t.Context(), from, atomicfile.Place{Path: tt.to, Perm: 0o600})
		if err == nil && tt.code != exitOK || err != nil && exitCode(err) != tt.code {
			t.Errorf("%q to %s: %v, want exit code %d", tt.content, tt.to, err, tt.code)
		}
		if exists(from) == (tt.code == exitOK) {
			t.Errorf("%q to %s: the file is there: %v", tt.content, tt.to, exists(from))
		}
		if tt.code != exitOK {
			if out.Len() > 0 || exists(to) {
				t.Errorf("%q to %s: came out", tt.content, tt.to)
			}
			continue
		}
		got := out.Bytes()
		if tt.to == to {
			if got, err = os.ReadFile(to); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(to); err != nil {
				t.Fatal(err)
			}
		}
		if string(got) != tt.content {
			t.Errorf("%q to %s: %q", tt.content, tt.to, got)
		}
	}
	err := (&app{}).fetch(t.Context(), filepath.Join(dir, "none"), atomicfile.Place{Path: to, Perm: 0o600})
	if exitCode(err) != exitPermission {
		t.Errorf("no file: %v", err)
	}
}
