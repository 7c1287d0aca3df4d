package messenger

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"google.golang.org/protobuf/encoding/protowire"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
	"statusd/transport/topics"
)

// rewrap passes a wrapper on, changed in a way that its signature allows.
func rewrap(t testing.TB, wrapper []byte, kind payloads.Type, highS bool, more ...byte) []byte {
	t.Helper()
	var signature, payload []byte
	for rest := wrapper; len(rest) > 0; {
		n, _, size := protowire.ConsumeField(rest)
		if size < 0 {
			t.Fatal("malformed wrapper")
		}
		_, _, tag := protowire.ConsumeTag(rest)
		if value, _ := protowire.ConsumeBytes(rest[tag:]); n == 1 {
			signature = bytes.Clone(value)
		} else if n == 2 {
			payload = value
		}
		rest = rest[size:]
	}
	if highS {
		signature = twist(signature)
	}
	var out []byte
	out = protowire.AppendBytes(protowire.AppendTag(out, 1, protowire.BytesType), signature)
	out = protowire.AppendBytes(protowire.AppendTag(out, 2, protowire.BytesType), payload)
	out = protowire.AppendVarint(protowire.AppendTag(out, 3, protowire.VarintType), uint64(kind))
	return append(out, more...)
}

// twist returns something signed with the other signature that everybody can
// make of the one that it begins with.
func twist(signed []byte) []byte {
	signed = bytes.Clone(signed)
	s := new(big.Int).SetBytes(signed[32:64])
	s.Sub(crypto.S256().Params().N, s).FillBytes(signed[32:64])
	signed[64] ^= 1
	return signed
}

// unknownField is a field that no wrapper has, with a number.
func unknownField(n uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), n)
}

// copyID is the id of a wrapper of somebody.
func copyID(by key.Private, wrapper []byte) string {
	return payloads.WrapperID(by.Public(), wrapper).String()
}

// garden is a public chat that everybody of a crew joined, with later
// extensions.
func garden(t *testing.T, n int) []*party {
	t.Helper()
	out := make([]*party, n)
	for i := range out {
		out[i] = newParty(t, newKey(t), func(c *Config) { c.Extensions = true })
		ok(t, out[i].m.Chats().Join(t.Context(), "garden"))
	}
	return out
}

// pass has a party receive a wrapper that somebody posted in the garden.
func passOn(p, by *party, wrapper []byte) error {
	return p.receive(p.parcelFrom(by, sending{route: routePublic, chat: "garden", wrapper: wrapper}))
}

