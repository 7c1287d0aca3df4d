package payloads

import (
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"statusd/accounts/key"
	"statusd/payloads/internal/pb"
)

// everyType has a payload of each type, with all its fields and with as few as
// receivers accept, chosen to fit other types as well as they can.
func everyType(t *testing.T) map[Type][]Body {
	t.Helper()
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	id, person := MessageID{1}.String(), k.Public().ContactID()
	chat := "garden"
	transaction := func(kind Type) []Body {
		return []Body{&Transaction{
			Command: kind, Clock: testClock, ID: id, Value: "1", Contract: id, Address: id, Hash: id, Signature: []byte(id),
		}}
	}
	registration := PushRegistration{TokenType: 1, DeviceToken: id}
	sealed, err := SealPushRegistration(registration, k, k.Public(), [pushNonceSize]byte{})
	if err != nil {
		t.Fatal(err)
	}
	info := []PushInfo{{AccessToken: id, InstallationID: id, PublicKey: []byte(id), Version: 1}}
	return map[Type][]Body{
		TypeChatMessage: {
			&ChatMessage{
				Clock: testClock, Timestamp: testClock, Text: id, ResponseTo: id, ENSName: id, ChatID: chat,
				MessageType: PublicGroup, ContentType: ContentText,
			},
			&ChatMessage{
				Clock: testClock, Timestamp: testClock, Text: chat, ChatID: id, MessageType: PublicGroup,
				ContentType: ContentSticker, Sticker: &Sticker{Hash: id, Pack: 1},
			},
		},
		TypeContactUpdate:             {&ContactUpdate{Clock: testClock, ENSName: chat, ProfileImage: id}},
		TypeMembershipUpdate:          {&MembershipUpdate{ChatID: chat, Events: [][]byte{[]byte(id)}}},
		TypePairInstallation:          {&PairInstallation{Clock: testClock, InstallationID: chat, DeviceType: id, Name: id}},
		TypeSyncInstallation:          {&SyncInstallation{PublicChats: []SyncPublicChat{{Clock: testClock, ID: chat}}}},
		TypeRequestAddress:            transaction(TypeRequestAddress),
		TypeAcceptRequestAddress:      transaction(TypeAcceptRequestAddress),
		TypeDeclineRequestAddress:     transaction(TypeDeclineRequestAddress),
		TypeRequestTransaction:        transaction(TypeRequestTransaction),
		TypeSendTransaction:           transaction(TypeSendTransaction),
		TypeDeclineRequestTransaction: transaction(TypeDeclineRequestTransaction),
		TypeSyncInstallationContact: {&SyncContact{
			Clock: testClock, ID: person, ENSName: id, ProfileImage: id, LocalNickname: id,
		}},
		TypeSyncInstallationAccount:    {&SyncAccount{Clock: testClock, ProfileImage: id, LastUpdated: 1}},
		TypeSyncInstallationPublicChat: {&SyncPublicChat{Clock: testClock, ID: chat}},
		TypeContactCodeAdvertisement:   {&ContactCode{}, &ContactCode{Push: info}},
		TypePushRegistration:           {sealed},
		TypePushRegistrationResponse:   {&PushRegistrationResponse{Success: true, Error: 1, RequestID: []byte(id)}},
		TypePushQuery:                  {&PushQuery{PublicKeys: [][]byte{[]byte(id)}}},
		TypePushQueryResponse:          {&PushQueryResponse{Info: info, MessageID: []byte(id), Success: true}},
		TypePushRequest:                {&PushRequest{Requests: []Push{{AccessToken: id}}, MessageID: []byte(id)}},
		TypePushResponse:               {&PushResponse{MessageID: []byte(id), Reports: []PushReport{{Success: true}}}},
		TypeEmojiReaction:              everyReaction(chat, id),
		TypeGroupInvitation: {&GroupInvitation{
			Clock: testClock, ChatID: chat, Introduction: id, State: InvitationRequest,
		}},
		TypePinMessage: {
			&PinMessage{Clock: testClock, MessageID: id, ChatID: chat, Pinned: true, MessageType: PublicGroup},
			&PinMessage{Clock: testClock, MessageID: id, ChatID: chat, MessageType: PublicGroup},
			&PinMessage{Clock: testClock, MessageID: id, ChatID: id, MessageType: PublicGroup},
		},
		TypeEditMessage: {
			&EditMessage{Clock: testClock, Text: id, ChatID: chat, MessageID: id, MessageType: PublicGroup},
			&EditMessage{Clock: testClock, Text: chat, ChatID: id, MessageID: id, MessageType: PublicGroup},
		},
		TypeDeleteMessage: {
			&DeleteMessage{Clock: testClock, ChatID: chat, MessageID: id, MessageType: PublicGroup},
			&DeleteMessage{Clock: testClock, ChatID: id, MessageID: id, MessageType: PublicGroup},
		},
	}
}

