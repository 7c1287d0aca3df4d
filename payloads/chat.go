package payloads

import (
	"strings"
	"unicode/utf8"

	"statusd/accounts/key"
	"statusd/payloads/internal/pb"
)

// MaxTextRunes bounds the text of a chat message, in Unicode code points.
const MaxTextRunes = 4096

// MessageType says what kind of chat a message belongs to.
type MessageType int32

// The message types. The last is made locally and refused from others.
const (
	OneToOne      MessageType = 1
	PublicGroup   MessageType = 2
	PrivateGroup  MessageType = 3
	SystemMessage MessageType = 4
)

// ContentType says what a chat message holds.
type ContentType int32

// The content types. ContentCommand and ContentSystem are made locally and
// refused from others.
const (
	ContentText    ContentType = 1
	ContentSticker ContentType = 2
	ContentStatus  ContentType = 3
	ContentEmoji   ContentType = 4
	ContentCommand ContentType = 5
	ContentSystem  ContentType = 6
	ContentImage   ContentType = 7
	ContentAudio   ContentType = 8
)

// ChatMessage is a message that people write (spec 05 section 8).
type ChatMessage struct {
	// Clock is the Lamport clock of the chat, see NextClock.
	Clock uint64
	// Timestamp is the sender's time in Unix milliseconds.
	Timestamp uint64
	// Text is never blank, also beside an image, audio or a sticker.
	Text string
	// ResponseTo is the id of the message that this one answers, or "".
	ResponseTo string
	// ENSName is the name that the sender claims; not to be trusted.
	ENSName string
	// ChatID: see spec 05 section 6 for what it means to whom.
	ChatID      string
	MessageType MessageType
	ContentType ContentType

	// At most one of these is set.
	Sticker *Sticker
	Image   *Image
	Audio   *Audio
}

// Sticker names a sticker by its content hash, in hex, and pack.
type Sticker struct {
	Hash string
	Pack int32
}

// Image is a picture in one of the formats of ImageType.
type Image struct {
	Bytes  []byte
	Format ImageType
}

// Audio is a recording in one of the formats of AudioType.
type Audio struct {
	Bytes          []byte
	Format         AudioType
	DurationMillis uint64
}

// DataURL returns the image in the form that programs display, "" for an
// unknown format.
func (i *Image) DataURL() string { return mediaURL(i.Format.MIME(), i.Bytes) }

// DataURL returns the recording in the form that programs play, "" for an
// unknown format.
func (a *Audio) DataURL() string { return mediaURL(a.Format.MIME(), a.Bytes) }

// Type implements Body.
func (*ChatMessage) Type() Type { return TypeChatMessage }

// Place implements Placed.
func (c *ChatMessage) Place() (MessageType, string) { return c.MessageType, c.ChatID }

func (c *ChatMessage) clocks() ([]uint64, bool) { return []uint64{c.Clock}, false }

// Validate implements Body with the rules of spec 05 section 8.1.
func (c *ChatMessage) Validate() error {
	switch {
	case c.Clock == 0:
		return broken(RuleClockZero, "the message has no clock")
	case c.Timestamp == 0:
		return broken(RuleTimestamp, "the message has no timestamp")
	case c.ChatID == "":
		return broken(RuleChatID, "the message names no chat")
	case c.MessageType < OneToOne || c.MessageType > PrivateGroup:
		return broken(RuleMessageType, "message type %d cannot be sent", c.MessageType)
	}
	if err := checkText(c.Text); err != nil {
		return err
	}
	switch c.ContentType {
	case 0, ContentCommand, ContentSystem:
		return broken(RuleContentType, "content type %d cannot be sent as a chat message", c.ContentType)
	case ContentSticker:
		if c.Sticker == nil || c.Sticker.Hash == "" {
			return broken(RuleSticker, "a sticker message needs the hash of a sticker")
		}
	case ContentImage:
		if c.Image == nil || len(c.Image.Bytes) == 0 || !c.Image.Format.known() {
			return broken(RuleImage, "an image message needs a PNG, JPEG, WEBP or GIF image")
		}
	case ContentAudio:
		if c.Audio == nil || len(c.Audio.Bytes) == 0 || !c.Audio.Format.known() {
			return broken(RuleAudio, "an audio message needs an AAC or AMR recording")
		}
	}
	return nil
}

// checkText refuses text that receivers drop.
func checkText(text string) error {
	if !utf8.ValidString(text) {
		return broken(RuleUTF8, "the text is not valid UTF-8")
	}
	if strings.TrimSpace(text) == "" {
		return broken(RuleTextBlank, "the text is empty; images, audio and stickers need a text too")
	}
	if n := utf8.RuneCountInString(text); n > MaxTextRunes {
		return broken(RuleTextLength, "the text has %d characters, %d are allowed: shorten it or send it in parts",
			n, MaxTextRunes)
	}
	return nil
}

