package messenger

import (
	"slices"
	"sync"

	"statusd/accounts/identicon"
	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/naming"
	"statusd/messenger/text"
	"statusd/payloads"
)

// maxFaces bounds the pictures of contacts that are kept.
const maxFaces = 2000

// faces keeps pictures of contacts: they are drawn from the contact id.
type faces struct {
	mu    sync.Mutex
	drawn map[string]string
}

func newFaces() *faces { return &faces{drawn: make(map[string]string)} }

func (f *faces) of(id string) string {
	f.mu.Lock()
	uri, ok := f.drawn[id]
	f.mu.Unlock()
	if ok {
		return uri
	}
	uri = identicon.DataURI(id)
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.drawn) >= maxFaces {
		clear(f.drawn)
	}
	f.drawn[id] = uri
	return uri
}

// views make what programs are shown of rows.
type views struct{ *core }

// alias returns the three-word name of a person, "" without word lists.
func (c *views) alias(id string) string {
	if c.names == nil {
		return ""
	}
	p, err := key.ParseContactID(id)
	if err != nil {
		return ""
	}
	return c.names.Name(p)
}

// statusNames are the statuses as programs see them.
func statusNames() []api.OutgoingStatus {
	return []api.OutgoingStatus{
		store.StatusNone: "", store.StatusSending: api.OutgoingSending, store.StatusNotSent: api.OutgoingNotSent,
		store.StatusSent: api.OutgoingSent, store.StatusDelivered: api.OutgoingDelivered,
	}
}

// SendState translates the status of a message of ours for those who sent it.
func SendState(status api.OutgoingStatus) api.SendState {
	switch status {
	case api.OutgoingNotSent:
		return api.SendFailed
	case api.OutgoingSent:
		return api.SendSent
	case api.OutgoingDelivered:
		return api.SendDelivered
	default:
		return api.SendQueued
	}
}

// detail says which pictures and recordings come with a message.
type detail int

const (
	detailText  detail = iota // none
	detailOwn                 // its own
	detailWhole               // also that of the message it answers
)

// messageView returns a message as programs see it, with what it quotes and
// its picture or recording.
func (c *views) messageView(tx *store.Tx, m *store.Message) (api.Message, error) {
	return c.viewOf(tx, m, detailWhole)
}

// viewOf is messageView with fewer pictures: an event must not be larger than
// what caused it, or short answers to a large picture would fill the log.
func (c *views) viewOf(tx *store.Tx, m *store.Message, with detail) (api.Message, error) {
	v := c.textView(m)
	if with >= detailOwn {
		if err := tx.Messages().WithMedia(m); err != nil {
			return v, err
		}
		v.Image, v.Audio, v.AudioDurationMs = mediaView(m.Media)
	}
	original, found, err := c.original(tx, m)
	if err != nil {
		return v, err
	}
	if found {
		v.ResponseTo = payloads.MessageID(original.ID).String()
		if v.QuotedMessage, err = c.quote(tx, &original, with == detailWhole); err != nil {
			return v, err
		}
	}
	if m.Author == c.id && m.Type == int(payloads.PrivateGroup) {
		v.DeliveredTo, err = tx.Sent().DeliveredTo(m.ID)
		v.DeliveredTo = slices.DeleteFunc(v.DeliveredTo, func(id string) bool { return id == c.id })
	}
	return v, err
}

// textView is messageView without what needs other rows.
func (c *views) textView(m *store.Message) api.Message {
	shown := text.Describe(m.Text)
	v := api.Message{
		ID: payloads.MessageID(m.ID).String(), WhisperTimestamp: m.Received, From: m.Author, Alias: c.alias(m.Author),
		Identicon: c.faces.of(m.Author), Seen: m.Seen, OutgoingStatus: statusNames()[m.Status],
		RTL: shown.RTL, ParsedText: shown.Tree, LineCount: shown.LineCount, Text: m.Text,
		ChatID: m.WireChat, LocalChatID: m.ChatID,
		Clock: m.Clock, Replace: m.Replaces, ResponseTo: m.ReplyTo, EnsName: m.ENSName, Timestamp: m.Timestamp,
		ContentType: api.ContentType(m.Content), MessageType: api.MessageType(m.Type),
		Mentions: shown.Mentions, Links: shown.Links,
		EditedAt: m.Extra.EditedAt, Pinned: m.Extra.Pinned,
	}
	if m.Extra.StickerHash != "" {
		v.Sticker = &api.Sticker{Hash: m.Extra.StickerHash, Pack: m.Extra.StickerPack}
	}
	if x := m.Extra.Command; x != nil {
		v.CommandParameters = &api.CommandParameters{
			ID: x.ID, From: x.From, Address: x.Address, Contract: x.Contract, Value: x.Value,
			TransactionHash: x.Hash, CommandState: api.CommandState(x.State), Signature: x.Signature,
		}
	}
	return v
}

func mediaView(m *store.Media) (image, audio string, duration uint64) {
	switch {
	case m == nil:
		return "", "", 0
	case m.Image:
		i := payloads.Image{Bytes: m.Bytes, Format: payloads.ImageType(m.Format)}
		return i.DataURL(), "", 0
	default:
		a := payloads.Audio{Bytes: m.Bytes, Format: payloads.AudioType(m.Format)}
		return "", a.DataURL(), m.Duration
	}
}

// original returns the message that another answers, if it is stored.
func (c *views) original(tx *store.Tx, m *store.Message) (store.Message, bool, error) {
	id, err := payloads.ParseMessageID(m.ReplyTo)
	if err != nil {
		return store.Message{}, false, nil //nolint:nilerr // foreign text: there is no such message
	}
	original, found, err := tx.Messages().ByID(id)
	return original, found && original.ChatKey == m.ChatKey, err
}

