package rpc

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"statusd/api"
	"statusd/api/openrpc"
	"statusd/internal/store"
)

// snapshot is all that a caller could change, by its name.
type snapshot map[string]string

// snap takes a snapshot. What is kept of a caller that has neither filters nor
// keys does not count.
func (f *fixture) snap(records *fakeRecords) snapshot {
	f.t.Helper()
	asked := slices.DeleteFunc(f.node.noted(), func(what string) bool { return what == "mail status" }) // that reads
	s := snapshot{"announced": fmt.Sprintf("%x", f.announced().EncodeStatus(1)), "node": fmt.Sprint(asked)}
	info := f.waku.Info()
	s["settings"] = fmt.Sprint(info.MinPoW, info.MaxMessageSize)
	records.mu.Lock()
	s["records"] = fmt.Sprint(records.tables)
	records.mu.Unlock()
	f.guests.mu.Lock()
	for g, guest := range f.guests.open {
		if keys := guest.Keys().String(); keys != "0 key pairs, 0 symmetric keys" {
			s["keys of "+(&caller{grant: g}).owner()] = keys
		}
	}
	f.guests.mu.Unlock()
	for _, g := range f.tokens.list() {
		s["token "+g.name] = fmt.Sprint(g.scopes, g.account, g.over(time.Now()))
	}
	if account := f.files.Current(); account != nil {
		s["logged in"] = account.UID().String()
		if err := account.DB().View(f.t.Context(), s.database); err != nil {
			f.t.Fatal(err)
		}
	}
	if c := f.deps.Courier(); c != nil {
		list, err := c.Filters(f.t.Context())
		if err != nil {
			f.t.Fatal(err)
		}
		s["places"] = fmt.Sprint(list)
	}
	s.files(f.t, f.dir)
	return s
}

// database adds every table.
func (s snapshot) database(tx *store.Tx) error {
	var tables []string
	err := tx.Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'`, nil,
		func(r store.Row) error { tables = append(tables, r.Text(0)); return nil })
	if err != nil {
		return err
	}
	for _, table := range tables {
		var columns []string
		err := tx.Query(`SELECT name FROM pragma_table_info(?)`, []any{table},
			func(r store.Row) error { columns = append(columns, `quote("`+r.Text(0)+`")`); return nil })
		if err != nil {
			return err
		}
		var rows []string
		err = tx.Query(`SELECT `+strings.Join(columns, `||','||`)+` FROM "`+table+`" ORDER BY 1`, nil,
			func(r store.Row) error { rows = append(rows, r.Text(0)); return nil })
		if err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
		s["table "+table] = strings.Join(rows, "\n")
	}
	return nil
}

// files adds the files of the data directory; the database is in the tables.
func (s snapshot) files(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasPrefix(d.Name(), "client.db") {
			return err
		}
		raw, err := os.ReadFile(path)
		s["file "+path] = fmt.Sprintf("%x", sha256.Sum256(raw))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// differs tells what is not the same in another snapshot.
func (s snapshot) differs(other snapshot) (out []string) {
	all := maps.Clone(s)
	maps.Copy(all, other)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if a, b := s[name], other[name]; a != b {
			out = append(out, fmt.Sprintf("%s:\n\t%.2000s\nwas\n\t%.2000s", name, b, a))
		}
	}
	return out
}

// still waits until what goes on by itself after a login has settled. The places
// where the other member of the group publishes and where we do are listened to
// last, since their keys take time.
func (f *fixture) still(records *fakeRecords) snapshot {
	f.t.Helper()
	before := f.snap(records)
	for same, deadline := 0, time.Now().Add(patience); same < 5; {
		next := f.snap(records)
		moved := before.differs(next)
		if same++; len(moved) > 0 || strings.Count(next["places"], "contact-code") < 2 {
			same = 0
		}
		before = next
		if time.Now().After(deadline) {
			f.t.Fatalf("the daemon does not come to rest: %s, listens at %s", moved, next["places"])
		}
	}
	return before
}

// furnish makes something of everything that could be changed, by the examples
// of the methods that read, and more.
func (f *fixture) furnish(methods []openrpc.Method) (bound map[string]map[string]string) {
	f.t.Helper()
	local := f.ipc()
	f.run(local, slices.Concat(withMessage(), withGroup()))
	bound = make(map[string]map[string]string)
	for _, m := range methods {
		values := map[string]string{}
		for _, s := range m.Examples[0].Setup {
			got, e := invoke(f.t, local, s.Method, filled(string(s.Params), values))
			if e != nil && e.Code != api.CodeExists {
				f.t.Fatalf("%s: %s", s.Method, e.Message)
			}
			if s.Bind != "" && e == nil {
				values[s.Bind] = textAt(f.t, got, s.At)
			}
		}
		bound[m.Name] = values
	}
	f.run(local, []api.Call{
		setup("status_ackEvents", `["bot",1]`, ""),
		setup("mailservers_addMailserverRequestGaps", `[[{"id":"a","chatId":"tea","from":1,"to":2}]]`, ""),
		setup("wakuext_loadFilters", `[[{"chatId":"coffee"}]]`, ""),
	})
	f.asDaemon(func(tx *store.Tx) error {
		return tx.Exec(`INSERT INTO event_consumer (name, seq, time, owner) VALUES ('orphan', 1, 0, ''),
			('webhook-0123', 1, 0, 'daemon')`)
	})
	return bound
}

