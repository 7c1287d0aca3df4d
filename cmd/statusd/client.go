package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

// daemon is the running daemon as a command calls it: each call over a connection
// of its own.
type daemon struct {
	app      *app
	endpoint *endpoint
}

// newClient gives a command the flags to find the daemon.
func (a *app) newClient(fs *frame.Flags, timeout time.Duration) *daemon {
	return &daemon{a, addEndpointFlags(fs, timeout)}
}

// Call implements api.Caller over a connection of its own. What accounts, tokens
// and peers are about is not sent where others could read it.
func (c *daemon) Call(ctx context.Context, method api.Spec, args, result any) error {
	if err := c.private(method.Name + " is not sent to %s, where others could read it"); err != nil {
		return err
	}
	conn, err := c.endpoint.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Call(ctx, method, args, result)
}

// private refuses an address on the way to which others can listen. The text
// has a place for it.
func (c *daemon) private(text string) error {
	if c.endpoint.url == "" || confidential(c.endpoint.url) {
		return nil
	}
	return fail(fault.Permission, fmt.Errorf(text+": use the socket, https:// or wss://", c.endpoint.url))
}

// reach checks that there is a daemon, before a person types secrets for it.
func (c *daemon) reach(ctx context.Context) error {
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

// account returns the account that an argument names by key-uid or name;
// without argument the only one there is.
func (c *daemon) account(ctx context.Context, args []string) (api.ListedAccount, error) {
	all, err := api.AccountList.Call(ctx, c, api.None{})
	if err != nil {
		return api.ListedAccount{}, err
	}
	if len(args) == 0 {
		if len(all) != 1 {
			return api.ListedAccount{}, wantAccount(len(all))
		}
		return all[0], nil
	}
	var found []api.ListedAccount
	for _, l := range all {
		if l.Name == args[0] || strings.EqualFold(strings.TrimPrefix(l.KeyUID, "0x"), strings.TrimPrefix(args[0], "0x")) {
			found = append(found, l)
		}
	}
	switch len(found) {
	case 0:
		return api.ListedAccount{}, fail(fault.BadInput, fmt.Errorf("there is no account %q; see: statusd account list",
			args[0]))
	case 1:
		return found[0], nil
	}
	return api.ListedAccount{}, usageError(fmt.Errorf("%d accounts are called %q; give the key-uid", len(found), args[0]))
}

// done is the error of a call whose answer is not looked at.
func done[T any](_ T, err error) error { return err }

// wantAccount words that an account has to be named, or made.
func wantAccount(count int) error {
	if count == 0 {
		return usageError(errors.New("there is no account; make one with: statusd account create"))
	}
	return usageError(fmt.Errorf("there are %d accounts; give the name or key-uid of one", count))
}
