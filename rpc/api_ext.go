package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger"
	"statusd/payloads"
	"statusd/rpc/jsonrpc"
)

// extAPI is the namespace wakuext: what status-go offers the apps, name for
// name (spec 05 section 14). current returns the messenger of the account that
// is logged in, nil when nobody is.
type extAPI struct{ current func() *messenger.Messenger }

func (a *extAPI) open() (*messenger.Messenger, error) {
	if m := a.current(); m != nil {
		return m, nil
	}
	return nil, notLoggedIn()
}

// ask makes a handler of a method of one of the messenger's services, which
// pick names. A's fields are its arguments.
func ask[S, A, R any](
	a *extAPI, pick func(*messenger.Messenger) S, f func(S, context.Context, A) (R, error),
) handler {
	return fnArgs(func(ctx context.Context, in A) (R, error) {
		m, err := a.open()
		if err != nil {
			var none R
			return none, err
		}
		out, err := f(pick(m), ctx, in)
		if err != nil {
			return out, extFailure(err)
		}
		return listNotNull(out), nil
	})
}

// tell makes a handler of a method that answers nothing.
func tell[S, A any](a *extAPI, pick func(*messenger.Messenger) S, f func(S, context.Context, A) error) handler {
	return ask(a, pick, func(s S, ctx context.Context, in A) (any, error) { return nil, f(s, ctx, in) })
}

// listNotNull makes an empty list of none, as programs expect.
func listNotNull[R any](v R) R {
	if r := reflect.ValueOf(&v).Elem(); r.Kind() == reflect.Slice && r.IsNil() {
		r.Set(reflect.MakeSlice(r.Type(), 0, 0))
	}
	return v
}

// Arguments of the methods: their fields are the parameters, in order.
type (
	noArgs     struct{}
	oneID      struct{ ID string }
	twoIDs     struct{ First, Second string }
	chatArg    struct{ Chat api.Chat }
	contactArg struct{ Contact api.Contact }
	pageArg    struct {
		ChatID string
		Cursor *string
		Limit  *int
	}
	searchArg struct {
		ChatID *string
		Text   string
		Cursor *string
		Limit  *int
	}
	seenArg struct {
		ChatID string
		IDs    []string
	}
	membersArg struct {
		Name string
		IDs  []string
	}
	leaveArg struct {
		ChatID string
		Remove *bool
	}
	threeTexts struct{ First, Second, Third string }
	updateArg  struct {
		ID      string
		EnsName *string
		Image   *string
	}
	updatesArg  struct{ EnsName, Image *string }
	reactionArg struct {
		ChatID, MessageID string
		EmojiType         api.Emoji
	}
	requestTransactionArg struct{ ChatID, Value, Contract, Address string }
	requestAddressArg     struct{ ChatID, From, Value, Contract string }
	sendTransactionArg    struct {
		ChatID, Value, Contract, TxHash string
		Signature                       looseText
	}
	acceptTransactionArg struct {
		TxHash, MessageID string
		Signature         looseText
	}
)

// looseText are bytes given as 0x hex or base64.
type looseText []byte

// UnmarshalJSON implements json.Unmarshaler.
func (b *looseText) UnmarshalJSON(in []byte) error { return (*looseBytes)(b).UnmarshalJSON(in) }

// defaultPage is the number of messages of a page whose limit is not given.
const defaultPage = 20

// limitOf is the size of a page.
func limitOf(limit *int) (int, error) {
	switch {
	case limit == nil:
		return defaultPage, nil
	case *limit < 1:
		return 0, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "limit %d: want 1 or more", *limit)
	}
	return min(*limit, store.MaxPage), nil
}

// messagePage is a page of messages, the newest first.
type messagePage struct {
	Messages []api.Message `json:"messages"`
	Cursor   string        `json:"cursor"`
}

func chatMessages(s *messenger.Messages, ctx context.Context, in pageArg) (messagePage, error) {
	limit, err := limitOf(in.Limit)
	if err != nil {
		return messagePage{}, err
	}
	list, next, err := s.Page(ctx, in.ChatID, orZero(in.Cursor), limit)
	return messagePage{listNotNull(list), next}, err
}

func searchMessages(s *messenger.Messages, ctx context.Context, in searchArg) (messagePage, error) {
	limit, err := limitOf(in.Limit)
	if err != nil {
		return messagePage{}, err
	}
	list, next, err := s.Search(ctx, orZero(in.ChatID), in.Text, orZero(in.Cursor), limit)
	return messagePage{listNotNull(list), next}, err
}

