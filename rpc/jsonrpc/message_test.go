package jsonrpc

import (
	"encoding/json"
	"strings"
	"testing"

	"statusd/api"
)

func TestParseSingle(t *testing.T) {
	tests := []struct {
		name, in   string
		id, method string
		params     string
		code       api.Code
		text       string
	}{
		{name: "plain", in: `{"jsonrpc":"2.0","id":1,"method":"a_b","params":[1]}`, id: `1`, method: "a_b", params: `[1]`},
		{name: "spaces", in: " \r\n{ \"jsonrpc\" : \"2.0\" ,\t\"id\":\"x\",\"method\":\"m\"}\n", id: `"x"`, method: "m"},
		{name: "number id verbatim", in: `{"jsonrpc":"2.0","id":1.50e3,"method":"m"}`, id: `1.50e3`, method: "m"},
		{name: "string id verbatim", in: `{"jsonrpc":"2.0","id":"\u0041\n","method":"m"}`, id: `"\u0041\n"`, method: "m"},
		{name: "null id is a call", in: `{"jsonrpc":"2.0","id":null,"method":"m"}`, id: `null`, method: "m"},
		{name: "notification", in: `{"jsonrpc":"2.0","method":"m"}`, method: "m"},
		{name: "escaped names", in: `{"json\u0072pc":"2.0","i\u0064":7,"method":"\u006d"}`, id: `7`, method: "m"},
		{name: "null params", in: `{"jsonrpc":"2.0","id":1,"method":"m","params":null}`, id: `1`, method: "m"},
		{name: "named params",
			in: `{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"}"}}`, id: `1`, method: "m", params: `{"a":"}"}`},
		{name: "last one counts", in: `{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}`, id: `2`, method: "m"},
		{name: "other case is another member", in: `{"jsonrpc":"2.0","ID":1,"method":"m"}`, method: "m"},
		{name: "unknown members", in: `{"x":[{"id":3}],"jsonrpc":"2.0","id":1,"method":"m"}`, id: `1`, method: "m"},

		{name: "no version", in: `{"id":1,"method":"m"}`, id: `1`, code: api.CodeInvalidRequest, text: `"jsonrpc" must be`},
		{name: "version 1.0", in: `{"jsonrpc":"1.0","id":1,"method":"m"}`, id: `1`, code: api.CodeInvalidRequest},
		{name: "no method", in: `{"jsonrpc":"2.0","id":1}`, id: `1`, code: api.CodeInvalidRequest, text: "missing"},
		{name: "method number", in: `{"jsonrpc":"2.0","id":1,"method":5}`, id: `1`, code: api.CodeInvalidRequest},
		{name: "method empty", in: `{"jsonrpc":"2.0","id":1,"method":""}`, id: `1`, code: api.CodeInvalidRequest},
		{name: "method long",
			in: `{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("m", 200) + `"}`, id: `1`, code: api.CodeInvalidRequest},
		{name: "id object",
			in: `{"jsonrpc":"2.0","id":{},"method":"m"}`, id: `null`, code: api.CodeInvalidRequest, text: "id must be"},
		{name: "id array", in: `{"jsonrpc":"2.0","id":[],"method":"m"}`, id: `null`, code: api.CodeInvalidRequest},
		{name: "id bool", in: `{"jsonrpc":"2.0","id":true,"method":"m"}`, id: `null`, code: api.CodeInvalidRequest},
		{name: "string", in: `"hello"`, id: `null`, code: api.CodeInvalidRequest},
		{name: "number", in: `12`, id: `null`, code: api.CodeInvalidRequest},
		{name: "null", in: `null`, id: `null`, code: api.CodeInvalidRequest},
		{name: "answer", in: `{"jsonrpc":"2.0","id":1,"result":true}`, id: `1`, code: api.CodeInvalidRequest},
		{
			name: "params string", in: `{"jsonrpc":"2.0","id":1,"method":"m","params":"x"}`, id: `1`,
			code: api.CodeInvalidParams,
		},
		{
			name: "params number in a notification", in: `{"jsonrpc":"2.0","method":"m","params":1}`,
			code: api.CodeInvalidParams,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Parse([]byte(tt.in), 10)
			if err != nil || m.Batch || len(m.Items) != 1 {
				t.Fatalf("Parse = %+v, %v", m, err)
			}
			it := m.Items[0]
			if string(it.ID) != tt.id {
				t.Errorf("id %q, want %q", it.ID, tt.id)
			}
			if tt.code != 0 {
				if it.Err == nil || it.Err.Code != tt.code || !strings.Contains(it.Err.Message, tt.text) {
					t.Errorf("error %+v, want code %d and %q", it.Err, tt.code, tt.text)
				}
				return
			}
			if it.Err != nil {
				t.Fatalf("error %v", it.Err)
			}
			if it.Method != tt.method || string(it.Params) != tt.params {
				t.Errorf("got %q %q, want %q %q", it.Method, it.Params, tt.method, tt.params)
			}
		})
	}
}

