package main

import "statusd/api"

// What the commands print in JSON is what the daemon answers, and by what name
// people are shown, for programs that show them on: DisplayName is made for
// people, and says where the name is not ours.

type namedMessage struct {
	*api.Message
	FromName        string      `json:"fromName"`
	FromNameGivenBy api.GivenBy `json:"fromNameGivenBy"` // api.GivenByYou, GivenByThem or GivenByKey
}

func (s *session) namedMessage(m *api.Message) namedMessage {
	return namedMessage{m, s.nameOf(m.From, m.Alias), s.names().PersonGivenBy(m.From)}
}

type namedChat struct {
	*api.Chat
	DisplayName string      `json:"displayName"`
	NameGivenBy api.GivenBy `json:"nameGivenBy"`
}

func (s *session) namedChat(c *api.Chat) namedChat {
	return namedChat{c, s.chatName(c), s.names().ChatGivenBy(c)}
}

type namedContact struct {
	*api.Contact
	DisplayName string      `json:"displayName"`
	NameGivenBy api.GivenBy `json:"nameGivenBy"`
}

func (s *session) namedContact(c *api.Contact) namedContact {
	return namedContact{c, s.nameOf(c.ID, c.Alias), s.names().PersonGivenBy(c.ID)}
}

type namedMember struct {
	api.Member
	DisplayName string      `json:"displayName"`
	NameGivenBy api.GivenBy `json:"nameGivenBy"`
}

func (s *session) namedMember(m api.Member) namedMember {
	return namedMember{m, s.nameOf(m.ID, ""), s.names().PersonGivenBy(m.ID)}
}
