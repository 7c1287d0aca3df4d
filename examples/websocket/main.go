// Command websocket listens to a topic of a statusd node over WebSocket, and
// says something there itself:
//
//	statusd run --http &
//	go run ./examples/websocket -token ~/.statusd/rpc-token -say "hello"
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
	"path/filepath"
	"strings"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"
)

// message is what arrives, as far as we look at it.
type message struct {
	Payload hexutil.Bytes `json:"payload"`
	Hash    string        `json:"hash"`
	PoW     float64       `json:"pow"`
}

func main() {
	home, _ := os.UserHomeDir()
	url := flag.String("url", "ws://127.0.0.1:8545", "address of the node")
	token := flag.String("token", filepath.Join(home, ".statusd", "rpc-token"), "file with the token")
	password := flag.String("password", "tea", "password that the key is made of")
	topic := flag.String("topic", "0x11223344", "topic: 0x and 8 hex digits")
	say := flag.String("say", "", "text to send")
	count := flag.Int("count", 0, "end after so many messages; 0: never")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *url, *token, *password, *topic, *say, *count); err != nil {
		fmt.Fprintln(os.Stderr, "websocket:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, url, tokenFile, password, topic, say string, count int) error {
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return err
	}
	node, err := rpc.DialOptions(ctx, url, rpc.WithHeader("Authorization", "Bearer "+strings.TrimSpace(string(token))))
	if err != nil {
		return err
	}
	defer node.Close()

	var keyID string
	if err := node.CallContext(ctx, &keyID, "waku_generateSymKeyFromPassword", password); err != nil {
		return explain(err)
	}
	messages := make(chan message)
	subscription, err := node.Subscribe(ctx, "waku", messages, "messages", map[string]any{
		"symKeyID": keyID, "topics": []string{topic},
	})
	if err != nil {
		return explain(err)
	}
	defer subscription.Unsubscribe()

	if say != "" {
		var hash string
		err := node.CallContext(ctx, &hash, "waku_post", map[string]any{
			"symKeyID": keyID, "topic": topic, "payload": hexutil.Bytes(say), "ttl": 20, "powTarget": 0.002, "powTime": 5,
		})
		if err != nil {
			return explain(err)
		}
		fmt.Println("sent    ", hash)
	}
	for n := 0; count == 0 || n < count; n++ {
		select {
		case m := <-messages:
			fmt.Printf("received %s %q (proof of work %.4f)\n", m.Hash, string(m.Payload), m.PoW)
		case err := <-subscription.Err():
			return fmt.Errorf("subscription ended: %w", err)
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// explain adds the hint that the node gives with an error.
func explain(err error) error {
	var withData rpc.DataError
	if errors.As(err, &withData) {
		if data, ok := withData.ErrorData().(map[string]any); ok && data["hint"] != nil {
			return fmt.Errorf("%w (%v)", err, data["hint"])
		}
	}
	return err
}