// TestCopiesAreOneMessage: whoever passes on somebody's message in other
// wrappers, or with the signature in its other form, makes no second message;
// the ids of the copies lead to the one.
func TestCopiesAreOneMessage(t *testing.T) {
	all := garden(t, 3)
	alice, bob, mallory := all[0], all[1], all[2]
	ctx := t.Context()
	id := bob.write("#garden", "tomatoes")
	original := bob.flush()[0].wrapper
	wrappers := [][]byte{
		rewrap(t, original, payloads.TypeChatMessage, false, unknownField(1)...),
		rewrap(t, original, payloads.TypeChatMessage, true),
		rewrap(t, original, payloads.TypeContactUpdate, false),
		rewrap(t, original, payloads.TypeChatMessage, true, unknownField(2)...),
	}
	ok(t, passOn(alice, bob, original))
	var at int64
	_, _ = alice.events(&at)
	for _, w := range wrappers {
		ok(t, passOn(alice, mallory, w))
	}
	alice.wantEvents(&at)
	if got := alice.texts("garden"); !slices.Equal(got, []string{"tomatoes"}) {
		t.Fatalf("shown %v", got)
	}
	if c := alice.chat("garden"); c.UnviewedMessagesCount != 1 {
		t.Errorf("%d unread", c.UnviewedMessagesCount)
	}
	for i, w := range wrappers {
		other := copyID(bob.key, w)
		if m := alice.message(other); m.ID != id {
			t.Errorf("copy %d leads to %s", i, m.ID)
		}
		// Bob answers and reacts by the id that he knows.
		bob.pass(time.Second)
		alice.pass(time.Second)
		body := &payloads.ChatMessage{
			Clock: uint64(bob.now().UnixMilli()), Timestamp: 1, Text: fmt.Sprint("answer ", i), ChatID: "garden",
			ResponseTo: other, MessageType: payloads.PublicGroup, ContentType: payloads.ContentText,
		}
		answer, err := payloads.Seal(body, bob.key)
		ok(t, err)
		ok(t, passOn(alice, bob, answer.Wrapper))
		if m := alice.message(answer.ID.String()); m.QuotedMessage == nil || m.ResponseTo != id {
			t.Errorf("answer %d to %s quotes %v", i, m.ResponseTo, m.QuotedMessage)
		}
		reaction := &payloads.EmojiReaction{
			Clock: body.Clock, ChatID: "garden", MessageID: other, MessageType: payloads.PublicGroup,
			Emoji: payloads.Love, Retracted: i == len(wrappers)-1,
		}
		ok(t, passOn(alice, bob, seal(t, reaction, bob.key)))
		want := 1
		if reaction.Retracted {
			want = 0
		}
		if list := must[[]api.Reaction](t)(alice.m.Reactions().ByChat(ctx, "garden", "", 0)); len(list) != want {
			t.Errorf("%d reactions of one person, want %d: %v", len(list), want, list)
		}
	}
	if n := must[uint64](t)(alice.m.Messages().MarkSeen(ctx, "garden", []string{copyID(bob.key, wrappers[0])})); n != 1 {
		t.Errorf("%d marked as seen by the id of a copy", n)
	}
	// What is passed on is wrapped as a copy, too: nothing happens twice.
	alice.pass(time.Second)
	clock := uint64(alice.now().UnixMilli())
	ok(t, passOn(alice, mallory, seal(t, &payloads.PinMessage{
		Clock: clock, MessageID: copyID(bob.key, wrappers[1]), ChatID: "garden", Pinned: true,
		MessageType: payloads.PublicGroup,
	}, mallory.key)))
	ok(t, passOn(alice, bob, seal(t, &payloads.EditMessage{
		Clock: clock, Text: "cherry tomatoes", ChatID: "garden", MessageID: copyID(bob.key, wrappers[0]),
		MessageType: payloads.PublicGroup,
	}, bob.key)))
	if m := alice.message(id); !m.Pinned || m.Text != "cherry tomatoes" {
		t.Errorf("pinned %v, text %q", m.Pinned, m.Text)
	}
	ok(t, passOn(alice, bob, seal(t, &payloads.DeleteMessage{
		Clock: clock + 1, ChatID: "garden", MessageID: copyID(bob.key, wrappers[2]), MessageType: payloads.PublicGroup,
	}, bob.key)))
	wantGone(t, alice, mallory, id, append(wrappers, original, rewrap(t, original, 1, false, unknownField(3)...)))
}

// wantGone checks that a message is deleted and that no copy brings it back.
func wantGone(t *testing.T, p, by *party, id string, wrappers [][]byte) {
	t.Helper()
	for _, w := range wrappers {
		ok(t, passOn(p, by, w))
	}
	list, _, err := p.m.Messages().Page(t.Context(), "garden", "", 0)
	ok(t, err)
	for i := range list {
		if list[i].ID == id || list[i].Text == "tomatoes" {
			t.Errorf("it came back: %+v", list[i])
		}
	}
}

