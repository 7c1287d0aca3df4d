package payloads_test

import (
	"fmt"

	"statusd/accounts/key"
	"statusd/payloads"
)

// A chat message is wrapped and signed by its author, and read from the bytes
// again. Whoever passes it on, the author stays who signed the wrapper.
func Example() {
	ana, err := key.Generate()
	if err != nil {
		fmt.Println(err)
		return
	}
	ben, err := key.Generate()
	if err != nil {
		fmt.Println(err)
		return
	}
	now := uint64(1_700_000_000_000)
	sent, err := payloads.Seal(&payloads.ChatMessage{
		Clock: payloads.NextClock(0, now), Timestamp: now, Text: "the kettle is on", ChatID: "tea",
		MessageType: payloads.PublicGroup, ContentType: payloads.ContentText,
	}, ana)
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := payloads.Parse(sent.Wrapper, ben.Public(), payloads.Options{}) // the envelope was ben's
	if err != nil {
		fmt.Println(err)
		return
	}
	text := got.Body.(*payloads.ChatMessage).Text
	fmt.Println(text, got.ID == sent.ID, got.Author == ana.Public(), got.Signer == ben.Public())
	// Output: the kettle is on true true true
}
