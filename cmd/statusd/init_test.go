package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// snapshot is the content of a directory.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	for _, name := range must(os.ReadDir(dir)) {
		raw, err := os.ReadFile(filepath.Join(dir, name.Name()))
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(name.Name() + "\n" + string(raw) + "\n")
	}
	return b.String()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestInitNamesWhatItWrote: all of it, and only that.
func TestInitNamesWhatItWrote(t *testing.T) {
	for _, role := range []string{"relay", "mailserver", "client", "bootnode"} {
		for _, form := range []string{"plain", "json"} {
			dir := filepath.Join(t.TempDir(), "d")
			code, out, errOut := statusd(t, "", "init", role, "--dir", dir, "-o", form)
			if code != exitOK {
				t.Fatalf("%s: exit code %d: %s", role, code, errOut)
			}
			var named []string
			var answer struct{ Files []string }
			if form == "json" {
				if err := json.Unmarshal([]byte(out), &answer); err != nil {
					t.Fatal(err)
				}
				named = answer.Files
			} else {
				head, _, _ := strings.Cut(strings.TrimPrefix(out, "wrote "), "enode ")
				named = strings.Fields(head)
			}
			var there []string
			for _, e := range must(os.ReadDir(dir)) {
				there = append(there, filepath.Join(dir, e.Name()))
			}
			slices.Sort(named)
			if !slices.Equal(named, there) {
				t.Errorf("%s, %s: named %q, wrote %q", role, form, named, there)
			}
		}
	}
}

// TestInitSaysWhyADirectoryCannotBe where a file is in the way.
func TestInitSaysWhyADirectoryCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"relay", "bootnode"} {
		for _, dir := range []string{file, filepath.Join(file, "d")} {
			code, out, errOut := statusd(t, "", "init", role, "--dir", dir)
			if code != exitCantCreate || out != "" || !strings.Contains(errOut, dir) ||
				!strings.Contains(errOut, "choose another --dir") {
				t.Errorf("%s: exit code %d: %s%s", role, code, out, errOut)
			}
		}
	}
}

// TestADirectoryBelongsToOneRole: a second role would share the key and the
// user of the first one.
func TestADirectoryBelongsToOneRole(t *testing.T) {
	all := []string{"relay", "mailserver", "client", "bootnode"}
	for _, first := range all {
		for _, marked := range []bool{true, false} { // directories of before there were marks have none
			dir := filepath.Join(t.TempDir(), "d")
			if code, _, errOut := statusd(t, "", "init", first, "--dir", dir); code != exitOK {
				t.Fatalf("%s: exit code %d: %s", first, code, errOut)
			}
			if !marked {
				if err := os.Remove(filepath.Join(dir, roleFile)); err != nil {
					t.Fatal(err)
				}
			}
			before := snapshot(t, dir)
			for _, second := range all {
				code, out, errOut := statusd(t, "", "init", second, "--dir", dir)
				if code != exitCantCreate || out != "" || !strings.Contains(errOut, "another --dir") {
					t.Errorf("%s after %s: exit code %d: %s%s", second, first, code, out, errOut)
				}
			}
			if after := snapshot(t, dir); after != before {
				t.Errorf("%s: the directory was changed:\n%s", first, after)
			}
		}
	}
}

func TestTheRoleStaysWhenFilesAreMovedAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	if code, _, errOut := statusd(t, "", "init", "bootnode", "--dir", dir); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errOut)
	}
	if err := os.Remove(filepath.Join(dir, bootnodeUnit)); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, dir)
	if code, _, errOut := statusd(t, "", "init", "relay", "--dir", dir); code != exitCantCreate ||
		!strings.Contains(errOut, "belongs to a bootnode") {
		t.Errorf("exit code %d: %s", code, errOut)
	}
	if code, _, errOut := statusd(t, "", "run", "--dir", dir); code != exitConfig ||
		!strings.Contains(errOut, "belongs to a bootstrap node") {
		t.Errorf("run: exit code %d: %s", code, errOut)
	}
	if after := snapshot(t, dir); after != before {
		t.Errorf("the directory was changed:\n%s", after)
	}
	if code, _, errOut := statusd(t, "", "init", "bootnode", "--dir", dir); code != exitOK {
		t.Errorf("the same role again: exit code %d: %s", code, errOut)
	}
}

