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
	"statusd/api"
	"statusd/configs"
	"statusd/fault"
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
	table := "| Code | Meaning | What then | Kinds of errors |\n|---|---|---|---|\n"
	for _, c := range exitCodes() {
		words := make([]string, len(c.kinds))
		for i, kind := range c.kinds {
			words[i] = "`" + string(kind) + "`"
		}
		table += fmt.Sprintf("| %d | %s | %s | %s |\n", c.code, c.meaning, c.next, strings.Join(words, ", "))
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

// TestEveryKindHasOneExitCode finds the kinds in the source of package fault, and
// those of the contract.
func TestEveryKindHasOneExitCode(t *testing.T) {
	rows := map[fault.Kind]int{}
	for _, row := range exitCodes() {
		for _, kind := range row.kinds {
			rows[kind]++
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "../../fault/fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	known := map[fault.Kind]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if value, ok := spec.Values[0].(*ast.BasicLit); ok {
				kind, err := strconv.Unquote(value.Value)
				if err != nil {
					t.Fatal(err)
				}
				known[fault.Kind(kind)] = true
			}
		}
		return true
	})
	for _, class := range api.ErrorClasses() {
		if !known[fault.Kind(class.Kind)] {
			t.Errorf("package fault does not know the kind %s of the contract", class.Kind)
		}
	}
	for kind := range known {
		if rows[kind] != 1 {
			t.Errorf("%s is in %d rows of the table of exit codes", kind, rows[kind])
		}
		delete(rows, kind)
	}
	for kind := range rows {
		t.Errorf("the table of exit codes has %s, which is no kind", kind)
	}
}

// TestExitCodeOfEachCause provokes each code with the errors that lead to it.
func TestExitCodeOfEachCause(t *testing.T) {
	login := func(cause error) error {
		return &node.StartError{Kind: node.ErrLogin, Text: "cannot log in", Cause: cause}
	}
	path := func(err error) error { return &fs.PathError{Op: "open", Path: "/x", Err: err} }
	answer := func(code api.Code, kind api.Kind) error {
		return callError(&api.Error{Code: code, Message: "x", Data: api.ErrorData{Kind: kind, Hint: "y"}})
	}
	start := func(kind, cause error) error { return &node.StartError{Kind: kind, Text: "cannot start", Cause: cause} }
	causes := map[int][]error{
		exitOK:          {nil},
		exitOther:       {errors.New("anything"), errStopLimit, &node.StopError{Steps: []string{"x"}}},
		exitUsage:       {usageError(errors.New("x")), answer(-32601, "")},
		exitData:        {backup.ErrDamaged, login(accounts.ErrUnknown), answer(-32602, "")},
		exitNoInput:     {path(fs.ErrNotExist)},
		exitUnavailable: {unreachable("/x", path(fs.ErrNotExist))},
		exitInternal:    {answer(-32603, "")},
		exitCantCreate: {
			&node.LockedError{}, rpc.ErrAddressInUse,
			&node.ListenError{Err: &net.OpError{Op: "listen", Err: syscall.EADDRINUSE}},
			start(node.ErrDataDir, path(syscall.ENOTDIR)), answer(-32013, ""),
		},
		exitIO: {
			start(node.ErrDataDir, path(syscall.ENOSPC)), path(syscall.EIO), path(syscall.EDQUOT), login(store.ErrDamaged),
			login(store.ErrFull), login(accounts.ErrDamaged), login(vault.ErrTampered), login(store.ErrMissing),
			login(path(syscall.ENOSPC)), accounts.ErrDamaged, answer(-32019, ""),
			answer(-32000, "disk_full"),
		},
		exitTemporary: {context.DeadlineExceeded, answer(-32014, "")},
		exitProtocol:  {fail(fault.Protocol, errors.New("x"))},
		exitPermission: {
			kdf.ErrWrongPassword, login(kdf.ErrWrongPassword), path(fs.ErrPermission), login(errors.New("anything")),
		},
		exitConfig: {
			configs.ErrInvalid, &node.NewerDataError{}, login(store.ErrNewer), login(vault.ErrNewer), rpc.ErrNoAuthNotLoopback,
			answer(-32018, ""),
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