// TestReadingChangesNothing walks the description of the API: no method of the
// scope read, whatever it is asked, changes the database, files, filters, keys,
// consumers, or what peers are told.
func TestReadingChangesNothing(t *testing.T) {
	records := &fakeRecords{}
	f := start(t, func(_ *Config, d *Deps) { d.Records = records })
	var methods []openrpc.Method
	for _, m := range discovered(t, f.ipc()).Methods {
		if m.Scope == api.ScopeRead {
			methods = append(methods, m)
		}
	}
	if len(methods) < 30 {
		t.Fatalf("%d methods read", len(methods))
	}
	bound := f.furnish(methods)
	l := f.addToken("reader", "read")
	conn, _, err := f.dialWS("/ws", http.Header{"Authorization": {l.headers["Authorization"]}})
	if err != nil {
		t.Fatal(err)
	}
	before := f.still(records)
	unchanged := func(what string) {
		t.Helper()
		after := f.snap(records)
		for _, d := range before.differs(after) {
			t.Errorf("%s changed %s", what, d)
		}
		before = after
	}
	ws := &wsLink{t, conn}
	for _, m := range methods {
		conn.SetReadDeadline(time.Now().Add(patience))
		for _, params := range readings(m, bound[m.Name]) {
			a := decode(t, ws.send(request(m.Name, params)))
			for a.Method != "" { // a notification came in between
				a = decode(t, ws.push())
			}
			if a.Error != nil && a.Error.Code == api.CodeInternal {
				t.Errorf("%s%s: %+v", m.Name, params, a.Error)
			}
		}
		unchanged(m.Name)
	}
	for _, query := range []string{"", "?since=0", "?consumer=bot", "?consumer=new&since=0", "?consumer=orphan"} {
		f.stream(query, l.headers)
		unchanged("the stream " + query)
	}
}

// filled replaces the names of bound values in parameters.
func filled(params string, bound map[string]string) string {
	for name, v := range bound {
		params = strings.ReplaceAll(params, "{{"+name+"}}", v)
	}
	return params
}

// readings are calls of a method: as in its example, and with names and ids of
// what belongs to others.
func readings(m openrpc.Method, bound map[string]string) []string {
	var example []string
	for _, p := range m.Examples[0].Params {
		example = append(example, filled(string(p.Value), bound))
	}
	out := []string{"[" + strings.Join(example, ",") + "]", "[]"}
	for _, name := range []string{"bot", "new", "orphan", "webhook-0123"} {
		out = append(out,
			`{"consumer":"`+name+`","since":0}`, `{"consumer":"`+name+`","cursor":2}`,
			`["signals",{"consumer":"`+name+`","since":0}]`, `["`+name+`"]`)
	}
	return append(out, `["messages",{"privateKeyID":"`+exampleKeyID+`"}]`, `{"id":"`+exampleKeyID+`"}`)
}

// TestReadingOnConnectionChangesNothing: in the mode that goes on where the last
// connection stopped, a token that only reads leaves no mark.
func TestReadingOnConnectionChangesNothing(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.ReceiveMode = ReceiveOnConnection })
	f.login()
	reader, bot := f.addToken("reader", "read"), f.addToken("bot", "read", "events")
	connect := func(l *httpLink) *wsLink {
		conn, _, err := f.dialWS("/ws", http.Header{"Authorization": {l.headers["Authorization"]}})
		if err != nil {
			t.Fatal(err)
		}
		must[string](t, &wsLink{t, conn}, "net_version", `[]`)
		return &wsLink{t, conn}
	}
	first, second := connect(reader), connect(bot)
	f.happen("messages.new", inChatA)
	note(t, first)
	note(t, second)
	var names []string
	for deadline := time.Now().Add(patience); len(names) == 0 && time.Now().Before(deadline); {
		f.asDaemon(func(tx *store.Tx) error {
			all, err := tx.Consumers().List(store.Daemon())
			for _, c := range all {
				if strings.HasPrefix(c.Owner, "token:") {
					names = append(names, c.Name)
				}
			}
			return err
		})
	}
	if !reflect.DeepEqual(names, []string{store.ReceiveConsumer}) {
		t.Errorf("consumers %v", names)
	}
}