// TestUnitsThatCannotWorkAreRefused: the sandbox hides home directories, and
// the user that systemd makes up has no right to what is closed to all.
func TestUnitsThatCannotWorkAreRefused(t *testing.T) {
	for _, binary := range []string{"/home/ana/go/bin/statusd", "/root/statusd", "/run/user/1000/statusd"} {
		_, err := unitFor(binary, stateDir, "")
		if err == nil || exitCode(err) != exitUsage || !strings.Contains(err.Error(), "sudo install -m 755 "+binary) {
			t.Errorf("%s: %v", binary, err)
		}
	}
	for _, dir := range []string{"/srv/a b", "/srv/a\tb", "/srv/a%b", "/srv/a'b", `/srv/a"b`, `/srv/a\b`, "/srv/a:b"} {
		if _, err := unitFor("/usr/bin/statusd", dir, "ana"); err == nil || exitCode(err) != exitUsage {
			t.Errorf("%q: %v", dir, err)
		}
	}
	closed := filepath.Join(t.TempDir(), "statusd")
	if err := os.WriteFile(closed, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := unitFor(closed, stateDir, ""); err == nil || !strings.Contains(err.Error(), "not open to all") {
		t.Errorf("closed program: %v", err)
	}
}

// TestUnitsReachWhatTheyNeed: what the sandbox hides is mounted.
func TestUnitsReachWhatTheyNeed(t *testing.T) {
	for _, tt := range []struct{ binary, dir, want, not string }{
		{"/usr/bin/statusd", "/srv/s", "\nReadWritePaths=/srv/s\n|\nProtectHome=yes\n", "Bind"},
		{"/home/ana/statusd", "/srv/s",
			"\nReadWritePaths=/srv/s\n|\nBindReadOnlyPaths=/home/ana/statusd\n|\nProtectHome=tmpfs\n", "ProtectHome=yes"},
		{"/usr/bin/statusd", "/home/ana/s", "\nBindPaths=/home/ana/s\n|\nProtectHome=tmpfs\n", "ReadWritePaths"},
		{"/tmp/statusd", "/var/tmp/s",
			"\nBindPaths=/var/tmp/s\n|\nBindReadOnlyPaths=/tmp/statusd\n|\nPrivateTmp=yes\n", "tmpfs"},
	} {
		unit, err := unitFor(tt.binary, tt.dir, "ana")
		for want := range strings.SplitSeq(tt.want, "|") {
			if err != nil || !strings.Contains(unit, want) || !strings.Contains(unit, "\nUser=ana\n") {
				t.Errorf("%s in %s lacks %q: %v\n%s", tt.binary, tt.dir, want, err, unit)
			}
		}
		if strings.Contains(unit, tt.not) {
			t.Errorf("%s in %s has %q:\n%s", tt.binary, tt.dir, tt.not, unit)
		}
	}
}

// TestFilesBelongToTheUserOfTheUnit: another user could not read them.
func TestFilesBelongToTheUserOfTheUnit(t *testing.T) {
	nobody, err := user.Lookup("nobody")
	if os.Geteuid() != 0 || err != nil {
		t.Skip("needs root and a user nobody")
	}
	dir := filepath.Join(t.TempDir(), "d")
	if code, _, errOut := statusd(t, "", "init", "client", "--dir", dir, "--user", "nobody"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errOut)
	}
	for _, name := range []string{"", roleFile, "config.json", "nodekey"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if uid := info.Sys().(*syscall.Stat_t).Uid; nobody.Uid != fmt.Sprint(uid) {
			t.Errorf("%s belongs to %d", name, uid)
		}
	}
	code, out, _ := statusd(t, "", "init", "client", "--dir", dir+"2", "--user", "no-such-user")
	if code != exitOK || !strings.Contains(out, "useradd --system") ||
		!strings.Contains(out, "chown -R no-such-user "+dir+"2") {
		t.Errorf("exit code %d: %s", code, out)
	}
}
