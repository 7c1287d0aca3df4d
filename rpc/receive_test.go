package rpc

import (
	"encoding/json"
	"testing"

	"statusd/api"
)

// TestReceiveShape compares with signal-cli's notifications.
func TestReceiveShape(t *testing.T) {
	const own = "0x04own"
	for _, tt := range []struct{ name, body, want string }{
		{
			"somebody writes",
			`{"messages":[{"id":"0x01","from":"0x04aa","alias":"A B C","text":"hi","new":true,"localChatId":"0x04aa",` +
				`"whisperTimestamp":5},{"id":"0x00","from":"0x04aa","text":"old","localChatId":"0x04aa"}]}`,
			`[{"envelope":{"source":"0x04aa","sourceName":"A B C","timestamp":5,"chatId":"0x04aa","dataMessage":` +
				`{"timestamp":5,"messageId":"0x01","message":"hi"}},"account":"0xuid","cursor":9}]`,
		},
		{
			"a reply with a picture in a group",
			`{"messages":[{"id":"0x02","from":"0x04aa","alias":"","text":"","new":true,"localChatId":"group",` +
				`"responseTo":"0x01","quotedMessage":{"from":"0x04bb","text":"see?"},"image":"data:image/png;base64,AAAA"}]}`,
			`[{"envelope":{"source":"0x04aa","sourceName":"","timestamp":0,"chatId":"group","dataMessage":{"timestamp":0,` +
				`"messageId":"0x02","groupInfo":{"groupId":"group","type":"DELIVER"},"quote":{"id":"0x01","author":"0x04bb",` +
				`"text":"see?"},"attachments":[{"contentType":"image/png","size":3,"data":"AAAA"}]}},"account":"0xuid",` +
				`"cursor":9}]`,
		},
		{
			"something else in place of a picture",
			`{"messages":[{"id":"0x02","from":"0x04aa","text":"","new":true,"localChatId":"0x04aa",` +
				`"image":"data:image/SVG+xml;base64,AAAA","audio":"data:text/html;base64,AAAA"}]}`,
			`[{"envelope":{"source":"0x04aa","sourceName":"","timestamp":0,"chatId":"0x04aa","dataMessage":{"timestamp":0,` +
				`"messageId":"0x02"}},"account":"0xuid","cursor":9}]`,
		},
		{
			"another device of ours",
			`{"messages":[{"id":"0x03","from":"0x04own","text":"mine","new":true,"localChatId":"0x04aa"}]}`,
			`[{"envelope":{"source":"0x04own","sourceName":"","timestamp":0,"chatId":"0x04aa","syncMessage":{"sentMessage":` +
				`{"destination":"0x04aa","timestamp":0,"messageId":"0x03","message":"mine"}}},"account":"0xuid","cursor":9}]`,
		},
		{
			"a reaction",
			`{"emojiReactions":[{"id":"r","clock":7,"from":"0x04aa","localChatId":"0x04aa","messageId":"0x01","emojiId":2,` +
				`"retracted":true}]}`,
			`[{"envelope":{"source":"0x04aa","sourceName":"","timestamp":7,"chatId":"0x04aa","dataMessage":{"timestamp":7,` +
				`"reaction":{"emoji":"👍","targetMessageId":"0x01","isRemove":true}}},"account":"0xuid","cursor":9}]`,
		},
		{"nothing new", `{"chats":[{"id":"a"}]}`, `null`},
		{"not an object", `[]`, `null`},
	} {
		e := api.Event{Cursor: 9, Account: "0xuid", Type: api.EventMessagesNew, Event: json.RawMessage(tt.body)}
		got, err := json.Marshal(receivedOf(e, own))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// receiveNote is a notification of receive; params depend on how it was asked
// for.
type receiveNote struct {
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

func note(t *testing.T, l link) (n receiveNote) {
	t.Helper()
	if err := json.Unmarshal([]byte(l.push()), &n); err != nil || n.Method != "receive" {
		t.Fatalf("%+v %v", n, err)
	}
	return n
}

const inChatAReceived = `{"envelope":{"source":"0x04aa","sourceName":"A B C","timestamp":0,"chatId":"a",` +
	`"dataMessage":{"timestamp":0,"messageId":"0x01","message":"hi","groupInfo":{"groupId":"a","type":"DELIVER"}}},` +
	`"account":"` + exampleAccount + `","cursor":`

func TestSubscribeReceive(t *testing.T) {
	f := start(t, nil)
	f.login()
	l := f.ipc()
	for number := range 2 {
		if got := must[int](t, l, "subscribeReceive", `[]`); got != number {
			t.Errorf("number %d, want %d", got, number)
		}
	}
	must[any](t, l, "unsubscribeReceive", `{"subscription":1}`)
	f.happen("k", `{}`)
	f.happen("messages.new", inChatA)
	if n := note(t, l); string(n.Params) != `{"subscription":0,"result":`+inChatAReceived+`3}}` {
		t.Errorf("%s", n.Params)
	}
}

func TestReceiveModes(t *testing.T) {
	for mode, want := range map[ReceiveMode][]string{
		ReceiveOnStart: {"3}"}, ReceiveOnConnection: {"2}", "3}"},
	} {
		f := start(t, func(c *Config, _ *Deps) { c.ReceiveMode = mode })
		f.login()
		f.happen("messages.new", inChatA)
		l := f.ipc()
		must[string](t, f.http(), "net_version", `[]`) // other transports are not pushed to
		if mode == ReceiveOnStart {
			must[string](t, l, "waku_version", `[]`) // connected by now
		} else {
			n := note(t, l)
			if string(n.Params) != inChatAReceived+want[0] {
				t.Errorf("%s: %s", mode, n.Params)
			}
			want = want[1:]
		}
		f.happen("messages.new", inChatA)
		if n := note(t, l); string(n.Params) != inChatAReceived+want[0] {
			t.Errorf("%s: %s", mode, n.Params)
		}
	}
}
