package payloads

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"statusd/accounts/key"
	"statusd/payloads/internal/pb"
)

const testClock = 1_604_000_000_000

// goodChat is a public message that everybody accepts.
func goodChat() *ChatMessage {
	return &ChatMessage{
		Clock: testClock, Timestamp: testClock, Text: "hello", ChatID: "test",
		MessageType: PublicGroup, ContentType: ContentText,
	}
}

func ruleOf(err error) Rule {
	var r *RuleError
	if errors.As(err, &r) {
		return r.Rule
	}
	return ""
}

func TestChatMessageRules(t *testing.T) {
	png := []byte("\x89PNG....")
	amr := []byte("#!AMR\n......")
	sticker := func(s *Sticker) func(*ChatMessage) {
		return func(c *ChatMessage) { c.ContentType, c.Sticker = ContentSticker, s }
	}
	image := func(i *Image) func(*ChatMessage) {
		return func(c *ChatMessage) { c.ContentType, c.Image = ContentImage, i }
	}
	audio := func(a *Audio) func(*ChatMessage) {
		return func(c *ChatMessage) { c.ContentType, c.Audio = ContentAudio, a }
	}
	for name, c := range map[string]struct {
		change  func(*ChatMessage)
		receive Rule // "" = accepted from others
		send    Rule // "" = accepted from ourselves, when accepted from others
	}{
		"text":                    {func(*ChatMessage) {}, "", ""},
		"no clock":                {func(c *ChatMessage) { c.Clock = 0 }, RuleClockZero, ""},
		"no timestamp":            {func(c *ChatMessage) { c.Timestamp = 0 }, RuleTimestamp, ""},
		"no text":                 {func(c *ChatMessage) { c.Text = "" }, RuleTextBlank, ""},
		"blank text":              {func(c *ChatMessage) { c.Text = " \n\t\u2003" }, RuleTextBlank, ""},
		"longest text":            {func(c *ChatMessage) { c.Text = strings.Repeat("ü", 4096) }, "", ""},
		"text too long":           {func(c *ChatMessage) { c.Text = strings.Repeat("a", 4097) }, RuleTextLength, ""},
		"text not UTF-8":          {func(c *ChatMessage) { c.Text = "a\xff" }, RuleUTF8, ""},
		"no chat":                 {func(c *ChatMessage) { c.ChatID = "" }, RuleChatID, ""},
		"blank public chat":       {func(c *ChatMessage) { c.ChatID = " " }, "", RuleChatID},
		"chat not UTF-8":          {func(c *ChatMessage) { c.ChatID = "\xff" }, "", RuleUTF8},
		"one-to-one, odd chat":    {func(c *ChatMessage) { c.MessageType = OneToOne }, "", RuleChatID},
		"group, odd chat":         {func(c *ChatMessage) { c.MessageType = PrivateGroup }, "", RuleChatID},
		"message type 0":          {func(c *ChatMessage) { c.MessageType = 0 }, RuleMessageType, ""},
		"message type 4":          {func(c *ChatMessage) { c.MessageType = SystemMessage }, RuleMessageType, ""},
		"message type 5":          {func(c *ChatMessage) { c.MessageType = 5 }, RuleMessageType, ""},
		"message type -1":         {func(c *ChatMessage) { c.MessageType = -1 }, RuleMessageType, ""},
		"content type 0":          {func(c *ChatMessage) { c.ContentType = 0 }, RuleContentType, ""},
		"content type 5":          {func(c *ChatMessage) { c.ContentType = ContentCommand }, RuleContentType, ""},
		"content type 6":          {func(c *ChatMessage) { c.ContentType = ContentSystem }, RuleContentType, ""},
		"content type 99":         {func(c *ChatMessage) { c.ContentType = 99 }, "", RuleContentType},
		"status":                  {func(c *ChatMessage) { c.ContentType = ContentStatus }, "", ""},
		"emoji":                   {func(c *ChatMessage) { c.ContentType = ContentEmoji }, "", ""},
		"sticker missing":         {sticker(nil), RuleSticker, ""},
		"sticker without hash":    {sticker(&Sticker{}), RuleSticker, ""},
		"sticker":                 {sticker(&Sticker{"aa", -1}), "", ""},
		"sticker beside text":     {func(c *ChatMessage) { c.Sticker = &Sticker{"aa", 1} }, "", RuleSticker},
		"image missing":           {image(nil), RuleImage, ""},
		"image without bytes":     {image(&Image{nil, PNG}), RuleImage, ""},
		"image of type 0":         {image(&Image{png, 0}), RuleImage, ""},
		"image of type 5":         {image(&Image{png, 5}), RuleImage, ""},
		"image":                   {image(&Image{png, PNG}), "", ""},
		"image of another format": {image(&Image{png, GIF}), "", RuleImage},
		"not an image":            {image(&Image{[]byte("text"), PNG}), "", RuleImage},
		"audio missing":           {audio(nil), RuleAudio, ""},
		"audio of type 3":         {audio(&Audio{amr, 3, 1}), RuleAudio, ""},
		"audio":                   {audio(&Audio{amr, AMR, 1}), "", ""},
		"not audio":               {audio(&Audio{png, AMR, 1}), "", RuleAudio},
		"reply":                   {func(c *ChatMessage) { c.ResponseTo = MessageID{1}.String() }, "", ""},
		"reply to nonsense":       {func(c *ChatMessage) { c.ResponseTo = "0x12" }, "", RuleMessageID},
		"profile":                 {func(c *ChatMessage) { c.ChatID = ProfileChat(mustKey(t, 1).Public()) }, "", ""},
		"name not UTF-8":          {func(c *ChatMessage) { c.ENSName = "\xff" }, "", RuleUTF8},
		"group": {func(c *ChatMessage) {
			c.MessageType, c.ChatID = PrivateGroup, GroupChat([16]byte{1}, mustKey(t, 1).Public())
		}, "", ""},
		"one-to-one": {func(c *ChatMessage) {
			c.MessageType, c.ChatID = OneToOne, mustKey(t, 1).Public().ContactID()
		}, "", ""},
	} {
		m := goodChat()
		c.change(m)
		if got := ruleOf(m.Validate()); got != c.receive {
			t.Errorf("%s: received: %q, want %q", name, got, c.receive)
		}
		want := c.receive
		if want == "" {
			want = c.send
		}
		if got := ruleOf(validateForSending(m)); got != want {
			t.Errorf("%s: sent: %q, want %q", name, got, want)
		}
	}
}