func TestParseBroken(t *testing.T) {
	tests := []struct {
		name, in string
		code     api.Code
		text     string
	}{
		{"empty", "", api.CodeParse, "empty"},
		{"spaces", " \n ", api.CodeParse, "empty"},
		{"word", "hello", api.CodeParse, "invalid character 'h'"},
		{"cut", `{"jsonrpc":"2.0"`, api.CodeParse, "unexpected end"},
		{"two values", `{} {}`, api.CodeParse, "after top-level value"},
		{"comma", `{"a":1,}`, api.CodeParse, "byte 8"},
		{"control", "{\"a\":\"\x01\"}", api.CodeParse, "invalid character"},
		{"not UTF-8", "{\"a\":\"\xff\"}", api.CodeParse, "UTF-8"},
		{"deep", strings.Repeat("[", 20_000), api.CodeParse, ""},
		{"empty batch", `[]`, api.CodeInvalidRequest, "empty batch"},
		{"large batch", `[1,2,3,4,5]`, api.CodeInvalidRequest, "batch too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.in), 4)
			if err == nil || err.Code != tt.code || !strings.Contains(err.Message, tt.text) {
				t.Fatalf("error %+v, want code %d and %q", err, tt.code, tt.text)
			}
		})
	}
}

func TestParseBatch(t *testing.T) {
	const ok = `{"jsonrpc":"2.0","id":%,"method":"m"}`
	in := `[` + strings.ReplaceAll(ok, "%", "1") + `, 5 ,{"jsonrpc":"2.0","method":"n"},null,[],` +
		strings.ReplaceAll(ok, "%", `"]"`) + `]`
	m, err := Parse([]byte(in), 10)
	if err != nil || !m.Batch {
		t.Fatalf("Parse = %+v, %v", m, err)
	}
	want := []struct {
		id     string
		failed bool
	}{{"1", false}, {"null", true}, {"", false}, {"null", true}, {"null", true}, {`"]"`, false}}
	if len(m.Items) != len(want) {
		t.Fatalf("%d items, want %d", len(m.Items), len(want))
	}
	for i, w := range want {
		if it := m.Items[i]; string(it.ID) != w.id || (it.Err != nil) != w.failed {
			t.Errorf("item %d: id %q, error %v; want %q, %v", i, it.ID, it.Err, w.id, w.failed)
		}
	}

	over := `[{"jsonrpc":"2.0","method":"n"},` + strings.ReplaceAll(ok, "%", "7") + `,1,1]`
	m, err = Parse([]byte(over), 3)
	if err == nil || len(m.Items) != 1 || string(m.Items[0].ID) != "7" {
		t.Fatalf("too large batch: %+v, %v; want the first id", m, err)
	}
}

func TestAppend(t *testing.T) {
	e := api.NewError(api.CodeFailed, "message size too large [%d>%d]", 11, 10).WithHint("a & b")
	sub, number := json.RawMessage(`"0x1"`), json.RawMessage(`3`)
	for got, want := range map[string]string{
		string(AppendResult(nil, json.RawMessage(`"x"`), json.RawMessage(`[1]`))): `{"jsonrpc":"2.0","id":"x","result":[1]}`,
		string(AppendError(nil, nil, e)): `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,` +
			`"message":"message size too large [11>10]","data":{"kind":"failed","hint":"a & b"}}}`,
		string(AppendNotification(nil, "n_subscription", sub, json.RawMessage(`2`), nil)): `{"jsonrpc":"2.0",` +
			`"method":"n_subscription","params":{"subscription":"0x1","result":2}}`,
		string(AppendNotification(nil, "n", number, json.RawMessage(`2`), nil)): `{"jsonrpc":"2.0","method":"n",` +
			`"params":{"subscription":3,"result":2}}`,
		string(AppendNotification(nil, "n", nil, json.RawMessage(`{}`), nil)): `{"jsonrpc":"2.0","method":"n","params":{}}`,
		string(AppendNotification(nil, "n", nil, nil, &api.Error{})): `{"jsonrpc":"2.0","method":"n","params":{"error":` +
			`{"code":0,"message":"","data":{"kind":""}}}}`,
		string(AppendNotification(nil, "n_subscription", sub, nil, e)): `{"jsonrpc":"2.0","method":"n_subscription",` +
			`"params":{"subscription":"0x1","error":{"code":-32000,"message":"message size too large [11>10]",` +
			`"data":{"kind":"failed","hint":"a & b"}}}}`,
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("not JSON: %s", got)
		}
	}
}
