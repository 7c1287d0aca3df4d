package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"statusd/api"
	"statusd/api/client"
	"statusd/rpc/jsonrpc"
)

// typedLink makes calls through the Go client, with arguments and results of
// the contract's types.
type typedLink struct {
	t    *testing.T
	conn *client.Client
	met  map[string]bool // methods that were called
}

func (f *fixture) typed(met map[string]bool) *typedLink {
	f.t.Helper()
	conn, err := client.Dial(f.t.Context(), client.Config{Target: f.Endpoints().IPC})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { conn.Close() })
	return &typedLink{f.t, conn, met}
}

func (l *typedLink) push() string { panic("subscriptions of the client are read from it") }

func (l *typedLink) send(message string) string {
	l.t.Helper()
	var call struct {
		Method string
		Params json.RawMessage
	}
	if err := json.Unmarshal([]byte(message), &call); err != nil {
		l.t.Fatal(err)
	}
	for _, m := range api.Methods() {
		if d := m.Describe(); d.Name == call.Method {
			l.met[d.Name] = true
			return l.reply(l.call(d, call.Params))
		}
	}
	l.t.Fatalf("the contract has no method %s", call.Method)
	return ""
}

// call makes a call and checks that the result is what its type says.
func (l *typedLink) call(d api.Description, params json.RawMessage) (json.RawMessage, error) {
	l.t.Helper()
	args := l.arguments(d, params)
	if d.Event != nil {
		raw, err := json.Marshal(args)
		if err != nil {
			l.t.Fatal(err)
		}
		sub, err := l.conn.SubscribeRaw(l.t.Context(), d.Name, raw)
		if err != nil {
			return nil, err
		}
		if err := sub.Close(l.t.Context()); err != nil {
			l.t.Errorf("%s: %v", d.Name, err)
		}
		return json.RawMessage(`"closed"`), nil
	}
	var raw json.RawMessage
	if err := l.conn.Call(l.t.Context(), d.Spec, args, &raw); err != nil {
		return nil, err
	}
	result := reflect.New(d.Result)
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(result.Interface()); err != nil {
		l.t.Errorf("%s: %.300s is no %v: %v", d.Name, raw, d.Result, err)
		return raw, nil
	}
	again, err := json.Marshal(result.Interface())
	if err != nil || !sameJSON(l.t, raw, again) {
		l.t.Errorf("%s: what came is not what its type says: %v\n%.500s\n%.500s", d.Name, err, raw, again)
	}
	return raw, nil
}

// arguments are positional or named parameters as the method's type.
func (l *typedLink) arguments(d api.Description, params json.RawMessage) any {
	l.t.Helper()
	var names []string
	for _, p := range d.Params() {
		names = append(names, p.Name)
	}
	values, bad := jsonrpc.Bind(params, names, nil)
	if bad != nil {
		l.t.Fatalf("%s: %v", d.Name, bad)
	}
	args := reflect.New(d.Args)
	for i, raw := range values {
		if !jsonrpc.Given(raw) {
			continue
		}
		if err := json.Unmarshal(raw, args.Elem().Field(i).Addr().Interface()); err != nil {
			l.t.Fatalf("%s: %s: %v", d.Name, names[i], err)
		}
	}
	return args.Elem().Interface()
}

func (l *typedLink) reply(result json.RawMessage, err error) string {
	l.t.Helper()
	answer := map[string]any{"jsonrpc": "2.0", "id": 1, "result": result}
	var coded *api.Error
	switch {
	case errors.As(err, &coded):
		answer = map[string]any{"jsonrpc": "2.0", "id": 1, "error": coded}
	case err != nil:
		l.t.Fatal(err)
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(raw)
}

func sameJSON(t *testing.T, a, b json.RawMessage) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal(a, &x), json.Unmarshal(b, &y)); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}

// TestEveryMethodThroughTheTypedClient calls each method and subscription with
// its example, and fails for one that nobody calls so.
func TestEveryMethodThroughTheTypedClient(t *testing.T) {
	f := start(t, nil)
	doc, met := discovered(t, f.ipc()), map[string]bool{}
	for _, m := range doc.Methods {
		own := f.typed(met) // what an example made is gone with its connection
		_, e := runExample(t, own, m, false)
		own.conn.Close()
		ends := strings.HasSuffix(m.Name, "_unsubscribe") || strings.HasPrefix(m.Name, "unsubscribe")
		if e != nil && e.Code != m.Examples[0].Fails && !ends {
			t.Errorf("%s: %d %s (%s)", m.Name, e.Code, e.Message, e.Data.Hint)
		}
	}
	<-f.stops // admin_shutdown was among them
	for _, m := range api.Methods() {
		if d := m.Describe(); !met[d.Name] {
			t.Errorf("%s has no caller through the typed client", d.Name)
		}
	}
}