func TestOtherRules(t *testing.T) {
	id, contact := MessageID{1}.String(), mustKey(t, 1).Public().ContactID()
	reaction := func(change func(*EmojiReaction)) Body {
		r := &EmojiReaction{Clock: 1, ChatID: "c", MessageID: id, MessageType: PublicGroup, Emoji: Love}
		change(r)
		return r
	}
	for name, c := range map[string]struct {
		body    Body
		receive Rule
		send    Rule
	}{
		"reaction":                {reaction(func(*EmojiReaction) {}), "", ""},
		"reaction, clock":         {reaction(func(r *EmojiReaction) { r.Clock = 0 }), RuleClockZero, ""},
		"reaction, chat":          {reaction(func(r *EmojiReaction) { r.ChatID = "" }), RuleChatID, ""},
		"reaction, message":       {reaction(func(r *EmojiReaction) { r.MessageID = "" }), RuleMessageID, ""},
		"reaction, odd message":   {reaction(func(r *EmojiReaction) { r.MessageID = "x" }), "", RuleMessageID},
		"reaction, type":          {reaction(func(r *EmojiReaction) { r.MessageType = 0 }), RuleMessageType, ""},
		"reaction, odd type":      {reaction(func(r *EmojiReaction) { r.MessageType = 9 }), "", RuleMessageType},
		"reaction, emoji":         {reaction(func(r *EmojiReaction) { r.Emoji = 0 }), RuleReaction, ""},
		"reaction, odd emoji":     {reaction(func(r *EmojiReaction) { r.Emoji = 77 }), "", RuleReaction},
		"contact update":          {&ContactUpdate{Clock: 1}, "", ""},
		"contact update, clock":   {&ContactUpdate{}, RuleClockZero, ""},
		"pairing":                 {&PairInstallation{1, "i", "d", "n"}, "", ""},
		"pairing, name":           {&PairInstallation{1, "i", "d", " "}, RuleInstallation, ""},
		"pairing, device":         {&PairInstallation{1, "i", "", "n"}, RuleInstallation, ""},
		"pairing, installation":   {&PairInstallation{1, "", "d", "n"}, RuleInstallation, ""},
		"sync contact":            {&SyncContact{Clock: 1, ID: contact}, "", ""},
		"sync contact, short id":  {&SyncContact{Clock: 1, ID: "0x04"}, RuleContactID, ""},
		"sync contact, no id":     {&SyncContact{Clock: 1}, RuleContactID, ""},
		"sync chat":               {&SyncPublicChat{1, "c"}, "", ""},
		"sync chat, blank":        {&SyncPublicChat{1, " "}, RuleChatID, ""},
		"invitation":              {&GroupInvitation{1, "c", "", InvitationRequest}, "", ""},
		"invitation, approved":    {&GroupInvitation{1, "c", "", InvitationApproved}, RuleInvitation, ""},
		"invitation, no chat":     {&GroupInvitation{1, "", "", InvitationRejected}, RuleChatID, ""},
		"transaction, value":      {&Transaction{Command: TypeRequestAddress, Clock: 1, Value: "1,5"}, RuleTransaction, ""},
		"transaction, NaN":        {&Transaction{Command: TypeRequestAddress, Clock: 1, Value: "nan"}, RuleTransaction, ""},
		"transaction, no address": {&Transaction{Command: TypeRequestTransaction, Clock: 1, Value: "1"}, RuleTransaction, ""},
		"transaction, no id":      {&Transaction{Command: TypeDeclineRequestAddress, Clock: 1}, RuleTransaction, ""},
		"transaction, no hash": {
			&Transaction{Command: TypeSendTransaction, Clock: 1, Signature: []byte{1}}, RuleTransaction, "",
		},
		"transaction, unsigned": {&Transaction{Command: TypeSendTransaction, Clock: 1, Hash: "h"}, RuleTransaction, ""},
		"transaction, unknown":  {&Transaction{Command: TypeChatMessage, Clock: 1}, RuleTransaction, ""},
		"edit":                  {&EditMessage{1, "text", "c", id, PublicGroup}, "", ""},
		"edit to nothing":       {&EditMessage{1, "", "c", id, PublicGroup}, RuleTextBlank, ""},
		"delete":                {&DeleteMessage{1, "c", id, OneToOne}, "", ""},
		"delete nothing":        {&DeleteMessage{1, "c", "", OneToOne}, RuleMessageID, ""},
		"pin":                   {&PinMessage{1, id, "c", true, PrivateGroup}, "", ""},
		"pin, type":             {&PinMessage{1, id, "c", true, 0}, RuleMessageType, ""},
		"pin, no chat":          {&PinMessage{1, id, "", true, OneToOne}, RuleChatID, ""},
		"push registration":     {&PushRegistrationBlob{}, RulePush, ""},
		"contact code":          {&ContactCode{}, "", ""},
	} {
		if got := ruleOf(c.body.Validate()); got != c.receive {
			t.Errorf("%s: received: %q, want %q", name, got, c.receive)
		}
		want := c.receive
		if want == "" {
			want = c.send
		}
		if got := ruleOf(validateForSending(c.body)); got != want {
			t.Errorf("%s: sent: %q, want %q", name, got, want)
		}
		if want != "" || c.receive != "" {
			continue
		}
		// What may be sent comes back the same.
		m, err := Seal(c.body, mustKey(t, 1))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		back, err := Parse(m.Wrapper, key.Public{}, Options{Extensions: true})
		if err != nil || flat(back.Body) != flat(c.body) || back.ID != m.ID || back.Type != c.body.Type() {
			t.Errorf("%s: came back %s, want %s (%v)", name, flat(back.Body), flat(c.body), err)
		}
	}
}

