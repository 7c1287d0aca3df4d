package payloads

import (
	"strings"

	"statusd/accounts/key"
	"statusd/payloads/internal/pb"
)

// ContactUpdate tells a contact our name and picture, and that we added it
// (spec 05 section 10.1).
type ContactUpdate struct {
	Clock   uint64
	ENSName string
	// ProfileImage is a data URL or "".
	ProfileImage string
}

// Type implements Body.
func (*ContactUpdate) Type() Type { return TypeContactUpdate }

func (c *ContactUpdate) clocks() ([]uint64, bool) { return []uint64{c.Clock}, false }

// Validate implements Body.
func (c *ContactUpdate) Validate() error { return needClock(c.Clock) }

func needClock(clock uint64) error {
	if clock == 0 {
		return broken(RuleClockZero, "the clock is zero")
	}
	return nil
}

func (c *ContactUpdate) encode() ([]byte, error) {
	return marshal(&pb.ContactUpdate{Clock: c.Clock, EnsName: c.ENSName, ProfileImage: c.ProfileImage})
}

func contactUpdateOf(m *pb.ContactUpdate) *ContactUpdate {
	return &ContactUpdate{Clock: m.GetClock(), ENSName: m.GetEnsName(), ProfileImage: m.GetProfileImage()}
}

// PairInstallation introduces a device to the account's other devices (spec 05
// section 10.2).
type PairInstallation struct {
	Clock          uint64
	InstallationID string
	DeviceType     string
	Name           string
}

// Type implements Body.
func (*PairInstallation) Type() Type { return TypePairInstallation }

func (p *PairInstallation) clocks() ([]uint64, bool) { return []uint64{p.Clock}, false }

// Validate implements Body.
func (p *PairInstallation) Validate() error {
	for _, field := range []struct{ name, value string }{
		{"installation id", p.InstallationID}, {"device type", p.DeviceType}, {"name", p.Name},
	} {
		if strings.TrimSpace(field.value) == "" {
			return broken(RuleInstallation, "the device's %s is empty", field.name)
		}
	}
	return needClock(p.Clock)
}

func (p *PairInstallation) encode() ([]byte, error) {
	return marshal(&pb.PairInstallation{
		Clock: p.Clock, InstallationId: p.InstallationID, DeviceType: p.DeviceType, Name: p.Name,
	})
}

func pairInstallationOf(m *pb.PairInstallation) *PairInstallation {
	return &PairInstallation{
		Clock: m.GetClock(), InstallationID: m.GetInstallationId(), DeviceType: m.GetDeviceType(), Name: m.GetName(),
	}
}

// SyncContact tells the account's other devices of a contact.
type SyncContact struct {
	Clock        uint64
	ID           string
	ProfileImage string
	ENSName      string
	// LastUpdated and SystemTags are on the wire, but peers neither fill nor
	// read them.
	LastUpdated   uint64
	SystemTags    []string
	LocalNickname string
}

// Type implements Body.
func (*SyncContact) Type() Type { return TypeSyncInstallationContact }

func (s *SyncContact) clocks() ([]uint64, bool) { return []uint64{s.Clock}, false }

// Validate implements Body.
func (s *SyncContact) Validate() error {
	if _, err := key.ParseContactID(s.ID); err != nil {
		return broken(RuleContactID, "the contact's id is not 0x04 and 128 hex digits of a public key")
	}
	return needClock(s.Clock)
}

func (s *SyncContact) encode() ([]byte, error) { return marshal(s.wire()) }

func (s *SyncContact) wire() *pb.SyncInstallationContact {
	return &pb.SyncInstallationContact{
		Clock: s.Clock, Id: s.ID, ProfileImage: s.ProfileImage, EnsName: s.ENSName,
		LastUpdated: s.LastUpdated, SystemTags: s.SystemTags, LocalNickname: s.LocalNickname,
	}
}

func syncContactOf(m *pb.SyncInstallationContact) *SyncContact {
	return &SyncContact{
		Clock: m.GetClock(), ID: m.GetId(), ProfileImage: m.GetProfileImage(), ENSName: m.GetEnsName(),
		LastUpdated: m.GetLastUpdated(), SystemTags: m.GetSystemTags(), LocalNickname: m.GetLocalNickname(),
	}
}

// SyncAccount is decoded and ignored, as the reference does; never sent.
type SyncAccount struct {
	Clock        uint64
	ProfileImage string
	LastUpdated  uint64
}

// Type implements Body.
func (*SyncAccount) Type() Type { return TypeSyncInstallationAccount }

// Validate implements Body.
func (*SyncAccount) Validate() error { return nil }

