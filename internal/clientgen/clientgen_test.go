package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"statusd/api"
)

// TestClientsAreUpToDate compares what is in the repository with what the
// contract gives now.
func TestClientsAreUpToDate(t *testing.T) {
	words, err := readSource(filepath.Join("..", "..", "api"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := collect(words)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files(c) {
		have, err := os.ReadFile(filepath.Join("..", "..", "clients", path))
		if err != nil {
			t.Fatal(err)
		}
		if string(have) != string(want) {
			t.Errorf("clients/%s is not what the contract gives: run make generate", path)
		}
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct{ wire, snake, camel string }{
		{"wakuext_chatMessages", "wakuext_chat_messages", "wakuextChatMessages"},
		{"rpc.discover", "rpc_discover", "rpcDiscover"},
		{"web3_clientVersion", "web3_client_version", "web3ClientVersion"},
		{"subscribeReceive", "subscribe_receive", "subscribeReceive"},
		{"key-uid", "key_uid", "keyUid"},
		{"symKeyID", "sym_key_id", "symKeyID"},
		{"messageIDs", "message_ids", "messageIDs"},
		{"enableENSNames", "enable_ens_names", "enableENSNames"},
		{"minimumPoW", "minimum_pow", "minimumPoW"},
		{"from", "from_", "from"},
		{"send", "send", "send"},
	} {
		if got := pythonName(test.wire); got != test.snake {
			t.Errorf("%s in Python: %s, want %s", test.wire, got, test.snake)
		}
		if got := camel(test.wire); got != test.camel {
			t.Errorf("%s in TypeScript: %s, want %s", test.wire, got, test.camel)
		}
	}
}

type (
	inner  struct{ Own string }
	Nested struct {
		Name string `json:"name"`
	}
	Everything struct {
		inner
		Text    string            `json:"text"`
		Maybe   *int              `json:"maybe"`
		Omitted *Nested           `json:"omitted,omitempty"`
		None    *[]Nested         `json:"none,omitempty"`
		Many    []Nested          `json:"many"`
		By      map[string]uint64 `json:"by"`
		At      time.Time         `json:"at"`
		Level   api.LogLevel      `json:"level"`
		Data    api.Bytes         `json:"data"`
		Raw     api.JSON          `json:"raw"`
		Self    *Everything       `json:"self"`
		Skipped int               `json:"-"`
		unseen  int
	}
	Page[T any] struct {
		Items []T `json:"items"`
	}
)

func newCollector(t *testing.T) *collector {
	words, err := readSource(filepath.Join("..", "..", "api"))
	if err != nil {
		t.Fatal(err)
	}
	return &collector{
		words: words, objects: make(map[string]*object), enums: make(map[string]enum), texts: make(map[string]text),
		asked: make(map[string]bool), told: make(map[string]bool), goTypes: make(map[string]reflect.Type),
	}
}

func TestFormsOfTypes(t *testing.T) {
	c := newCollector(t)
	r := c.ref(reflect.TypeOf(Everything{unseen: 1}), c.told)
	if pythonRef(r, "t.") != "t.Everything" || c.problem != nil {
		t.Fatalf("%+v, %v", r, c.problem)
	}
	want := []string{
		"Own: str", "text: str", "maybe: int | None", "omitted: NotRequired[Nested]",
		"none: NotRequired[list[Nested] | None]", "many: list[Nested] | None",
		"by: dict[str, int] | None", "at: Timestamp", "level: LogLevel", "data: Bytes", "raw: Any", "self: Everything | None",
	}
	var got []string
	for _, m := range c.objects["Everything"].members {
		got = append(got, m.name+": "+pythonMember(m))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if r := c.ref(reflect.TypeFor[Page[Nested]](), c.told); r.name != "PageNested" {
		t.Errorf("a page of nested things is called %s", r.name)
	}
	if e := c.enums["LogLevel"]; len(e.values) != 5 || e.values[0].name != "LogError" || e.values[0].value != "error" {
		t.Errorf("levels: %+v", e.values)
	}
}

// closed writes its JSON itself.
type closed struct{}

func (closed) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

func TestTypesWithoutAFormAreRefused(t *testing.T) {
	for _, of := range []reflect.Type{
		reflect.TypeFor[closed](), reflect.TypeFor[struct{ A int }](), reflect.TypeFor[chan int](),
	} {
		c := newCollector(t)
		if c.ref(of, c.told); c.problem == nil {
			t.Errorf("%s has a form", of)
		}
	}
}

func TestErrorClassesDiffer(t *testing.T) {
	seen := make(map[string]bool)
	for _, class := range api.ErrorClasses() {
		name := errorName(class.Kind)
		if seen[name] || !strings.HasSuffix(name, "Error") || name == "TimeoutError" {
			t.Errorf("%s is called %s", class.Kind, name)
		}
		seen[name] = true
	}
}

func TestDocstringsCannotEndEarly(t *testing.T) {
	w := new(writer)
	w.docstring("", `a """ b \ c "`)
	if got, want := w.String(), "\"\"\"a \\\"\\\"\\\" b \\\\ c \"\n\"\"\"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
