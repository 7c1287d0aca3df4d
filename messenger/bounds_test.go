package messenger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/courier"
	"statusd/payloads"
)

// hostileEvent makes a signed group event without asking whether it makes
// sense.
func hostileEvent(t *testing.T, by *party, chat string, kind, clock uint64, name string, members ...string) []byte {
	t.Helper()
	var b []byte
	b = protowire.AppendVarint(protowire.AppendTag(b, 1, protowire.VarintType), clock)
	for _, m := range members {
		b = protowire.AppendString(protowire.AppendTag(b, 2, protowire.BytesType), m)
	}
	if name != "" {
		b = protowire.AppendString(protowire.AppendTag(b, 3, protowire.BytesType), name)
	}
	b = protowire.AppendVarint(protowire.AppendTag(b, 4, protowire.VarintType), kind)
	signature, err := by.key.Sign([32]byte(crypto.Keccak256([]byte(chat), b)))
	ok(t, err)
	return append(signature[:], b...)
}

// TestHugeGroups: whoever invites to a group cannot fill the database and the
// event log with members, names and events.
func TestHugeGroups(t *testing.T) {
	all := crew(t, 2)
	alice, mallory := all[0], all[1]
	chat := payloads.GroupChat([16]byte{1}, mallory.key.Public())
	clock := uint64(start().UnixMilli())
	created := hostileEvent(t, mallory, chat, 1, clock, "g")
	added := hostileEvent(t, mallory, chat, 3, clock+1, "", alice.id)
	crowd := make([]string, 3000)
	for i := range crowd {
		crowd[i] = fmt.Sprint(i)
	}
	many := [][]byte{created, added}
	for join := hostileEvent(t, mallory, chat, 4, clock+2, ""); len(many) <= maxGroupEvents; {
		many = append(many, join)
	}
	for name, events := range map[string][][]byte{
		"members":  {created, added, hostileEvent(t, mallory, chat, 3, clock+2, "", crowd...)},
		"a member": {created, added, hostileEvent(t, mallory, chat, 3, clock+2, "", strings.Repeat("x", 5000))},
		"admins":   {created, added, hostileEvent(t, mallory, chat, 6, clock+2, "", append(crowd, alice.id)...)},
		"a name":   {created, added, hostileEvent(t, mallory, chat, 2, clock+2, strings.Repeat("x", 5000))},
		"an old name": {
			created, added, hostileEvent(t, mallory, chat, 2, clock+2, strings.Repeat("x", 5000)),
			hostileEvent(t, mallory, chat, 2, clock+3, "short"),
		},
		"event number": many,
	} {
		c := alice.parcelFrom(mallory, sending{route: routeReliable, wrapper: sealAnything(t, &payloads.MembershipUpdate{
			ChatID: chat, Events: events,
		}, mallory)})
		if err := alice.receive(c); !errors.Is(err, courier.ErrDrop) {
			t.Errorf("too large %s: %v", name, err)
		}
	}
	if s := alice.state(); len(s) != 0 {
		t.Errorf("kept %.300v", s)
	}
	g := &payloads.MembershipUpdate{ChatID: chat, Events: [][]byte{created, added}}
	c := alice.parcelFrom(mallory, sending{route: routeReliable, wrapper: sealAnything(t, g, mallory)})
	ok(t, alice.receive(c))
}

// TestPipesAreNoAttachments: a path to a pipe that nobody writes to must not
// hold up the daemon.
func TestPipesAreNoAttachments(t *testing.T) {
	alice, bob := pair(t)
	pipe := filepath.Join(t.TempDir(), "pipe")
	ok(t, syscall.Mkfifo(pipe, 0o600))
	done := make(chan error, 2)
	go func() {
		_, err := alice.m.Mail().SendTo(t.Context(), SendRequest{Recipients: []string{bob.id}, AttachmentPath: pipe})
		done <- err
		_, err = alice.m.Messages().Send(t.Context(), api.OutgoingMessage{
			ChatID: bob.id, Text: "x", ContentType: api.ContentImage, ImagePath: pipe,
		})
		done <- err
	}()
	for range 2 {
		if err := <-done; !errors.Is(err, ErrAttachment) {
			t.Errorf("a pipe as attachment: %v", err)
		}
	}
}

