package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	citation  = regexp.MustCompile(`spec(?:ification)? (0\d)((?:,? (?:sections? |and |to |or )?\d+(?:\.\d+)*)*)`)
	heading   = regexp.MustCompile(`(?m)^#{2,3} ((?:\d+(?:\.\d+)*(?:, )?)+)`)
	sectionNo = regexp.MustCompile(`\d+(?:\.\d+)*`)
)

// TestCitationsOfTheSpec looks up what comments cite as "spec 01 section 7.2"
// in docs/spec: page and section are there, so that a reader finds them.
func TestCitationsOfTheSpec(t *testing.T) {
	pages := make(map[string]map[string]bool)
	files, err := filepath.Glob(filepath.Join(root(t), "docs", "spec", "0*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sections := make(map[string]bool)
		for _, h := range heading.FindAllStringSubmatch(string(raw), -1) {
			for _, n := range sectionNo.FindAllString(h[1], -1) {
				sections[n] = true
			}
		}
		pages[filepath.Base(file)[:2]] = sections
	}
	cited := 0
	for _, s := range sources(t) {
		for _, group := range s.tree.Comments {
			text := strings.Join(strings.Fields(group.Text()), " ")
			for _, c := range citation.FindAllStringSubmatch(text, -1) {
				cited++
				if pages[c[1]] == nil {
					t.Errorf("%s: there is no page %s", s.name, c[1])
				}
				for _, n := range sectionNo.FindAllString(c[2], -1) {
					if c[1] != "07" && !pages[c[1]][n] { // that page is a table
						t.Errorf("%s: page %s has no section %s", s.name, c[1], n)
					}
				}
			}
		}
	}
	if cited < 100 {
		t.Errorf("only %d citations were found", cited)
	}
}
