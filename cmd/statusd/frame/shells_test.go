package frame

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// helper is a program that offers a few words which shells have to quote, and
// notes what it was asked.
const helper = `#!/bin/sh
echo "$# $*" >>"${0%/*}/asked"
for last; do :; done
offer() { case "$1" in "$last"*) printf '%s\t%s\n' "$1" "$2" ;; esac; }
offer '#tea' public; offer '@Ana Maria' Ana; offer public:tea public; offer public:milk public
offer "it's" text; offer '$(exit 1)' text; offer --wait=sent text
echo :4
`

// shellFolder is a folder with that program and the script of a shell.
func shellFolder(t *testing.T, shell, file string) (dir, script string) {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		t.Skipf("%s is not installed", shell)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "statusd"), []byte(helper), 0o700); err != nil {
		t.Fatal(err)
	}
	raw, err := scripts.ReadFile("completion/statusd." + file)
	if err != nil {
		t.Fatal(err)
	}
	script = filepath.Join(dir, "script."+file)
	if err := os.WriteFile(script, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, script
}

// runShell runs commands in a shell that finds the program.
func runShell(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C.UTF-8"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// TestBashCompletes sets what bash sets when somebody asks, its words as its
// COMP_WORDBREAKS cut them.
func TestBashCompletes(t *testing.T) {
	dir, script := shellFolder(t, "bash", "bash")
	for _, c := range []struct {
		line  string
		words string // as bash reads them
		asked string
		want  string
	}{
		{`statusd messages #t`, `statusd messages \#t`, "3 __complete messages #t", `\#tea`},
		{`statusd messages '#t`, `statusd messages \'\#t`, "3 __complete messages #t", `#tea`},
		{`statusd messages @A`, `statusd messages @ A`, "3 __complete messages @A", `@Ana\ Maria`},
		{`statusd messages public:t`, `statusd messages public : t`, "3 __complete messages public:t", `tea`},
		{`statusd messages public:`, `statusd messages public :`, "3 __complete messages public:", "tea\nmilk"},
		{`statusd send --wait=s`, `statusd send --wait = s`, "3 __complete send --wait=s", `sent`},
		{`statusd send  'a b' c\ d it`, `statusd send \'a\ b\' c\\\ d it`, "5 __complete send a b c d it", `it\'s`},
		{`statusd send $`, `statusd send \$`, "3 __complete send $", `\$\(exit\ 1\)`},
		{`statusd send nothing`, `statusd send nothing`, "3 __complete send nothing", ``},
	} {
		_ = os.Remove(filepath.Join(dir, "asked"))
		text := fmt.Sprintf("source %s; COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); COMP_TYPE=9; COMP_LINE=%s;\n"+
			"COMP_POINT=${#COMP_LINE}; compopt() { :; }; __start_statusd; printf '%%s\\n' \"${COMPREPLY[@]}\"",
			script, c.words, "$'"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(c.line)+"'")
		got := strings.TrimRight(runShell(t, dir, "bash", "--norc", "-c", text), "\n")
		asked, err := os.ReadFile(filepath.Join(dir, "asked"))
		if err != nil || strings.TrimSpace(string(asked)) != c.asked || got != c.want {
			t.Errorf("%s: got %q, want %q; asked %q, %v", c.line, got, c.want, asked, err)
		}
	}
}

func TestFishCompletes(t *testing.T) {
	dir, script := shellFolder(t, "fish", "fish")
	for line, want := range map[string]string{
		`statusd messages \\#t`: "#tea\tpublic\n", `statusd messages @Ana\\ M`: "@Ana Maria\tAna\n",
		`statusd messages public:t`: "public:tea\tpublic\n", `statusd x nothing`: "",
	} {
		got := runShell(t, dir, "fish", "--no-config", "-c", fmt.Sprintf(`source %s; complete -C "%s"`, script, line))
		if got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

func TestZshReadsItsScript(t *testing.T) {
	dir, script := shellFolder(t, "zsh", "zsh")
	got := runShell(t, dir, "zsh", "-f", "-c",
		"autoload -U compinit; compinit -u -D; source "+script+"; print -r -- $_comps[statusd]")
	if got != "_statusd\n" {
		t.Errorf("got %q", got)
	}
}
