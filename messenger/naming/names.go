package naming

import (
	"slices"
	"strings"
	"unicode"

	"statusd/accounts/contact"
	"statusd/api"
	"statusd/internal/confusable"
	"statusd/internal/termtext"
)

// Me is what we are called.
const Me = "me"

// maxForeign bounds the characters of a foreign name that are shown: the key
// behind it must not be pushed out of sight.
const maxForeign = 32

// Names are the people and chats that one account knows. Make one anew when
// they have changed. Safe for concurrent use.
type Names struct {
	self     string
	contacts map[string]api.Contact
	chats    []api.Chat
	ours     map[string][]owned // by confusable.Keys: what can be imitated
}

// owned is a name that we gave, or trust.
type owned struct {
	id    string // of the person or chat that has it
	shown string
}

// New makes the names of an account. self is its own contact id; "" while it
// is not known.
func New(self string, contacts []api.Contact, chats []api.Chat) *Names {
	n := &Names{self: self, contacts: make(map[string]api.Contact, len(contacts)), ours: make(map[string][]owned)}
	n.add(Me, self, "you")
	for _, c := range contacts {
		n.contacts[c.ID] = c
		if c.ID == self {
			n.add(c.Name, self, "you")
			continue
		}
		if c.LocalNickname != "" {
			n.add(c.LocalNickname, c.ID, "@"+termtext.Line(c.LocalNickname))
		} else if slices.Contains(c.SystemTags, api.TagAdded) {
			n.add(c.Name, c.ID, "the contact "+Short(c.ID))
			n.add(c.Alias, c.ID, "the contact "+Short(c.ID))
		}
	}
	for _, c := range chats {
		if !c.Active {
			continue
		}
		n.chats = append(n.chats, c)
		switch c.ChatType {
		case api.ChatPublic:
			n.add(c.ID, c.ID, "#"+termtext.Line(c.ID))
		case api.ChatPrivateGroup:
			if n.takesPart(&c) {
				n.add(c.Name, c.ID, "the group "+shortChat(c.ID))
			}
		}
	}
	return n
}

func (n *Names) add(name, id, shown string) {
	for _, key := range confusable.Keys(name) {
		n.ours[key] = append(n.ours[key], owned{id, shown})
	}
}

// takesPart reports whether we have joined a group.
func (n *Names) takesPart(c *api.Chat) bool {
	return slices.ContainsFunc(c.Members, func(m api.Member) bool { return m.ID == n.self && m.Joined })
}

// Person says what to call somebody. alias is the name made of the key, for
// people who are no contacts; it may be "".
func (n *Names) Person(id, alias string) string {
	if id != "" && id == n.self {
		return Me
	}
	c := n.contacts[id]
	if nick := c.LocalNickname; nick != "" {
		shown := termtext.Line(nick)
		if n.imitates(nick, id) != "" || n.otherKind(nick) != "" {
			shown += " (" + Short(id) + ")" // two of our own names are alike
		}
		return shown
	}
	for _, name := range []string{c.Name, c.Alias, alias} {
		if shown := foreign(name); shown != "" {
			return "~" + shown + " (" + Short(id) + ")" + n.mark(name, id)
		}
	}
	return Short(id)
}

// Chat says what to call a chat. Each kind looks different: #public, @person
// or ~person (key), "group".
func (n *Names) Chat(c *api.Chat) string {
	switch c.ChatType {
	case api.ChatPublic:
		return "#" + termtext.Line(c.ID) + n.mixed(c.ID)
	case api.ChatOneToOne:
		return at(n.Person(c.ID, c.Alias))
	case api.ChatProfile:
		return at(n.Person(strings.TrimPrefix(c.ID, "@"), c.Alias)) + "'s profile"
	case api.ChatTimeline:
		return "timeline"
	}
	name := c.Name
	if name == c.ID { // all that an event says; we may know more
		for i := range n.chats {
			if n.chats[i].ID == c.ID {
				name = n.chats[i].Name
			}
		}
	}
	return `group "` + foreign(name) + `"` + n.mark(name, c.ID)
}

func at(person string) string {
	if strings.HasPrefix(person, "~") {
		return person
	}
	return "@" + person
}

