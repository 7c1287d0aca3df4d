package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"statusd/api"
)

// places makes one of each kind of place that must survive an output: a device
// (as root), a pipe, and links.
func places(t *testing.T) (dir string, all map[string]fs.FileMode) {
	t.Helper()
	dir, all = t.TempDir(), map[string]fs.FileMode{}
	for name, dest := range map[string]string{
		"link": "file", "nowhere": "made", "linked-null": os.DevNull, "linked-pipe": "pipe",
	} {
		if err := os.Symlink(dest, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		all[name] = fs.ModeSymlink
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	all["pipe"] = fs.ModeNamedPipe
	if syscall.Mknod(filepath.Join(dir, "null"), syscall.S_IFCHR|0o666, 1<<8|3) == nil {
		if f, err := os.OpenFile(filepath.Join(dir, "null"), os.O_WRONLY, 0); err == nil {
			_ = f.Close()
			all["null"] = fs.ModeDevice | fs.ModeCharDevice
		}
	}
	return dir, all
}

// backupHead is how a backup begins.
const backupHead = "statusd backup\n"

// drainPipe reads a pipe until its writer ends.
func drainPipe(path string) <-chan string {
	got := make(chan string, 1)
	go func() {
		raw, _ := os.ReadFile(path)
		got <- string(raw)
	}()
	return got
}

func TestOutputsReplaceNothingButFiles(t *testing.T) {
	f := &fakeDaemon{status: "sent", self: person(t), chats: []api.Chat{
		{ID: "tea", ChatType: api.ChatPublic, Active: true},
	}, messages: map[string][]api.Message{"tea": {{ID: "0x01", Text: "hello", WhisperTimestamp: 1}}}}
	daemon := f.start(t)
	nodes := filepath.Join(t.TempDir(), "nodes")
	if err := os.WriteFile(nodes, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const other = "enrtree://AM5FCQLWIZX2QFPNJAP7VUERCCRNGRHWZG3YYHIUV7BVDQ5FDPRT2@morenodes.example.org"
	for what, args := range map[string][]string{
		"hello":   {"export", "--dir", daemon, "--chat", "#tea", "--force", "--out"},
		"key":     {"key", "gen", "--force"},
		"genkey":  {"bootnode", "--genkey"},
		"enrtree": {"dns", "make", "--domain", "nodes.example.org", "--link", other},
	} {
		dir, all := places(t)
		for name, kind := range all {
			path := filepath.Join(dir, name)
			var got <-chan string
			if strings.HasSuffix(name, "pipe") {
				got = drainPipe(path)
			}
			code, _, errOut := statusd(t, "", append(args, path)...)
			refused := what == "genkey" && kind == fs.ModeSymlink && !strings.HasPrefix(name, "linked-")
			if refused != (code == exitCantCreate) || !refused && code != exitOK {
				if what != "enrtree" || name != "link" { // the old content is no list
					t.Errorf("%s to %s: exit code %d: %s", what, name, code, errOut)
				}
			}
			if got != nil && code == exitOK {
				if text := <-got; text == "" {
					t.Errorf("%s to %s: nothing arrived", what, name)
				}
			}
			info, err := os.Lstat(path)
			if err != nil || info.Mode().Type() != kind {
				t.Errorf("%s to %s: it is %v now, %v", what, name, info.Mode(), err)
			}
		}
	}
}

func TestDashIsStandardOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	f := &fakeDaemon{self: person(t), chats: []api.Chat{
		{ID: "tea", ChatType: api.ChatPublic, Active: true},
	}, messages: map[string][]api.Message{"tea": {{ID: "0x01", Text: "hello", WhisperTimestamp: 1}}}}
	daemon := f.start(t)
	key := filepath.Join(t.TempDir(), "key")
	if code, _, errOut := statusd(t, "", "key", "gen", key); code != exitOK {
		t.Fatal(errOut)
	}
	const other = "enrtree://AM5FCQLWIZX2QFPNJAP7VUERCCRNGRHWZG3YYHIUV7BVDQ5FDPRT2@morenodes.example.org"
	code, tree, errOut := statusd(t, "", "dns", "make", "-", "--domain", "nodes.example.org", "--link", other)
	if code != exitOK || !strings.Contains(tree, other) {
		t.Fatalf("dns make: exit code %d: %s%s", code, tree, errOut)
	}
	code, tree, errOut = statusd(t, tree, "dns", "sign", "-", "--key", key)
	if code != exitOK || !strings.HasPrefix(errOut, "enrtree://") {
		t.Fatalf("dns sign: exit code %d: %s%s", code, tree, errOut)
	}
	if code, out, errOut := statusd(t, tree, "dns", "txt", "-"); code != exitOK || !strings.Contains(out, "enrtree-root") {
		t.Errorf("dns txt: exit code %d: %s%s", code, out, errOut)
	}
	for _, args := range [][]string{
		{"export", "--dir", daemon, "--chat", "#tea", "--out", "-"}, {"key", "gen", "-"}, {"bootnode", "--genkey", "-"},
	} {
		if code, out, errOut := statusd(t, "", args...); code != exitOK || out == "" {
			t.Errorf("%q: exit code %d: %s", args, code, errOut)
		}
	}
	if left, _ := os.ReadDir("."); len(left) != 0 {
		t.Errorf("a file was made: %v", left)
	}
}

// TestExistingFilesNeedForce: whatever writes a file that its user named leaves
// an existing one as it is, and with --force its mode.
func TestExistingFilesNeedForce(t *testing.T) {
	f := &fakeDaemon{self: person(t), chats: []api.Chat{
		{ID: "tea", ChatType: api.ChatPublic, Active: true},
	}, messages: map[string][]api.Message{"tea": {{ID: "0x01", Text: "hello", WhisperTimestamp: 1}}}}
	daemon := f.start(t)
	for name, c := range map[string]struct {
		args []string // before the path
		file string   // below the path
		mode fs.FileMode
	}{
		"export": {[]string{"export", "--dir", daemon, "--chat", "#tea", "--out"}, "", 0o640},
		"key":    {[]string{"key", "gen"}, "", 0o600}, // not readable to others, whatever the old file was
		"man":    {[]string{"man"}, "statusd-key-gen.1", 0o640},
	} {
		dir := filepath.Join(t.TempDir(), "out")
		path := filepath.Join(dir, c.file)
		if c.file != "" {
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(os.WriteFile(path, []byte("old"), 0o600), os.Chmod(path, 0o640)); err != nil {
			t.Fatal(err)
		}
		args := append(c.args, dir)
		code, _, errOut := statusd(t, "", args...)
		if code != exitCantCreate || !strings.Contains(errOut, path) || !strings.Contains(errOut, "--force") {
			t.Errorf("%s: exit code %d: %s", name, code, errOut)
		}
		if raw, err := os.ReadFile(path); err != nil || string(raw) != "old" {
			t.Errorf("%s: the file holds %q, %v", name, raw, err)
		}
		if code, _, errOut := statusd(t, "", append(args, "--force")...); code != exitOK {
			t.Errorf("%s --force: exit code %d: %s", name, code, errOut)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != c.mode || info.Size() == 3 {
			t.Errorf("%s --force: mode %v, %d bytes, want %v", name, info.Mode(), info.Size(), c.mode)
		}
	}
}

// TestABackupGoesWhereItIsSent: what the daemon wrote is moved to a file, and
// copied into a pipe or a device.
func TestABackupGoesWhereItIsSent(t *testing.T) {
	dir, all := places(t)
	a := &app{out: new(strings.Builder), err: new(strings.Builder)}
	for name, kind := range all {
		from := filepath.Join(t.TempDir(), "backup")
		if err := os.WriteFile(from, []byte(backupHead+"rest"), 0o600); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		var got <-chan string
		if strings.HasSuffix(name, "pipe") {
			got = drainPipe(path)
		}
		if err := a.fetch(t.Context(), from, a.place(path, 0o600, true)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got != nil {
			if text := <-got; text != backupHead+"rest" {
				t.Errorf("%s: %q arrived", name, text)
			}
		}
		if info, err := os.Lstat(path); err != nil || info.Mode().Type() != kind {
			t.Errorf("%s is %v now, %v", name, info.Mode(), err)
		}
		if _, err := os.Stat(from); err == nil {
			t.Errorf("%s: the daemon's file is left", name)
		}
	}
	for _, name := range []string{"file", "made"} {
		if raw, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(raw) != backupHead+"rest" {
			t.Errorf("%s holds %q, %v", name, raw, err)
		}
	}
}