// validateOwn is stricter about our own messages: everything has to mean
// something to a receiver.
func (c *ChatMessage) validateOwn() error {
	if c.ContentType > ContentAudio || c.ContentType < 0 {
		return broken(RuleContentType, "content type %d is not known", c.ContentType)
	}
	if !utf8.ValidString(c.ENSName) || !utf8.ValidString(c.ChatID) {
		return broken(RuleUTF8, "the chat id or name is not valid UTF-8")
	}
	if c.ResponseTo != "" {
		if _, err := ParseMessageID(c.ResponseTo); err != nil {
			return broken(RuleMessageID, "the id of the message to reply to is not 0x and 64 hex digits")
		}
	}
	if err := checkChatID(c.MessageType, c.ChatID); err != nil {
		return err
	}
	attachments := []struct {
		there bool
		of    ContentType
		rule  Rule
		name  string
	}{
		{c.Sticker != nil, ContentSticker, RuleSticker, "a sticker"},
		{c.Image != nil, ContentImage, RuleImage, "an image"},
		{c.Audio != nil, ContentAudio, RuleAudio, "a recording"},
	}
	for _, a := range attachments {
		if a.there && c.ContentType != a.of {
			return broken(a.rule, "a message of content type %d cannot carry %s", c.ContentType, a.name)
		}
	}
	if c.Sticker != nil && !utf8.ValidString(c.Sticker.Hash) {
		return broken(RuleUTF8, "the sticker's hash is not valid UTF-8")
	}
	if c.Image != nil && SniffImage(c.Image.Bytes) != c.Image.Format {
		return broken(RuleImage, "the image is not what its format says")
	}
	if c.Audio != nil && SniffAudio(c.Audio.Bytes) != c.Audio.Format {
		return broken(RuleAudio, "the recording is not what its format says")
	}
	return nil
}

// checkChatID checks that a chat id has the form of its kind of chat.
func checkChatID(kind MessageType, chatID string) error {
	switch kind {
	case OneToOne:
		if _, err := key.ParseContactID(chatID); err != nil {
			return broken(RuleChatID, "the id of a one-to-one chat is the other person's contact id, 0x04 and 128 hex digits")
		}
	case PrivateGroup:
		if _, ok := groupCreator(chatID); !ok {
			return broken(RuleChatID, "the id of a group ends with - and its creator's contact id")
		}
	case PublicGroup:
		if strings.TrimSpace(chatID) == "" {
			return broken(RuleChatID, "the name of a public chat is empty")
		}
	}
	return nil
}

func (c *ChatMessage) encode() ([]byte, error) { return marshal(c.wire()) }

// wire returns the generated form; nil for nil.
func (c *ChatMessage) wire() *pb.ChatMessage {
	if c == nil {
		return nil
	}
	m := &pb.ChatMessage{
		Clock: c.Clock, Timestamp: c.Timestamp, Text: c.Text, ResponseTo: c.ResponseTo,
		EnsName: c.ENSName, ChatId: c.ChatID,
		MessageType: int32(c.MessageType), ContentType: int32(c.ContentType),
	}
	switch {
	case c.Sticker != nil:
		m.Payload = &pb.ChatMessage_Sticker{Sticker: &pb.StickerMessage{Hash: c.Sticker.Hash, Pack: c.Sticker.Pack}}
	case c.Image != nil:
		m.Payload = &pb.ChatMessage_Image{
			Image: &pb.ImageMessage{Payload: c.Image.Bytes, Type: int32(c.Image.Format)},
		}
	case c.Audio != nil:
		m.Payload = &pb.ChatMessage_Audio{Audio: &pb.AudioMessage{
			Payload: c.Audio.Bytes, Type: int32(c.Audio.Format), DurationMs: c.Audio.DurationMillis,
		}}
	}
	return m
}

func chatMessageOf(m *pb.ChatMessage) *ChatMessage {
	c := &ChatMessage{
		Clock: m.GetClock(), Timestamp: m.GetTimestamp(), Text: m.GetText(), ResponseTo: m.GetResponseTo(),
		ENSName: m.GetEnsName(), ChatID: m.GetChatId(),
		MessageType: MessageType(m.GetMessageType()), ContentType: ContentType(m.GetContentType()),
	}
	if s := m.GetSticker(); s != nil {
		c.Sticker = &Sticker{Hash: s.GetHash(), Pack: s.GetPack()}
	}
	if i := m.GetImage(); i != nil {
		c.Image = &Image{Bytes: i.GetPayload(), Format: ImageType(i.GetType())}
	}
	if a := m.GetAudio(); a != nil {
		c.Audio = &Audio{Bytes: a.GetPayload(), Format: AudioType(a.GetType()), DurationMillis: a.GetDurationMs()}
	}
	return c
}
