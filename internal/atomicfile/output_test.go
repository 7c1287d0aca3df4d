package atomicfile

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// otherUser is somebody who owns nothing here.
const otherUser = 65534

func writeFile(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

// holds checks the content of a file, and that nothing else is in its folder
// but the names given.
func holds(t *testing.T, path, text string, others ...string) {
	t.Helper()
	if raw, err := os.ReadFile(path); err != nil || string(raw) != text {
		t.Errorf("%s holds %q, %v, want %q", path, raw, err, text)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1+len(others) {
		t.Errorf("%d files are there, want %d", len(left), 1+len(others))
	}
}

// ways are the two ways to put a whole file in a place.
func ways(t *testing.T) map[string]func(Place) error {
	t.Helper()
	return map[string]func(Place) error{
		"output": func(p Place) error {
			o, err := p.Create(t.Context())
			if err != nil {
				return err
			}
			defer o.Abort()
			if _, err := io.WriteString(o, "new"); err != nil {
				return err
			}
			return o.Commit()
		},
		"move": func(p Place) error {
			from := filepath.Join(t.TempDir(), "from")
			writeFile(t, from, "new", 0o600)
			return p.Move(from)
		},
	}
}

func TestPlacesAreReplacedOnlyWhenAsked(t *testing.T) {
	for name, put := range ways(t) {
		dir := t.TempDir()
		path, link := filepath.Join(dir, "f"), filepath.Join(dir, "link")
		if err := os.Symlink("f", link); err != nil {
			t.Fatal(err)
		}
		if err := put(Place{Path: link, Perm: 0o640}); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: through a link that leads nowhere: %v", name, err)
		}
		if err := put(Place{Path: path, Perm: 0o640}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o640 {
			t.Errorf("%s: a new file: %v, %v", name, info.Mode(), err)
		}
		holds(t, path, "new", "link")
		writeFile(t, path, "old", 0o604)
		for _, p := range []string{path, link} {
			if err := put(Place{Path: p, Perm: 0o600}); !errors.Is(err, fs.ErrExist) {
				t.Errorf("%s: %v", name, err)
			}
			if err := (Place{Path: p}).Check(); !errors.Is(err, fs.ErrExist) {
				t.Errorf("%s: Check: %v", name, err)
			}
			holds(t, path, "old", "link")
		}
	}
}

// TestWhatAppearsMeanwhileStays: it was not there when the output began.
func TestWhatAppearsMeanwhileStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	o, err := Place{Path: path, Perm: 0o600}.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, "theirs", 0o600)
	if err := o.Commit(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Commit: %v", err)
	}
	o.Abort()
	holds(t, path, "theirs")
}

func TestReplacedFilesKeepOwnerAndMode(t *testing.T) {
	for name, put := range ways(t) {
		path := filepath.Join(t.TempDir(), "f")
		writeFile(t, path, "old", 0o644)
		owner := os.Geteuid()
		if owner == 0 {
			owner = otherUser
			if err := os.Chown(path, owner, owner); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			private bool
			mode    fs.FileMode
		}{{false, 0o644}, {true, 0o600}} {
			if err := put(Place{Path: path, Perm: 0o600, Replace: true, Private: c.private}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if uid := info.Sys().(*syscall.Stat_t).Uid; int(uid) != owner || info.Mode() != c.mode {
				t.Errorf("%s: owner %d, mode %v, want %d and %v", name, uid, info.Mode(), owner, c.mode)
			}
			holds(t, path, "new")
		}
	}
}

// asOther says in the environment which file to replace, as another user.
const asOther = "ATOMICFILE_REPLACE"

// TestFilesOfOthersAreNotReplaced: whose owner could not be kept, in a folder
// that everybody may write to.
func TestFilesOfOthersAreNotReplaced(t *testing.T) {
	if path := os.Getenv(asOther); path != "" {
		for name, put := range ways(t) {
			if err := put(Place{Path: path, Perm: 0o600, Replace: true}); !errors.Is(err, ErrOwner) {
				t.Errorf("%s: %v", name, err)
			}
		}
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root, to become another user")
	}
	dir := t.TempDir()
	path, program := filepath.Join(dir, "f"), filepath.Join(dir, "test")
	writeFile(t, path, "theirs", 0o666)
	raw, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, program, string(raw), 0o755)
	for at := dir; at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.run", "^TestFilesOfOthersAreNotReplaced$")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), asOther+"="+path, "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: otherUser, Gid: otherUser}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	holds(t, path, "theirs", "test")
}

// TestFoldersBehindLinks: a link among the folders of a path is judged like one
// at its end.
func TestFoldersBehindLinks(t *testing.T) {
	for name, put := range ways(t) {
		dir := t.TempDir()
		real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
		if err := errors.Join(os.Mkdir(real, 0o700), os.Symlink("real/../real", link)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(link, "f")
		if err := put(Place{Path: path, Perm: 0o600}); err != nil {
			t.Errorf("%s: our own link: %v", name, err)
		}
		holds(t, filepath.Join(real, "f"), "new")
		if os.Geteuid() != 0 {
			continue // needs root, to make links of others
		}
		// Also where a link of ours leads to.
		ours := filepath.Join(dir, "ours")
		if err := errors.Join(os.Lchown(link, otherUser, otherUser), os.Symlink("link/f", ours)); err != nil {
			t.Fatal(err)
		}
		for _, p := range []string{path, ours, link + "/../link/f"} {
			if err := put(Place{Path: p, Perm: 0o600, Replace: true}); !errors.Is(err, ErrForeignLink) {
				t.Errorf("%s: %s, a link of another user: %v", name, p, err)
			}
		}
	}
}

func TestErrorsNameThePathThatWasAskedFor(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	writeFile(t, file, "", 0o600)
	for _, path := range []string{filepath.Join(dir, "none", "f"), filepath.Join(file, "f")} {
		_, err := Place{Path: path, Perm: 0o600}.Create(t.Context())
		for _, err := range []error{err, Write(path, nil, 0o600), New(path, nil, 0o600)} {
			if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), tempMark) {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	if err := Write(dir, nil, 0o600); !errors.Is(err, ErrSpecial) || !strings.Contains(err.Error(), "a folder") {
		t.Errorf("a folder: %v", err)
	}
}

// TestPipesThatNobodyReads: the wait for a reader, and for one that stops to
// read, ends with the context.
func TestPipesThatNobodyReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	place := Place{Path: path, Waiting: cancel} // once it is known that nobody reads
	if _, err := place.Create(ctx); !errors.Is(err, ErrNobodyReads) || !errors.Is(err, context.Canceled) ||
		strings.Contains(err.Error(), "context") {
		t.Errorf("nobody reads: %v", err)
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ctx, cancel = context.WithCancel(t.Context())
	o, err := place.Create(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Abort()
	go cancel() // before or while it is written: either ends it
	if _, err := o.Write(make([]byte, 1<<20)); !errors.Is(err, ErrNobodyReads) {
		t.Errorf("the pipe is full: %v", err)
	}
}
