package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "statusd"

// pkg is what go list tells of a package.
type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

// root is the repository's folder.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// list returns all packages the module is built from.
func list(t *testing.T) map[string]pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Standard,Imports", "./...")
	cmd.Dir = root(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	packages := make(map[string]pkg)
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

// within reports whether path is prefix or lies below it.
func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")
}

func ours(path string) bool { return within(path, module) }

// TestLayers compares every import with the table.
func TestLayers(t *testing.T) {
	packages, rules := list(t), table()
	for path, p := range packages {
		if !ours(path) {
			continue
		}
		allowed, listed := rules[path]
		if !listed {
			t.Errorf("%s is missing in table_test.go: add it with what it may import", path)
			continue
		}
		for _, problem := range check(p, allowed, packages) {
			t.Error(problem)
		}
	}
	for path := range rules {
		if _, exists := packages[path]; !exists {
			t.Errorf("table_test.go lists %s, which does not exist: remove the entry", path)
		}
	}
}

// check judges the imports of one package.
func check(p pkg, allowed []string, packages map[string]pkg) []string {
	var problems []string
	used := make(map[string]bool)
	for _, imported := range p.Imports {
		if packages[imported].Standard || imported == "C" || imported == "unsafe" ||
			slices.Contains(everywhere(p.ImportPath), imported) {
			continue
		}
		match := slices.IndexFunc(allowed, func(prefix string) bool { return within(imported, prefix) })
		if match < 0 {
			problems = append(problems, p.ImportPath+" may not import "+imported)
			continue
		}
		for _, prefix := range allowed {
			if within(imported, prefix) {
				used[prefix] = true
			}
		}
	}
	for _, prefix := range allowed {
		if !used[prefix] {
			problems = append(problems, p.ImportPath+" does not import "+prefix+" any more: remove it from its entry")
		}
	}
	return problems
}

// TestProductDoesNotImportTestCode finds helpers of tests in product code.
func TestProductDoesNotImportTestCode(t *testing.T) {
	for path, p := range list(t) {
		if !ours(path) || testOnly(path) {
			continue
		}
		for _, imported := range p.Imports {
			if testOnly(imported) {
				t.Errorf("%s imports %s, which is for tests", path, imported)
			}
		}
	}
}

func TestCheckFindsViolations(t *testing.T) {
	packages := map[string]pkg{"fmt": {Standard: true}}
	p := pkg{ImportPath: "statusd/a", Imports: []string{"fmt", "statusd/fault", "statusd/bc", "example.org/x/y"}}
	if got := check(pkg{ImportPath: "statusd/api", Imports: []string{"statusd/fault"}}, nil, packages); len(got) != 1 {
		t.Errorf("the contract may import what is the daemon's: %v", got)
	}
	for _, c := range []struct {
		allowed []string
		want    int
	}{
		{[]string{"statusd/bc", "example.org/x"}, 0},
		{[]string{"statusd/b", "example.org/x/"}, 2}, // no match by half a name, and a stale entry
		{[]string{"statusd/bc"}, 1},
		{[]string{"statusd/bc", "example.org/x", "gone"}, 1},
	} {
		if got := check(p, c.allowed, packages); len(got) != c.want {
			t.Errorf("%v: got %q", c.allowed, got)
		}
	}
}
