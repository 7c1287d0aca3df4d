package confusable

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTableIsWhole(t *testing.T) {
	if n := len(prototypes()); n != 6311 { // as counted in the file of the standard
		t.Errorf("%d characters", n)
	}
	if !strings.Contains(table, "# Version: 15.0.0") {
		t.Error("the version is not stated")
	}
}

func TestAlike(t *testing.T) {
	for a, same := range map[string][]string{
		"treasurer": {"trеаsurer", "Treasurer", "treasurer ✓", "✅ treasurer", "trea\u200bsurer", "ｔｒｅａｓｕｒｅｒ", "𝐭𝐫𝐞𝐚𝐬𝐮𝐫𝐞𝐫",
			"tréasurer", "(treasurer)", "trea surer", "treasurer\u00ad"},
		"me":   {"Me", "ME", "mе", "rne", "me:", "m\u200be", "ⅿe"},
		"bill": {"biII", "bi11", "Bill", "bі||"},
		"bob":  {"b0b", "BOB", "Ьob"},
		"paul": {"раul", "PauI"},
	} {
		for _, b := range same {
			if !Alike(a, b) || !Alike(b, a) {
				t.Errorf("%q and %q are not alike: %q %q", a, b, Keys(a), Keys(b))
			}
		}
	}
	for _, pair := range [][2]string{{"ana", "anna"}, {"bob", "rob"}, {"", ""}, {"🍵", "🫖"}, {"ana", "ana2"}, {"茶", "水"}} {
		if Alike(pair[0], pair[1]) {
			t.Errorf("%q are alike", pair)
		}
	}
}

func TestMixesScripts(t *testing.T) {
	for name, want := range map[string]bool{
		"treasurer": false, "trеasurer": true, "казначей": false, "θησαυρός": false, "東京タワー": false, "Tokyo東京": false,
		"서울 Seoul": false, "ana ✓ 12": false, "": false, "αβв": true, "naïve": false, "서울タ": true, "Ana Иванова": true,
	} {
		if got := MixesScripts(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func FuzzKeys(f *testing.F) {
	f.Add("trеasurer ✓")
	f.Add("\xff\u0308")
	f.Fuzz(func(t *testing.T, name string) {
		for _, k := range Keys(name) {
			if !utf8.ValidString(k) || k == "" {
				t.Errorf("%q: key %q", name, k)
			}
		}
		if len(Keys(name)) > 0 && !Alike(name, name+"\u200b ✓") {
			t.Errorf("%q: ornament tells it apart", name)
		}
		MixesScripts(name)
	})
}
