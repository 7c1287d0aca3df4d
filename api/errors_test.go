package api

import "testing"

func TestEveryCodeHasItsKind(t *testing.T) {
	codes := []Code{CodeParse, CodeInvalidRequest, CodeMethodNotFound, CodeInvalidParams, CodeInternal, CodeFailed,
		CodeTimeout, CodeTooLargeReply, CodeNotLoggedIn, CodeWrongPassword, CodeUnknownObject, CodeExists, CodeBusy,
		CodeInvalidRecipient, CodeNoMailserver, CodeInUse, CodeNewerData, CodeKeyFile, CodeUnauthenticated, CodeScope}
	seen := map[Kind]Code{}
	for _, c := range codes {
		kind := NewError(c, "").Data.Kind
		if other, ok := seen[kind]; ok {
			t.Errorf("codes %d and %d share the kind %q", c, other, kind)
		}
		seen[kind] = c
	}
}
