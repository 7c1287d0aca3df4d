package messenger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// Request names a call that sends something, so that it can be repeated when
// its answer was lost: what it sends is sent once. The zero Request names none.
type Request struct {
	By string // who calls; everybody has ids of their own
	ID string // at most api.MaxRequestID bytes
}

// requests are calls that programs may repeat (requestId).
type requests struct{ *core }

// once answers a call that was made before under the same request with what
// it sent then, and otherwise makes it, in one transaction. args are its
// arguments. prepare is called before the transaction, send in it; send
// returns what is to be remembered. Errors: ErrRequest, ErrRequestChanged.
func (c *requests) once(
	ctx context.Context, r Request, method string, args map[string]any, prepare func() error,
	send func(tx *store.Tx) ([]api.SentMessage, error), again func(tx *store.Tx, sent []api.SentMessage) error,
) error {
	if r.ID == "" {
		if err := prepare(); err != nil {
			return err
		}
		return c.update(ctx, func(tx *store.Tx) error {
			_, err := send(tx)
			return err
		})
	}
	if len(r.ID) > api.MaxRequestID || strings.ContainsRune(r.ID, 0) {
		return fmt.Errorf("%w: want 1 to %d bytes, none of them 0", ErrRequest, api.MaxRequestID)
	}
	prints, err := fingerprints(args)
	if err != nil {
		return err
	}
	var known bool
	repeat := func(tx *store.Tx) error {
		var sent []api.SentMessage
		if sent, known, err = c.repeated(tx, r, method, prints); err != nil || !known {
			return err
		}
		return again(tx, sent)
	}
	// What the first call read, a file say, need not be there any more.
	if err := c.db.View(ctx, repeat); err != nil || known {
		return err
	}
	if err := prepare(); err != nil {
		return err
	}
	return c.update(ctx, func(tx *store.Tx) error {
		if err := repeat(tx); err != nil || known {
			return err
		}
		sent, err := send(tx)
		if err != nil {
			return err
		}
		return c.rememberRequest(tx, r, method, prints, sent)
	})
}

// repeated returns what a request sent. Error: ErrRequestChanged.
func (c *requests) repeated(
	tx *store.Tx, r Request, method string, prints map[string]string,
) (sent []api.SentMessage, known bool, err error) {
	first, known, err := tx.Requests().ByID(r.By, r.ID, c.now())
	if err != nil || !known {
		return nil, false, err
	}
	if first.Method != method {
		return nil, false, fmt.Errorf("%w: it was a call of %s", ErrRequestChanged, first.Method)
	}
	var before map[string]string
	if err := json.Unmarshal([]byte(first.Args), &before); err != nil {
		return nil, false, fmt.Errorf("read request: %w", err)
	}
	if differ := differences(before, prints); len(differ) > 0 {
		return nil, false, fmt.Errorf("%w: not the same are %s", ErrRequestChanged, strings.Join(differ, ", "))
	}
	if err := json.Unmarshal([]byte(first.Result), &sent); err != nil {
		return nil, false, fmt.Errorf("read request: %w", err)
	}
	return sent, true, nil
}

func (c *requests) rememberRequest(
	tx *store.Tx, r Request, method string, prints map[string]string, sent []api.SentMessage,
) error {
	args, err := json.Marshal(prints)
	if err != nil {
		return err
	}
	result, err := json.Marshal(sent)
	if err != nil {
		return err
	}
	return tx.Requests().Put(&store.Request{
		Owner: r.By, ID: r.ID, Method: method, Args: string(args), Result: string(result), At: c.now(),
	})
}

// fingerprints are short digests of arguments, those that are left out aside.
// The arguments themselves, large pictures among them, are not kept twice.
func fingerprints(args map[string]any) (map[string]string, error) {
	out := make(map[string]string, len(args))
	for name, value := range args {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		switch string(text) {
		case "null", `""`, "0":
			continue
		}
		sum := sha256.Sum256(text)
		out[name] = hex.EncodeToString(sum[:16])
	}
	return out, nil
}

// differences names the arguments that are not the same.
func differences(a, b map[string]string) (names []string) {
	all := maps.Clone(a)
	maps.Copy(all, b)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if a[name] != b[name] {
			names = append(names, name)
		}
	}
	return names
}

// asNow brings what was sent before up to date. A message that was deleted
// since stays as it was.
func (c *requests) asNow(tx *store.Tx, sent []api.SentMessage) error {
	for i := range sent {
		m, found, err := c.sentMessage(tx, &sent[i])
		if err != nil {
			return err
		}
		if found {
			sent[i].Status = SendState(statusNames()[m.Status])
		}
	}
	return nil
}

func (c *requests) sentMessage(tx *store.Tx, sent *api.SentMessage) (store.Message, bool, error) {
	id, err := payloads.ParseMessageID(sent.MessageID)
	if err != nil {
		return store.Message{}, false, err
	}
	return tx.Messages().ByID(id)
}

// changesAgain is what Messages.Send answered. Of a message or a chat that was
// deleted since there is no more than the id.
func (c *requests) changesAgain(tx *store.Tx, sent *api.SentMessage) (api.Changes, error) {
	m, found, err := c.sentMessage(tx, sent)
	if err != nil {
		return api.Changes{}, err
	}
	if !found {
		return api.Changes{Messages: []api.Message{{
			ID: sent.MessageID, ChatID: sent.ChatID, LocalChatID: sent.ChatID, Clock: sent.Clock, From: c.id,
		}}}, nil
	}
	chat, err := c.chat(tx, m.ChatID)
	if err != nil {
		return api.Changes{}, err
	}
	return c.views.news(tx, &chat, &m, true)
}