// TestCopyBeforeTheOriginal: a copy that comes first is the message, but the
// others know it by the id that its author gave it: answers and reactions of
// ours name that one, and the author reaches it even if the original never
// comes.
func TestCopyBeforeTheOriginal(t *testing.T) {
	for _, comes := range []bool{true, false} {
		t.Run(fmt.Sprint("original comes: ", comes), func(t *testing.T) {
			all := garden(t, 3)
			alice, bob, mallory := all[0], all[1], all[2]
			ctx := t.Context()
			id := bob.write("#garden", "tomatoes")
			original := bob.flush()[0].wrapper
			changed := rewrap(t, original, payloads.TypeChatMessage, true, unknownField(1)...)
			// Somebody liked it before it came.
			ok(t, passOn(alice, mallory, seal(t, &payloads.EmojiReaction{
				Clock: uint64(start().UnixMilli()), ChatID: "garden", MessageID: id, MessageType: payloads.PublicGroup,
				Emoji: payloads.Love,
			}, mallory.key)))
			ok(t, passOn(alice, mallory, changed))
			if comes {
				ok(t, passOn(alice, bob, original))
			}
			first := copyID(bob.key, changed)
			if m := alice.message(id); m.ID != first || m.From != bob.id {
				t.Errorf("filed as %s of %s", m.ID, m.From)
			}
			list := must[[]api.Reaction](t)(alice.m.Reactions().ByChat(ctx, "garden", "", 0))
			if len(list) != 1 || list[0].MessageID != first {
				t.Errorf("reactions %+v", list)
			}
			alice.flush()
			must[api.Changes](t)(alice.m.Messages().Send(ctx, api.OutgoingMessage{ChatID: "garden", Text: "yum",
				ResponseTo: first}))
			must[api.Changes](t)(alice.m.Reactions().Send(ctx, "garden", first, api.EmojiSad))
			ok(t, alice.m.Messages().Pin(ctx, first, true))
			for _, s := range alice.flush() {
				m, err := payloads.Parse(s.wrapper, alice.key.Public(), payloads.Options{Extensions: true})
				ok(t, err)
				switch b := m.Body.(type) {
				case *payloads.ChatMessage:
					if b.ResponseTo != id {
						t.Errorf("the answer is to %s", b.ResponseTo)
					}
				case *payloads.EmojiReaction:
					if b.MessageID != id {
						t.Errorf("the reaction is to %s", b.MessageID)
					}
				case *payloads.PinMessage:
					if b.MessageID != id {
						t.Errorf("the pin is of %s", b.MessageID)
					}
				}
			}
			bob.pass(time.Second)
			ok(t, bob.m.Messages().TakeBack(ctx, id))
			alice.pass(time.Second)
			ok(t, passOn(alice, bob, bob.flush()[0].wrapper))
			wantGone(t, alice, mallory, first, [][]byte{original, changed})
		})
	}
}

// TestCopiesOfOurs: what we wrote does not come back as a message of another
// device, and what others say of a copy is said of ours.
func TestCopiesOfOurs(t *testing.T) {
	all := garden(t, 2)
	alice, mallory := all[0], all[1]
	id := alice.write("#garden", "tomatoes")
	original := alice.flush()[0].wrapper
	changed := rewrap(t, original, payloads.TypeChatMessage, true)
	ok(t, passOn(alice, mallory, changed))
	if got := alice.texts("garden"); len(got) != 1 {
		t.Errorf("shown %v", got)
	}
	if m := alice.message(copyID(alice.key, changed)); m.ID != id || m.OutgoingStatus != "sending" {
		t.Errorf("the copy is %s, %s", m.ID, m.OutgoingStatus)
	}
	alice.courier.sent = nil
	ok(t, alice.m.Messages().Resend(t.Context(), copyID(alice.key, changed)))
	if sent := alice.flush(); len(sent) != 1 || !bytes.Equal(sent[0].wrapper, original) {
		t.Errorf("sent again: %v", sent)
	}
	ok(t, alice.m.Messages().Delete(t.Context(), copyID(alice.key, changed)))
	wantGone(t, alice, mallory, id, [][]byte{changed, original})
}

// TestCopiesTakeLittleRoom: somebody who makes copies for ever makes a few ids
// known, and then nothing is stored.
func TestCopiesTakeLittleRoom(t *testing.T) {
	all := garden(t, 3)
	alice, bob, mallory := all[0], all[1], all[2]
	bob.write("#garden", "tomatoes")
	original := bob.flush()[0].wrapper
	for i := range 200 {
		ok(t, passOn(alice, mallory, rewrap(t, original, payloads.TypeChatMessage, false, unknownField(uint64(i))...)))
	}
	ok(t, passOn(alice, bob, original))
	if m := alice.message(copyID(bob.key, original)); m.Text != "tomatoes" {
		t.Errorf("the original leads to %q", m.Text)
	}
	rows := func(table string) (n int64) {
		alice.tx(func(tx *store.Tx) error {
			_, err := tx.Get(`SELECT count(*) FROM `+table, nil, func(r store.Row) { n = r.Int64(0) })
			return err
		})
		return n
	}
	if n := rows("message_alias"); n != store.MaxAliases+1 {
		t.Errorf("%d further ids", n)
	}
	if n := rows("handled") + rows("seen_message"); n != 1 {
		t.Errorf("%d payloads are remembered", n)
	}
	ok(t, alice.m.Messages().DeleteByChat(t.Context(), "garden"))
	if n := rows("message_alias"); n != 0 {
		t.Errorf("%d further ids of no message", n)
	}
}

