package api

// The types of this file are signal-cli's notification receive, as far as what
// it says exists here, with our ids added.
type (
	// Received is a message, or a reaction, that came.
	Received struct {
		Envelope ReceivedEnvelope `json:"envelope"`
		Account  string           `json:"account"` // 0x key-uid
		Cursor   int64            `json:"cursor"`
	}
	// ReceivedEnvelope says who wrote, when, and where.
	ReceivedEnvelope struct {
		Source      string        `json:"source"` // contact id of the author
		SourceName  string        `json:"sourceName"`
		Timestamp   uint64        `json:"timestamp"` // Unix milliseconds
		ChatID      string        `json:"chatId"`
		DataMessage *ReceivedData `json:"dataMessage,omitempty"`
		SyncMessage *ReceivedSync `json:"syncMessage,omitempty"`
	}
	// ReceivedSync is what another device of ours did.
	ReceivedSync struct {
		SentMessage ReceivedSent `json:"sentMessage"`
	}
	// ReceivedSent is a message that another device of ours sent.
	ReceivedSent struct {
		Destination string `json:"destination,omitempty"` // contact id; empty: a group or a public chat
		ReceivedData
	}
	// ReceivedData is what was written.
	ReceivedData struct {
		Timestamp   uint64               `json:"timestamp"`
		MessageID   string               `json:"messageId,omitempty"`
		Message     string               `json:"message,omitempty"`
		GroupInfo   *ReceivedGroup       `json:"groupInfo,omitempty"`
		Quote       *ReceivedQuote       `json:"quote,omitempty"`
		Reaction    *ReceivedReaction    `json:"reaction,omitempty"`
		Attachments []ReceivedAttachment `json:"attachments,omitempty"`
	}
	// ReceivedGroup is where, if not between two people.
	ReceivedGroup struct {
		GroupID string `json:"groupId"`
		Type    string `json:"type"` // always DELIVER
	}
	// ReceivedQuote is what a reply quotes.
	ReceivedQuote struct {
		ID     string `json:"id"`
		Author string `json:"author"`
		Text   string `json:"text"`
	}
	// ReceivedReaction is a reaction to a message.
	ReceivedReaction struct {
		Emoji           string `json:"emoji"`
		TargetMessageID string `json:"targetMessageId"`
		IsRemove        bool   `json:"isRemove"`
	}
	// ReceivedAttachment is a picture or a recording.
	ReceivedAttachment struct {
		ContentType string `json:"contentType"`
		Size        int    `json:"size"`
		Data        string `json:"data"` // base64
	}
)