func TestClockIsCheckedAgainstTheRightTime(t *testing.T) {
	const envelope, now = testClock, testClock + 1_000_000
	for name, c := range map[string]struct {
		body Body
		rule Rule
	}{
		"chat message, ahead":  {&ChatMessage{Clock: envelope + 120_001}, RuleClockAhead},
		"chat message, border": {&ChatMessage{Clock: envelope + 120_000}, ""},
		"contact, absurd":      {&ContactUpdate{Clock: 1 << 62}, RuleClockAhead},
		"sync contact, absurd": {&SyncContact{Clock: math.MaxUint64}, RuleClockAhead},
		"sync chat, absurd":    {&SyncPublicChat{Clock: 1 << 62}, RuleClockAhead},
		"invitation, absurd":   {&GroupInvitation{Clock: 1 << 62}, RuleClockAhead},
		"pairing, absurd":      {&PairInstallation{Clock: 1 << 62}, RuleClockAhead},
		"transaction, absurd":  {&Transaction{Clock: 1 << 62}, RuleClockAhead},
		"edit, absurd":         {&EditMessage{Clock: 1 << 62}, RuleClockAhead},
		"delete, absurd":       {&DeleteMessage{Clock: 1 << 62}, RuleClockAhead},
		"pin, absurd":          {&PinMessage{Clock: 1 << 62}, RuleClockAhead},
		"reaction, by now":     {&EmojiReaction{Clock: now + 120_000}, ""},
		"reaction, ahead":      {&EmojiReaction{Clock: now + 120_001}, RuleClockAhead},
		"without clock":        {&ContactCode{}, ""},
	} {
		m := Message{Body: c.body}
		if got := ruleOf(m.Check(envelope, now)); got != c.rule {
			t.Errorf("%s: %q, want %q", name, got, c.rule)
		}
	}
}