// TestRelabelledMessageHidesNothing: a message that is passed on as a payload
// of a type with which nothing is done, before it comes as what it is, is
// shown all the same.
func TestRelabelledMessageHidesNothing(t *testing.T) {
	all := garden(t, 3)
	alice, bob, mallory := all[0], all[1], all[2]
	bob.write("#garden", "tomatoes")
	original := bob.flush()[0].wrapper
	for kind := payloads.TypeContactUpdate; kind <= payloads.TypeDeleteMessage; kind++ {
		for _, place := range []topics.Place{topics.PublicChat("garden"), topics.PartitionOf(alice.key.Public())} {
			c := alice.parcelFrom(mallory, sending{route: routePublic, wrapper: rewrap(t, original, kind, false)})
			c.Place = place
			alice.deliver(c)
		}
	}
	if got := alice.texts("garden"); len(got) != 0 {
		t.Errorf("shown %v", got)
	}
	ok(t, passOn(alice, bob, original))
	if got := alice.texts("garden"); !slices.Equal(got, []string{"tomatoes"}) {
		t.Errorf("shown %v", got)
	}
}

// TestReactionPassedOnAsSomethingElse changes no message, whether the reaction
// came before or not.
func TestReactionPassedOnAsSomethingElse(t *testing.T) {
	for _, first := range []bool{true, false} {
		all := garden(t, 3)
		alice, bob, mallory := all[0], all[1], all[2]
		id := bob.write("#garden", "tomatoes")
		alice.take(bob)
		bob.pass(time.Second)
		alice.pass(time.Second)
		must[api.Changes](t)(bob.m.Reactions().Send(t.Context(), "garden", id, api.EmojiThumbsUp))
		reaction := bob.flush()[0].wrapper
		if first {
			ok(t, passOn(alice, bob, reaction))
		}
		before := alice.message(id)
		for kind := payloads.TypeChatMessage; kind <= payloads.TypeDeleteMessage; kind++ {
			if kind == payloads.TypeEmojiReaction {
				continue
			}
			w := rewrap(t, reaction, kind, false)
			alice.deliver(alice.parcelFrom(mallory, sending{route: routePublic, chat: "garden", wrapper: w}))
		}
		if m := alice.message(id); m.Text != before.Text || m.Pinned || m.EditedAt != 0 {
			t.Errorf("the message is now %+v", m)
		}
		if list := must[[]api.Reaction](t)(alice.m.Reactions().ByChat(t.Context(), "garden", "", 0)); len(list) > 1 {
			t.Errorf("reactions %v", list)
		}
	}
}

// TestCopiesAfterALongTime: as long as a message is stored, and for 90 days
// after it was deleted, its copies are known as such.
func TestCopiesAfterALongTime(t *testing.T) {
	all := garden(t, 3)
	alice, bob, mallory := all[0], all[1], all[2]
	id := bob.write("#garden", "tomatoes")
	original := bob.flush()[0].wrapper
	ok(t, passOn(alice, bob, original))
	// Others write now and then, which is when old payloads are forgotten.
	days := func(n int) {
		for range n {
			alice.pass(24 * time.Hour)
			mallory.clock.Store(alice.clock.Load())
			mallory.write("#garden", "good morning")
			alice.take(mallory)
		}
	}
	days(200)
	ok(t, passOn(alice, mallory, rewrap(t, original, payloads.TypeChatMessage, false, unknownField(1)...)))
	if n := slices.Index(alice.texts("garden"), "tomatoes"); n < 0 {
		t.Fatal("it is gone")
	}
	ok(t, alice.m.Messages().Delete(t.Context(), id))
	days(89)
	wantGone(t, alice, mallory, id, [][]byte{
		original, rewrap(t, original, payloads.TypeChatMessage, false, unknownField(2)...),
	})
}

