package payloads

import "statusd/payloads/internal/pb"

// The push-notification payloads (spec 05 section 11) are decoded so that a
// later push client or server can use them. Keys, chats and authors in them
// are hashed, see HashedKey.

// PushRegistrationBlob is an encrypted PushRegistration on its way to a
// server.
type PushRegistrationBlob struct{ Sealed []byte }

// PushRegistrationResponse answers a registration.
type PushRegistrationResponse struct {
	Success   bool
	Error     int32
	RequestID []byte
}

// PushQuery asks who can be notified, by hashed keys.
type PushQuery struct{ PublicKeys [][]byte }

// PushInfo says how to notify a device.
type PushInfo struct {
	AccessToken     string
	InstallationID  string
	PublicKey       []byte
	AllowedKeys     [][]byte
	Grant           []byte
	Version         uint64
	ServerPublicKey []byte
}

// PushQueryResponse answers a query.
type PushQueryResponse struct {
	Info      []PushInfo
	MessageID []byte
	Success   bool
}

// ContactCode is the advertisement on a contact-code topic. Even empty it
// matters: the message around it carries the key bundle.
type ContactCode struct{ Push []PushInfo }

// Push asks a server to notify one device.
type Push struct {
	AccessToken    string
	ChatID         []byte
	PublicKey      []byte
	InstallationID string
	Message        []byte
	Kind           int32
	Author         []byte
}

// PushRequest asks a server to notify devices of one message.
type PushRequest struct {
	Requests  []Push
	MessageID []byte
}

// PushReport says what became of one Push.
type PushReport struct {
	Success        bool
	Error          int32
	PublicKey      []byte
	InstallationID string
}

// PushResponse answers a request.
type PushResponse struct {
	MessageID []byte
	Reports   []PushReport
}

// Type implements Body.
func (*PushRegistrationBlob) Type() Type { return TypePushRegistration }

// Type implements Body.
func (*PushRegistrationResponse) Type() Type { return TypePushRegistrationResponse }

// Type implements Body.
func (*PushQuery) Type() Type { return TypePushQuery }

// Type implements Body.
func (*PushQueryResponse) Type() Type { return TypePushQueryResponse }

// Type implements Body.
func (*PushRequest) Type() Type { return TypePushRequest }

// Type implements Body.
func (*PushResponse) Type() Type { return TypePushResponse }

// Type implements Body.
func (*ContactCode) Type() Type { return TypeContactCodeAdvertisement }

// Validate implements Body.
func (b *PushRegistrationBlob) Validate() error {
	if len(b.Sealed) == 0 {
		return broken(RulePush, "the push registration is empty")
	}
	return nil
}

// Validate implements Body.
func (*PushRegistrationResponse) Validate() error { return nil }

// Validate implements Body.
func (*PushQuery) Validate() error { return nil }

// Validate implements Body.
func (*PushQueryResponse) Validate() error { return nil }

// Validate implements Body.
func (*PushRequest) Validate() error { return nil }

// Validate implements Body.
func (*PushResponse) Validate() error { return nil }

// Validate implements Body.
func (*ContactCode) Validate() error { return nil }

func (b *PushRegistrationBlob) encode() ([]byte, error) { return b.Sealed, nil }

func (r *PushRegistrationResponse) encode() ([]byte, error) {
	return marshal(&pb.PushNotificationRegistrationResponse{
		Success: r.Success, Error: r.Error, RequestId: r.RequestID,
	})
}

func (q *PushQuery) encode() ([]byte, error) {
	return marshal(&pb.PushNotificationQuery{PublicKeys: q.PublicKeys})
}

func (r *PushQueryResponse) encode() ([]byte, error) {
	return marshal(&pb.PushNotificationQueryResponse{
		Info: infosWire(r.Info), MessageId: r.MessageID, Success: r.Success,
	})
}

