package messenger

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"statusd/accounts/contact"
	"statusd/api"
	"statusd/fault"
	"statusd/messenger/naming"
	"statusd/payloads"
)

// png is the smallest picture that passes for one.
func png() []byte {
	return append([]byte{0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a}, make([]byte, 100)...)
}

func amr() []byte { return append([]byte("#!AMR\n"), make([]byte, 20)...) }

// TestAttachments come from files and data, and arrive as data URLs.
func TestAttachments(t *testing.T) {
	alice, bob := pair(t)
	picture := filepath.Join(t.TempDir(), "cat.png")
	if err := os.WriteFile(picture, png(), 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, alice.m.Chats().Save(t.Context(), api.ChatSettings{ID: bob.id, ChatType: api.ChatOneToOne, Active: true}))
	wantImage := "data:image/png;base64," + base64.StdEncoding.EncodeToString(png())
	wantAudio := "data:audio/amr;base64," + base64.StdEncoding.EncodeToString(amr())
	for _, m := range []api.OutgoingMessage{
		{ImagePath: picture}, {Image: wantImage}, {ImagePath: picture, ContentType: api.ContentImage},
		{Audio: wantAudio, AudioDurationMs: 1500},
	} {
		m.ChatID, m.Text = bob.id, "look"
		out := must[api.Changes](t)(alice.m.Messages().Send(t.Context(), m))
		bob.take(alice)
		got := bob.message(out.Messages[0].ID)
		switch {
		case m.Audio != "":
			if got.Audio != wantAudio || got.AudioDurationMs != 1500 || got.ContentType != api.ContentAudio {
				t.Errorf("recording %.80s %d", got.Audio, got.AudioDurationMs)
			}
		case got.Image != wantImage || got.ContentType != api.ContentImage:
			t.Errorf("image %.80s", got.Image)
		}
	}
	sent := must[api.Sent](t)(alice.m.Mail().SendTo(t.Context(), SendRequest{
		Recipients: []string{bob.id}, AttachmentPath: picture,
	}))
	if m := alice.message(sent.MessageID); m.Text != "Image" || m.Image != wantImage {
		t.Errorf("attachment without text: %q", m.Text)
	}
	sticker := must[api.Changes](t)(alice.m.Messages().Send(t.Context(), api.OutgoingMessage{
		ChatID: bob.id, Text: "s", Sticker: &api.Sticker{Hash: "e30101", Pack: 7},
	}))
	bob.take(alice)
	if s := bob.message(sticker.Messages[0].ID).Sticker; s == nil || *s != (api.Sticker{Hash: "e30101", Pack: 7}) {
		t.Errorf("sticker %+v", s)
	}
}

// toSend is short for what tests send.
type toSend = api.OutgoingMessage

