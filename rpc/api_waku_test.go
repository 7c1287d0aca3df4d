package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"statusd/api"
	"statusd/configs"
	"statusd/waku"
	"statusd/waku/wire"
)

// wakuState is what the rows of TestWakuErrors can refer to.
type wakuState struct{ Sym, Zero, Pair, Peer, Stranger string }

func prepareWaku(t *testing.T, l link) wakuState {
	t.Helper()
	const stranger = "enode://1dd9d65c4552b5eb43d5ad55a2ee3f56c6cbc1c64a5c8d659f51fcd51bace243" +
		"51232b8d7821617d2b29b54b81cdefb9b3e9c37d7fd5f63270bcc9e1a6f6a439@192.0.2.8:30303"
	return wakuState{
		Sym:  must[string](t, l, "waku_addSymKey", `["`+exampleSymKey+`"]`),
		Zero: must[string](t, l, "waku_addSymKey", `["0x`+strings.Repeat("00", 32)+`"]`),
		Pair: must[string](t, l, "waku_addPrivateKey", `["`+examplePrivateKey+`"]`),
		Peer: exampleNode, Stranger: stranger,
	}
}

// fill replaces {Sym} and the like.
func (s wakuState) fill(text string) string {
	return strings.NewReplacer("{Sym}", s.Sym, "{Zero}", s.Zero, "{Pair}", s.Pair, "{Peer}", s.Peer,
		"{Stranger}", s.Stranger, "{Pub}", examplePublicKey).Replace(text)
}

// TestWakuErrors has the texts of spec 01 section 10, and the order in which
// the checks come: each row of a method has the fault of the rows below it,
// too, where that is possible.
func TestWakuErrors(t *testing.T) {
	const (
		either  = "specify either a symmetric or an asymmetric key"
		noID    = "invalid id"
		noSym   = "non-existent key ID"
		noTopic = "missing topic(s)"
		missing = "0000000000000000000000000000000000000000000000000000000000000000"
	)
	f := start(t, nil)
	l := f.ipc()
	state := prepareWaku(t, l)
	strangerID, err := configs.ParseNodeRef(state.Stranger)
	if err != nil {
		t.Fatal(err)
	}
	notFound := fmt.Sprintf("could not find peer with ID: %x", strangerID.Node().ID().Bytes())
	for _, tt := range []struct{ method, params, text string }{
		{"waku_setMaxMessageSize", `[10485761]`, "message size too large [10485761>10485760]"},
		{"waku_setMaxEnvelopeSize", `[4294967295]`, "message size too large [4294967295>10485760]"},
		{"waku_setMinPoW", `[-1]`, "invalid PoW: -1.000000"},
		{"waku_setBloomFilter", `["0x0102"]`, "invalid bloom filter size: 2"},
		{"waku_markTrustedPeer", `["{Stranger}"]`, notFound},
		{"waku_addPrivateKey", `["0x0102"]`, "invalid length, need 256 bits"},
		{"waku_deleteKeyPair", `["` + missing + `"]`, "key pair " + missing + " not found"},
		{"waku_getPublicKey", `["` + missing + `"]`, noID},
		{"waku_getPrivateKey", `[""]`, noID},
		{"waku_addSymKey", `["0x0102"]`, "wrong key size: 2"},
		{"waku_getSymKey", `["` + missing + `"]`, noSym},
		{"waku_getFilterMessages", `["x"]`, "filter not found"},
		{"waku_deleteMessageFilter", `["x"]`, "failed to unsubscribe: invalid ID 'x'"},
		{"waku_unsubscribe", `["x"]`, "subscription not found"},

		{"waku_post", `[{}]`, either},
		{"waku_post", `[{"symKeyID":"x","pubKey":"0x01","sig":"x"}]`, either},
		{"waku_post", `[{"symKeyID":"x","sig":"x"}]`, noID},
		{"waku_post", `[{"pubKey":"0x01","sig":"x"}]`, noID},
		{"waku_post", `[{"symKeyID":"x"}]`, noTopic},
		{"waku_post", `[{"symKeyID":"x","topic":"0x00000000"}]`, noTopic},
		{"waku_post", `[{"symKeyID":"x","topic":"0x00000001","powTarget":1}]`, noSym},
		{"waku_post", `[{"symKeyID":"{Zero}","topic":"0x00000001"}]`, "invalid symmetric key"},
		{"waku_post", `[{"pubKey":"0x0401"}]`, "invalid public key"},
		{"waku_post", `[{"pubKey":"{Pub}","targetPeer":"nobody"}]`, "failed to parse target peer: "},
		{"waku_post", `[{"pubKey":"{Pub}","powTarget":1e12}]`,
			"failed to reach the PoW target, specified pow time (0 seconds) was insufficient"},
		{"waku_post", `[{"pubKey":"{Pub}","targetPeer":"{Stranger}"}]`, notFound},
		{"waku_post", `[{"pubKey":"{Pub}"}]`, "message rejected, PoW too low"},
		{"waku_post", `[{"symKeyID":"{Sym}","topic":"0x00000001","powTarget":0.0000001,"powTime":1}]`,
			"message rejected, PoW too low"},

		{"waku_newMessageFilter", `[{}]`, either},
		{"waku_newMessageFilter", `[{"symKeyID":"x","privateKeyID":"x","sig":"0x01"}]`, either},
		{"waku_newMessageFilter", `[{"symKeyID":"x","sig":"0x01"}]`, "invalid signing public key"},
		{"waku_newMessageFilter", `[{"symKeyID":"x"}]`, noSym},
		{"waku_newMessageFilter", `[{"symKeyID":"{Zero}"}]`, "invalid symmetric key"},
		{"waku_newMessageFilter", `[{"privateKeyID":"x"}]`, noID},

		{"waku_subscribe", `["messages",{"symKeyID":"x","privateKeyID":"x"}]`, either},
		{"waku_subscribe", `["messages",{"symKeyID":"x","sig":"0x01"}]`, "invalid signing public key"},
		{"waku_subscribe", `["messages",{"symKeyID":"x"}]`, noTopic},
		{"waku_subscribe", `["messages",{"symKeyID":"x","topics":["0x00000001"]}]`, noSym},
		{"waku_subscribe", `["messages",{"symKeyID":"{Zero}","topics":["0x00000001"]}]`, "invalid symmetric key"},
		{"waku_subscribe", `["messages",{"privateKeyID":"x"}]`, "invalid public key"},
	} {
		_, e := invoke(t, l, tt.method, state.fill(tt.params))
		if e == nil || e.Code != api.CodeFailed ||
			e.Message != tt.text && !(strings.HasSuffix(tt.text, ": ") && strings.HasPrefix(e.Message, tt.text)) {
			t.Errorf("%s %s: %+v, want %q", tt.method, tt.params, e, tt.text)
		}
	}
}

