package node

import (
	"context"
	"encoding/hex"

	"go.uber.org/zap"

	"statusd/api"
	"statusd/internal/store"
	"statusd/mailserver/history"
	"statusd/messenger/event"
)

// requestEnded tells the account that is logged in how a request for history
// ended (spec 02 section 7).
func (n *mailservers) requestEnded(end history.RequestEnd) {
	s := n.logins.session.Load()
	if s == nil {
		return
	}
	var e api.EventPayload = api.HistoryPageCompletedEvent{
		RequestID: end.ID.String(), LastEnvelopeHash: end.Last.String(), Cursor: hex.EncodeToString(end.Cursor),
		ErrorMessage: end.Error,
	}
	if end.Silent {
		e = api.HistoryPageExpiredEvent{Hash: end.ID.String()}
	}
	err := s.account.DB().Update(context.Background(), func(tx *store.Tx) error { // local, and open while logged in
		return event.Append(tx, e, n.clock.Now())
	})
	if err != nil {
		n.log.Warn("end of a history request is not in the event log", zap.Error(err))
	}
}
