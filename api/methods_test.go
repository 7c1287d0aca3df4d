package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// variableName is what the variable of a method has to be called.
func variableName(method string) string {
	var b strings.Builder
	up := true
	for _, r := range method {
		if r == '_' || r == '.' {
			up = true
			continue
		}
		if up {
			r = unicode.ToUpper(r)
		}
		up = false
		b.WriteRune(r)
	}
	return b.String()
}

// TestEveryMethodIsListed compares the variables of this package with the list
// of methods: a method that is not in it would be in no document and no client.
func TestEveryMethodIsListed(t *testing.T) {
	listed := make(map[string]bool)
	for _, m := range Methods() {
		d := m.Describe()
		name := variableName(d.Name)
		if listed[name] {
			t.Errorf("%s is listed twice", d.Name)
		}
		listed[name] = true
		if d.Summary == "" || d.Example.Params == "" || d.Example.Result == "" || d.Scope == "" {
			t.Errorf("%s lacks a summary, an example or a scope", d.Name)
		}
		for _, p := range d.Params() {
			if p.Doc == "" {
				t.Errorf("parameter %s of %s is not explained", p.Name, d.Name)
			}
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			for _, name := range methodVariables(decl) {
				found++
				if !listed[name] {
					t.Errorf("%s is not in Methods(), or not called like its method", name)
				}
			}
		}
	}
	if found != len(listed) {
		t.Errorf("%d variables, %d listed methods", found, len(listed))
	}
}

// methodVariables are the names of variables that a declaration gives the
// value of a method.
func methodVariables(decl ast.Decl) (names []string) {
	gen, ok := decl.(*ast.GenDecl)
	if !ok || gen.Tok != token.VAR {
		return nil
	}
	for _, spec := range gen.Specs {
		v := spec.(*ast.ValueSpec)
		for i, value := range v.Values {
			lit, ok := value.(*ast.CompositeLit)
			if !ok {
				continue
			}
			index, ok := lit.Type.(*ast.IndexListExpr)
			if !ok {
				continue
			}
			if of, ok := index.X.(*ast.Ident); ok && (of.Name == "Method" || of.Name == "Subscription") {
				names = append(names, v.Names[i].Name)
			}
		}
	}
	return names
}
