package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

// client is a command that calls the daemon.
type client struct {
	app      *app
	endpoint *endpoint
}

// newClient gives a command the flags to find the daemon.
func (a *app) newClient(fs *frame.Flags, timeout time.Duration) *client {
	return &client{a, addEndpointFlags(fs, timeout)}
}

// call makes a call whose parameters or result are secret: it is not sent
// where others could read it.
func (c *client) call(ctx context.Context, result any, method string, params ...any) error {
	if c.endpoint.url != "" && !confidential(c.endpoint.url) {
		return fail(fault.Permission, fmt.Errorf("%s is not sent to %s, where others could read it: use the socket, "+
			"https:// or wss://", method, c.endpoint.url))
	}
	return c.ask(ctx, result, method, params...)
}

// ask makes a call in which nothing is secret.
func (c *client) ask(ctx context.Context, result any, method string, params ...any) error {
	conn, err := c.endpoint.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, c.endpoint.timeout)
	defer cancel()
	if err := conn.CallContext(ctx, result, method, params...); err != nil {
		return callError(err)
	}
	return nil
}

// reach checks that there is a daemon, before a person types secrets for it.
func (c *client) reach(ctx context.Context) error {
	conn, err := c.endpoint.dial(ctx)
	if err == nil {
		conn.Close()
	}
	return err
}

// confidential tells whether nobody can listen in on the way to an address.
func confidential(target string) bool {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" && u.Scheme != "ws" {
		return err == nil // a path, https or wss; others do not connect
	}
	if strings.EqualFold(u.Hostname(), "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return err == nil && addr.Unmap().IsLoopback()
}

// listed is an account as the daemon lists it.
type listed struct {
	Name      string `json:"name"`
	Timestamp int64  `json:"timestamp"`
	KeyUID    string `json:"key-uid"`
	Key       string `json:"compressedKey"`
	LoggedIn  bool   `json:"loggedIn"`
	Damaged   bool   `json:"damaged"`
}

// account returns the account that an argument names by key-uid or name;
// without argument the only one there is.
func (c *client) account(ctx context.Context, args []string) (listed, error) {
	var all []listed
	if err := c.call(ctx, &all, "account_list"); err != nil {
		return listed{}, err
	}
	if len(args) == 0 {
		if len(all) != 1 {
			return listed{}, wantAccount(len(all))
		}
		return all[0], nil
	}
	var found []listed
	for _, l := range all {
		if l.Name == args[0] || strings.EqualFold(strings.TrimPrefix(l.KeyUID, "0x"), strings.TrimPrefix(args[0], "0x")) {
			found = append(found, l)
		}
	}
	switch len(found) {
	case 0:
		return listed{}, fail(fault.BadInput, fmt.Errorf("there is no account %q; see: statusd account list", args[0]))
	case 1:
		return found[0], nil
	}
	return listed{}, usageError(fmt.Errorf("%d accounts are called %q; give the key-uid", len(found), args[0]))
}

// wantAccount words that an account has to be named, or made.
func wantAccount(count int) error {
	if count == 0 {
		return usageError(errors.New("there is no account; make one with: statusd account create"))
	}
	return usageError(fmt.Errorf("there are %d accounts; give the name or key-uid of one", count))
}

// answered is a value that was read, and what the daemon answered, which
// programs get as it is.
type answered[T any] struct {
	raw   json.RawMessage
	Value T
}

// MarshalJSON implements json.Marshaler.
func (v answered[T]) MarshalJSON() ([]byte, error) { return v.raw, nil }

// callList makes a call whose result is a list.
func callList[T any](ctx context.Context, c *client, method string, params ...any) ([]answered[T], error) {
	var raw []json.RawMessage
	if err := c.call(ctx, &raw, method, params...); err != nil {
		return nil, err
	}
	list := make([]answered[T], len(raw))
	for i := range raw {
		list[i].raw = raw[i]
		if err := decodeAnswer(raw[i], &list[i].Value); err != nil {
			return nil, err
		}
	}
	return list, nil
}