// foreign is a name that others gave, fit to be shown: short, on one line, and
// without the signs by which names are told apart here.
func foreign(name string) string {
	var b strings.Builder
	count := 0
	for _, c := range termtext.Line(strings.TrimSpace(name)) {
		switch {
		case confusable.Invisible(c):
			continue
		case count == maxForeign-1:
			return strings.TrimSpace(b.String()) + "…"
		case strings.ContainsRune(`()[]{}"~`, c) || unicode.Is(unicode.Ps, c) || unicode.Is(unicode.Pe, c) ||
			unicode.Is(unicode.Quotation_Mark, c) && c != '\'' && c != '’':
			c = '·'
		}
		b.WriteRune(c)
		count++
	}
	return b.String()
}

// mark warns of a foreign name that looks like what it is not; "" for others.
// id is of the person or chat that has the name.
func (n *Names) mark(name, id string) string {
	if warning := n.Warning(name, id); warning != "" {
		return " [" + warning + "]"
	}
	return ""
}

// Warning says what is wrong with a foreign name, "" for nothing.
func (n *Names) Warning(name, id string) string {
	if kind := n.otherKind(name); kind != "" {
		return "looks like " + kind
	}
	if other := n.imitates(name, id); other != "" {
		return "looks like " + other
	}
	if confusable.MixesScripts(name) {
		return mixedScripts
	}
	return ""
}

const mixedScripts = "mixes scripts"

func (n *Names) mixed(name string) string {
	if confusable.MixesScripts(name) {
		return " [" + mixedScripts + "]"
	}
	return ""
}

// imitates returns what of ours a name looks like, "" for nothing.
func (n *Names) imitates(name, id string) string {
	for _, key := range confusable.Keys(name) {
		for _, o := range n.ours[key] {
			if o.id != id {
				return o.shown
			}
		}
	}
	return ""
}

// otherKind returns which kind of thing a name pretends to be by its form, ""
// for none.
func (n *Names) otherKind(name string) string {
	text := strings.TrimSpace(strings.Map(func(c rune) rune {
		if confusable.Invisible(c) {
			return -1
		}
		return c
	}, name))
	if text == "" {
		return ""
	}
	_, prefixed := cutKind(strings.ToLower(text))
	switch first := []rune(confusable.Skeleton(text))[:1]; {
	case string(first) == "#" || strings.HasPrefix(text, "＃") || strings.HasPrefix(text, "﹟"):
		return "a public chat"
	case strings.ContainsAny(text[:1], "@~") || strings.HasPrefix(text, "＠") || strings.HasPrefix(text, "﹫") ||
		strings.HasPrefix(text, "～"):
		return "a person"
	case isKey(text) || strings.HasPrefix(strings.ToLower(text), "zq3") || strings.HasPrefix(strings.ToLower(text), "0x"):
		return "a key"
	case prefixed:
		return "another kind of name"
	}
	return ""
}

func isKey(text string) bool {
	parsed, err := contact.Parse(text)
	return err == nil && parsed.Name == ""
}

// GivenBy says who gave the name by which a person is called.
func GivenBy(c *api.Contact, self string) api.GivenBy {
	switch {
	case c.ID == self || c.LocalNickname != "":
		return api.GivenByYou
	case c.Name != "":
		return api.GivenByThem
	}
	return api.GivenByKey
}

// PersonGivenBy is GivenBy for somebody by the id.
func (n *Names) PersonGivenBy(id string) api.GivenBy {
	c := n.contacts[id]
	c.ID = id
	return GivenBy(&c, n.self)
}

// ChatGivenBy says who gave the name by which a chat is called.
func (n *Names) ChatGivenBy(c *api.Chat) api.GivenBy {
	switch c.ChatType {
	case api.ChatPrivateGroup:
		return api.GivenByThem
	case api.ChatOneToOne, api.ChatProfile:
		return n.PersonGivenBy(strings.TrimPrefix(c.ID, "@"))
	}
	return api.GivenByYou
}

// Key writes the id of a person in the form that people exchange; what is no id
// stays as it is.
func Key(id string) string {
	if c, err := contact.Parse(id); err == nil && c.Name == "" {
		return contact.Text(c.Key)
	}
	return id
}

// Short shortens the id of a person the way people exchange keys. It is not
// unique enough to verify somebody.
func Short(id string) string {
	if c, err := contact.Parse(id); err == nil && c.Name == "" {
		return contact.Short(c.Key)
	}
	if len(id) > 16 {
		return termtext.Line(id[:8]) + "…" + termtext.Line(id[len(id)-4:])
	}
	return termtext.Line(id)
}

func shortChat(id string) string { return termtext.Line(id[:min(len(id), 8)]) + "…" }