// TestCopiesOfOldMessages: what was stored before copies were known is known
// by the id that its author gave it.
func TestCopiesOfOldMessages(t *testing.T) {
	all := garden(t, 3)
	alice, bob, mallory := all[0], all[1], all[2]
	bob.write("#garden", "tomatoes")
	original := bob.flush()[0].wrapper
	ok(t, passOn(alice, bob, original))
	alice.tx(func(tx *store.Tx) error { return tx.Exec(`DELETE FROM handled`) })
	ok(t, passOn(alice, mallory, rewrap(t, original, payloads.TypeChatMessage, true)))
	if got := alice.texts("garden"); len(got) != 1 {
		t.Errorf("shown %v", got)
	}
}

// TestCopiesOfWhatIsHeld: a message that waits for its time and copies of it
// are one message when the time has come, whoever brought them.
func TestCopiesOfWhatIsHeld(t *testing.T) {
	all := garden(t, 3)
	alice, bob, mallory := all[0], all[1], all[2]
	bob.pass(5 * time.Minute)
	bob.write("#garden", "tomatoes")
	original := bob.flush()[0].wrapper
	bob.pass(-5 * time.Minute) // the envelopes have the right time
	for i := range 5 {
		alice.deliver(alice.parcelFrom(mallory, sending{
			route: routePublic, chat: "garden",
			wrapper: rewrap(t, original, payloads.TypeChatMessage, false, unknownField(uint64(i))...),
		}))
	}
	alice.deliver(alice.parcelFrom(bob, sending{route: routePublic, chat: "garden", wrapper: original}))
	if n := alice.count("quarantine"); n < 2 || len(alice.texts("garden")) != 0 {
		t.Fatalf("%d are held", n)
	}
	alice.pass(10 * time.Minute)
	alice.retry()
	if got := alice.texts("garden"); !slices.Equal(got, []string{"tomatoes"}) {
		t.Errorf("shown %v", got)
	}
	if m := alice.message(copyID(bob.key, original)); m.From != bob.id {
		t.Errorf("the original leads to %+v", m)
	}
	if c := alice.chat("garden"); c.UnviewedMessagesCount != 1 {
		t.Errorf("%d unread", c.UnviewedMessagesCount)
	}
}

// TestMovedReactionsCount: what somebody who is no contact may have in public
// chats does not grow when the message of a reaction turns out to be a copy.
func TestMovedReactionsCount(t *testing.T) {
	all := garden(t, 3)
	alice, bob, mallory := all[0], all[1], all[2]
	bob.write("#garden", "tomatoes")
	original := bob.flush()[0].wrapper
	changed := rewrap(t, original, payloads.TypeChatMessage, true)
	ok(t, passOn(alice, bob, original))
	for emoji := payloads.Love; emoji <= payloads.Angry; emoji++ {
		for _, w := range [][]byte{original, changed}[emoji%2:] { // some by the id of the copy alone
			ok(t, passOn(alice, mallory, seal(t, &payloads.EmojiReaction{
				Clock: uint64(start().UnixMilli()) + uint64(emoji), ChatID: "garden", MessageID: copyID(bob.key, w),
				MessageType: payloads.PublicGroup, Emoji: emoji,
			}, mallory.key)))
		}
	}
	if all, counted := alice.count("reaction"), alice.count("reaction WHERE guest > 0"); all != 9 || counted != all {
		t.Fatalf("%d reactions, %d are counted", all, counted)
	}
	ok(t, passOn(alice, mallory, changed))
	if all, counted := alice.count("reaction"), alice.count("reaction WHERE guest > 0"); all != 6 || counted != all {
		t.Errorf("%d reactions, %d are counted", all, counted)
	}
	other := rewrap(t, original, payloads.TypeChatMessage, false, unknownField(1)...)
	ok(t, passOn(alice, mallory, seal(t, &payloads.EmojiReaction{
		Clock: uint64(start().UnixMilli()) + 100, ChatID: "garden", MessageID: copyID(bob.key, other),
		MessageType: payloads.PublicGroup, Emoji: payloads.Love, Retracted: true,
	}, mallory.key)))
	ok(t, passOn(alice, mallory, other))
	if list := must[[]api.Reaction](t)(alice.m.Reactions().ByChat(t.Context(), "garden", "", 0)); len(list) != 5 {
		t.Errorf("%d reactions after one was taken back by the id of a copy", len(list))
	}
	if all, counted := alice.count("reaction"), alice.count("reaction WHERE guest > 0"); all != 6 || counted != all {
		t.Errorf("%d reactions, %d are counted", all, counted)
	}
}
