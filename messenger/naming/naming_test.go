package naming

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"statusd/accounts/contact"
	"statusd/accounts/key"
	"statusd/api"
)

func someone(t testing.TB) string {
	t.Helper()
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k.Public().ContactID()
}

func group(id, name, self string, joined bool) api.Chat {
	return api.Chat{
		ID: id, Name: name, ChatType: api.ChatPrivateGroup, Active: true, Members: []api.Member{{ID: self, Joined: joined}},
	}
}

func TestForeignNamesAreNeverBare(t *testing.T) {
	self, ana, eve := someone(t), someone(t), someone(t)
	for claimed, want := range map[string]string{
		"ben":                       "~ben (KEY)",
		"treasurer":                 "~treasurer (KEY) [looks like @treasurer]",
		"trеаsurer ✓":               "~trеаsurer ✓ (KEY) [looks like @treasurer]",
		"Treasurer\u200b":           "~Treasurer (KEY) [looks like @treasurer]",
		"me":                        "~me (KEY) [looks like you]",
		"mе:":                       "~mе: (KEY) [looks like you]",
		"bеn":                       "~bеn (KEY) [mixes scripts]",
		"#tea":                      "~#tea (KEY) [looks like a public chat]",
		"@ana":                      "~@ana (KEY) [looks like a person]",
		"tea":                       "~tea (KEY) [looks like #tea]",
		"ben (zQ3sh…aaaaa)":         "~ben ·zQ3sh…aaaaa· (KEY)",
		"ben\x1b[2J\u202e":          "~ben�·2J� (KEY)",
		strings.Repeat("very ", 20): "~very very very very very very v… (KEY)",
		" ":                         "KEY",
		"\u200b\u200d":              "KEY",
		"":                          "KEY",
	} {
		n := New(self, []api.Contact{{ID: ana, LocalNickname: "treasurer"}, {ID: eve, Name: claimed}}, []api.Chat{
			{ID: "tea", ChatType: api.ChatPublic, Active: true},
		})
		if got := strings.ReplaceAll(n.Person(eve, ""), Short(eve), "KEY"); got != want {
			t.Errorf("%q is shown as %q, want %q", claimed, got, want)
		}
		if got := n.Person(ana, "any"); got != "treasurer" {
			t.Errorf("our nickname is shown as %q", got)
		}
		if got := n.Person(self, claimed); got != Me {
			t.Errorf("we are shown as %q", got)
		}
	}
}

func TestNicknamesThatAreAlikeHaveTheKeyBesideThem(t *testing.T) {
	self, ana, ben := someone(t), someone(t), someone(t)
	n := New(self, []api.Contact{{ID: ana, LocalNickname: "Ana"}, {ID: ben, LocalNickname: "аnа"}}, nil)
	for _, id := range []string{ana, ben} {
		if got := n.Person(id, ""); !strings.HasSuffix(got, " ("+Short(id)+")") || strings.HasPrefix(got, "~") {
			t.Errorf("shown as %q", got)
		}
	}
	like := New(self, []api.Contact{{ID: ana, LocalNickname: "me"}}, nil)
	if got := like.Person(ana, ""); got != "me ("+Short(ana)+")" {
		t.Errorf("shown as %q", got)
	}
}

