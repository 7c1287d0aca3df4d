package rpc

import (
	"context"
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

// ask calls the messenger, and gives its errors their codes.
func ask[R any](a *extAPI, f func(*messenger.Messenger) (R, error)) (R, error) {
	m := a.current()
	if m == nil {
		var none R
		return none, notLoggedIn()
	}
	out, err := f(m)
	return out, extFailure(err)
}

// tell is ask for what answers nothing.
func tell(a *extAPI, f func(*messenger.Messenger) error) (api.None, error) {
	return ask(a, func(m *messenger.Messenger) (api.None, error) { return api.None{}, f(m) })
}

// listNotNull makes an empty list of none, as programs expect.
func listNotNull[R any](v R) R {
	if r := reflect.ValueOf(&v).Elem(); r.Kind() == reflect.Slice && r.IsNil() {
		r.Set(reflect.MakeSlice(r.Type(), 0, 0))
	}
	return v
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
		{jsonrpc.CodeExists, "", []error{messenger.ErrExists, messenger.ErrRequestChanged}},
		{jsonrpc.CodeBusy, "", []error{messenger.ErrManyChats}},
		{
			jsonrpc.CodeInvalidParams, "", []error{
				messenger.ErrChatType, messenger.ErrNotAdmin, messenger.ErrTooLarge, messenger.ErrNoWrapper,
				messenger.ErrStatus, messenger.ErrCursor, messenger.ErrAttachment, messenger.ErrTransaction,
				messenger.ErrExtensionOff, messenger.ErrUnpaired, messenger.ErrRequest, payloads.ErrEvent,
				payloads.ErrGroupID, payloads.ErrMessageID,
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