// TestGroupsOfStrangers: the list of all chats comes with the events of groups.
// Strangers cannot make it larger than an answer may be.
func TestGroupsOfStrangers(t *testing.T) {
	alice, mallory := pair(t)
	clock := uint64(start().UnixMilli())
	invite := func(n byte, members int) error {
		chat := payloads.GroupChat([16]byte{n}, mallory.key.Public())
		crowd := []string{alice.id}
		for i := range members {
			crowd = append(crowd, fmt.Sprintf("%0130d", i))
		}
		return alice.receive(alice.parcelFrom(mallory, sending{
			route: routeReliable, wrapper: sealAnything(t, &payloads.MembershipUpdate{ChatID: chat, Events: [][]byte{
				hostileEvent(t, mallory, chat, 1, clock, "g"), hostileEvent(t, mallory, chat, 3, clock+1, "", crowd...),
			}}, mallory),
		}))
	}
	if err := invite(1, 300); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("a large group of a stranger: %v", err)
	}
	taken := 0
	for n := range byte(200) {
		if invite(n, 200) == nil {
			taken++
		}
	}
	if taken != groupsOfStranger {
		t.Errorf("%d groups of a stranger, want %d", taken, groupsOfStranger)
	}
	list := must[[]api.Chat](t)(alice.m.Chats().List(t.Context()))
	if b, err := json.Marshal(list); err != nil || len(b) > 16<<20 {
		t.Errorf("the list of chats has %d bytes, %v", len(b), err)
	}
	if err := invite(0, 20); err != nil {
		t.Errorf("an update of a group that is there: %v", err)
	}
	if err := invite(0, 300); !errors.Is(err, courier.ErrDrop) {
		t.Errorf("a group of a stranger grew: %v", err)
	}
	ok(t, alice.m.Contacts().Save(t.Context(), added(mallory.id)))
	if err := invite(201, 300); err != nil {
		t.Errorf("a large group of a contact: %v", err)
	}
}

// TestLongFields: text that no program shows, but that is stored and told of,
// is no place to store things.
func TestLongFields(t *testing.T) {
	alice, mallory := pair(t)
	clock, long := uint64(start().UnixMilli()), strings.Repeat("x", 5000)
	id := payloads.MessageID{1}.String()
	message := map[int]any{1: clock, 2: clock, 3: "x", 6: alice.id, 7: uint64(1), 8: uint64(1)}
	reaction := map[int]any{1: clock, 2: alice.id, 3: id, 4: uint64(1), 5: uint64(1)}
	invitation := map[int]any{1: clock, 2: "g", 3: "x", 4: uint64(1)}
	for name, c := range map[string]struct {
		kind   payloads.Type
		base   map[int]any
		change map[int]any
	}{
		"chat id":  {payloads.TypeChatMessage, message, map[int]any{6: long}},
		"reply":    {payloads.TypeChatMessage, message, map[int]any{4: long}},
		"ens name": {payloads.TypeChatMessage, message, map[int]any{5: long}},
		"sticker": {
			payloads.TypeChatMessage, message, map[int]any{8: uint64(2), 9: string(fields(map[int]any{1: long}))},
		},
		"reaction's chat": {payloads.TypeEmojiReaction, reaction, map[int]any{2: long}},
		"reaction's id":   {payloads.TypeEmojiReaction, reaction, map[int]any{3: long}},
		"contact's name":  {payloads.TypeContactUpdate, map[int]any{1: clock}, map[int]any{2: long}},
		"introduction":    {payloads.TypeGroupInvitation, invitation, map[int]any{3: long + long}},
		"invitation":      {payloads.TypeGroupInvitation, invitation, map[int]any{2: long}},
		"transaction": {
			payloads.TypeRequestTransaction, map[int]any{1: clock, 2: "0x1", 3: "1"}, map[int]any{4: long},
		},
	} {
		body := maps.Clone(c.base)
		maps.Copy(body, c.change)
		err := alice.receive(alice.parcelFrom(mallory, hostileWrapper(t, mallory, c.kind, fields(body))))
		if !errors.Is(err, courier.ErrDrop) {
			t.Errorf("long %s: %v", name, err)
		}
	}
	if s := alice.state(); len(s) != 0 {
		t.Errorf("kept %.300v", s)
	}
	if got := alice.drops(); got["too_long"] != 10 {
		t.Errorf("drops %v", got)
	}
}

