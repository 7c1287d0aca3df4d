package payloads

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"statusd/accounts/key"
	"statusd/internal/test/vectors"
)

// keyring are the named keys of the vectors.
type keyring map[string]key.Private

func vectorKeys(tb testing.TB, f *vectors.File) keyring {
	tb.Helper()
	keys := make(keyring)
	for _, k := range vectors.Section[[]struct {
		Name    string      `json:"name"`
		Private vectors.Hex `json:"private_key"`
		Public  vectors.Hex `json:"public_key"`
		ID      string      `json:"contact_id"`
	}](tb, f, "keys") {
		p, err := key.NewPrivate(k.Private)
		if err != nil {
			tb.Fatal(err)
		}
		if u := p.Public().Uncompressed(); !bytes.Equal(u[:], k.Public) || p.Public().ContactID() != k.ID {
			tb.Fatalf("key %q does not fit", k.Name)
		}
		keys[k.Name] = p
	}
	return keys
}

// TestVectorSections lists what is covered here; receive and pagination belong
// to the messenger and its store.
func TestVectorSections(t *testing.T) {
	vectors.Load(t, "payloads").Unknown(t, "keys", "chat_messages", "other_payloads", "application_metadata", "push",
		"membership_events", "membership_messages", "group_state", "next_clock", "clock_validation", "ids", "text",
		"media_sniffing", "ens", "receive", "pagination")
}

// chatFields are the fields of a ChatMessage in the vectors.
type chatFields struct {
	Clock       uint64 `json:"clock"`
	Timestamp   uint64 `json:"timestamp"`
	Text        string `json:"text"`
	ResponseTo  string `json:"response_to"`
	ENSName     string `json:"ens_name"`
	ChatID      string `json:"chat_id"`
	MessageType int32  `json:"message_type"`
	ContentType int32  `json:"content_type"`
	Sticker     *struct {
		Hash string
		Pack int32
	}
	Image *struct {
		Payload vectors.Hex
		Type    int32
	}
	Audio *struct {
		Payload  vectors.Hex
		Type     int32
		Duration uint64 `json:"duration_ms"`
	}
}

func (f chatFields) message() *ChatMessage {
	c := &ChatMessage{
		Clock: f.Clock, Timestamp: f.Timestamp, Text: f.Text, ResponseTo: f.ResponseTo, ENSName: f.ENSName,
		ChatID: f.ChatID, MessageType: MessageType(f.MessageType), ContentType: ContentType(f.ContentType),
	}
	if f.Sticker != nil {
		c.Sticker = &Sticker{f.Sticker.Hash, f.Sticker.Pack}
	}
	if f.Image != nil {
		c.Image = &Image{f.Image.Payload, ImageType(f.Image.Type)}
	}
	if f.Audio != nil {
		c.Audio = &Audio{f.Audio.Payload, AudioType(f.Audio.Type), f.Audio.Duration}
	}
	return c
}

func TestVectorChatMessages(t *testing.T) {
	type chatCase struct {
		Name    string
		Fields  chatFields
		Encoded vectors.Hex
	}
	for _, c := range vectors.Cases[chatCase](t, vectors.Load(t, "payloads"), "chat_messages") {
		want := c.Fields.message()
		encoded, err := want.encode()
		if err != nil || !bytes.Equal(encoded, c.Encoded) {
			t.Errorf("%s: encoded %x, want %x (%v)", c.Name, encoded, []byte(c.Encoded), err)
		}
		body, _, err := decode(TypeChatMessage, c.Encoded)
		if err != nil || fmt.Sprintf("%+v", flat(body)) != fmt.Sprintf("%+v", flat(want)) {
			t.Errorf("%s: decoded %+v, want %+v (%v)", c.Name, flat(body), flat(want), err)
		}
	}
}

// flat makes a body comparable in print: pointers replaced by what they
// point to.
func flat(b Body) string {
	raw, err := json.Marshal(b)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// TestVectorOtherPayloads compares the generated types with the fields, and
// our own types with the bytes.
func TestVectorOtherPayloads(t *testing.T) {
	type other struct {
		Message string
		Type    int32 `json:"app_type"`
		Fields  map[string]any
		Encoded vectors.Hex
	}
	for i, c := range vectors.Cases[other](t, vectors.Load(t, "payloads"), "other_payloads") {
		name := fmt.Sprintf("%d, %s", i, c.Message)
		kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("statusd.payloads." + c.Message))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wire := kind.New().Interface()
		if err := unmarshal(c.Encoded, wire); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		filled := kind.New()
		fill(t, filled, c.Fields)
		if !proto.Equal(wire, filled.Interface()) {
			t.Errorf("%s: decoded %v, want %v", name, wire, filled.Interface())
		}
		if got, err := marshal(filled.Interface()); err != nil || !bytes.Equal(got, c.Encoded) {
			t.Errorf("%s: encoded %x, want %x (%v)", name, got, []byte(c.Encoded), err)
		}
		if c.Type == 0 {
			continue // inside an encrypted payload; see TestVectorPush
		}
		body, ok, err := decode(Type(c.Type), c.Encoded)
		if !ok || err != nil {
			t.Errorf("%s: type %d: %v", name, c.Type, err)
			continue
		}
		if body.Type() != Type(c.Type) {
			t.Errorf("%s: body has type %d", name, body.Type())
		}
		if got, err := body.encode(); err != nil || !bytes.Equal(got, c.Encoded) {
			t.Errorf("%s: our type encodes %x, want %x (%v)", name, got, []byte(c.Encoded), err)
		}
	}
}

