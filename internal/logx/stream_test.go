package logx

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestLogFilesThatAreNoFiles: rotation renames the log file, which would take a
// device, a pipe or a link away from its place.
func TestLogFilesThatAreNoFiles(t *testing.T) {
	dir := t.TempDir()
	pipe, link, null := filepath.Join(dir, "pipe"), filepath.Join(dir, "link"), filepath.Join(dir, "null")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	go func() { _, _ = reader.WriteTo(discard{}) }()
	for from, to := range map[string]string{link: "file", null: os.DevNull} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	for path, kind := range map[string]fs.FileMode{
		pipe: fs.ModeNamedPipe, link: fs.ModeSymlink, null: fs.ModeSymlink,
	} {
		logs, err := New(Config{Format: Logfmt, File: FileConfig{Path: path, MaxSizeMB: 1}})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		line := strings.Repeat("x", 100_000)
		for range 25 { // more than one file holds
			logs.Logger().Info(line)
		}
		if err := logs.Close(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if info, err := os.Lstat(path); err != nil || info.Mode().Type() != kind {
			t.Errorf("%s is %v now, %v", path, info, err)
		}
	}
	if rotated, _ := filepath.Glob(filepath.Join(dir, "file-*")); len(rotated) == 0 {
		t.Error("the file behind the link is not rotated")
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
