package rpc

import (
	"reflect"
	"slices"
	"strings"

	"statusd/api"
	"statusd/messenger"
)

// messengers has the messenger of the account that is logged in, nil when nobody
// is. On it stands the namespace wakuext, what status-go offers the apps, name
// for name (spec 05 section 14): one type for each subject.
type messengers struct{ current func() *messenger.Messenger }

// extMethods are the methods of wakuext, settings and accounts.
func (a messengers) extMethods() []method {
	return slices.Concat((&chatsAPI{a}).methods(), (&messagesAPI{a}).methods(), (&groupsAPI{a}).methods(),
		(&contactsAPI{a}).methods(), (&transactionsAPI{a}).methods(), (&settingsAPI{a}).methods())
}

// ask calls the messenger, and gives its errors their codes.
func ask[R any](a messengers, f func(*messenger.Messenger) (R, error)) (R, error) {
	m := a.current()
	if m == nil {
		var none R
		return none, notLoggedIn()
	}
	out, err := f(m)
	return out, err
}

// tell is ask for what answers nothing.
func tell(a messengers, f func(*messenger.Messenger) error) (api.None, error) {
	return ask(a, func(m *messenger.Messenger) (api.None, error) { return api.None{}, f(m) })
}

// listNotNull makes an empty list of none, as programs expect.
func listNotNull[R any](v R) R {
	if r := reflect.ValueOf(&v).Elem(); r.Kind() == reflect.Slice && r.IsNil() {
		r.Set(reflect.MakeSlice(r.Type(), 0, 0))
	}
	return v
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
