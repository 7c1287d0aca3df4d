package messenger

import (
	"context"
	"errors"
	"slices"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// membership is who is in which group: signed events, folded into the state of
// a chat.
type membership struct{ *core }

// group folds the stored events of a group. Of those stored before there were
// bounds it keeps what is kept today.
func (c *membership) group(tx *store.Tx, chat *store.Chat) (payloads.Group, error) {
	events, err := c.groupEvents(tx, chat)
	if err != nil {
		return payloads.Group{}, err
	}
	if len(events) == 0 {
		return payloads.Group{}, ErrNotMember
	}
	g, err := payloads.UnionOf(chat.ID, events)
	if err == nil && len(g.Events) < len(events) {
		err = c.keepEvents(tx, chat, &g)
	}
	return g, err
}

// groupEvents returns the stored events of a group.
func (c *membership) groupEvents(tx *store.Tx, chat *store.Chat) ([]payloads.Event, error) {
	if chat.Key == 0 {
		return nil, nil
	}
	stored, err := tx.Groups().Events(chat.Key)
	events := make([]payloads.Event, len(stored))
	for i := range stored {
		e := &stored[i]
		events[i] = payloads.Event{
			Type: payloads.EventType(e.Type), Clock: e.Clock, Members: e.Members, Name: e.Name, From: e.From, Raw: e.Raw,
			Twin: e.Twin,
		}
	}
	return events, err
}

// keepEvents makes the stored events of a group those that it has.
func (c *membership) keepEvents(tx *store.Tx, chat *store.Chat, g *payloads.Group) error {
	stored, err := tx.Groups().Events(chat.Key)
	if err != nil {
		return err
	}
	type identity struct{ from, content string }
	of := func(from string, raw []byte) identity { return identity{from, string(raw[signatureSize:])} }
	rows := make(map[identity]*store.GroupEvent, len(stored))
	for i := range stored {
		rows[of(stored[i].From, stored[i].Raw)] = &stored[i]
	}
	var added []store.GroupEvent
	for i, sent := range g.Sent() {
		e := &g.Events[i]
		id := of(e.From, e.Raw)
		row := rows[id]
		delete(rows, id)
		switch {
		case row == nil:
			added = append(added, store.GroupEvent{
				Type: int(e.Type), Clock: e.Clock, Members: e.Members, Name: e.Name, From: e.From, Raw: e.Raw,
				Sent: sent, Twin: e.Twin,
			})
		case row.Sent != sent || row.Twin != e.Twin:
			row.Sent, row.Twin = sent, e.Twin
			if err := tx.Groups().Mark(row); err != nil {
				return err
			}
		}
	}
	for _, row := range rows {
		if err := tx.Groups().Drop(row.Seq); err != nil {
			return err
		}
	}
	return tx.Groups().Add(chat.Key, added)
}

const signatureSize = 65 // of a group event, before its content

// dropGroup refuses an update for an error of folding.
func dropGroup(err error) error {
	if errors.Is(err, payloads.ErrGroupID) {
		return &dropError{reason: "group_id", err: err}
	}
	return dropFor(err)
}

// receiveGroupUpdate handles the events of a group and what is attached to
// them (spec 05 section 9.3).
func (c *membership) receiveGroupUpdate(
	ctx context.Context, tx *store.Tx, r *received, update *payloads.MembershipUpdate,
) error {
	chat, found, err := tx.Chats().ByID(update.ChatID)
	if err != nil {
		return err
	}
	if found && chat.Type != store.ChatPrivateGroup {
		return drop("unknown_chat")
	}
	known, err := c.groupEvents(tx, &chat)
	if err != nil {
		return err
	}
	folded, err := c.foldUpdate(tx, r, update, &chat, known)
	if err != nil {
		return err
	}
	isNew := !found || chat.Deleted || chat.InvitationAdmin != ""
	if isNew && !folded.Group.IsMember(c.id) {
		return drop("not_a_member")
	}
	if err := c.notAhead(tx, r, folded.New); err != nil {
		return err
	}
	if isNew && !found {
		if chat, err = c.newGroup(tx, r, &folded.Group); err != nil {
			return err
		}
	}
	if chat.Stranger && !folded.Group.HasJoined(c.id) {
		if groupBytes(&folded.Group) > maxStrangerGroup {
			return noRoom("stranger_full")
		}
	}
	if err := c.applyGroup(tx, &chat, &folded, isNew, r); err != nil {
		return err
	}
	return c.receiveAttached(ctx, tx, r)
}

// notAhead refuses events of others that are further ahead than ours may be, to
// be held until they are not: whoever made them would be above all that admins
// can do meanwhile.
func (c *membership) notAhead(tx *store.Tx, r *received, events []payloads.Event) error {
	latest := uint64(0)
	for i := range events {
		if events[i].From != c.id {
			latest = max(latest, events[i].Clock)
		}
	}
	if latest <= c.ceiling() {
		return nil
	}
	return c.held.clockAhead(tx, r, latest, maxAhead)
}

// foldUpdate folds an update with the events known of its group.
func (c *membership) foldUpdate(
	tx *store.Tx, r *received, u *payloads.MembershipUpdate, chat *store.Chat, known []payloads.Event,
) (payloads.Folded, error) {
	author, err := c.contacts.contactOf(tx, r.author)
	if err != nil {
		return payloads.Folded{}, err
	}
	as := anybody
	named := func(e payloads.Event) bool { return slices.Contains(e.Members, r.author) } // a member, or former one
	switch {
	case r.own || author.Added:
		as = trusted
	case !chat.Stranger && (isMember(chat, r.author) || slices.ContainsFunc(known, named)):
		as = groupMember
	}
	folded, err := u.FoldWith(known, c.signers.chargedTo(r.author, as, r.now))
	switch {
	case errors.Is(err, errSignatures):
		return folded, noRoom("group_signatures")
	case err != nil:
		return folded, dropGroup(err)
	case len(known) == 0:
		err = checkNewGroup(&folded.Group, folded.Received)
	}
	return folded, err
}

// newGroup makes the chat of a group that others invited us to, if the policy
// lets them.
func (c *membership) newGroup(tx *store.Tx, r *received, g *payloads.Group) (store.Chat, error) {
	chat := store.Chat{
		ID: g.ChatID, Type: store.ChatPrivateGroup, Name: g.Name, Color: colorOf(g.ChatID), Active: true,
		Timestamp: c.now().UnixMilli(),
	}
	if r.own || g.HasJoined(c.id) {
		return chat, nil
	}
	for _, id := range []string{r.author, g.Events[0].From} {
		contact, err := c.contacts.contactOf(tx, id)
		switch {
		case err != nil:
			return chat, err
		case contact.Blocked:
			return chat, drop("blocked")
		case contact.Added:
			return chat, nil
		}
		with, found, err := tx.Chats().ByID(id)
		if err != nil || found && !with.Stranger && !(with.Deleted && with.BegunBy != "") {
			return chat, err
		}
	}
	if c.policy.ContactsOnly {
		w := wait{reason: store.ReasonContact, subject: r.author}
		if r.author != g.Events[0].From {
			w.subject = "" // either may become a contact
		}
		return chat, notYet("not_a_contact", w)
	}
	chat.Stranger = true
	return chat, c.strangers.admitGroup(tx, &chat, r.author, g)
}

// applyGroup stores what an update made of a group and tells of it. r is nil
// for an update of our own.
func (c *membership) applyGroup(
	tx *store.Tx, chat *store.Chat, folded *payloads.Folded, isNew bool, r *received,
) error {
	g := &folded.Group
	wasMember := isMember(chat, c.id)
	chat.Name = g.Name
	if chat.Deleted && chat.BegunBy != "" {
		chat.Stranger, chat.Looked = true, false
	}
	if g.IsMember(c.id) && (!wasMember || isNew) {
		chat.Active, chat.Deleted, chat.InvitationAdmin = true, false, ""
	}
	if g.HasJoined(c.id) {
		chat.Stranger = false
	}
	if len(folded.Effective) > 0 || isNew {
		chat.Timestamp = max(chat.Timestamp, c.now().UnixMilli())
	}
	if err := tx.Chats().Save(chat); err != nil {
		return err
	}
	if folded.Changed {
		if err := c.keepEvents(tx, chat, g); err != nil {
			return err
		}
		newcomers := hasNewcomers(chat, g)
		if err := tx.Chats().SetMembers(chat, members(g)); err != nil {
			return err
		}
		if newcomers { // it may be they, or we, for whom messages wait
			if err := c.held.wake(tx, store.ReasonGroup, chat.ID); err != nil {
				return err
			}
		}
	}
	if isNew {
		if err := c.tellGroup(tx, chat); err != nil {
			return err
		}
		c.courier.ListeningChanged(tx, c.now()) // contact codes of the members
	}
	received := c.now()
	if r != nil {
		received = r.parcel.Sent
	}
	if err := c.showEvents(tx, chat, folded.Effective, uint64(max(received.UnixMilli(), 0))); err != nil {
		return err
	}
	return c.approve(tx, g)
}

// hasNewcomers reports whether somebody has joined a group who had not, as far
// as its chat tells.
func hasNewcomers(chat *store.Chat, g *payloads.Group) bool {
	joined := make(map[string]bool, len(chat.Members))
	for i := range chat.Members {
		joined[chat.Members[i].ID] = chat.Members[i].Joined
	}
	return slices.ContainsFunc(g.Joined, func(id string) bool { return !joined[id] })
}

func isMember(chat *store.Chat, id string) bool {
	for i := range chat.Members {
		if chat.Members[i].ID == id {
			return true
		}
	}
	return false
}

func members(g *payloads.Group) []store.Member {
	joined := make(map[string]bool, len(g.Joined))
	for _, id := range g.Joined {
		joined[id] = true
	}
	admin := make(map[string]bool, len(g.Admins))
	for _, id := range g.Admins {
		admin[id] = true
	}
	out := make([]store.Member, 0, len(g.Members))
	for _, id := range g.Members {
		out = append(out, store.Member{ID: id, Admin: admin[id], Joined: joined[id]})
	}
	return out
}

// tellGroup says that a group became known.
func (c *membership) tellGroup(tx *store.Tx, chat *store.Chat) error {
	v, err := c.views.chatView(tx, chat, false)
	if err != nil {
		return err
	}
	return c.append(tx, api.GroupCreatedEvent{Chat: v})
}

// showEvents shows the events of a group as messages in it, each once, and
// says what they did.
func (c *membership) showEvents(tx *store.Tx, chat *store.Chat, events []payloads.Event, receivedMillis uint64) error {
	var news api.Changes
	var shown []*payloads.Event
	for i := range events {
		m, isNew, err := c.systemMessage(tx, chat, &events[i], receivedMillis)
		if err != nil {
			return err
		}
		if isNew {
			v := c.views.textView(&m)
			v.New = true
			news.Messages, shown = append(news.Messages, v), append(shown, &events[i])
		}
	}
	if len(shown) == 0 {
		return nil
	}
	cv, err := c.views.chatView(tx, chat, false)
	if err != nil {
		return err
	}
	news.Chats = []api.Chat{cv}
	if err := c.append(tx, api.MessagesNewEvent{Changes: news}); err != nil {
		return err
	}
	for _, e := range shown {
		if err := c.tellEvent(tx, chat, e); err != nil {
			return err
		}
	}
	return nil
}

// systemMessage stores the message that shows an event, unless it was shown.
func (c *membership) systemMessage(
	tx *store.Tx, chat *store.Chat, e *payloads.Event, receivedMillis uint64,
) (m store.Message, isNew bool, err error) {
	id := e.MessageID()
	seen, err := tx.SeenPayloads().Has(id)
	if err != nil || seen {
		return m, false, err
	}
	if err := tx.SeenPayloads().Add(id, c.now()); err != nil {
		return m, false, err
	}
	m = store.Message{
		ID: id, Author: e.From, Clock: e.Clock, Timestamp: e.Clock, Received: receivedMillis,
		Type: int(payloads.SystemMessage), Content: int(payloads.ContentSystem), Seen: true, Text: e.Text(),
		WireChat: chat.ID, ChatID: chat.ID, ChatKey: chat.Key,
	}
	return m, true, tx.Messages().Put(&m)
}

// tellEvent appends what a group event did, one event for each member.
func (c *membership) tellEvent(tx *store.Tx, chat *store.Chat, e *payloads.Event) error {
	of := func(member string) api.MemberChanged {
		return api.MemberChanged{ChatID: chat.ID, Member: member, By: e.From}
	}
	var list []api.EventPayload
	switch e.Type {
	case payloads.NameChanged:
		list = append(list, api.GroupRenamedEvent{ChatID: chat.ID, Name: e.Name, By: e.From})
	case payloads.MemberJoined:
		list = append(list, api.MemberJoinedEvent{MemberChanged: of(e.From)})
	case payloads.MembersAdded:
		for _, id := range e.Members {
			list = append(list, api.MemberAddedEvent{MemberChanged: of(id)})
		}
	case payloads.AdminsAdded:
		for _, id := range e.Members {
			list = append(list, api.AdminAddedEvent{MemberChanged: of(id)})
		}
	case payloads.AdminRemoved:
		list = append(list, api.AdminRemovedEvent{MemberChanged: of(e.From)})
	case payloads.MemberRemoved:
		if e.Members[0] == e.From {
			list = append(list, api.MemberLeftEvent{MemberChanged: of(e.From)})
		} else {
			list = append(list, api.MemberRemovedEvent{MemberChanged: of(e.Members[0])})
		}
	}
	for _, one := range list {
		if err := c.append(tx, one); err != nil {
			return err
		}
	}
	return nil
}

// approve marks the request of somebody who is a member now as granted, ours
// included.
func (c *membership) approve(tx *store.Tx, g *payloads.Group) error {
	for _, id := range g.Members {
		i, found, err := tx.Invitations().ByID(payloads.InvitationID(id, g.ChatID))
		if err != nil {
			return err
		}
		if !found || i.State == int(payloads.InvitationApproved) {
			continue
		}
		i.State = int(payloads.InvitationApproved)
		if err := tx.Invitations().Put(&i); err != nil {
			return err
		}
		if err := c.append(tx, api.GroupInvitationEvent{Invitation: invitationView(&i)}); err != nil {
			return err
		}
	}
	return nil
}

// receiveAttached handles the message or reaction of an update. Refused, it
// does not take the events along: they are kept, and the payload stays open.
func (c *membership) receiveAttached(ctx context.Context, tx *store.Tx, r *received) error {
	attached, ok, err := r.msg.Attachment()
	if !ok {
		return nil
	}
	inner := *r
	inner.msg = attached
	if err != nil {
		err = dropFor(err)
	} else if err = c.held.checkClock(tx, &inner); err == nil {
		err = checkSizes(attached.Body)
	}
	switch {
	case err != nil:
	case attached.Type == payloads.TypeEmojiReaction:
		err = on(c.reactions.receiveReaction)(ctx, tx, &inner)
	default:
		err = on(c.messages.receiveMessage)(ctx, tx, &inner)
	}
	var refused *dropError
	if errors.As(err, &refused) {
		r.open = true
		c.drops.count(refused.reason)
		r.fate, err = c.held.settle(tx, &r.parcel, err)
	}
	return err
}

// memberKeys returns the keys of members; see payloads.Group.MemberKeys.
func memberKeys(chat *store.Chat, joinedOnly bool) []key.Public {
	var out []key.Public
	for i := range chat.Members {
		if joinedOnly && !chat.Members[i].Joined {
			continue
		}
		if p, err := key.ParseContactID(chat.Members[i].ID); err == nil {
			out = append(out, p)
		}
	}
	return out
}
