package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"statusd/api"
)

// webTransport makes each call with an HTTP request of its own.
type webTransport struct {
	cfg    Config
	client *http.Client
}

func newWebTransport(cfg Config) *webTransport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = cfg.TLS
	return &webTransport{cfg, &http.Client{Transport: transport}}
}

func (t *webTransport) close() { t.client.CloseIdleConnections() }

func (t *webTransport) call(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	body, err := encode(1, method, params)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.cfg.Target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = authorization(t.cfg.Token)
	req.Header.Set("Content-Type", "application/json")
	answer, err := t.client.Do(req)
	if err != nil {
		return nil, connectionError(ctx, t.cfg.Target, notSent(err), err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, t.cfg.MaxAnswer+1))
	if err != nil {
		return nil, connectionError(ctx, t.cfg.Target, false, err)
	}
	if int64(len(raw)) > t.cfg.MaxAnswer {
		return nil, fmt.Errorf("the answer to %s has more than %d bytes", method, t.cfg.MaxAnswer)
	}
	var m message
	if json.Unmarshal(raw, &m) != nil || m.Error == nil && m.Result == nil {
		return nil, statusError(answer, raw)
	}
	if m.Error != nil {
		return nil, m.Error
	}
	return m.Result, nil
}

// refusal is the error of an HTTP answer that refuses a connection.
func refusal(answer *http.Response, err error) error {
	raw, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	var m message
	if json.Unmarshal(raw, &m) == nil && m.Error != nil {
		return m.Error
	}
	if answer.StatusCode >= 400 {
		return statusError(answer, raw)
	}
	return err
}

// StatusError is an HTTP answer that is no answer of the daemon: something
// else is at this address, or a proxy before it refuses.
type StatusError struct {
	Status int // of HTTP
	Text   string
}

// Error implements error.
func (e *StatusError) Error() string {
	return fmt.Sprintf("what is at this address does not answer as statusd does: %s", e.Text)
}

func statusError(answer *http.Response, body []byte) error {
	switch answer.StatusCode {
	case http.StatusUnauthorized:
		return api.NewError(api.CodeUnauthenticated, "the daemon refuses access: %s", answer.Status)
	case http.StatusForbidden:
		return api.NewError(api.CodeScope, "the daemon refuses access: %s", answer.Status)
	}
	text := strings.TrimSpace(string(body))
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	return &StatusError{Status: answer.StatusCode, Text: fmt.Sprintf("%s %q", answer.Status, text)}
}

// notSent tells whether a request failed before anything of it was sent.
func notSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
