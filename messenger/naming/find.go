package naming

import (
	"fmt"
	"slices"
	"strings"

	"statusd/accounts/contact"
	"statusd/api"
	"statusd/payloads"
)

// Kind is what something is that a name can mean.
type Kind string

// The kinds. Typed before a name, as "group:tea", they say which is meant; "id"
// is the exact id of a chat.
const (
	Public  Kind = "public"
	Group   Kind = "group"
	Person  Kind = "person"
	Profile Kind = "profile"
	byID    Kind = "id"
)

// Target is the one thing that a text means.
type Target struct {
	Kind  Kind
	ID    string // of the chat; for a person the contact id, which is the same
	Known bool   // there is such a chat
}

// Exact returns a text that means this target and nothing else.
func (t Target) Exact() string {
	if t.Kind == Profile {
		return t.ID
	}
	return string(t.Kind) + ":" + t.ID
}

// Directory is what is known of people and chats.
type Directory interface {
	// Chat returns the kind of a chat that is not closed, by its id.
	Chat(id string) (kind Kind, found bool, err error)
	// Groups returns the private groups of a name, whatever its case.
	Groups(name string) ([]NamedGroup, error)
	// Nicknamed returns the ids of those whom we gave a nickname.
	Nicknamed(nickname string) ([]string, error)
}

// NamedGroup is a private group with a name in question.
type NamedGroup struct {
	ID     string
	Joined bool // we take part; otherwise we were invited only
}

// AmbiguousError says that a text means several things.
type AmbiguousError struct {
	Text       string
	Candidates []Target
}

// Error implements error.
func (e *AmbiguousError) Error() string {
	list := make([]string, len(e.Candidates))
	for i, c := range e.Candidates {
		list[i] = c.Exact()
	}
	return fmt.Sprintf("%.80q may mean several things; give one of: %s", e.Text, strings.Join(list, ", "))
}

// UnknownError says that a text means nothing that is known.
type UnknownError struct{ Text string }

// Error implements error.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("%.80q means nobody and nothing: want #name, a key as zQ3sh… or 0x04…, @nickname, or the name "+
		"or id of a group", e.Text)
}

// Find returns what a text means: #name, a key in any form, @ and a nickname or
// a key, the name or the id of a private group, or one of these behind the name
// of a kind and a colon.
//
// An invitation that we have not accepted cannot make ambiguous what we have
// already: whoever may invite us could take away the use of any name.
// Errors: *AmbiguousError, *UnknownError, those of the directory.
func Find(d Directory, text string) (Target, error) { return FindKind(d, "", text) }

// FindKind is Find for a text that has to mean something of a kind, as if it
// stood behind it; "" for any. A person needs no chat: a bare word is nobody.
func FindKind(d Directory, kind Kind, text string) (Target, error) {
	f := finder{dir: d, text: text}
	rest, given := cutKind(text)
	if !given {
		rest = strings.TrimSpace(text)
	}
	if given {
		typed := Kind(strings.ToLower(strings.TrimSpace(text[:strings.IndexByte(text, ':')])))
		if kind != "" && typed != kind && typed != byID {
			return Target{}, &UnknownError{text}
		}
		if kind == "" {
			kind = typed
		}
	}
	if kind == Person && !given {
		return f.somebody(rest)
	}
	return f.find(kind, rest)
}

// somebody finds a person by a key, or @ and a nickname.
func (f *finder) somebody(text string) (Target, error) {
	if name := strings.TrimPrefix(text, "@"); name == text && !isKey(name) {
		return Target{}, &UnknownError{f.text}
	}
	if err := f.person("@"+strings.TrimPrefix(text, "@"), true); err != nil {
		return Target{}, err
	}
	return f.decide()
}

// cutKind cuts the name of a kind off a text.
func cutKind(text string) (rest string, found bool) {
	prefix, rest, found := strings.Cut(text, ":")
	kinds := []Kind{Public, Group, Person, byID}
	if !found || rest == "" || !slices.Contains(kinds, Kind(strings.ToLower(strings.TrimSpace(prefix)))) {
		return text, false
	}
	return rest, true
}

type finder struct {
	dir    Directory
	text   string
	found  []Target
	groups []NamedGroup
}

