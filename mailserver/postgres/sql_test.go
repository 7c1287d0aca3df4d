package postgres

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// commonWords are the words of SQL that PostgreSQL, CockroachDB and YugabyteDB
// have in common and that were looked up one by one. A word that is missing
// here has to be looked up in the manuals of all three before it is added.
// Known to be missing in one of them or to mean something else, and therefore
// not to be added: pg_advisory_lock and its kin, LISTEN, NOTIFY, COPY, MERGE,
// TABLESAMPLE, PARTITION, UNLOGGED, TEMPORARY, CONCURRENTLY, USING, GIN, GIST,
// BRIN, EXCLUDE, DEFERRABLE, INHERITS, TRIGGER, FUNCTION, DO, LOCK, SKIP,
// SERIAL, ctid, xmin, pg_class, and every other view of the system.
const commonWords = `
	SELECT FROM WHERE AND NOT EXISTS IN AS ORDER BY ASC DESC LIMIT WITH CROSS JOIN LATERAL FOR UPDATE ANY
	INSERT INTO VALUES ON CONFLICT DO NOTHING SET excluded DELETE RETURNING
	CREATE TABLE INDEX IF PRIMARY KEY NULL INCLUDE
	BYTEA INT8 INT4 TEXT
	count sum max COALESCE unnest extract epoch now`

// ownWords are the names of our tables, columns, indexes and aliases.
const ownWords = `
	envelopes topic created hash data size envelopes_by_time topics first_seen last_seen topics_by_first_seen
	counters shard bytes schema_migrations version name fresh gone e t k`

// statements returns the SQL of this package: string literals that begin with
// a verb, and the migrations.
func statements(t *testing.T) map[string]string {
	t.Helper()
	verb := regexp.MustCompile(`^\s*[A-Z]{4,}\s`)
	out := make(map[string]string)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if sum, ok := n.(*ast.BinaryExpr); ok && sum.Op == token.ADD && verb.MatchString(literal(sum.X)) {
				t.Errorf("%s: SQL is put together from parts", set.Position(n.Pos()))
			}
			if text := literal(n); verb.MatchString(text) {
				out[set.Position(n.Pos()).String()] = text
			}
			return true
		})
	}
	all, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		for _, s := range m.statements {
			out[m.name+": "+strings.SplitN(s, "\n", 2)[0]] = s
		}
	}
	return out
}

// literal returns the text of a string literal, and nothing of other nodes.
func literal(n ast.Node) string {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return text
}

// createIndex finds the columns of an index, and those it includes.
var createIndex = regexp.MustCompile(`(?s)INDEX.* ON \w+ \((.*?)\)(?: INCLUDE \((.*?)\))?`)

// sqlToken is a word, a parameter, a number, an operator or a mark.
var sqlToken = regexp.MustCompile(`--[^\n]*|[A-Za-z_][A-Za-z_0-9]*|\$[0-9]+|[0-9]+|::|<=|>=|\[\]|[-+*=<>(),.;]|\s+`)

// lint returns what in a statement is outside the common part of SQL.
func lint(statement string) (problems []string) {
	allowed := make(map[string]bool)
	for _, w := range strings.Fields(commonWords + ownWords) {
		allowed[strings.ToLower(w)] = true
	}
	rest := statement
	for len(rest) > 0 {
		at := sqlToken.FindStringIndex(rest)
		if at == nil || at[0] != 0 {
			return append(problems, "unknown mark: "+rest[:min(10, len(rest))])
		}
		word := rest[:at[1]]
		rest = rest[at[1]:]
		if c := word[0] | 0x20; (c >= 'a' && c <= 'z' || word[0] == '_') && !allowed[strings.ToLower(word)] {
			problems = append(problems, "unknown word: "+word)
		}
	}
	if index := createIndex.FindStringSubmatch(statement); index != nil {
		for _, column := range strings.Split(index[1], ",") {
			if !strings.HasSuffix(column, " ASC") {
				problems = append(problems, "YugabyteDB gives an index without ASC no order: "+column)
			}
		}
		for _, column := range []string{"topic", "created", "hash"} {
			if slices.Contains(strings.Split(index[2], ", "), column) {
				problems = append(problems, "CockroachDB includes no column of the primary key: "+column)
			}
		}
	}
	return problems
}

// TestCommonSQL keeps to SQL that PostgreSQL, CockroachDB and YugabyteDB run.
func TestCommonSQL(t *testing.T) {
	all := statements(t)
	if len(all) < 20 {
		t.Errorf("only %d statements were found", len(all))
	}
	for _, where := range slices.Sorted(maps.Keys(all)) {
		for _, p := range lint(all[where]) {
			t.Errorf("%s: %s", where, p)
		}
	}
}

// TestLint makes sure that TestCommonSQL can fail.
func TestLint(t *testing.T) {
	for statement, want := range map[string]string{
		`SELECT topic FROM envelopes`:                                     "",
		`SELECT pg_advisory_lock($1)`:                                     "unknown word: pg_advisory_lock",
		`LISTEN envelopes`:                                                "unknown word: LISTEN",
		`SELECT shard FROM counters FOR UPDATE SKIP LOCKED`:               "unknown word: SKIP",
		`SELECT data FROM envelopes WHERE topic ~ $1`:                     "unknown mark: ~",
		`CREATE UNLOGGED TABLE t (k INT8)`:                                "unknown word: UNLOGGED",
		`CREATE INDEX t ON topics (topic);`:                               "no order",
		`CREATE INDEX t ON envelopes (created ASC) INCLUDE (topic, size)`: "primary key: topic",
		`SELECT 'text'`:                                                   "unknown mark: '",
	} {
		got := lint(statement)
		if (want == "") != (len(got) == 0) || want != "" && !strings.Contains(got[0], want) {
			t.Errorf("%s: %q, want %q", statement, got, want)
		}
	}
}