func TestKindsOfChatsAreToldApart(t *testing.T) {
	self, ana := someone(t), someone(t)
	chats := []api.Chat{
		{ID: "tea", ChatType: api.ChatPublic, Active: true}, {ID: ana, ChatType: api.ChatOneToOne, Active: true},
		group("g0", "tea party", self, true),
	}
	imitations := map[string]string{
		"#tea": "a public chat", "＃tea": "a public chat", "@ana": "a person", "~ana": "a person",
		Short(ana): "a key", ana: "a key",
		contact.Text(must(key.ParseContactID(ana))): "a key", "tea": "#tea", "tеа": "#tea", "Ana": "@ana", "me": "you",
		"Tea Party": "the group g0…", "public:tea": "another kind of name", "\u200b#tea": "a public chat",
		"Group:tea": "another kind of name",
	}
	for name, what := range imitations {
		c := group("g1", name, self, false)
		n := New(self, []api.Contact{{ID: ana, LocalNickname: "ana"}}, append(slices.Clone(chats), c))
		if got := n.Chat(&c); !strings.HasPrefix(got, `group "`) || !strings.HasSuffix(got, " [looks like "+what+"]") {
			t.Errorf("%q is shown as %s, want that it looks like %s", name, got, what)
		}
	}
	n := New(self, []api.Contact{{ID: ana, LocalNickname: "ana"}}, chats)
	shown := make([]string, 0, len(chats))
	for i := range chats {
		shown = append(shown, n.Chat(&chats[i]))
	}
	if want := []string{"#tea", "@ana", `group "tea party"`}; !slices.Equal(shown, want) {
		t.Errorf("shown as %q, want %q", shown, want)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestWhatIsTypedMeansOneThing(t *testing.T) {
	self, ana, eve := someone(t), someone(t), someone(t)
	contacts := []api.Contact{{ID: ana, LocalNickname: "ana"}, {ID: eve, Name: "treasurer"}}
	public := api.Chat{ID: "tea", ChatType: api.ChatPublic, Active: true}
	for _, tt := range []struct {
		name  string
		chats []api.Chat
		text  string
		want  string // Exact of the target, "?" for unknown, candidates separated by |
	}{
		{"public", []api.Chat{public}, "#tea", "public:tea"},
		{"public without sign", []api.Chat{public}, "tea", "public:tea"},
		{"new public", nil, "#tea", "public:tea"},
		{"unknown word", nil, "tea", "?"},
		{"group by name", []api.Chat{group("g", "Tea", self, true)}, "tea", "group:g"},
		{"group by id", []api.Chat{group("g", "tea", self, true)}, "g", "group:g"},
		{"nickname", nil, "@Ana", "person:" + ana},
		{"key", nil, contact.Text(must(key.ParseContactID(eve))), "person:" + eve},
		{"claimed name", nil, "@treasurer", "?"},
		{"group like a joined public chat", []api.Chat{public, group("g", "#tea", self, true)}, "#tea",
			"public:tea|group:g"},
		{"group like a public chat that is not joined", []api.Chat{group("g", "#tea", self, true)}, "#tea",
			"public:tea|group:g"},
		{"invitation like a joined public chat", []api.Chat{public, group("g", "#tea", self, false)}, "#tea", "public:tea"},
		{"invitation like a public chat that is not joined", []api.Chat{group("g", "#tea", self, false)}, "#tea",
			"public:tea|group:g"},
		{"group like a person", []api.Chat{group("g", "@ana", self, true)}, "@ana", "person:" + ana + "|group:g"},
		{"invitation like a person", []api.Chat{group("g", "@ana", self, false)}, "@ana", "person:" + ana},
		{"group like a key", []api.Chat{group("g", ana, self, true)}, ana, "person:" + ana + "|group:g"},
		{"group like the id of another", []api.Chat{group("g", "x", self, true), group("h", "g", self, true)}, "g",
			"group:g|group:h"},
		{"invitation like the id of a group", []api.Chat{group("g", "x", self, true), group("h", "g", self, false)}, "g",
			"group:g"},
		{"groups of one name", []api.Chat{group("g", "tea", self, true), group("h", "TEA", self, true)}, "tea",
			"group:g|group:h"},
		{"kind public", []api.Chat{public, group("g", "#tea", self, true)}, "public:tea", "public:tea"},
		{"kind public with sign", []api.Chat{public, group("g", "#tea", self, true)}, "public:#tea", "public:tea"},
		{"kind group", []api.Chat{public, group("g", "#tea", self, true)}, "group:#tea", "group:g"},
		{"kind group by id", []api.Chat{group("g", "x", self, true), group("h", "g", self, true)}, "group:g", "group:g"},
		{"kind person", []api.Chat{group("g", "@ana", self, true)}, "person:@ana", "person:" + ana},
		{"kind person without sign", nil, "person:ana", "person:" + ana},
		{"kind id", []api.Chat{public, group("g", "tea", self, true)}, "id:tea", "public:tea"},
		{"kind id of nothing", nil, "id:tea", "?"},
		{"empty", nil, "", "?"},
		{"only a sign", nil, "#", "?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := New(self, contacts, tt.chats).Find(tt.text)
			answer := got.Exact()
			var ambiguous *AmbiguousError
			var unknown *UnknownError
			switch {
			case errors.As(err, &ambiguous):
				var all []string
				for _, c := range ambiguous.Candidates {
					all = append(all, c.Exact())
				}
				answer = strings.Join(all, "|")
				for _, c := range all { // what the error offers must work
					if again, err := New(self, contacts, tt.chats).Find(c); err != nil || again.Exact() != c {
						t.Errorf("the candidate %s means %v, %v", c, again, err)
					}
				}
			case errors.As(err, &unknown):
				answer = "?"
			case err != nil:
				t.Fatal(err)
			}
			if answer != tt.want {
				t.Errorf("%q means %s, want %s", tt.text, answer, tt.want)
			}
		})
	}
}

func TestPeopleAreFoundByWhatWeCallThem(t *testing.T) {
	self, ana, eve := someone(t), someone(t), someone(t)
	n := New(self, []api.Contact{
		{ID: ana, LocalNickname: "ana"}, {ID: eve, Name: "treasurer", Alias: "Big Red Dog"},
		{ID: someone(t), LocalNickname: "twin"}, {ID: someone(t), LocalNickname: "Twin"},
	}, []api.Chat{group("g", "@ana", self, true)})
	for text, want := range map[string]string{
		"@ana": ana, "person:@ana": ana, "person:ana": ana, eve: eve, "@" + eve: eve,
		contact.Text(must(key.ParseContactID(eve))): eve,
		"@treasurer": "", "treasurer": "", "@Big Red Dog": "", "ana": "", "@": "", "@twin": "", "#ana": "",
	} {
		if got, err := n.FindKind(Person, text); got.ID != want || (err == nil) != (want != "") {
			t.Errorf("%q means %q, %v", text, got.ID, err)
		}
	}
}

func FuzzForeignNames(f *testing.F) {
	self, ana, eve := someone(f), someone(f), someone(f)
	for _, name := range []string{"treasurer", "me", "#tea", "\xff", "~a (b) [c]", "e\u0301\u0301"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		c := group("g", name, self, false)
		n := New(self, []api.Contact{{ID: ana, LocalNickname: "treasurer"}, {ID: eve, Name: name}}, []api.Chat{c})
		shown := n.Person(eve, "")
		if !strings.HasPrefix(shown, "~") && shown != Short(eve) || strings.Count(shown, Short(eve)) != 1 {
			t.Errorf("%q is shown as %q", name, shown)
		}
		if strings.ContainsAny(shown, "\n\r\x1b") || len([]rune(shown)) > maxForeign+100 {
			t.Errorf("%q is shown as %q", name, shown)
		}
		if chat := n.Chat(&c); !strings.HasPrefix(chat, `group "`) || strings.Count(chat, `"`) != 2 {
			t.Errorf("%q is shown as %q", name, chat)
		}
		_, _ = n.Find(name)
	})
}