// wrap makes a wrapper out of parts that Seal would refuse.
func wrap(t *testing.T, w *pb.ApplicationMetadataMessage) []byte {
	t.Helper()
	b, err := proto.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParseRefuses(t *testing.T) {
	signer := mustKey(t, 2).Public()
	good, err := Seal(goodChat(), mustKey(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := goodChat().encode()
	if err != nil {
		t.Fatal(err)
	}
	signature := func(change func([]byte) []byte) []byte {
		s, err := mustKey(t, 1).Sign(keccak(payload))
		if err != nil {
			t.Fatal(err)
		}
		return wrap(t, &pb.ApplicationMetadataMessage{Signature: change(s[:]), Payload: payload, Type: 1})
	}
	for name, c := range map[string]struct {
		data   []byte
		reason string
	}{
		"good":                {good.Wrapper, ""},
		"unsigned":            {wrap(t, &pb.ApplicationMetadataMessage{Payload: payload, Type: 1}), ""},
		"empty signature":     {signature(func([]byte) []byte { return []byte{} }), "signature"},
		"64 bytes":            {signature(func(s []byte) []byte { return s[:64] }), "signature"},
		"66 bytes":            {signature(func(s []byte) []byte { return append(s, 0) }), "signature"},
		"recovery id 4":       {signature(func(s []byte) []byte { s[64] = 4; return s }), "signature"},
		"recovery id 27":      {signature(func(s []byte) []byte { s[64] = 27; return s }), "signature"},
		"zero r":              {signature(func(s []byte) []byte { clear(s[:32]); return s }), "signature"},
		"unknown type":        {wrap(t, &pb.ApplicationMetadataMessage{Payload: payload, Type: 200}), "unknown_type"},
		"type 0":              {wrap(t, &pb.ApplicationMetadataMessage{Payload: payload}), "unknown_type"},
		"negative type":       {wrap(t, &pb.ApplicationMetadataMessage{Payload: payload, Type: -1}), "unknown_type"},
		"community":           {wrap(t, &pb.ApplicationMetadataMessage{Payload: payload, Type: 25}), "unknown_type"},
		"extension off":       {wrap(t, &pb.ApplicationMetadataMessage{Payload: payload, Type: 31}), "unknown_type"},
		"nothing":             {nil, "unknown_type"},
		"no protobuf":         {[]byte("hello"), "malformed"},
		"payload no protobuf": {wrap(t, &pb.ApplicationMetadataMessage{Payload: []byte{0xff}, Type: 1}), "malformed"},
		"text not UTF-8": {wrap(t, &pb.ApplicationMetadataMessage{
			Payload: bytes.Replace(payload, []byte("hello"), []byte("he\xfflo"), 1), Type: 1,
		}), "malformed"},
		"blank text": {wrap(t, &pb.ApplicationMetadataMessage{
			Payload: bytes.Replace(payload, []byte("hello"), []byte("     "), 1), Type: 1,
		}), "text_blank"},
		"short event": {wrap(t, &pb.ApplicationMetadataMessage{
			Payload: wrapEvents(t, make([]byte, 65)), Type: 3,
		}), "group_event"},
	} {
		m, err := Parse(c.data, signer, Options{})
		if got := Reason(err); got != c.reason {
			t.Errorf("%s: %q (%v), want %q", name, got, err, c.reason)
		}
		if err != nil && m.Body != nil {
			t.Errorf("%s: refused, and yet a body", name)
		}
	}
	unsigned := wrap(t, &pb.ApplicationMetadataMessage{Payload: payload, Type: 1})
	if _, err := Parse(unsigned, key.Public{}, Options{}); !errors.Is(err, ErrNoSigner) {
		t.Errorf("unsigned in an unsigned envelope: %v", err)
	}
	if Reason(errors.New("x")) != "other" {
		t.Error("foreign error has a reason")
	}
}

func wrapEvents(t *testing.T, events ...[]byte) []byte {
	t.Helper()
	b, err := proto.Marshal(&pb.MembershipUpdateMessage{ChatId: "c", Events: events})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestParseIsBounded feeds payloads made to exhaust memory.
func TestParseIsBounded(t *testing.T) {
	repeat := func(field protowire.Number, content []byte) []byte {
		var b []byte
		for len(b) < 1<<20 {
			b = protowire.AppendTag(b, field, protowire.BytesType)
			b = protowire.AppendBytes(b, content)
		}
		return b
	}
	for name, c := range map[string]struct {
		kind    Type
		payload []byte
	}{
		"push infos":     {TypeContactCodeAdvertisement, repeat(1, nil)},
		"sync contacts":  {TypeSyncInstallation, repeat(1, nil)},
		"events":         {TypeMembershipUpdate, repeat(2, nil)},
		"nested tags":    {TypeSyncInstallation, repeat(1, repeat(6, nil)[:100_000])},
		"unknown fields": {TypeContactUpdate, repeat(99, nil)},
		"nested groups":  {TypeContactUpdate, bytes.Repeat([]byte{0x0b}, 1<<20)},
	} {
		data := wrap(t, &pb.ApplicationMetadataMessage{Payload: c.payload, Type: int32(c.kind)})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse(data, mustKey(t, 1).Public(), Options{})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 40<<20 {
			t.Errorf("%s: %d bytes allocated for %d (%v)", name, used, len(data), err)
		}
	}
}

func TestMessageIDText(t *testing.T) {
	id := MessageID{1, 0xab}
	text, err := id.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var back MessageID
	if err := back.UnmarshalText(text); err != nil || back != id {
		t.Errorf("%v, %v", back, err)
	}
	for _, bad := range []string{
		"", "0x", string(text)[2:], strings.ToUpper(string(text)), string(text) + "0", "0x" + strings.Repeat("g", 64),
	} {
		if _, err := ParseMessageID(bad); !errors.Is(err, ErrMessageID) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if NextClock(math.MaxUint64, 1) != math.MaxUint64 {
		t.Error("the clock overflows")
	}
}

func TestDataURLs(t *testing.T) {
	i := &Image{[]byte{1}, JPEG}
	a := &Audio{[]byte{1}, AAC, 0}
	if i.DataURL() != "data:image/jpeg;base64,AQ==" || a.DataURL() != "data:audio/aac;base64,AQ==" {
		t.Errorf("%s, %s", i.DataURL(), a.DataURL())
	}
	for _, f := range []ImageType{PNG, JPEG, WEBP, GIF} {
		if f.MIME() == "" {
			t.Errorf("image format %d has no media type", f)
		}
	}
	if AMR.MIME() == "" || AudioType(0).MIME() != "" || ImageType(0).MIME() != "" {
		t.Error("media types are wrong")
	}
}
