package archtest

import (
	"go/ast"
	"go/token"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"statusd/api"
)

// rawTests are the tests that call methods by name: what they are about is the
// wire itself, or a name that a person types.
func rawTests() map[string]string {
	return map[string]string{
		"cmd/statusd/cmd_test.go":              "statusd rpc METHOD, as it is typed",
		"internal/test/e2e/exit_codes_test.go": "statusd rpc METHOD, as it is typed",
		"internal/test/e2e/account_test.go":    "arguments that are wrong on purpose",
		"internal/clientgen/clientgen_test.go": "how names are written in other languages",
	}
}

// TestMethodsAreNamedInTheContractAlone: whoever calls a method, or speaks of
// it, takes it from api. Tests of the wire, in package rpc, are apart.
func TestMethodsAreNamedInTheContractAlone(t *testing.T) {
	names := map[string]bool{}
	for _, m := range api.Methods() {
		if name := m.Describe().Name; strings.ContainsAny(name, "_.") || strings.ToLower(name) != name {
			names[name] = true
		}
	}
	inRequest := regexp.MustCompile(`"method": ?"[a-zA-Z]`)
	allowed := rawTests()
	used := map[string]bool{}
	for _, s := range sources(t) {
		if within(s.pkg, "statusd/api") || within(s.pkg, "statusd/rpc") && s.test() {
			continue
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil || !names[text] && (s.test() || !inRequest.MatchString(text)) {
				return true
			}
			if used[s.name] = true; allowed[s.name] == "" {
				t.Errorf("%s:%d names a method itself: %s", s.name, s.set.Position(lit.Pos()).Line, lit.Value)
			}
			return true
		})
	}
	for name := range allowed {
		if !used[name] {
			t.Errorf("%s names no method any more: take it out of the list", name)
		}
	}
}

// TestWireTypesAreInTheContract: what methods, events and -o json show has its
// type in api. Other types with a form in JSON are those of files and of other
// programs; each is in the list.
func TestWireTypesAreInTheContract(t *testing.T) {
	allowed := formats()
	used := map[string]bool{}
	for _, s := range sources(t) {
		if within(s.pkg, "statusd/api") || s.test() && !talks(s.pkg) {
			continue
		}
		for name, line := range jsonStructs(s) {
			name = strings.TrimPrefix(s.pkg, "statusd/") + "." + name
			if used[name] = true; allowed[name] == "" {
				t.Errorf("%s:%d: %s has a form in JSON: take the type from api, or say in formats what it belongs to", s.name,
					line, name)
			}
		}
	}
	for name := range allowed {
		if !used[name] {
			t.Errorf("%s has no form in JSON any more: take it out of the list", name)
		}
	}
}

// talks tells whether the tests of a package are programs that call a daemon.
func talks(pkg string) bool {
	return within(pkg, "statusd/cmd") || within(pkg, "statusd/internal/test/e2e") ||
		within(pkg, "statusd/internal/test/bench")
}

// jsonStructs finds the structs of a file whose members have names in JSON, by
// the declaration that they are in, with their lines.
func jsonStructs(s source) map[string]int {
	found := map[string]int{}
	for _, d := range s.tree.Decls {
		in := func(name string, n ast.Node) {
			ast.Inspect(n, func(n ast.Node) bool {
				f, ok := n.(*ast.Field)
				if !ok || f.Tag == nil {
					return true
				}
				tag, err := strconv.Unquote(f.Tag.Value)
				if err == nil && reflect.StructTag(tag).Get("json") != "" && reflect.StructTag(tag).Get("json") != "-" {
					found[name] = s.set.Position(f.Pos()).Line
				}
				return true
			})
		}
		switch d := d.(type) {
		case *ast.FuncDecl:
			in(d.Name.Name, d)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					in(spec.Name.Name, spec)
				case *ast.ValueSpec:
					in(spec.Names[0].Name, spec)
				}
			}
		}
	}
	return found
}

// formats are the types with a form in JSON that no method, event or command
// shows, and what they belong to.
func formats() map[string]string {
	const (
		keys     = "key files, in geth's format or ours"
		archive  = "the mail archive on disk"
		history  = "the ledger of fetched history"
		database = "columns of the account's database"
		lists    = "lists of nodes in DNS, and their files"
		peers    = "peers.json"
		tokens   = "tokens.json"
	)
	return map[string]string{
		"accounts.Info":                  "account.json",
		"accounts/kdf.params":            keys,
		"accounts/keystore.keyFile":      keys,
		"accounts/keystore.sealed":       keys,
		"accounts/keystore.cipherParams": keys,
		"accounts/vault.file":            keys,
		"accounts/vault.box":             keys,
		"accounts/vault.Parse":           keys,
		"cmd/statusd.dnsVector":          "test vectors",
		"configs.Config":                 "the configuration",
		"discovery/dns.Draft":            lists,
		"discovery/dns.sequence":         lists,
		"discovery/dns.sequenceFile":     lists,
		"discovery/peercache.file":       peers,
		"discovery/peercache.record":     peers,
		"internal/backup.header":         "backups",
		"internal/profile.manifest":      "backups",
		"internal/store.Command":         database,
		"internal/store.Member":          database,
		"internal/store.MessageExtra":    database,
		"internal/test/vectors.Cases":    "test vectors",
		"mailserver/history.Bookmark":    history,
		"mailserver/history.Span":        history,
		"mailserver/statusgo.state":      archive,
		"node.savedServer":               history,
		"rpc.storedToken":                tokens,
		"rpc.tokenFile":                  tokens,
		"waku.NodeInfo":                  "go-ethereum's admin_nodeInfo, of a protocol",
	}
}
