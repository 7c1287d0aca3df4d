package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"strings"
)

// words is what the source of package api says and reflection does not know.
type words struct {
	types  map[string]string            // comment of a type
	fields map[string]map[string]string // of a field of a struct type
	consts map[string][]member          // the constants of a type, in their order
}

// member is a named value of an enumeration.
type member struct {
	name, doc string
	value     any // string or int64
}

// readSource reads the package in a folder.
func readSource(dir string) (*words, error) {
	set := token.NewFileSet()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var parsed []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, file)
	}
	if len(parsed) == 0 {
		return nil, fmt.Errorf("%w: no Go files in %s", fs.ErrNotExist, dir)
	}
	w := &words{
		types: make(map[string]string), fields: make(map[string]map[string]string),
		consts: make(map[string][]member),
	}
	info := &types.Info{Defs: make(map[*ast.Ident]types.Object)}
	// Constants do not depend on what is imported: it is left out, and what
	// misses it is no error here.
	check := types.Config{Error: func(error) {}, Importer: noImports{}}
	_, _ = check.Check("api", set, parsed, info)
	for _, file := range parsed {
		for _, decl := range file.Decls {
			if gen, ok := decl.(*ast.GenDecl); ok {
				w.read(gen, info)
			}
		}
	}
	return w, nil
}

// noImports is an importer of empty packages.
type noImports struct{}

// Import implements types.Importer.
func (noImports) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, path[strings.LastIndexByte(path, '/')+1:])
	p.MarkComplete()
	return p, nil
}

// read takes the comments and constants of a declaration.
func (w *words) read(gen *ast.GenDecl, info *types.Info) {
	for _, spec := range gen.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			w.types[s.Name.Name] = comment(s.Doc, s.Comment)
			if w.types[s.Name.Name] == "" {
				w.types[s.Name.Name] = comment(gen.Doc)
			}
			if body, ok := s.Type.(*ast.StructType); ok {
				w.fields[s.Name.Name] = fieldComments(body)
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				w.constant(info.Defs[name], comment(s.Doc, s.Comment))
			}
		}
	}
}

// constant notes a constant of a named type.
func (w *words) constant(object types.Object, doc string) {
	c, ok := object.(*types.Const)
	if !ok || !c.Exported() {
		return
	}
	named, ok := c.Type().(*types.Named)
	if !ok {
		return
	}
	out := member{name: c.Name(), doc: doc}
	switch v := c.Val(); v.Kind() {
	case constant.String:
		out.value = constant.StringVal(v)
	case constant.Int:
		n, exact := constant.Int64Val(v)
		if !exact {
			return
		}
		out.value = n
	default:
		return
	}
	of := named.Obj().Name()
	w.consts[of] = append(w.consts[of], out)
}

func fieldComments(body *ast.StructType) map[string]string {
	out := make(map[string]string)
	for _, f := range body.Fields.List {
		for _, name := range f.Names {
			out[name.Name] = comment(f.Doc, f.Comment)
		}
	}
	return out
}

// comment is the text of the first comment that there is, on one line for each
// paragraph.
func comment(groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		text := strings.TrimSpace(g.Text())
		if text == "" {
			continue
		}
		paragraphs := strings.Split(text, "\n\n")
		for i, p := range paragraphs {
			paragraphs[i] = strings.Join(strings.Fields(p), " ")
		}
		return strings.Join(paragraphs, "\n")
	}
	return ""
}