// fill sets the fields of a generated message from those of a vector: enums as
// numbers, bytes as base64.
func fill(t *testing.T, m protoreflect.Message, fields map[string]any) {
	t.Helper()
	for name, value := range fields {
		fd := m.Descriptor().Fields().ByName(protoreflect.Name(name))
		if fd == nil {
			t.Fatalf("%s has no field %q", m.Descriptor().Name(), name)
		}
		if !fd.IsList() {
			m.Set(fd, fieldValue(t, m.NewField(fd), fd, value))
			continue
		}
		list := m.Mutable(fd).List()
		elements, _ := value.([]any)
		for _, e := range elements {
			list.Append(fieldValue(t, list.NewElement(), fd, e))
		}
	}
}

func fieldValue(t *testing.T, empty protoreflect.Value, fd protoreflect.FieldDescriptor, v any) protoreflect.Value {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		fill(t, empty.Message(), v)
		return empty
	case bool:
		return protoreflect.ValueOfBool(v)
	case json.Number:
		if fd.Kind() == protoreflect.Uint64Kind {
			var n uint64
			if _, err := fmt.Sscan(v.String(), &n); err != nil {
				t.Fatal(err)
			}
			return protoreflect.ValueOfUint64(n)
		}
		n, err := v.Int64()
		if err != nil {
			t.Fatal(err)
		}
		return protoreflect.ValueOfInt32(int32(n))
	case string:
		if fd.Kind() == protoreflect.StringKind {
			return protoreflect.ValueOfString(v)
		}
		raw, err := base64.StdEncoding.DecodeString(v)
		if err != nil {
			t.Fatal(err)
		}
		return protoreflect.ValueOfBytes(raw)
	}
	t.Fatalf("field %s: unexpected %T", fd.Name(), v)
	return protoreflect.Value{}
}