// everyReaction has the reactions to a message: whatever the emoji, it is a
// number that is a message type elsewhere.
func everyReaction(chat, id string) (reactions []Body) {
	for emoji := Love; emoji <= Angry; emoji++ {
		for kind := OneToOne; kind <= PrivateGroup; kind++ {
			for _, named := range []string{chat, id} {
				e := EmojiReaction{Clock: testClock, ChatID: named, MessageID: id, MessageType: kind, Emoji: emoji}
				taken := e
				taken.Retracted = true
				reactions = append(reactions, &e, &taken)
			}
		}
	}
	return reactions
}

// TestNoPayloadPassesAsAnExtension: the type is not signed, so anybody can pass
// a payload on as an edit, a deletion or a pin. No payload of another type is
// read as one.
func TestNoPayloadPassesAsAnExtension(t *testing.T) {
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	table := everyType(t)
	for kind := TypeChatMessage; kind <= TypeDeleteMessage; kind++ {
		if _, known, _ := decode(kind, nil); known && len(table[kind]) == 0 {
			t.Errorf("type %d is not in the table", kind)
		}
	}
	for kind, bodies := range table {
		for i, body := range bodies {
			payload, err := body.encode()
			if err != nil {
				t.Fatal(err)
			}
			for _, as := range []Type{TypePinMessage, TypeEditMessage, TypeDeleteMessage} {
				w := pb.ApplicationMetadataMessage{Payload: payload, Type: int32(as)}
				signature, err := k.Sign(keccak(payload))
				if err != nil {
					t.Fatal(err)
				}
				w.Signature = signature[:]
				data, err := marshal(&w)
				if err != nil {
					t.Fatal(err)
				}
				m, err := Parse(data, k.Public(), Options{Extensions: true})
				if as != kind && err == nil {
					t.Errorf("payload %d of type %d passes as type %d: %+v", i, kind, as, m.Body)
				}
				if as == kind && !ambiguous(body) && err != nil {
					t.Errorf("payload %d of type %d is refused: %v", i, kind, err)
				}
			}
		}
	}
}

// ambiguous reports whether the chat is named by the id of a message: then the
// payload is refused as its own type, too, since nothing tells what it was.
func ambiguous(body Body) bool {
	chat := ""
	switch b := body.(type) {
	case *PinMessage:
		chat = b.ChatID
	case *EditMessage:
		chat = b.ChatID
	case *DeleteMessage:
		chat = b.ChatID
	}
	_, err := ParseMessageID(chat)
	return err == nil
}

// TestExtensionsOfLaterClients: fields that no type of payload has are those of
// later clients, and do not matter. Those of other types do.
func TestExtensionsOfLaterClients(t *testing.T) {
	extensions := []Body{
		&PinMessage{Clock: 1, MessageID: MessageID{1}.String(), ChatID: "garden", Pinned: true, MessageType: PublicGroup},
		&EditMessage{Clock: 1, Text: "x", ChatID: "garden", MessageID: MessageID{1}.String(), MessageType: PublicGroup},
		&DeleteMessage{Clock: 1, ChatID: "garden", MessageID: MessageID{1}.String(), MessageType: PublicGroup},
	}
	number := func(n protowire.Number) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), 1)
	}
	text := func(n protowire.Number) []byte {
		return protowire.AppendString(protowire.AppendTag(nil, n, protowire.BytesType), "x")
	}
	wide := protowire.AppendFixed64(protowire.AppendTag(nil, 7, protowire.Fixed64Type), 1)
	for _, body := range extensions {
		plain, err := body.encode()
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			more []byte
			rule Rule
		}{
			"number 20":                        {number(20), ""},
			"text 100":                         {text(100), ""},
			"number 7 of 64 bits, of no type":  {wide, ""},
			"number 7, of chat messages":       {number(7), RuleRelabelled},
			"text 11, of chat messages":        {text(11), RuleRelabelled},
			"clock as text, of group updates":  {text(1), RuleRelabelled},
			"text 2 as number, as in messages": {number(2), RuleRelabelled},
		} {
			got, _, err := decode(body.Type(), append(append([]byte(nil), plain...), c.more...))
			if err == nil {
				err = got.Validate()
			}
			if ruleOf(err) != c.rule || (err == nil) != (c.rule == "") {
				t.Errorf("type %d with %s: %v, want %q", body.Type(), name, err, c.rule)
			}
		}
	}
}