// sendChatMessage reads files only for callers on the socket, who have the
// rights of the daemon's user or group anyway.
func sendChatMessage(s *messenger.Messages, ctx context.Context, in struct{ Message api.Message }) (
	api.Changes, error,
) {
	m := in.Message
	if (m.ImagePath != "" || m.AudioPath != "") && callFrom(ctx).caller.transport != "ipc" {
		return api.Changes{}, jsonrpc.NewError(jsonrpc.CodeScope,
			"imagePath and audioPath name files of the daemon's machine, which are not read for this connection").
			WithHint("give the content as a data URL in image or audio, or call over the unix socket")
	}
	return s.Send(ctx, m)
}

// extFailures are the classes of the messenger's errors.
func extFailures() []failureClass {
	return []failureClass{
		{
			jsonrpc.CodeUnknownObject, "", []error{
				messenger.ErrUnknownChat, messenger.ErrUnknownContact, messenger.ErrUnknownMessage,
				messenger.ErrUnknownReaction, messenger.ErrUnknownInvitation,
			},
		},
		{
			jsonrpc.CodeInvalidRecipient, "", []error{
				messenger.ErrRecipient, messenger.ErrAmbiguous, messenger.ErrNameLookup, messenger.ErrBlocked,
				messenger.ErrSelf, messenger.ErrNotMember, messenger.ErrNotOwner,
			},
		},
		{jsonrpc.CodeExists, "", []error{messenger.ErrExists}},
		{jsonrpc.CodeBusy, "", []error{messenger.ErrManyChats}},
		{
			jsonrpc.CodeInvalidParams, "", []error{
				messenger.ErrChatType, messenger.ErrNotAdmin, messenger.ErrTooLarge, messenger.ErrNoWrapper,
				messenger.ErrStatus, messenger.ErrCursor, messenger.ErrAttachment, messenger.ErrTransaction,
				messenger.ErrExtensionOff, messenger.ErrUnpaired, payloads.ErrEvent, payloads.ErrGroupID,
				payloads.ErrMessageID,
			},
		},
	}
}

// extFailure gives an error of the messenger its code and, in its text, what
// to do.
func extFailure(err error) error {
	var own *jsonrpc.Error
	if err == nil || errors.As(err, &own) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if e := diskFailure(err); e != nil && e.Data.Kind != jsonrpc.NewError(jsonrpc.CodeFailed, "").Data.Kind {
		return e
	}
	if errors.Is(err, store.ErrClosed) || errors.Is(err, store.ErrEnded) {
		return jsonrpc.NewError(jsonrpc.CodeNotLoggedIn, "the account was logged out")
	}
	text := err.Error()
	var rule *payloads.RuleError
	if errors.As(err, &rule) {
		return jsonrpc.NewError(jsonrpc.CodeInvalidParams, "%s", rule.Error())
	}
	for _, class := range extFailures() {
		for _, target := range class.errors {
			if !errors.Is(err, target) {
				continue
			}
			e := jsonrpc.NewError(class.code, "%s", text)
			if what, hint, ok := strings.Cut(text, ": "); ok && class.code == jsonrpc.CodeUnknownObject {
				e.Message = what
				e.Data.Hint = hint
			}
			return e
		}
	}
	return jsonrpc.NewError(jsonrpc.CodeFailed, "%s", text)
}

// leftOut are methods of status-go that this daemon does not have, with the
// reason (spec 05 section 14).
func leftOut(name string) (hint string, ok bool) {
	switch strings.TrimPrefix(name, "wakuext_") {
	case "startPushNotificationsServer", "stopPushNotificationsServer", "registerForPushNotifications",
		"unregisterFromPushNotifications", "enableSendingNotifications", "disableSendingNotifications",
		"enablePushNotificationsFromContactsOnly", "disablePushNotificationsFromContactsOnly",
		"enablePushNotificationsBlockMentions", "disablePushNotificationsBlockMentions",
		"registeredForPushNotifications", "getPushNotificationsServers", "addPushNotificationsServer",
		"removePushNotificationServer":
		return "push notifications are for phones; here consumers follow the event log: status_subscribe, webhooks", true
	case "getLinkPreviewWhitelist", "getLinkPreviewData":
		return "links are not fetched: that would tell others what you read", true
	}
	return "", false
}

//

var _ json.Unmarshaler = (*looseText)(nil)