func TestVectorApplicationMetadata(t *testing.T) {
	f := vectors.Load(t, "payloads")
	keys := vectorKeys(t, f)
	type metadata struct {
		Description string
		Signer      string
		Type        int32
		Payload     vectors.Hex
		Digest      vectors.Hex `json:"payload_keccak256"`
		Signature   vectors.Hex
		Encoded     vectors.Hex
		ID          string `json:"message_id"`
	}
	envelope := mustKey(t, 99).Public()
	for i, c := range vectors.Cases[metadata](t, f, "application_metadata") {
		name := fmt.Sprintf("%d, %s", i, c.Description)
		if d := keccak(c.Payload); !bytes.Equal(d[:], c.Digest) {
			t.Errorf("%s: digest %x", name, d)
		}
		m, err := Parse(c.Encoded, envelope, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		author := envelope
		if c.Signer != "" {
			author = keys[c.Signer].Public()
		}
		if m.ID.String() != c.ID || m.Author != author || m.Signed != (c.Signer != "") || int32(m.Type) != c.Type {
			t.Errorf("%s: parsed %v, author %v, want id %s", name, m.ID, m.Author, c.ID)
		}
		sealed, err := seal(m.Body, keys[c.Signer])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !bytes.Equal(sealed.Wrapper, c.Encoded) || sealed.ID.String() != c.ID {
			t.Errorf("%s: sealed %x, want %x", name, sealed.Wrapper, []byte(c.Encoded))
		}
		tamper(t, name, c.Encoded, m, c.Payload)
	}
}

// tamper flips a bit of the payload, and expects another author or an error.
func tamper(t *testing.T, name string, encoded []byte, m Message, payload []byte) {
	t.Helper()
	at := bytes.LastIndex(encoded, payload)
	if !m.Signed || len(payload) == 0 || at < 0 {
		return
	}
	bad := bytes.Clone(encoded)
	bad[at+len(payload)-1] ^= 1
	if got, err := Parse(bad, m.Signer, Options{}); err == nil && got.Author == m.Author {
		t.Errorf("%s: tampered payload has the same author", name)
	}
}

func mustKey(tb testing.TB, seed byte) key.Private {
	tb.Helper()
	k, err := key.NewPrivate(bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func TestVectorPush(t *testing.T) {
	f := vectors.Load(t, "payloads")
	keys := vectorKeys(t, f)
	v := vectors.Section[struct {
		Client, Server string
		AccessToken    string      `json:"access_token"`
		Hashed         vectors.Hex `json:"hashed_public_key"`
		QueryChat      string      `json:"query_chat_name"`
		GrantHash      vectors.Hex `json:"grant_hash"`
		Grant          vectors.Hex
		SharedKey      vectors.Hex `json:"shared_key"`
		Nonce          vectors.Hex
		Registration   vectors.Hex
		Encrypted      vectors.Hex `json:"encrypted_registration"`
		RequestID      vectors.Hex `json:"request_id"`
	}](t, f, "push")
	client, server := keys[v.Client], keys[v.Server]
	check := func(name string, got, want []byte) {
		t.Helper()
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %x, want %x", name, got, want)
		}
	}
	check("hashed key", HashedKey(client.Public()), v.Hashed)
	check("query chat", fmt.Appendf(nil, "%x", HashedKey(client.Public())), []byte(v.QueryChat))
	digest := grantDigest(client.Public(), server.Public(), v.AccessToken)
	check("grant hash", digest[:], v.GrantHash)
	grant, err := PushGrant(client, server.Public(), v.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	check("grant", grant, v.Grant)
	if err := CheckPushGrant(v.Grant, client.Public(), server.Public(), v.AccessToken); err != nil {
		t.Error(err)
	}
	if err := CheckPushGrant(v.Grant, client.Public(), server.Public(), v.AccessToken+"x"); err == nil {
		t.Error("grant for another token accepted")
	}
	secret, err := pushSecret(client, server.Public())
	if err != nil {
		t.Fatal(err)
	}
	check("shared key", secret, v.SharedKey)
	check("request id", PushRequestID(v.Encrypted), v.RequestID)

	blob := &PushRegistrationBlob{Sealed: v.Encrypted}
	r, err := blob.Open(server, client.Public())
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := SealPushRegistration(r, client, server.Public(), [pushNonceSize]byte(v.Nonce))
	if err != nil {
		t.Fatal(err)
	}
	check("registration", sealed.Sealed, v.Encrypted)
	bad := &PushRegistrationBlob{Sealed: bytes.Clone(v.Encrypted)}
	bad.Sealed[len(bad.Sealed)-1] ^= 1
	if _, err := bad.Open(server, client.Public()); err == nil {
		t.Error("tampered registration opened")
	}
}

func TestVectorIDs(t *testing.T) {
	f := vectors.Load(t, "payloads")
	alice := vectorKeys(t, f)
	v := vectors.Section[struct {
		Reactions []struct {
			From, ID  string
			Emoji     EmojiType
			MessageID string `json:"message_id"`
		} `json:"emoji_reaction_ids"`
		Invitations []struct {
			From, ID string
			ChatID   string `json:"chat_id"`
		} `json:"invitation_ids"`
		OneToOne    string `json:"one_to_one_chat"`
		Profile     string `json:"profile_chat"`
		ContactCode string `json:"contact_code_chat"`
	}](t, f, "ids")
	for _, c := range v.Reactions {
		if got := ReactionID(c.From, c.MessageID, c.Emoji).String(); got != c.ID {
			t.Errorf("reaction: %s, want %s", got, c.ID)
		}
	}
	for _, c := range v.Invitations {
		if got := InvitationID(c.From, c.ChatID).String(); got != c.ID {
			t.Errorf("invitation: %s, want %s", got, c.ID)
		}
	}
	found := 0
	for _, k := range alice {
		p := k.Public()
		if p.ContactID() == strings.TrimPrefix(v.Profile, profilePrefix) {
			found++
			if ProfileChat(p) != v.Profile || ContactCodeChat(p) != v.ContactCode {
				t.Errorf("%s: profile %s, contact code %s", p, ProfileChat(p), ContactCodeChat(p))
			}
			if owner, ok := ProfileOwner(v.Profile); !ok || owner != p {
				t.Error("the owner of the profile chat is not found")
			}
		}
		if OneToOneChat(p) == v.OneToOne {
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d of 2 chats belong to a key of the vectors", found)
	}
}

func TestVectorClocks(t *testing.T) {
	f := vectors.Load(t, "payloads")
	type next struct {
		Clock     uint64
		Last      uint64 `json:"last_clock"`
		Now       uint64 `json:"now_ms"`
		Timestamp uint64
	}
	for _, c := range vectors.Cases[next](t, f, "next_clock") {
		if got := NextClock(c.Last, c.Now); got != c.Clock || c.Timestamp != c.Now {
			t.Errorf("after %d at %d: %d, want %d", c.Last, c.Now, got, c.Clock)
		}
	}
	type validation struct {
		Clock    uint64
		Envelope uint64 `json:"envelope_timestamp_ms"`
		Valid    bool
	}
	for _, c := range vectors.Cases[validation](t, f, "clock_validation") {
		if err := CheckClock(c.Clock, c.Envelope); (err == nil) != c.Valid {
			t.Errorf("clock %d at %d: %v, want valid %v", c.Clock, c.Envelope, err, c.Valid)
		}
	}
}
