package main

import (
	"statusd/accounts/key"
	"statusd/api"
	"statusd/payloads"
	"statusd/transport/protocol"
)

// openedMessage is the chat message that a message of a public chat carries; nil
// for what is none, or is one of another chat.
func openedMessage(m *api.WakuMessage, chat string) *api.Message {
	sig, err := m.Sig.Decode()
	if err != nil {
		return nil
	}
	signer, err := key.ParsePublic(sig)
	if err != nil {
		return nil
	}
	raw, err := m.Payload.Decode()
	if err != nil {
		return nil
	}
	carried, err := protocol.Decode(raw)
	if err != nil || len(carried.Public) == 0 {
		return nil
	}
	wrapper, err := payloads.Parse(carried.Public, signer, payloads.Options{})
	if err != nil {
		return nil
	}
	body, isChat := wrapper.Body.(*payloads.ChatMessage)
	if !isChat || body.MessageType != payloads.PublicGroup || body.ChatID != chat {
		return nil
	}
	out := &api.Message{
		ID: wrapper.ID.String(), ChatID: chat, LocalChatID: chat, From: wrapper.Author.ContactID(), Text: body.Text,
		Clock: body.Clock, Timestamp: body.Timestamp, WhisperTimestamp: uint64(m.Timestamp) * 1000,
		MessageType: api.MessagePublic, ContentType: api.ContentType(body.ContentType), ResponseTo: body.ResponseTo,
	}
	if body.Image != nil {
		out.Image = body.Image.DataURL()
	}
	if body.Audio != nil {
		out.Audio = body.Audio.DataURL()
	}
	return out
}
