package archtest

import (
	"fmt"
	"go/ast"
	"testing"
)

// maxMethods is how many methods a type may have: more of them are several
// types.
const maxMethods = 25

// manyMethods are the types with more, how many they have, and why. The number
// may only become smaller.
func manyMethods() map[string]exception {
	return map[string]exception{
		"statusd/accounts.Directory":             {28, "not divided yet"},
		"statusd/cmd/statusd.app":                {176, "not divided yet: commands are methods of what they share"},
		"statusd/cmd/statusd.session":            {36, "not divided yet"},
		"statusd/cmd/statusd/chatui.Model":       {38, "not divided yet"},
		"statusd/configs.Config":                 {40, "not divided yet"},
		"statusd/datasync/memstore.Tx":           {35, "implements datasync.Store and runner.Records"},
		"statusd/discovery/pool.core":            {51, "not divided yet"},
		"statusd/internal/logx.lineEncoder":      {31, "implements zapcore.Encoder"},
		"statusd/internal/profile.Manager":       {54, "not divided yet"},
		"statusd/internal/store.DB":              {28, "not divided yet"},
		"statusd/internal/store.Tx":              {34, "gives access to each of the tables"},
		"statusd/internal/store.syncTables":      {31, "implements datasync.Store and runner.Records"},
		"statusd/internal/store.transportTables": {28, "implements transport.Store"},
		"statusd/mailserver/history.Client":      {41, "not divided yet"},
		"statusd/mailserver/leveldb.Archive":     {27, "not divided yet"},
		"statusd/messenger/courier.Courier":      {53, "not divided yet"},
		"statusd/payloads.Group":                 {28, "not divided yet"},
		"statusd/rpc.Server":                     {46, "not divided yet"},
		"statusd/transport.Device":               {48, "not divided yet"},
		"statusd/transport/memstore.Tx":          {28, "implements transport.Store"},
		"statusd/waku.Host":                      {56, "not divided yet"},
		"statusd/waku.peer":                      {28, "not divided yet"},
	}
}

type exception struct {
	methods int
	reason  string
}

// TestMethodsPerType counts what is declared on each type of the product.
func TestMethodsPerType(t *testing.T) {
	count := make(map[string]int)
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		for _, d := range s.tree.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
				count[s.pkg+"."+receiver(f.Recv.List[0].Type)]++
			}
		}
	}
	allowed := manyMethods()
	for name, n := range count {
		e, listed := allowed[name]
		switch {
		case !listed && n > maxMethods:
			t.Errorf("%s has %d methods, %d are allowed: it is several types", name, n, maxMethods)
		case listed && n != e.methods:
			t.Errorf("%s has %d methods, %d are listed", name, n, e.methods)
		}
	}
	for name, e := range allowed {
		if count[name] <= maxMethods || e.reason == "" {
			t.Errorf("%s: take it out of the list, or give a reason", name)
		}
	}
}

// receiver returns the name of a method's type.
func receiver(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return fmt.Sprintf("%T", e)
		}
	}
}