// fields encodes a protobuf message of numbers and strings.
func fields(values map[int]any) (b []byte) {
	for _, n := range slices.Sorted(maps.Keys(values)) {
		switch v := values[n].(type) {
		case uint64:
			b = protowire.AppendVarint(protowire.AppendTag(b, protowire.Number(n), protowire.VarintType), v)
		case string:
			b = protowire.AppendString(protowire.AppendTag(b, protowire.Number(n), protowire.BytesType), v)
		}
	}
	return b
}

// hostileWrapper signs a payload that our own side would refuse to send.
func hostileWrapper(t *testing.T, by *party, kind payloads.Type, body []byte) sending {
	t.Helper()
	signature, err := by.key.Sign([32]byte(crypto.Keccak256(body)))
	ok(t, err)
	return sending{route: routeReliable, wrapper: fields(map[int]any{
		1: string(signature[:]), 2: string(body), 3: uint64(kind),
	})}
}

// TestPictureOfAStranger: only a small picture is kept of somebody who was not
// added, and never an address that a program would fetch it from.
func TestPictureOfAStranger(t *testing.T) {
	alice, mallory := pair(t)
	clock := uint64(start().UnixMilli())
	small := "data:image/png;base64,iVBORw0KGgo="
	large := "data:image/png;base64," + strings.Repeat("A", 40_000)
	for i, c := range []struct{ photo, want string }{
		{small, small},
		{large, ""},
		{"https://example.org/who-looks.png", ""},
		{"data:text/html,<script>", ""},
		{"data:image/svg+xml,<svg onload='x'/>", ""},
		{"data:image/SVG+xml;base64,PHN2Zy8+", ""},
		{"data:image/Svg;base64,PHN2Zy8+", ""},
		{"data:image/PNG;base64,iVBORw0KGgo=", small},
		{"DATA:text/html;base64,PHN2Zy8+", ""},
		{"<svg>", ""},
	} {
		body := &payloads.ContactUpdate{Clock: clock + uint64(i), ProfileImage: c.photo, ENSName: "m"}
		ok(t, alice.receive(alice.parcelFrom(mallory, sending{
			route: routeReliable, wrapper: seal(t, body, mallory.key),
		})))
		k := must[*api.Contact](t)(alice.m.Contacts().ByID(t.Context(), mallory.id))
		if k.PhotoPath != c.want || k.Name != "m" {
			t.Errorf("%.40s: picture %.40q, name %q", c.photo, k.PhotoPath, k.Name)
		}
	}
	ok(t, alice.m.Contacts().Save(t.Context(), added(mallory.id)))
	body := &payloads.ContactUpdate{Clock: clock + 100, ProfileImage: large}
	ok(t, alice.receive(alice.parcelFrom(mallory, sending{
		route: routeReliable, wrapper: seal(t, body, mallory.key),
	})))
	k := must[*api.Contact](t)(alice.m.Contacts().ByID(t.Context(), mallory.id))
	if k.PhotoPath != large {
		t.Error("the picture of a contact is not kept")
	}
}

