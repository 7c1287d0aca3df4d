package messenger

import (
	"statusd/payloads"
)

// Bounds of what others choose and the wire does not bound but by the size of
// an envelope. What exceeds them comes from somebody who wants to fill disks:
// it is stored, and told of in the event log, again and again.
const (
	maxField        = 1000 // bytes of a name, an id, an amount
	maxIntroduction = 8 << 10
	maxGroupEvents  = 10_500 // of one update: more do not fit, and peers of 2020 send all there ever were

	// maxStrangerGroup bounds the events of a group of strangers that we have
	// not joined: all groups are listed together, with their events.
	maxStrangerGroup = 32 << 10

	// maxPicture bounds the picture of a contact, maxStrangerPicture that of
	// somebody who was not added: all of them are listed together.
	maxPicture         = 512 << 10
	maxStrangerPicture = 8 << 10
)

// checkSizes refuses payloads with fields that are longer than they can mean
// something.
func checkSizes(body payloads.Body) error {
	var list []string
	switch b := body.(type) {
	case *payloads.ChatMessage:
		list = []string{b.ChatID, b.ResponseTo, b.ENSName}
		if b.Sticker != nil {
			list = append(list, b.Sticker.Hash)
		}
	case *payloads.EmojiReaction:
		list = []string{b.ChatID, b.MessageID}
	case *payloads.ContactUpdate:
		list = []string{b.ENSName}
	case *payloads.SyncContact:
		list = []string{b.ENSName, b.LocalNickname}
	case *payloads.GroupInvitation:
		list = []string{b.ChatID}
		if len(b.Introduction) > maxIntroduction {
			return drop("too_long")
		}
	case *payloads.Transaction:
		list = []string{b.ID, b.Address, b.Contract, b.Value, b.Hash, string(b.Signature)}
	case *payloads.MembershipUpdate:
		list = []string{b.ChatID}
		if len(b.Events) > maxGroupEvents {
			return drop("group_too_large")
		}
	}
	for _, field := range list {
		if len(field) > maxField {
			return drop("too_long")
		}
	}
	return nil
}

// checkNewGroup refuses an unknown group whose creator made events that are
// larger than any that people make. Those of others, and those in a group that
// we know, are just not kept as they are: nobody keeps us out of it, or cuts us
// off from it, with one.
func checkNewGroup(g *payloads.Group, received []payloads.Event) error {
	for i := range received {
		if !received[i].Bounded() && received[i].From == g.Events[0].From {
			return drop("group_too_large")
		}
	}
	return nil
}

// groupBytes is the size of a group's events.
func groupBytes(g *payloads.Group) (bytes int) {
	for i := range g.Events {
		bytes += len(g.Events[i].Raw)
	}
	return bytes
}

// picture returns the picture that somebody sent of himself, or "" for one that
// is too large or may not be shown. Peers send data URLs.
func picture(uri string, added bool) string {
	limit := maxStrangerPicture
	if added {
		limit = maxPicture
	}
	if len(uri) > limit {
		return ""
	}
	return harmless(uri)
}

// harmless returns a picture of a person as programs may show it, or "". A
// program that shows contacts must not be made to fetch something, nor to run
// what a data URL can hold: it is a picture in a known format, or a bare word,
// which is no address.
func harmless(uri string) string {
	for _, r := range uri {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return payloads.PictureURL(uri)
		}
	}
	return uri
}