func (c *ContactCode) encode() ([]byte, error) {
	return marshal(&pb.ContactCodeAdvertisement{PushNotificationInfo: infosWire(c.Push)})
}

func (r *PushRequest) encode() ([]byte, error) {
	m := &pb.PushNotificationRequest{MessageId: r.MessageID}
	for _, p := range r.Requests {
		m.Requests = append(m.Requests, &pb.PushNotification{
			AccessToken: p.AccessToken, ChatId: p.ChatID, PublicKey: p.PublicKey, InstallationId: p.InstallationID,
			Message: p.Message, Type: p.Kind, Author: p.Author,
		})
	}
	return marshal(m)
}

func (r *PushResponse) encode() ([]byte, error) {
	m := &pb.PushNotificationResponse{MessageId: r.MessageID}
	for _, p := range r.Reports {
		m.Reports = append(m.Reports, &pb.PushNotificationReport{
			Success: p.Success, Error: p.Error, PublicKey: p.PublicKey, InstallationId: p.InstallationID,
		})
	}
	return marshal(m)
}

func infosWire(infos []PushInfo) []*pb.PushNotificationQueryInfo {
	var out []*pb.PushNotificationQueryInfo
	for _, i := range infos {
		out = append(out, &pb.PushNotificationQueryInfo{
			AccessToken: i.AccessToken, InstallationId: i.InstallationID, PublicKey: i.PublicKey,
			AllowedKeyList: i.AllowedKeys, Grant: i.Grant, Version: i.Version, ServerPublicKey: i.ServerPublicKey,
		})
	}
	return out
}

func infosOf(infos []*pb.PushNotificationQueryInfo) []PushInfo {
	var out []PushInfo
	for _, i := range infos {
		out = append(out, PushInfo{
			AccessToken: i.GetAccessToken(), InstallationID: i.GetInstallationId(), PublicKey: i.GetPublicKey(),
			AllowedKeys: i.GetAllowedKeyList(), Grant: i.GetGrant(), Version: i.GetVersion(),
			ServerPublicKey: i.GetServerPublicKey(),
		})
	}
	return out
}

func contactCodeOf(m *pb.ContactCodeAdvertisement) *ContactCode {
	return &ContactCode{Push: infosOf(m.GetPushNotificationInfo())}
}

func pushRegistrationOf(data []byte) (Body, error) {
	return &PushRegistrationBlob{Sealed: append([]byte(nil), data...)}, nil
}

func pushRegistrationResponseOf(m *pb.PushNotificationRegistrationResponse) *PushRegistrationResponse {
	return &PushRegistrationResponse{m.GetSuccess(), m.GetError(), m.GetRequestId()}
}

func pushQueryOf(m *pb.PushNotificationQuery) *PushQuery { return &PushQuery{m.GetPublicKeys()} }

func pushQueryResponseOf(m *pb.PushNotificationQueryResponse) *PushQueryResponse {
	return &PushQueryResponse{infosOf(m.GetInfo()), m.GetMessageId(), m.GetSuccess()}
}

func pushRequestOf(m *pb.PushNotificationRequest) *PushRequest {
	r := &PushRequest{MessageID: m.GetMessageId()}
	for _, p := range m.GetRequests() {
		r.Requests = append(r.Requests, Push{
			AccessToken: p.GetAccessToken(), ChatID: p.GetChatId(), PublicKey: p.GetPublicKey(),
			InstallationID: p.GetInstallationId(), Message: p.GetMessage(), Kind: p.GetType(), Author: p.GetAuthor(),
		})
	}
	return r
}

func pushResponseOf(m *pb.PushNotificationResponse) *PushResponse {
	r := &PushResponse{MessageID: m.GetMessageId()}
	for _, p := range m.GetReports() {
		r.Reports = append(r.Reports, PushReport{
			Success: p.GetSuccess(), Error: p.GetError(), PublicKey: p.GetPublicKey(), InstallationID: p.GetInstallationId(),
		})
	}
	return r
}
