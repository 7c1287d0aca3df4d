package devnet

import (
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	tests := []struct {
		line string
		want []string
		fail bool
	}{
		{"", nil, false},
		{"statusd chats", []string{"statusd", "chats"}, false},
		{"statusd  send '#tea' -m 'two words'", []string{"statusd", "send", "#tea", "-m", "two words"}, false},
		{"a '' b", []string{"a", "", "b"}, false},
		{"a 'b", nil, true},
	}
	for _, tt := range tests {
		got, err := split(tt.line)
		if !slices.Equal(got, tt.want) || (err != nil) != tt.fail {
			t.Errorf("%q: got %q, %v; want %q", tt.line, got, err, tt.want)
		}
	}
}
