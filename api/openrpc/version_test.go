package openrpc

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"statusd/api"
)

var released = flag.Bool("release", false, "note the contract as that of a release")

const contractFile = "testdata/contract.txt"

// TestContractVersion compares the contract with that of the last release: what
// was added needs a higher minor version, what was taken away or demands more
// of callers a higher major one.
func TestContractVersion(t *testing.T) {
	now := elements(New(nil))
	if *released {
		text := api.ContractVersion + "\n" + strings.Join(now, "\n") + "\n"
		if err := os.WriteFile(contractFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	raw, err := os.ReadFile(contractFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	need, why := bump(lines[0], lines[1:], now)
	if order(api.ContractVersion, need) < 0 {
		t.Errorf("since version %s: %s; set api.ContractVersion to %s, and say so in the change log", lines[0],
			strings.Join(why, "; "), need)
	}
}

// bump returns the lowest version that a contract may have, and why, at most
// ten reasons.
func bump(version string, before, now []string) (need string, why []string) {
	var major, minor, patch int
	fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch)
	need = version
	for _, line := range before {
		if !slices.Contains(now, line) {
			need, why = fmt.Sprintf("%d.0.0", major+1), append(why, "gone is "+line)
		}
	}
	for _, line := range now {
		switch {
		case slices.Contains(before, line):
		case strings.HasSuffix(line, demanded) && knownBefore(before, line):
			need, why = fmt.Sprintf("%d.0.0", major+1), append(why, "callers must give "+line)
		case need == version:
			need = fmt.Sprintf("%d.%d.0", major, minor+1)
			fallthrough
		default:
			why = append(why, "new is "+line)
		}
	}
	return need, why[:min(len(why), 10)]
}

// knownBefore tells whether the method of a parameter is an old one.
func knownBefore(before []string, param string) bool {
	method := strings.Fields(param)[1]
	return slices.ContainsFunc(before, func(line string) bool { return strings.HasPrefix(line, "method "+method+" ") })
}

const demanded = " demanded"

// elements are what programs rely on, a line each. Texts are not among it.
func elements(doc *Document) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, m := range doc.Methods {
		add("method %s %s", m.Name, m.Scope)
		for i, p := range m.Params {
			end := ""
			if p.Required {
				end = demanded
			}
			add("param %s %d %s %s%s", m.Name, i+1, p.Name, shape(p.Schema), end)
		}
		add("result %s %s", m.Name, shape(m.Result.Schema))
		for _, e := range m.Errors {
			add("error %s %s", m.Name, strings.TrimPrefix(e.To, errorPath))
		}
	}
	for _, e := range doc.Events {
		add("event %s %s", e.Type, shape(e.Schema))
	}
	for name, e := range doc.Components.Errors {
		add("kind %s %d", name, e.Code)
	}
	for name, s := range doc.Components.Schemas {
		members, isObject := s["properties"].(map[string]Schema)
		if !isObject {
			add("type %s %s", name, shape(s))
			continue
		}
		add("type %s object", name)
		for member, of := range members {
			add("member %s %s %s", name, member, shape(of))
		}
	}
	slices.Sort(lines)
	return lines
}

// shape is a schema without its texts.
func shape(s Schema) string {
	raw, err := json.Marshal(s)
	var v any
	if err != nil || json.Unmarshal(raw, &v) != nil {
		return fmt.Sprint(err)
	}
	raw, _ = json.Marshal(withoutTexts(v)) // it was JSON before
	return string(raw)
}

func withoutTexts(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, of := range v {
			if _, text := of.(string); name != "description" || !text {
				out[name] = withoutTexts(of)
			}
		}
		return out
	case []any:
		for i := range v {
			v[i] = withoutTexts(v[i])
		}
	}
	return v
}

// order compares versions.
func order(a, b string) int {
	number := func(s string) (n [3]int) {
		fmt.Sscanf(s, "%d.%d.%d", &n[0], &n[1], &n[2])
		return n
	}
	x, y := number(a), number(b)
	return slices.Compare(x[:], y[:])
}

func TestWhatAChangeNeeds(t *testing.T) {
	before := []string{"member Chat id x", "method chats read", "param chats 1 id string"}
	for _, c := range []struct {
		name string
		now  []string
		want string
	}{
		{"nothing", before, "1.2.3"},
		{"a new method", append(slices.Clone(before), "method more read", "param more 1 id string demanded"), "1.3.0"},
		{"a new member", append(slices.Clone(before), "member Chat name x"), "1.3.0"},
		{"a parameter that has to be given", append(slices.Clone(before), "param chats 2 name string demanded"), "2.0.0"},
		{"a member that is gone", before[1:], "2.0.0"},
		{"another scope", []string{before[0], "method chats admin", before[2]}, "2.0.0"},
	} {
		if got, why := bump("1.2.3", before, c.now); got != c.want {
			t.Errorf("%s: %s, want %s (%q)", c.name, got, c.want, why)
		}
	}
	if order("1.10.0", "1.9.9") <= 0 || order("1.2.3", "1.2.3") != 0 || order("2.0.0", "10.0.0") >= 0 {
		t.Error("versions are not compared by numbers")
	}
}
