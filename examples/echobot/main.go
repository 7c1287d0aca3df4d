// Command echobot answers each message with its text, once, whatever is killed
// in between. STATUSD_URL is the address or socket of the daemon,
// STATUSD_TOKEN_FILE a file with the bot's token; see README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"statusd/api"
	"statusd/api/client"
)

func main() {
	daemon, err := client.New(client.Config{Target: os.Getenv("STATUSD_URL"), TokenFile: os.Getenv("STATUSD_TOKEN_FILE")})
	if err == nil {
		err = echo(context.Background(), daemon)
	}
	fmt.Fprintln(os.Stderr, "echobot:", err)
	os.Exit(1)
}

func echo(ctx context.Context, daemon *client.Client) error {
	cfg := client.EventsConfig{Consumer: "echo-go", Types: []api.EventType{api.EventMessagesNew}}
	for event, err := range daemon.Events(ctx, cfg) {
		told, _ := event.Decode() // nothing, where err is not nil
		news, _ := told.(api.MessagesNewEvent)
		for i, m := range news.Messages {
			if m.New && m.OutgoingStatus == "" && m.ContentType != api.ContentSystem {
				answer := api.SendArgs{Recipient: api.Recipients{m.LocalChatID}, Message: m.Text, ReplyTo: m.ID}
				answer.RequestID = client.RequestID(cfg.Consumer, event, m.ID, i)
				err = client.Retry(ctx, func() error { _, err := api.StatusSend.Call(ctx, daemon, answer); return err })
			}
		}
		if gap := (*client.GapError)(nil); err != nil && !errors.As(err, &gap) { // what is gone is gone
			return err
		}
	}
	return ctx.Err()
}
