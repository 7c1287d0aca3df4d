// Command websocket listens to a topic of a statusd node over WebSocket, and
// says something there itself:
//
//	statusd run --http &
//	(umask 077; statusd token add --name listener --scope read,send -o json | jq -r .token > listener-token)
//	go run ./examples/websocket -token listener-token -say "hello"
//
// Everybody who runs it with the same -password hears each other, as long as
// their nodes are connected. Without -say it only listens. It ends with
// Ctrl-C, or after -count messages.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"statusd/api"
	"statusd/api/client"
)

func main() {
	url := flag.String("url", "ws://127.0.0.1:8545", "address of the node, or path of its socket")
	token := flag.String("token", "", "file with the token")
	password := flag.String("password", "tea", "password that the key is made of")
	topic := flag.String("topic", "0x11223344", "topic: 0x and 8 hex digits")
	say := flag.String("say", "", "text to send")
	count := flag.Int("count", 0, "end after so many messages; 0: never")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, client.Config{Target: *url, TokenFile: *token}, *password, *topic, *say, *count)
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "websocket:", explain(err))
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, where client.Config, password, topicText, say string, count int) error {
	var topic api.Topic
	if err := topic.UnmarshalText([]byte(topicText)); err != nil {
		return fmt.Errorf("topic: %w", err)
	}
	node, err := client.Dial(ctx, where)
	if err != nil {
		return err
	}
	defer node.Close()
	key, err := api.WakuGenerateSymKeyFromPassword.Call(ctx, node, api.KeyPasswordArgs{Password: password})
	if err != nil {
		return err
	}
	messages, err := client.Subscribe(ctx, node, api.WakuSubscribe, api.WakuSubscribeArgs{
		Name: api.WakuSubscribe.Topic, Criteria: api.FilterCriteria{SymKeyID: key, Topics: []api.Topic{topic}},
	})
	if err != nil {
		return err
	}
	if say != "" {
		hash, err := api.WakuPost.Call(ctx, node, api.PostArgs{Message: api.PostMessage{
			SymKeyID: key, Topic: topic, Payload: api.LooseBytes(say), TTL: 20, PoWTarget: 0.002, PoWTime: 5,
		}})
		if err != nil {
			return err
		}
		fmt.Println("sent    ", hash)
	}
	for n := 0; count == 0 || n < count; n++ {
		m, err := messages.Next(ctx)
		if err != nil {
			return err
		}
		text, err := m.Payload.Decode()
		if err != nil {
			return err
		}
		fmt.Printf("received %s %q (proof of work %.4f)\n", m.Hash, text, m.PoW)
	}
	return nil
}

// explain adds the hint that the node gives with an error.
func explain(err error) error {
	var answer *api.Error
	if errors.As(err, &answer) && answer.Data.Hint != "" {
		return fmt.Errorf("%w (%s)", err, answer.Data.Hint)
	}
	return err
}