func (s *SyncAccount) encode() ([]byte, error) { return marshal(s.wire()) }

func (s *SyncAccount) wire() *pb.SyncInstallationAccount {
	return &pb.SyncInstallationAccount{Clock: s.Clock, ProfileImage: s.ProfileImage, LastUpdated: s.LastUpdated}
}

func syncAccountOf(m *pb.SyncInstallationAccount) *SyncAccount {
	return &SyncAccount{Clock: m.GetClock(), ProfileImage: m.GetProfileImage(), LastUpdated: m.GetLastUpdated()}
}

// SyncPublicChat tells the account's other devices of a public chat.
type SyncPublicChat struct {
	Clock uint64
	ID    string
}

// Type implements Body.
func (*SyncPublicChat) Type() Type { return TypeSyncInstallationPublicChat }

func (s *SyncPublicChat) clocks() ([]uint64, bool) { return []uint64{s.Clock}, false }

// Validate implements Body.
func (s *SyncPublicChat) Validate() error {
	if strings.TrimSpace(s.ID) == "" {
		return broken(RuleChatID, "the public chat has no name")
	}
	return needClock(s.Clock)
}

func (s *SyncPublicChat) encode() ([]byte, error) { return marshal(s.wire()) }

func (s *SyncPublicChat) wire() *pb.SyncInstallationPublicChat {
	return &pb.SyncInstallationPublicChat{Clock: s.Clock, Id: s.ID}
}

func syncPublicChatOf(m *pb.SyncInstallationPublicChat) *SyncPublicChat {
	return &SyncPublicChat{Clock: m.GetClock(), ID: m.GetId()}
}

// SyncInstallation is decoded and ignored, as the reference does; never sent.
type SyncInstallation struct {
	Contacts    []SyncContact
	PublicChats []SyncPublicChat
	Account     *SyncAccount
}

// Type implements Body.
func (*SyncInstallation) Type() Type { return TypeSyncInstallation }

// Validate implements Body.
func (*SyncInstallation) Validate() error { return nil }

func (s *SyncInstallation) encode() ([]byte, error) {
	m := &pb.SyncInstallation{}
	for i := range s.Contacts {
		m.Contacts = append(m.Contacts, s.Contacts[i].wire())
	}
	for i := range s.PublicChats {
		m.PublicChats = append(m.PublicChats, s.PublicChats[i].wire())
	}
	if s.Account != nil {
		m.Account = s.Account.wire()
	}
	return marshal(m)
}

func syncInstallationOf(m *pb.SyncInstallation) *SyncInstallation {
	s := &SyncInstallation{}
	for _, c := range m.GetContacts() {
		s.Contacts = append(s.Contacts, *syncContactOf(c))
	}
	for _, c := range m.GetPublicChats() {
		s.PublicChats = append(s.PublicChats, *syncPublicChatOf(c))
	}
	if m.GetAccount() != nil {
		s.Account = syncAccountOf(m.GetAccount())
	}
	return s
}

// InvitationState is the state of a group invitation.
type InvitationState int32

// The states. Approval is set locally when the member was added.
const (
	InvitationRequest  InvitationState = 1
	InvitationRejected InvitationState = 2
	InvitationApproved InvitationState = 3
)

// GroupInvitation asks an admin to be let into a group, or answers that (spec
// 05 section 9.5).
type GroupInvitation struct {
	Clock        uint64
	ChatID       string
	Introduction string
	State        InvitationState
}

// Type implements Body.
func (*GroupInvitation) Type() Type { return TypeGroupInvitation }

func (g *GroupInvitation) clocks() ([]uint64, bool) { return []uint64{g.Clock}, false }

// Validate implements Body. Only requests and rejections mean something from
// others.
func (g *GroupInvitation) Validate() error {
	switch {
	case g.ChatID == "":
		return broken(RuleChatID, "the invitation names no group")
	case g.State != InvitationRequest && g.State != InvitationRejected:
		return broken(RuleInvitation, "invitation state %d cannot be sent", g.State)
	}
	return needClock(g.Clock)
}

func (g *GroupInvitation) encode() ([]byte, error) {
	return marshal(&pb.GroupChatInvitation{
		Clock: g.Clock, ChatId: g.ChatID, IntroductionMessage: g.Introduction, State: int32(g.State),
	})
}

func groupInvitationOf(m *pb.GroupChatInvitation) *GroupInvitation {
	return &GroupInvitation{
		Clock: m.GetClock(), ChatID: m.GetChatId(), Introduction: m.GetIntroductionMessage(),
		State: InvitationState(m.GetState()),
	}
}
