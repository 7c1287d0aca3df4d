package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"statusd/accounts"
	"statusd/accounts/kdf"
	"statusd/accounts/vault"
	"statusd/configs"
	"statusd/internal/backup"
	"statusd/internal/store"
	"statusd/node"
	"statusd/rpc"
)

var updateExitCodes = flag.Bool("update-exit-codes", false, "write the table in docs/exit-codes.md")

// TestExitCodesAreDocumented compares docs/exit-codes.md with the table.
func TestExitCodesAreDocumented(t *testing.T) {
	const path, begin, end = "../../docs/exit-codes.md", "<!-- generated: exit codes -->\n", "<!-- end -->"
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(raw), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the marks around the table are missing")
	}
	table := "| Code | Meaning | What then |\n|---|---|---|\n"
	for _, c := range exitCodes() {
		table += fmt.Sprintf("| %d | %s | %s |\n", c.code, c.meaning, c.next)
	}
	want := before + begin + table + end + after
	if *updateExitCodes {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil { //nolint:gosec // documentation
			t.Fatal(err)
		}
		return
	}
	if want != string(raw) {
		t.Errorf("%s is not what the program says; run this test with -update-exit-codes", path)
	}
}

// TestEveryExitCodeIsInTheTable finds the constants in the source.
func TestEveryExitCodeIsInTheTable(t *testing.T) {
	inTable := map[string]bool{}
	for _, c := range exitCodes() {
		code := strconv.Itoa(c.code)
		if inTable[code] {
			t.Errorf("exit code %s is in the table twice", code)
		}
		inTable[code] = true
	}
	packages, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, name := range packages {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for i, id := range spec.Names {
				if i >= len(spec.Values) || !regexp.MustCompile(`^exit[A-Z]`).MatchString(id.Name) {
					continue
				}
				if value, ok := spec.Values[i].(*ast.BasicLit); ok && value.Kind == token.INT {
					found[value.Value] = id.Name
				} else {
					t.Errorf("%s is not a number", id.Name)
				}
			}
			return true
		})
	}
	for code, name := range found {
		if !inTable[code] {
			t.Errorf("%s = %s is not in the table of exit codes", name, code)
		}
	}
	if len(found) != len(inTable) {
		t.Errorf("%d constants, %d codes in the table", len(found), len(inTable))
	}
}

// brokenReader is an input that nobody thought of.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { panic("nobody thought of that") }

// TestAPanicIsReported goes the way of the program itself with a command that
// panics.
func TestAPanicIsReported(t *testing.T) {
	var out, errOut strings.Builder
	code := realMain([]string{"key", "inspect"}, brokenReader{}, &out, &errOut)
	if text := errOut.String(); code != exitInternal || out.Len() > 0 ||
		!regexp.MustCompile(`^statusd: internal error [0-9a-f]{8}: nobody thought of that\n`).MatchString(text) ||
		!strings.Contains(text, "key_cmd.go") {
		t.Errorf("exit code %d, stdout %q, stderr %s", code, out.String(), text)
	}
}

// TestExitCodeOfEachCause provokes each code with the errors that lead to it.
func TestExitCodeOfEachCause(t *testing.T) {
	login := func(cause error) error {
		return &node.StartError{Kind: node.ErrLogin, Text: "cannot log in", Cause: cause}
	}
	path := func(err error) error { return &fs.PathError{Op: "open", Path: "/x", Err: err} }
	start := func(kind, cause error) error { return &node.StartError{Kind: kind, Text: "cannot start", Cause: cause} }
	causes := map[int][]error{
		exitOK:          {nil},
		exitOther:       {errors.New("anything"), errStopLimit, &node.StopError{Steps: []string{"x"}}},
		exitUsage:       {usageError(errors.New("x")), fail(rpcExit(-32601, ""), errors.New("x"))},
		exitData:        {backup.ErrDamaged, login(accounts.ErrUnknown), fail(rpcExit(-32602, ""), errors.New("x"))},
		exitNoInput:     {path(fs.ErrNotExist)},
		exitUnavailable: {unreachable("/x", path(fs.ErrNotExist))},
		exitInternal:    {fail(rpcExit(-32603, ""), errors.New("x"))},
		exitCantCreate: {
			&node.LockedError{}, rpc.ErrAddressInUse,
			&node.ListenError{Err: &net.OpError{Op: "listen", Err: syscall.EADDRINUSE}},
			start(node.ErrDataDir, path(syscall.ENOTDIR)), fail(rpcExit(-32013, ""), errors.New("x")),
		},
		exitIO: {
			start(node.ErrDataDir, path(syscall.ENOSPC)), path(syscall.EIO), path(syscall.EDQUOT), login(store.ErrDamaged),
			login(store.ErrFull), login(accounts.ErrDamaged), login(vault.ErrTampered), login(store.ErrMissing),
			login(path(syscall.ENOSPC)), accounts.ErrDamaged, fail(rpcExit(-32019, ""), errors.New("x")),
			fail(rpcExit(-32000, "disk_full"), errors.New("x")),
		},
		exitTemporary: {context.DeadlineExceeded, fail(rpcExit(-32014, ""), errors.New("x"))},
		exitProtocol:  {fail(exitProtocol, errors.New("x"))},
		exitPermission: {
			kdf.ErrWrongPassword, login(kdf.ErrWrongPassword), path(fs.ErrPermission), login(errors.New("anything")),
		},
		exitConfig: {
			configs.ErrInvalid, &node.NewerDataError{}, login(store.ErrNewer), login(vault.ErrNewer), rpc.ErrNoAuthNotLoopback,
			fail(rpcExit(-32018, ""), errors.New("x")),
		},
	}
	for _, c := range exitCodes() {
		if len(causes[c.code]) == 0 {
			t.Errorf("nothing leads to exit code %d", c.code)
		}
		for _, err := range causes[c.code] {
			got := exitOK
			if err != nil {
				got = exitCode(fmt.Errorf("what was done: %w", err))
			}
			if got != c.code {
				t.Errorf("%v: exit code %d, want %d", err, got, c.code)
			}
		}
		delete(causes, c.code)
	}
	for code := range causes {
		t.Errorf("exit code %d is not in the table", code)
	}
}