// TestWakuKeys follows keys through their life.
func TestWakuKeys(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	for _, id := range []string{exampleKeyID, examplePublicKey} { // both name the key pair
		must[string](t, l, "waku_addPrivateKey", `["`+examplePrivateKey+`"]`)
		if !must[bool](t, l, "waku_hasKeyPair", `["`+id+`"]`) {
			t.Error("key pair is not there")
		}
		if got := must[string](t, l, "waku_getPublicKey", `["`+id+`"]`); got != examplePublicKey {
			t.Errorf("public key %s", got)
		}
		if !must[bool](t, l, "waku_deleteKeyPair", `["`+id+`"]`) || must[bool](t, l, "waku_hasKeyPair", `["`+id+`"]`) {
			t.Error("key pair was not deleted")
		}
	}
	id := must[string](t, l, "waku_newSymKey", `[]`)
	if key := must[string](t, l, "waku_getSymKey", `["`+id+`"]`); len(id) != 64 || len(key) != 66 {
		t.Errorf("id %s, key of %d characters", id, len(key))
	}
	for _, want := range []bool{true, false} {
		if got := must[bool](t, l, "waku_deleteSymKey", `["`+id+`"]`); got != want {
			t.Errorf("deleted: %v, want %v", got, want)
		}
	}
	id = must[string](t, l, "waku_generateSymKeyFromPassword", `["status"]`)
	if key := must[string](t, l, "waku_getSymKey", `["`+id+`"]`); key !=
		"0x36224048e42c49e5c59c57bba5024fbb8822d6b4ee6ac5fbefd8b77f5323ecc4" {
		t.Errorf("key of the password: %s", key)
	}
}

