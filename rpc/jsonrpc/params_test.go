package jsonrpc

import (
	"encoding/json"
	"strings"
	"testing"

	"statusd/api"
)

func TestBind(t *testing.T) {
	two, flat := []string{"name", "level"}, []Member{{"ttl", 0}, {"topic", 0}}
	subscribe, mixed := []string{"name", "options"}, []Member{{"types", 1}, {"since", 1}}
	topic, sameName := []string{"topic"}, []Member{{"topic", 0}, {"last", 0}}
	tests := []struct {
		name   string
		params string
		names  []string
		flat   []Member
		want   []string
		err    string
	}{
		{name: "none", params: ``, names: two, want: []string{"", ""}},
		{name: "empty array", params: `[ ]`, names: two, want: []string{"", ""}},
		{name: "positional", params: `["a", {"x":[1,2]}]`, names: two, want: []string{`"a"`, `{"x":[1,2]}`}},
		{name: "fewer", params: `["a"]`, names: two, want: []string{`"a"`, ""}},
		{name: "null stays null", params: `[null,1]`, names: two, want: []string{"null", "1"}},
		{name: "too many", params: `[1,2,3]`, names: two, err: "too many arguments, want at most 2"},
		{name: "none wanted", params: `[1]`, names: nil, err: "too many arguments, want at most 0"},
		{name: "named", params: `{"level":"]","name":null}`, names: two, want: []string{"null", `"]"`}},
		{name: "named escaped", params: `{"na\u006de":1}`, names: two, want: []string{"1", ""}},
		{name: "empty object", params: `{}`, names: two, want: []string{"", ""}},
		{name: "unknown", params: `{"nam":1}`, names: two, err: `unknown parameter "nam"`},
		{name: "other case", params: `{"Name":1}`, names: two, err: `unknown parameter "Name"`},
		{name: "twice", params: `{"name":1,"name":2}`, names: two, err: `parameter "name" is given twice`},
		{name: "single wrapped",
			params: `{"message":{"ttl":1}}`, names: []string{"message"}, flat: flat, want: []string{`{"ttl":1}`}},
		{name: "single misspelt", params: `{"mesage":{"ttl":1}}`, names: []string{"message"}, flat: flat,
			err: `unknown parameter "mesage"`},
		{name: "single empty", params: `{}`, names: []string{"message"}, flat: flat, want: []string{`{}`}},
		{name: "members among others", params: `{"types":[1],"name":"x","since":2}`, names: subscribe, flat: mixed,
			want: []string{`"x"`, `{"types":[1],"since":2}`}},
		{name: "no member", params: `{"name":"x"}`, names: subscribe, flat: mixed, want: []string{`"x"`, ""}},
		{name: "object and member", params: `{"options":{},"since":2}`, names: subscribe, flat: mixed,
			err: `parameter "options" is given twice, as "since" is`},
		{name: "member and object", params: `{"since":2,"options":{}}`, names: subscribe, flat: mixed,
			err: `parameter "options" is given twice`},
		{name: "no such member", params: `{"name":"x","sinc":2}`, names: subscribe, flat: mixed,
			err: `unknown parameter "sinc"`},
		{name: "member of the same name", params: `{"topic":"0x01","last":3}`, names: topic, flat: sameName,
			want: []string{`{"topic":"0x01","last":3}`}},
		{name: "object of the same name", params: `{"topic":{"topic":"0x01"}}`, names: topic, flat: sameName,
			want: []string{`{"topic":"0x01"}`}},
		{name: "single flat", params: `{"TTL":1}`, names: []string{"message"}, flat: flat, want: []string{`{"TTL":1}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args, err := Bind(json.RawMessage(tt.params), tt.names, tt.flat)
			if tt.err != "" {
				if err == nil || err.Message != tt.err || err.Code != api.CodeInvalidParams {
					t.Fatalf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for i, w := range tt.want {
				if string(args[i]) != w {
					t.Errorf("argument %d: %q, want %q", i, args[i], w)
				}
			}
		})
	}
}

func TestUnknownParameterIsCut(t *testing.T) {
	_, err := Bind(json.RawMessage(`{"`+strings.Repeat("é", 5000)+`":1}`), []string{"a"}, nil)
	if err == nil || len(err.Message) > 200 {
		t.Fatalf("message of %d bytes, want a short one", len(err.Message))
	}
}

func TestInvalidArgumentNamesTheMember(t *testing.T) {
	var message struct {
		TTL uint32 `json:"ttl"`
	}
	err := json.Unmarshal([]byte(`{"ttl":-1}`), &message)
	got := InvalidArgument(0, "message", err)
	if want := `argument 0 is "message"; its member "ttl" cannot be this number`; got.Data.Hint != want {
		t.Errorf("hint %q, want %q", got.Data.Hint, want)
	}
}
