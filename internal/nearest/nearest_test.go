package nearest

import (
	"slices"
	"strings"
	"testing"
)

func TestNearWords(t *testing.T) {
	words := []string{"messages.new", "message.edited", "message.pinned", "account.login", "account.logout"}
	for word, want := range map[string][]string{
		"mesages.new":                      {"messages.new"},
		"Messages.New":                     {"messages.new", "message.pinned"},
		"acount.login":                     {"account.login", "account.logout"},
		"accuont.login":                    {"account.login", "account.logout"},
		"x":                                nil,
		"":                                 nil,
		strings.Repeat("messages.new", 50): nil,
	} {
		if got := Words(word, words, 5); !slices.Equal(got, want) {
			t.Errorf("%.20q: %v, want %v", word, got, want)
		}
	}
	if got := Words("message.edited", words, 1); !slices.Equal(got, []string{"message.edited"}) {
		t.Errorf("one word: %v", got)
	}
	if got := Word("acount.logout", words); got != "account.logout" {
		t.Errorf("nearest %q", got)
	}
	if got := Word("zzzzzz", words); got != "" {
		t.Errorf("nearest to nothing %q", got)
	}
}
