package termtext

import (
	"strings"
	"testing"
)

func TestForeignText(t *testing.T) {
	tests := []struct{ name, text, line, lines string }{
		{"plain", "héllo 👍", "héllo 👍", "héllo 👍"},
		{"lines and tabs", "a\n\tb", "a  b", "a\n b"},
		{"escape sequence", "\x1b[2Jgone\x07", "\uFFFD[2Jgone\uFFFD", "\uFFFD[2Jgone\uFFFD"},
		{"C1 control", "\u009b31m", "\uFFFD31m", "\uFFFD31m"},
		{"carriage return", "real\rfake", "real\uFFFDfake", "real\uFFFDfake"},
		{"turned around", "abc\u202etxt.exe", "abc\uFFFDtxt.exe", "abc\uFFFDtxt.exe"},
		{"other line ends", "a\u2028b\u2029c", "a\uFFFDb\uFFFDc", "a\uFFFDb\uFFFDc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Line(tt.text); got != tt.line {
				t.Errorf("Line: got %q, want %q", got, tt.line)
			}
			if got := Lines(tt.text); got != tt.lines {
				t.Errorf("Lines: got %q, want %q", got, tt.lines)
			}
		})
	}
}

func TestMentions(t *testing.T) {
	id := "0x04" + strings.Repeat("ab", 64)
	name := func(got string) string {
		if got != id {
			t.Errorf("asked for %q", got)
		}
		return "ana"
	}
	for text, want := range map[string]string{
		"":                         "",
		"no one":                   "no one",
		"@" + id:                   "@ana",
		"hi @" + id + ", @" + id:   "hi @ana, @ana",
		"short @0x04abab":          "short @0x04abab",
		"@0x04 @" + id + "!":       "@0x04 @ana!",
		"@" + strings.ToUpper(id):  "@" + strings.ToUpper(id),
		"@0x04" + id:               "@0x04" + id,
		"@0x04@" + id:              "@0x04@ana",
		"@0x04zz" + id[6:] + " @x": "@0x04zz" + id[6:] + " @x",
	} {
		if got := Mentions(text, name); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
