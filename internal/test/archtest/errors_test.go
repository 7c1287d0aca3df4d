package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

// foreignTexts are files that look into the texts of errors for want of anything
// else to go by, with the reason.
func foreignTexts() map[string]string {
	return map[string]string{
		"mailserver/postgres/errors.go": "the driver has no values for a pool or a connection that is closed",
	}
}

// TestNobodyLooksIntoErrorTexts: what an error is, its kind and errors.Is say;
// its text is for people, whole.
func TestNobodyLooksIntoErrorTexts(t *testing.T) {
	unused := foreignTexts()
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		found := textsLookedInto(s)
		if _, known := unused[s.name]; known && len(found) > 0 {
			delete(unused, s.name)
			continue
		}
		for _, at := range found {
			t.Errorf("%s: looks into the text of an error; use errors.Is, errors.As or package fault", at)
		}
	}
	for name := range unused {
		t.Errorf("%s does not look into texts of errors any more: remove it from the list", name)
	}
}

// TestErrorsUnwrap: package fault finds the kind of an error in its chain, which
// an error that has a method Is would not show.
func TestErrorsUnwrap(t *testing.T) {
	for _, s := range sources(t) {
		for _, decl := range s.tree.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Name.Name == "Is" && !s.test() {
				t.Errorf("%s: return what it is from Unwrap instead", s.set.Position(fn.Pos()))
			}
		}
	}
}

// textsLookedInto returns the places where functions of strings, bytes and
// regexp get the text of an error, or it is compared: called there, or in the
// same function before.
func textsLookedInto(s source) []token.Position {
	var found []token.Position
	for _, decl := range s.tree.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		texts := make(map[string]bool) // variables that hold one
		isText := func(e ast.Expr) bool {
			id, ok := e.(*ast.Ident)
			return ok && texts[id.Name] || isErrorText(e)
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			bad := false
			switch n := n.(type) {
			case *ast.AssignStmt:
				for i, e := range n.Rhs {
					if id, ok := n.Lhs[i].(*ast.Ident); ok && len(n.Lhs) == len(n.Rhs) {
						texts[id.Name] = isErrorText(e)
					}
				}
			case *ast.CallExpr:
				bad = looksInto(n.Fun) && slices.ContainsFunc(n.Args, isText)
			case *ast.BinaryExpr:
				bad = (n.Op == token.EQL || n.Op == token.NEQ) && !isNil(n.X) && !isNil(n.Y) &&
					(isErrorText(n.X) || isErrorText(n.Y))
			}
			if bad {
				found = append(found, s.set.Position(n.Pos()))
			}
			return true
		})
	}
	return found
}

// isErrorText tells whether an expression is a call of Error without arguments.
func isErrorText(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) > 0 {
		return false
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	return ok && method.Sel.Name == "Error"
}

func isNil(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "nil"
}

// looksInto tells whether a function looks into texts: one of packages strings
// and bytes, or a method of a regular expression.
func looksInto(fun ast.Expr) bool {
	f, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	if pkg, ok := f.X.(*ast.Ident); ok && (pkg.Name == "strings" || pkg.Name == "bytes") {
		return true
	}
	return slices.Contains([]string{
		"MatchString", "FindString", "FindStringSubmatch", "ReplaceAllString", "ReplaceAllLiteralString",
	}, f.Sel.Name)
}

func TestTextsLookedIntoAreFound(t *testing.T) {
	s := source{set: token.NewFileSet()}
	tree, err := parser.ParseFile(s.set, "x.go", `package x
func a(err error) bool { return strings.Contains(err.Error(), "x") }
func b(err error) bool { text := err.Error(); return strings.HasPrefix(text, "x") }
func c(err error) string { return pattern.ReplaceAllString(err.Error(), "") }
func d(err error) bool { return err.Error() == "x" }
func e(err error) string { text := err.Error(); return text + strings.ToUpper("x") }
func f(it iterator) error { return it.Error() }
func g(err error) bool { return it.Error() != nil }
`, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.tree = tree
	if found := textsLookedInto(s); len(found) != 4 {
		t.Errorf("found %v, want those of a to d", found)
	}
}