// quote returns what an answer to a message shows of it.
func (c *views) quote(tx *store.Tx, original *store.Message, media bool) (*api.QuotedMessage, error) {
	if media {
		if err := tx.Messages().WithMedia(original); err != nil {
			return nil, err
		}
	}
	q := &api.QuotedMessage{From: original.Author, Text: original.Text, ParsedText: text.Parse(original.Text)}
	q.Image, q.Audio, q.AudioDurationMs = mediaView(original.Media)
	return q, nil
}

// maxPageMedia bounds the pictures, the recordings and the trees of the texts
// of a page, in bytes of their JSON: the page ends with the message that
// exceeds it.
const maxPageMedia = 8 << 20

// messageViews is messageView for a page. It returns fewer messages than there
// are when their pictures or trees are large.
func (c *views) messageViews(tx *store.Tx, list []store.Message) ([]api.Message, error) {
	out, size := make([]api.Message, 0, len(list)), 0
	for i := range list {
		v, err := c.messageView(tx, &list[i])
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		size += len(v.Image) + len(v.Audio) + text.Weight(v.ParsedText)
		if q := v.QuotedMessage; q != nil {
			size += len(q.Image) + len(q.Audio) + text.Weight(q.ParsedText)
		}
		if list[i].Media = nil; size > maxPageMedia {
			break
		}
	}
	return out, nil
}

// chatView returns a chat as programs see it. The last message comes without
// picture and quote, membership events come only withEvents.
func (c *views) chatView(tx *store.Tx, chat *store.Chat, withEvents bool) (api.Chat, error) {
	v := api.Chat{
		ID: chat.ID, Name: chat.Name, Color: chat.Color, Active: chat.Active, ChatType: api.ChatType(chat.Type),
		Timestamp: chat.Timestamp, LastClockValue: chat.LastClock, DeletedAtClockValue: chat.DeletedClock,
		UnviewedMessagesCount: chat.Unread, Muted: chat.Muted, InvitationAdmin: chat.InvitationAdmin,
		Profile: chat.Profile, Members: make([]api.Member, 0, len(chat.Members)),
		MembershipUpdateEvents: []api.MembershipEvent{},
	}
	for _, m := range chat.Members {
		v.Members = append(v.Members, api.Member(m))
	}
	switch chat.Type {
	case store.ChatPrivateGroup:
		v.NameGivenBy = api.GivenByThem
	case store.ChatPublic:
		v.NameGivenBy = api.GivenByYou
	}
	if chat.Type == store.ChatOneToOne {
		v.Alias, v.Identicon = c.alias(chat.ID), c.faces.of(chat.ID)
	}
	if chat.Last != 0 {
		last, found, err := tx.Messages().BySeq(chat.Last)
		if err != nil {
			return v, err
		}
		if found {
			m := c.textView(&last)
			v.LastMessage = &m
		}
	}
	if !withEvents || chat.Type != store.ChatPrivateGroup {
		return v, nil
	}
	events, err := tx.Groups().Events(chat.Key)
	for i := range events {
		e := &events[i]
		if !e.Sent {
			continue
		}
		v.MembershipUpdateEvents = append(v.MembershipUpdateEvents, api.MembershipEvent{
			Type: api.MembershipEventType(e.Type), ClockValue: e.Clock, Members: e.Members, Name: e.Name, From: e.From,
			Signature: e.Raw[:65], ChatID: chat.ID, RawPayload: e.Raw,
		})
	}
	return v, err
}

// contactView returns a person as programs see it.
func (c *views) contactView(k *store.Contact) api.Contact {
	v := api.Contact{
		ID: k.ID, Name: k.Name, EnsVerified: k.ENSVerified, EnsVerifiedAt: k.ENSVerifiedAt,
		LastENSClockValue: k.ENSClock, EnsVerificationRetries: k.ENSRetries, Alias: c.alias(k.ID),
		Identicon: c.faces.of(k.ID), PhotoPath: harmless(k.Photo), LastUpdated: k.Updated, SystemTags: tagsOf(k),
		DeviceInfo: []api.ContactDevice{}, LocalNickname: k.Nickname,
	}
	v.NameGivenBy = naming.GivenBy(&v, c.id)
	if p, err := key.ParseContactID(k.ID); err == nil {
		v.Address = p.Address().Hex()
	}
	return v
}

func reactionView(e *store.Reaction) api.Reaction {
	return api.Reaction{
		ID: payloads.MessageID(e.ID).String(), Clock: e.Clock, ChatID: e.WireChat, LocalChatID: e.ChatID, From: e.Author,
		MessageID: e.MessageID, MessageType: api.MessageType(e.Type), Retracted: e.Retracted,
		EmojiID: api.Emoji(e.Emoji),
	}
}

func invitationView(i *store.Invitation) api.Invitation {
	return api.Invitation{
		ID: payloads.MessageID(i.ID).String(), ChatID: i.Chat, From: i.Author, IntroductionMessage: i.Text,
		State: api.InvitationState(i.State),
	}
}

// news is the answer about one message of a chat: withEvents for those who
// asked, without for the event log.
func (c *views) news(tx *store.Tx, chat *store.Chat, m *store.Message, withEvents bool) (api.Changes, error) {
	cv, err := c.chatView(tx, chat, withEvents)
	if err != nil {
		return api.Changes{}, err
	}
	level := detailOwn
	if withEvents {
		level = detailWhole
	}
	mv, err := c.viewOf(tx, m, level)
	return api.Changes{Chats: []api.Chat{cv}, Messages: []api.Message{mv}}, err
}
