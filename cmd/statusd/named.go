package main

import "statusd/api"

func (s *session) shownMessage(m *api.Message) api.ShownMessage {
	return api.ShownMessage{
		Message: m, FromName: s.nameOf(m.From, m.Alias), FromNameGivenBy: s.names().PersonGivenBy(m.From),
	}
}

func (s *session) shownChat(c *api.Chat) api.ShownChat {
	return api.ShownChat{Chat: c, DisplayName: s.chatName(c), NameGivenBy: s.names().ChatGivenBy(c)}
}

func (s *session) shownContact(c *api.Contact) api.ShownContact {
	return api.ShownContact{
		Contact: c, DisplayName: s.nameOf(c.ID, c.Alias), NameGivenBy: s.names().PersonGivenBy(c.ID),
	}
}

func (s *session) shownMember(m api.Member) api.ShownMember {
	return api.ShownMember{Member: m, DisplayName: s.nameOf(m.ID, ""), NameGivenBy: s.names().PersonGivenBy(m.ID)}
}
