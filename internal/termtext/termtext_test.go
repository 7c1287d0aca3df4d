package termtext

import "testing"

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
