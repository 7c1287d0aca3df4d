package atomicfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// device makes a node of the null device, as root; other users get a link to
// the machine's, which they cannot remove.
func device(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "null")
	if err := syscall.Mknod(path, syscall.S_IFCHR|0o666, 1<<8|3); err == nil {
		if f, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			_ = f.Close()
			return path
		}
		if err := os.Remove(path); err != nil { // a file system without devices
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		t.Skip("no device nodes here")
	}
	if err := os.Symlink(os.DevNull, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Type()
}

func output(t *testing.T, path, text string) error {
	t.Helper()
	o, err := Place{Path: path, Perm: 0o600, Replace: true}.Create(t.Context())
	if err != nil {
		return err
	}
	defer o.Abort()
	if _, err := io.WriteString(o, text); err != nil {
		return err
	}
	return o.Commit()
}

func TestDevicesStayDevices(t *testing.T) {
	path := device(t)
	before := mode(t, path)
	if err := output(t, path, "x"); err != nil {
		t.Errorf("output: %v", err)
	}
	if err := Write(path, []byte("x"), 0o600); !errors.Is(err, ErrSpecial) {
		t.Errorf("Write: %v", err)
	}
	from := filepath.Join(filepath.Dir(path), "from")
	if err := os.WriteFile(from, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Rename(from, path); !errors.Is(err, ErrSpecial) {
		t.Errorf("Rename: %v", err)
	}
	if err := New(path, nil, 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("New: %v", err)
	}
	if got := mode(t, path); got != before {
		t.Errorf("the device is %v, was %v", got, before)
	}
}

func TestPipesAreWrittenInto(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	text := bytes.Repeat([]byte("0123456789"), 100_000) // more than the pipe holds
	got := make(chan []byte, 1)
	go func() {
		raw, _ := os.ReadFile(path)
		got <- raw
	}()
	if err := output(t, path, string(text)); err != nil {
		t.Fatal(err)
	}
	if raw := <-got; !bytes.Equal(raw, text) {
		t.Errorf("%d bytes arrived, want %d", len(raw), len(text))
	}
	if err := Write(path, nil, 0o600); !errors.Is(err, ErrSpecial) {
		t.Errorf("Write: %v", err)
	}
	if got := mode(t, path); got != fs.ModeNamedPipe {
		t.Errorf("the pipe is %v", got)
	}
}

func TestLinksAreFollowed(t *testing.T) {
	dir := t.TempDir()
	for name, write := range map[string]func(path string) error{
		"Write":  func(path string) error { return Write(path, []byte("new"), 0o600) },
		"output": func(path string) error { return output(t, path, "new") },
		"Rename": func(path string) error {
			from := filepath.Join(dir, "from")
			if err := os.WriteFile(from, []byte("new"), 0o600); err != nil {
				return err
			}
			return Rename(from, path)
		},
	} {
		for _, old := range []bool{true, false} {
			sub := filepath.Join(dir, name+map[bool]string{true: "1", false: "0"}[old])
			if err := os.MkdirAll(filepath.Join(sub, "away"), 0o700); err != nil {
				t.Fatal(err)
			}
			file, link, twice := filepath.Join(sub, "away", "file"), filepath.Join(sub, "link"), filepath.Join(sub, "twice")
			for from, to := range map[string]string{link: "away/file", twice: link} {
				if err := os.Symlink(to, from); err != nil {
					t.Fatal(err)
				}
			}
			if old {
				if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := write(twice); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if raw, err := os.ReadFile(file); err != nil || string(raw) != "new" {
				t.Errorf("%s: the file holds %q, %v", name, raw, err)
			}
			if mode(t, link) != fs.ModeSymlink || mode(t, twice) != fs.ModeSymlink {
				t.Errorf("%s: a link was replaced", name)
			}
		}
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	if err := Write(loop, nil, 0o600); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("loop: %v", err)
	}
}

// TestLinksOfOthersAreRefused: who made the link chose what is overwritten.
func TestLinksOfOthersAreRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make links of others")
	}
	dir := t.TempDir()
	victim, link := filepath.Join(dir, "victim"), filepath.Join(dir, "link")
	if err := os.WriteFile(victim, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Symlink(victim, link), os.Lchown(link, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Write": Write(link, []byte("new"), 0o600), "output": output(t, link, "new"), "Rename": Rename(victim, link),
	} {
		if !errors.Is(err, ErrForeignLink) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if raw, err := os.ReadFile(victim); err != nil || string(raw) != "old" {
		t.Errorf("the file holds %q, %v", raw, err)
	}
}

func TestFoldersAndSocketsAreRefused(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, path := range []string{dir, socket} {
		if err := output(t, path, "x"); !errors.Is(err, ErrSpecial) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := Write(socket, nil, 0o600); !errors.Is(err, ErrSpecial) {
		t.Errorf("socket: %v", err)
	}
}

// TestOpenFilesAreWrittenInto: /dev/stdout and its like have no name to
// replace.
func TestOpenFilesAreWrittenInto(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("no /proc")
	}
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "f"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("before "); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "out")
	if err := os.Symlink(filepath.Join("/proc/self/fd", strconv.Itoa(int(f.Fd()))), link); err != nil {
		t.Fatal(err)
	}
	if err := output(t, link, "after"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if raw, err := io.ReadAll(f); err != nil || string(raw) != "before after" {
		t.Errorf("the file holds %q, %v", raw, err)
	}
}

func TestAbortLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	o, err := Place{Path: path, Perm: 0o600, Replace: true}.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(o, "new"); err != nil {
		t.Fatal(err)
	}
	o.Abort()
	if raw, err := os.ReadFile(path); err != nil || string(raw) != "old" {
		t.Errorf("the file holds %q, %v", raw, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%d files left", len(left))
	}
}

func TestNewTouchesNothingThatIsThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := New(path, []byte("one"), 0o640); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("nowhere", link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		if err := New(p, []byte("two"), 0o600); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", p, err)
		}
	}
	if raw, err := os.ReadFile(path); err != nil || string(raw) != "one" {
		t.Errorf("the file holds %q, %v", raw, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("%d files left", len(left))
	}
}
