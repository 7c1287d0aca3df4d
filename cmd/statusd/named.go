package main

import "statusd/messenger/view"

// What the commands print in JSON is what the daemon answers, and by what name
// people are shown, for programs that show them on: DisplayName is made for
// people, and says where the name is not ours.

type namedMessage struct {
	*view.Message
	FromName        string `json:"fromName"`
	FromNameGivenBy string `json:"fromNameGivenBy"` // view.GivenByYou, GivenByThem or GivenByKey
}

func (s *session) namedMessage(m *view.Message) namedMessage {
	return namedMessage{m, s.nameOf(m.From, m.Alias), s.names().PersonGivenBy(m.From)}
}

type namedChat struct {
	*view.Chat
	DisplayName string `json:"displayName"`
	NameGivenBy string `json:"nameGivenBy"`
}

func (s *session) namedChat(c *view.Chat) namedChat {
	return namedChat{c, s.chatName(c), s.names().ChatGivenBy(c)}
}

type namedContact struct {
	*view.Contact
	DisplayName string `json:"displayName"`
	NameGivenBy string `json:"nameGivenBy"`
}

func (s *session) namedContact(c *view.Contact) namedContact {
	return namedContact{c, s.nameOf(c.ID, c.Alias), s.names().PersonGivenBy(c.ID)}
}

type namedMember struct {
	view.Member
	DisplayName string `json:"displayName"`
	NameGivenBy string `json:"nameGivenBy"`
}

func (s *session) namedMember(m view.Member) namedMember {
	return namedMember{m, s.nameOf(m.ID, ""), s.names().PersonGivenBy(m.ID)}
}
