package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestRecipientsInJSON are one text, or a list of bounded length.
func TestRecipientsInJSON(t *testing.T) {
	list := func(n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`"#tea",`, n), ",") + "]"
	}
	for in, want := range map[string]Recipients{
		`"#tea"`: {"#tea"}, `["#tea"]`: {"#tea"}, `["#tea","@ana"]`: {"#tea", "@ana"},
		list(MaxRecipients): slices.Repeat(Recipients{"#tea"}, MaxRecipients),
	} {
		var got Recipients
		if err := json.Unmarshal([]byte(in), &got); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", in, got, err)
		}
		again, err := json.Marshal(got)
		if one := `"#tea"`; err != nil || string(again) != in && (len(want) > 1 || string(again) != one) {
			t.Errorf("%s is written %s, %v", in, again, err)
		}
	}
	for _, in := range []string{`[]`, `{}`, `7`, `[7]`, `[["#tea"]]`, list(MaxRecipients + 1)} {
		var got Recipients
		if err := json.Unmarshal([]byte(in), &got); err == nil {
			t.Errorf("%s: no error, %q", in, got)
		}
	}
	if shape := (Recipients{}).JSONShape(); !json.Valid([]byte(shape)) ||
		!strings.Contains(shape, fmt.Sprintf(`"maxItems":%d}`, MaxRecipients)) {
		t.Errorf("the schema says %s", shape)
	}
}