func (f *finder) find(kind Kind, text string) (Target, error) {
	known, isChat, err := f.dir.Chat(text)
	if err != nil {
		return Target{}, err
	}
	if isChat && (kind == byID || kind == known) { // ids are unique
		return Target{known, text, true}, nil
	}
	if isChat && kind == "" {
		f.found = append(f.found, Target{known, text, true})
	}
	if kind == "" || kind == Public {
		if err := f.public(text, kind == Public); err != nil {
			return Target{}, err
		}
	}
	if kind == "" || kind == Person {
		if err := f.person(text, kind == Person); err != nil {
			return Target{}, err
		}
	}
	if kind == "" || kind == Group {
		if f.groups, err = f.dir.Groups(text); err != nil {
			return Target{}, err
		}
	}
	return f.decide()
}

// public adds the public chat that #name means, which need not exist.
func (f *finder) public(text string, asked bool) error {
	name, sign := strings.CutPrefix(text, "#")
	if name == "" || !sign && !asked {
		return nil
	}
	kind, found, err := f.dir.Chat(name)
	if err == nil {
		f.add(Target{Public, name, found && kind == Public})
	}
	return err
}

// person adds whom a key or a nickname means.
func (f *finder) person(text string, asked bool) error {
	if owner, ok := payloads.ProfileOwner(text); ok && !asked {
		id := payloads.ProfileChat(owner)
		_, found, err := f.dir.Chat(id)
		f.add(Target{Profile, id, found})
		return err
	}
	name, sign := strings.CutPrefix(text, "@")
	if parsed, err := contact.Parse(name); err == nil && parsed.Name == "" {
		f.add(Target{Person, parsed.Key.ContactID(), true}) // a key is known by itself
		return nil
	}
	if !sign && !asked || name == "" {
		return nil
	}
	ids, err := f.dir.Nicknamed(name)
	for _, id := range ids {
		f.add(Target{Person, id, true})
	}
	return err
}

func (f *finder) add(t Target) {
	if !slices.ContainsFunc(f.found, func(have Target) bool { return have.Kind == t.Kind && have.ID == t.ID }) {
		f.found = append(f.found, t)
	}
}

// decide leaves one target.
func (f *finder) decide() (Target, error) {
	settled := slices.ContainsFunc(f.found, func(t Target) bool { return t.Known })
	for _, g := range f.groups {
		if g.Joined || !settled {
			f.add(Target{Group, g.ID, true})
		}
	}
	switch len(f.found) {
	case 0:
		return Target{}, &UnknownError{f.text}
	case 1:
		return f.found[0], nil
	}
	return Target{}, &AmbiguousError{f.text, f.found}
}

// KindOf returns the kind of a chat type, "" for the timeline.
func KindOf(chatType api.ChatType) Kind {
	switch chatType {
	case api.ChatOneToOne:
		return Person
	case api.ChatPublic:
		return Public
	case api.ChatPrivateGroup:
		return Group
	case api.ChatProfile:
		return Profile
	}
	return ""
}

// directory is Names as a Directory: the methods have other meanings there.
type directory struct{ n *Names }

func (d directory) Chat(id string) (Kind, bool, error) {
	for i := range d.n.chats {
		if c := &d.n.chats[i]; c.ID == id {
			kind := KindOf(c.ChatType)
			return kind, kind != "", nil
		}
	}
	return "", false, nil
}

func (d directory) Groups(name string) ([]NamedGroup, error) {
	var out []NamedGroup
	for i := range d.n.chats {
		if c := &d.n.chats[i]; c.ChatType == api.ChatPrivateGroup && strings.EqualFold(c.Name, name) {
			out = append(out, NamedGroup{c.ID, d.n.takesPart(c)})
		}
	}
	return out, nil
}

func (d directory) Nicknamed(nickname string) ([]string, error) {
	var out []string
	for id, c := range d.n.contacts {
		if c.LocalNickname != "" && strings.EqualFold(c.LocalNickname, nickname) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out, nil
}

// Find returns what a text means. Errors: *AmbiguousError, *UnknownError.
func (n *Names) Find(text string) (Target, error) { return Find(directory{n}, text) }

// FindKind returns what a text means that has to mean something of a kind; see
// the function FindKind.
func (n *Names) FindKind(kind Kind, text string) (Target, error) {
	return FindKind(directory{n}, kind, text)
}
