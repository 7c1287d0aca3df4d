package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// Limits of the house rules.
const (
	maxFileLines     = 500
	maxFunctionLines = 80
	maxLineLength    = 120
)

// source is one Go file of the repository.
type source struct {
	name string // relative to the root
	pkg  string // import path of its folder
	text []byte
	set  *token.FileSet
	tree *ast.File
}

func (s source) test() bool { return strings.HasSuffix(s.name, "_test.go") }

// sources parses every Go file that people wrote.
func sources(t *testing.T) []source {
	t.Helper()
	var files []source
	base := root(t)
	err := filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != base && (strings.HasPrefix(name, ".") || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		rel, err := filepath.Rel(base, path)
		if err != nil {
			return err
		}
		s := source{name: filepath.ToSlash(rel), set: token.NewFileSet()}
		s.pkg = strings.TrimSuffix(module+"/"+filepath.ToSlash(filepath.Dir(rel)), "/.")
		if s.text, err = os.ReadFile(path); err != nil {
			return err
		}
		if s.tree, err = parser.ParseFile(s.set, path, s.text, parser.ParseComments); err != nil {
			return err
		}
		if !ast.IsGenerated(s.tree) {
			files = append(files, s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no Go files found")
	}
	return files
}

// docTag matches a field with a tag that explains it: Go has no way to wrap it.
var docTag = regexp.MustCompile("^\t+\\w+ .*`.*doc:\".*\"`$")

// TestSizes checks the lengths of files, functions and lines.
func TestSizes(t *testing.T) {
	for _, s := range sources(t) {
		lines := bytes.Split(bytes.TrimSuffix(s.text, []byte("\n")), []byte("\n"))
		if len(lines) > maxFileLines {
			t.Errorf("%s has %d lines, %d are allowed: split it", s.name, len(lines), maxFileLines)
		}
		for i, line := range lines {
			if n := utf8.RuneCount(line); n > maxLineLength && !docTag.Match(line) {
				t.Errorf("%s:%d has %d characters, %d are allowed", s.name, i+1, n, maxLineLength)
			}
		}
		for _, d := range s.tree.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			first, last := s.set.Position(f.Pos()), s.set.Position(f.End())
			if n := last.Line - first.Line + 1; n > maxFunctionLines {
				t.Errorf("%s:%d: %s has %d lines, %d are allowed", s.name, first.Line, f.Name.Name, n, maxFunctionLines)
			}
		}
	}
}

// banned are calls that product code does without, and what to use.
func banned() map[string]string {
	return map[string]string{
		"time.Sleep":     "a timer and a context",
		"time.Tick":      "a timer for the next deadline",
		"time.NewTicker": "a timer for the next deadline",
		"fmt.Print":      "the logger",
		"fmt.Printf":     "the logger",
		"fmt.Println":    "the logger",
		"log.Print":      "the logger",
		"log.Printf":     "the logger",
		"log.Println":    "the logger",
		"log.Fatal":      "an error",
		"log.Fatalf":     "an error",
		"os.Exit":        "an error",
		"zap.L":          "the injected logger",
		"zap.S":          "the injected logger",
	}
}

// TestBannedCalls looks for banned calls and for init functions outside code
// for tests. Programs may print and exit.
func TestBannedCalls(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || testOnly(s.pkg) {
			continue
		}
		isProgram := slices.ContainsFunc(programs(), func(p string) bool { return within(s.pkg, p) })
		for _, problem := range bannedIn(s, isProgram) {
			t.Error(problem)
		}
	}
}

func bannedIn(s source, isProgram bool) []string {
	var problems []string
	note := func(n ast.Node, format string, args ...any) {
		at := s.name + ":" + strconv.Itoa(s.set.Position(n.Pos()).Line) + ": "
		problems = append(problems, at+fmt.Sprintf(format, args...))
	}
	imports := make(map[string]string) // by local name
	for _, i := range s.tree.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		imports[name] = path
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				note(n, "init function: build the value in a constructor")
			}
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if !ok || imports[x.Name] == "" {
				return true
			}
			path := imports[x.Name]
			call := path[strings.LastIndexByte(path, '/')+1:] + "." + n.Sel.Name
			if isProgram && (strings.HasPrefix(call, "fmt.Print") || call == "os.Exit") {
				return true
			}
			if instead, bad := banned()[call]; bad {
				note(n, "%s: use %s", call, instead)
			}
		}
		return true
	})
	return problems
}

// TestEveryPackageIsDocumented looks for the package comment.
func TestEveryPackageIsDocumented(t *testing.T) {
	documented := make(map[string]bool)
	for _, s := range sources(t) {
		documented[s.pkg] = documented[s.pkg] || s.tree.Doc != nil
	}
	for path, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment", path)
		}
	}
}