// TestPictureThatAProgramSaves: what a program says of a contact is shown to
// other programs.
func TestPictureThatAProgramSaves(t *testing.T) {
	alice, bob := pair(t)
	for _, c := range []struct {
		photo, want string
		refused     bool
	}{
		{"data:image/gif;base64,R0lG", "data:image/gif;base64,R0lG", false},
		{"data:image/SVG+xml;base64,PHN2Zy8+", "data:image/gif;base64,R0lG", true},
		{"", "", false},
	} {
		var rule *payloads.RuleError
		err := alice.m.Contacts().Save(t.Context(), api.ContactSettings{ID: bob.id, PhotoPath: c.photo})
		if errors.As(err, &rule) != c.refused || (err != nil) != c.refused {
			t.Errorf("%q: %v", c.photo, err)
		}
		if k := must[*api.Contact](t)(alice.m.Contacts().ByID(t.Context(), bob.id)); k.PhotoPath != c.want {
			t.Errorf("%q: picture %q, want %q", c.photo, k.PhotoPath, c.want)
		}
	}
	// One that an earlier version kept.
	ok(t, alice.db.Update(t.Context(), func(tx *store.Tx) error {
		k, _, err := tx.Contacts().ByID(bob.id)
		if err != nil {
			return err
		}
		k.Photo = "data:image/SVG+xml;base64,PHN2Zy8+"
		return tx.Contacts().Save(&k)
	}))
	if k := must[*api.Contact](t)(alice.m.Contacts().ByID(t.Context(), bob.id)); k.PhotoPath != "" {
		t.Errorf("an old picture is shown: %q", k.PhotoPath)
	}
}

// TestAnswersDoNotCarryPictures: a short answer to a large picture makes a
// short event, and pages of such answers end before they fill the memory.
func TestAnswersDoNotCarryPictures(t *testing.T) {
	alice, bob := pair(t)
	alice.write(bob.id, "hello")
	bob.take(alice)
	clock := uint64(start().UnixMilli()) + 10
	picture := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{7}, 400_000)...)
	bring := func(m *payloads.ChatMessage) string {
		sealed, err := payloads.Seal(m, bob.key)
		ok(t, err)
		ok(t, alice.receive(alice.parcelFrom(bob, sending{route: routeReliable, wrapper: sealed.Wrapper})))
		return sealed.ID.String()
	}
	image := bring(&payloads.ChatMessage{
		Clock: clock, Timestamp: 1, Text: "picture", ChatID: alice.id, MessageType: payloads.OneToOne,
		ContentType: payloads.ContentImage, Image: &payloads.Image{Bytes: picture, Format: payloads.PNG},
	})
	var cursor int64
	alice.events(&cursor)
	const answers = 30
	for i := range answers {
		bring(&payloads.ChatMessage{
			Clock: clock + 1 + uint64(i), Timestamp: 1, Text: fmt.Sprint(i), ChatID: alice.id, ResponseTo: image,
			MessageType: payloads.OneToOne, ContentType: payloads.ContentText,
		})
	}
	_, bodies := alice.events(&cursor)
	if len(bodies) != answers {
		t.Fatalf("%d events", len(bodies))
	}
	for _, b := range bodies {
		if len(b) > 20_000 || !strings.Contains(b, image) || !strings.Contains(b, `"text":"picture"`) {
			t.Errorf("event of %d bytes: %.200s", len(b), b)
		}
	}
	seen, next := 0, ""
	for {
		page, more, err := alice.m.Messages().Page(t.Context(), bob.id, next, 1000)
		ok(t, err)
		size := 0
		for i := range page {
			size += len(page[i].Image)
			if q := page[i].QuotedMessage; q != nil {
				size += len(q.Image)
			}
		}
		if size > maxPageMedia+2*(400_000*4/3+100) {
			t.Fatalf("a page of %d messages has %d bytes of pictures", len(page), size)
		}
		seen, next = seen+len(page), more
		if next == "" {
			break
		}
	}
	if seen != answers+2 {
		t.Errorf("%d messages on all pages", seen)
	}
}