// TestSendRefuses what its receivers would drop, with a sentence, and keeps
// nothing of it.
func TestSendRefuses(t *testing.T) {
	alice, bob := pair(t)
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ok(t, alice.m.Chats().Save(t.Context(), api.ChatSettings{ID: bob.id, ChatType: api.ChatOneToOne, Active: true}))
	ok(t, alice.m.Chats().Join(t.Context(), payloads.ProfileChat(bob.key.Public())))
	blocked := newKey(t).Public().ContactID()
	ok(t, alice.m.Chats().Save(t.Context(), api.ChatSettings{ID: blocked, ChatType: api.ChatOneToOne, Active: true}))
	must[[]api.Chat](t)(alice.m.Contacts().Block(t.Context(), api.BlockedContact{ID: blocked}))
	big := append(png(), make([]byte, 900_000)...)
	rule := func(r payloads.Rule) func(error) bool {
		return func(err error) bool {
			var e *payloads.RuleError
			return errors.As(err, &e) && e.Rule == r
		}
	}
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
	before := alice.state()
	for _, c := range []struct {
		name string
		m    toSend
		want func(error) bool
	}{
		{"no such chat", toSend{ChatID: "nowhere", Text: "x"}, is(ErrUnknownChat)},
		{"blank", toSend{ChatID: bob.id, Text: " \n"}, rule(payloads.RuleTextBlank)},
		{"too long", toSend{ChatID: bob.id, Text: strings.Repeat("é", 4097)}, rule(payloads.RuleTextLength)},
		{"not UTF-8", toSend{ChatID: bob.id, Text: "a\xff"}, rule(payloads.RuleUTF8)},
		{"a reply to nothing", toSend{ChatID: bob.id, Text: "x", ResponseTo: "0x1"}, rule(payloads.RuleMessageID)},
		{"an unknown content type", toSend{ChatID: bob.id, Text: "x", ContentType: 99}, rule(payloads.RuleContentType)},
		{"a command", toSend{ChatID: bob.id, Text: "x", ContentType: 5}, rule(payloads.RuleContentType)},
		{"a system message", toSend{ChatID: bob.id, Text: "x", ContentType: 6}, rule(payloads.RuleContentType)},
		{"a sticker without one", toSend{ChatID: bob.id, Text: "x", ContentType: 2}, rule(payloads.RuleSticker)},
		{"no image", toSend{ChatID: bob.id, Text: "x", ImagePath: file("a.png", []byte("text"))}, is(ErrAttachment)},
		{"an empty file", toSend{ChatID: bob.id, Text: "x", ImagePath: file("b.png", nil)}, is(ErrAttachment)},
		{"a folder", toSend{ChatID: bob.id, Text: "x", ImagePath: dir}, is(ErrAttachment)},
		{"a missing file", toSend{ChatID: bob.id, Text: "x", ImagePath: dir + "/none"}, is(ErrAttachment)},
		{"bad base64", toSend{ChatID: bob.id, Text: "x", Image: "data:image/png;base64,!"}, is(ErrAttachment)},
		{"no recording", toSend{ChatID: bob.id, Text: "x", AudioPath: file("c.aac", png())}, is(ErrAttachment)},
		{"too large", toSend{ChatID: bob.id, Text: "x", ImagePath: file("d.png", big)}, is(ErrTooLarge)},
		{"huge", toSend{ChatID: bob.id, Text: "x", ImagePath: file("e.png", append(big, big...))}, is(ErrTooLarge)},
		{"an image as text", toSend{ChatID: bob.id, Text: "x", ImagePath: file("f.png", png()), ContentType: 1},
			rule(payloads.RuleImage)},
		{"another's profile", toSend{ChatID: payloads.ProfileChat(bob.key.Public()), Text: "x"}, is(ErrNotOwner)},
	} {
		_, err := alice.m.Messages().Send(t.Context(), c.m)
		if !c.want(err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	_, err := alice.m.Mail().SendTo(t.Context(), SendRequest{Recipients: []string{blocked}, Message: "x"})
	if !errors.Is(err, ErrBlocked) {
		t.Errorf("to a blocked contact: %v", err)
	}
	for to, want := range map[string]error{
		"": ErrRecipient, "nobody": ErrRecipient, "@nobody": ErrRecipient, "alice.eth": ErrNameLookup,
		"0x04ff": ErrRecipient, "#": nil, "treasurer": ErrRecipient, "me": ErrRecipient, "~ben": ErrRecipient,
	} {
		_, err := alice.m.Mail().SendTo(t.Context(), SendRequest{Recipients: []string{to}, Message: "x"})
		asKey := to == "0x04ff" // what is wrong with it as a key is told of this alone
		if err == nil || want != nil && !errors.Is(err, want) || errors.Is(err, contact.ErrNotContact) != asKey {
			t.Errorf("to %q: %v", to, err)
		}
	}
	_, err = alice.m.Mail().SendTo(t.Context(), SendRequest{Recipients: []string{bob.id}, Attachment: []byte("%PDF-1.4")})
	if !errors.Is(err, ErrAttachment) || !strings.Contains(err.Error(), "pdf") {
		t.Errorf("a document: %v", err)
	}
	if len(alice.flush()) != 0 {
		t.Error("something was sent")
	}
	if after := alice.state(); len(after) != len(before) {
		t.Errorf("something was kept: %v", after)
	}
}

// TestRecipients: a chat is found by whatever names it.
func TestRecipients(t *testing.T) {
	alice, bob := pair(t)
	ok(t, alice.m.Contacts().Save(t.Context(), api.ContactSettings{ID: bob.id, LocalNickname: "bobby"}))
	compressed := bob.key.Public().Compressed()
	for _, to := range []string{
		bob.id, " " + bob.id + " ", "@bobby", contact.Text(bob.key.Public()), "0x" + hexOf(compressed[:]),
	} {
		r := must[api.Sent](t)(alice.m.Mail().SendTo(t.Context(), SendRequest{Recipients: []string{to}, Message: "x"}))
		if r.ChatID != bob.id {
			t.Errorf("%q is %s", to, r.ChatID)
		}
	}
	other := newKey(t).Public().ContactID()
	ok(t, alice.m.Contacts().Save(t.Context(), api.ContactSettings{ID: other, LocalNickname: "bobby"}))
	_, err := alice.m.Mail().SendTo(t.Context(), SendRequest{Recipients: []string{"@bobby"}, Message: "x"})
	if !errors.Is(err, ErrAmbiguous) {
		t.Errorf("two of one nickname: %v", err)
	}
	alice.flush()
	r := must[api.Sent](t)(alice.m.Mail().SendTo(t.Context(), SendRequest{Recipients: []string{"#garden"}, Message: "x"}))
	if sent := alice.flush(); r.ChatID != "garden" || len(sent) != 1 || sent[0].chat != "garden" {
		t.Errorf("public: %+v %+v", r, sent)
	}
	ok(t, bob.m.Chats().Join(t.Context(), "garden"))
}

// TestSendToSeveral: all recipients are looked up before the first gets the
// message, and one that is named in two ways gets it once.
func TestSendToSeveral(t *testing.T) {
	alice, bob := pair(t)
	ctx := t.Context()
	ok(t, alice.m.Contacts().Save(ctx, api.ContactSettings{ID: bob.id, LocalNickname: "bobby"}))
	alice.flush()
	chats := len(must[[]api.Chat](t)(alice.m.Chats().List(ctx)))
	for name, to := range map[string][]string{
		"an unknown one": {"#tea", "@nobody"}, "none": {}, "too many": make([]string, api.MaxRecipients+1),
	} {
		_, err := alice.m.Mail().SendTo(ctx, SendRequest{Recipients: to, Message: "x"})
		if !errors.Is(err, ErrRecipient) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "an unknown one" && !strings.Contains(err.Error(), `recipient 2, "@nobody"`) {
			t.Errorf("does not say which: %v", err)
		}
	}
	if sent := alice.flush(); len(sent) != 0 || len(must[[]api.Chat](t)(alice.m.Chats().List(ctx))) != chats {
		t.Errorf("something was done for a call that failed: %+v", sent)
	}
	q := SendRequest{
		Recipients: []string{"#tea", "@bobby", "#milk", bob.id}, Message: "hi", Request: Request{By: "local", ID: "a"},
	}
	got := must[api.Sent](t)(alice.m.Mail().SendTo(ctx, q))
	var ids []string
	for _, m := range got.Messages {
		ids = append(ids, m.ChatID)
	}
	if !slices.Equal(ids, []string{"tea", bob.id, "milk", bob.id}) || got.SentMessage != got.Messages[0] ||
		got.Messages[1] != got.Messages[3] || got.Messages[0].MessageID == got.Messages[2].MessageID {
		t.Errorf("%+v", got)
	}
	if sent := alice.flush(); len(sent) != 3 {
		t.Errorf("%d messages left, want 3", len(sent))
	}
	for _, chat := range []string{"tea", "milk", bob.id} {
		if texts := alice.allTexts(chat); !slices.Equal(texts, []string{"hi"}) {
			t.Errorf("%s has %q", chat, texts)
		}
	}
	if again := must[api.Sent](t)(alice.m.Mail().SendTo(ctx, q)); !slices.Equal(again.Messages, got.Messages) {
		t.Errorf("repeated %+v, first %+v", again, got)
	}
	if sent := alice.flush(); len(sent) != 0 {
		t.Errorf("a repeated call sent %+v", sent)
	}
}

// TestResolve: what a name means, and what is said of one that means nothing.
func TestResolve(t *testing.T) {
	alice, bob := pair(t)
	ctx := t.Context()
	eve := newKey(t).Public().ContactID()
	ok(t, alice.m.Contacts().Save(ctx, api.ContactSettings{ID: bob.id, LocalNickname: "bobby"}))
	ok(t, alice.m.Contacts().Save(ctx, api.ContactSettings{
		ID: eve, Name: "treasurer", SystemTags: []api.SystemTag{api.TagRequestReceived},
	}))
	for _, c := range []struct {
		name string
		kind api.NameKind
		want api.Resolved
	}{
		{"#tea", "", api.Resolved{Kind: api.NamePublic, ID: "tea", Exact: "public:tea"}},
		{"@bobby", "", api.Resolved{Kind: api.NamePerson, ID: bob.id, Exact: "person:" + bob.id}},
		{"@bobby", api.NamePerson, api.Resolved{Kind: api.NamePerson, ID: bob.id, Exact: "person:" + bob.id}},
		{
			contact.Text(bob.key.Public()), api.NamePerson,
			api.Resolved{Kind: api.NamePerson, ID: bob.id, Exact: "person:" + bob.id},
		},
	} {
		got, err := alice.m.Mail().Resolve(ctx, c.name, c.kind)
		if got.Chat = false; err != nil || got != c.want {
			t.Errorf("%q as %q: %+v, %v", c.name, c.kind, got, err)
		}
	}
	for _, c := range []struct {
		name string
		kind api.NameKind
		want error
	}{
		{"bobby", api.NamePerson, ErrNoPerson}, {"#tea", api.NamePerson, ErrNoPerson}, {"party", api.NameGroup, ErrNoGroup},
		{"@treasurer", "", ErrRecipient}, {"treasurer", "", ErrRecipient}, {"public:tea", api.NamePerson, ErrNoPerson},
	} {
		if got, err := alice.m.Mail().Resolve(ctx, c.name, c.kind); !errors.Is(err, c.want) {
			t.Errorf("%q as %q: %+v, %v", c.name, c.kind, got, err)
		}
	}
	_, err := alice.m.Mail().Resolve(ctx, "@treasurer", api.NamePerson)
	if _, hint := fault.Of(err); !strings.Contains(hint, "anybody") || !strings.Contains(hint, naming.Key(eve)) {
		t.Errorf("who calls herself so is not named: %q", hint)
	}
}

// TestAGroupThatIsCalledLikeSomethingElse: what we say in it does not go
// elsewhere, and an invitation takes no name away.
func TestAGroupThatIsCalledLikeSomethingElse(t *testing.T) {
	alice, bob := pair(t)
	ok(t, alice.m.Contacts().Save(t.Context(), api.ContactSettings{ID: bob.id, LocalNickname: "bobby"}))
	send := func(to string) (api.Sent, error) {
		return alice.m.Mail().SendTo(t.Context(), SendRequest{Recipients: []string{to}, Message: "x"})
	}
	for name, kind := range map[string]string{
		"#tea": "public:tea", "@bobby": "person:@bobby", bob.id: "person:" + bob.id,
	} {
		made := must[api.Changes](t)(alice.m.Groups().Create(t.Context(), name, []string{bob.id}))
		group := made.Chats[0]
		if group.NameGivenBy != api.GivenByThem {
			t.Errorf("the name is given by %q", group.NameGivenBy)
		}
		alice.flush()
		if _, err := send(name); !errors.Is(err, ErrAmbiguous) || !strings.Contains(err.Error(), "group:"+group.ID) {
			t.Errorf("%q: %v", name, err)
		}
		if sent := alice.flush(); len(sent) > 0 {
			t.Errorf("%q: something was sent", name)
		}
		for _, to := range []string{"group:" + name, "group:" + group.ID, group.ID} {
			if r, err := send(to); err != nil || r.ChatID != group.ID {
				t.Errorf("%q: %+v, %v", to, r, err)
			}
		}
		if r, err := send(kind); err != nil || r.ChatID == group.ID {
			t.Errorf("%q: %+v, %v", kind, r, err)
		}
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, c := range b {
		s.WriteByte(digits[c>>4])
		s.WriteByte(digits[c&15])
	}
	return s.String()
}