// TestByteForms sends bytes in both forms and reads them in both.
func TestByteForms(t *testing.T) {
	for _, base64 := range []bool{false, true} {
		t.Run(fmt.Sprintf("base64=%v", base64), func(t *testing.T) {
			var posted waku.Post
			f := start(t, func(c *Config, _ *Deps) { c.Base64Bytes = base64 })
			f.waku.onPost = func(_ context.Context, p waku.Post) (wire.Hash, error) { posted = p; return wire.Hash{}, nil }
			l := f.ipc()
			for sent, want := range map[string]string{
				`"0x68656c6c6f"`: "hello", `"aGVsbG8="`: "hello", `"0x"`: "", `""`: "", `null`: "",
				`"0xzz"`: "\xd3\x1c\xf3", // not hex, so base64
			} {
				must[string](t, l, "waku_post", `[{"pubKey":"`+examplePublicKey+`","payload":`+sent+`}]`)
				if string(posted.Payload) != want {
					t.Errorf("payload %s arrived as %q", sent, posted.Payload)
				}
			}
			f.waku.onInstall = func(s waku.Sink) {
				s.Deliver(&waku.ReceivedMessage{Payload: []byte("hello"), Topic: wire.Topic{1, 2, 3, 4}, P2P: true})
			}
			must[string](t, l, "waku_addPrivateKey", `["`+examplePrivateKey+`"]`)
			decode(t, l.send(request("waku_subscribe", byKeyPair)))
			got := compact(t, decode(t, l.push()).Params.Result)
			payload, hash := `"0x68656c6c6f"`, `"0x`+strings.Repeat("00", 32)+`"`
			padding := `"0x"`
			if base64 {
				payload, padding, hash = `"aGVsbG8="`, `""`, `"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="`
			}
			want := `{"ttl":0,"timestamp":0,"topic":"0x01020304","payload":` + payload + `,"padding":` + padding +
				`,"pow":0,"hash":` + hash + `,"bool":true,"p2p":true}`
			if got != want {
				t.Errorf("message %s\nwant    %s", got, want)
			}
		})
	}
}

// TestPostIsPassedOn compares what the host gets with what was asked for.
func TestPostIsPassedOn(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	state := prepareWaku(t, l)
	var got waku.Post
	f.waku.onPost = func(_ context.Context, p waku.Post) (wire.Hash, error) { got = p; return wire.Hash{7}, nil }
	for _, form := range []string{
		`[%]`, `{"message":%}`, `%`, // positional, named, and named without the level of the name
	} {
		params := strings.ReplaceAll(form, "%", state.fill(`{"symKeyID":"{Sym}","sig":"{Pair}","ttl":9,"topic":"0x01020304",`+
			`"payload":"0x01","padding":"0x0203","powTime":3,"powTarget":0.5,"targetPeer":"{Peer}"}`))
		hash := must[wire.Hash](t, l, "waku_post", params)
		if hash != (wire.Hash{7}) {
			t.Errorf("hash %s", hash)
		}
		if fmt.Sprintf("%x", got.SymKey) != exampleSymKey[2:] || got.PubKey != nil || got.Signer == nil || got.TTL != 9 ||
			got.Topic != (wire.Topic{1, 2, 3, 4}) || string(got.Payload) != "\x01" || string(got.Padding) != "\x02\x03" ||
			got.PoWTime.Seconds() != 3 || got.PoWTarget != 0.5 || got.Target == nil || *got.Target != f.waku.connected {
			t.Errorf("%s: host got %+v", form, got)
		}
	}
}

func TestAdmin(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	for _, m := range []string{"addPeer", "removePeer", "addTrustedPeer", "removeTrustedPeer"} {
		must[bool](t, l, "admin_"+m, `["`+exampleNode+`"]`)
		must[bool](t, l, "admin_"+m, `["`+strings.Replace(exampleNode, "@", ":secret@", 1)+`"]`)
		_, e := invoke(t, l, "admin_"+m, `["enode://12@x"]`)
		wantError(t, e, api.CodeFailed, "invalid enode: ")
	}
	id := f.waku.connected.String()
	want := strings.ReplaceAll("[add % add % remove % remove % trust % trust % untrust % untrust %]", "%", id)
	if got := fmt.Sprint(f.node.noted()); got != want {
		t.Errorf("asked for %s\nwant      %s", got, want)
	}

	f.node.done = nil
	for _, params := range []string{`["debug"]`, `[null,"DEBUG"]`, `["waku","debug"]`, `{"level":"trace"}`,
		`{"module":"rpc","level":"Warn"}`} {
		must[bool](t, l, "admin_setLogLevel", params)
	}
	if got := fmt.Sprintf("%q", f.node.noted()); got !=
		`["log  debug" "log  debug" "log waku debug" "log  trace" "log rpc warn"]` {
		t.Errorf("asked for %s", got)
	}
	for params, text := range map[string]string{
		`[]`: "missing value for required argument 1", `["loud"]`: `unknown log level "loud"`, `["waku","loud"]`: "unknown",
	} {
		_, e := invoke(t, l, "admin_setLogLevel", params)
		wantError(t, e, api.CodeInvalidParams, text)
	}
	if v := must[string](t, l, "web3_sha3", `["0x"]`); v !=
		"0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470" {
		t.Errorf("hash of nothing: %s", v)
	}
	if raw := must[json.RawMessage](t, l, "net_peerCount", `[]`); string(raw) != `"0x4"` {
		t.Errorf("peer count %s", raw)
	}
}
