package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"path/filepath"
	"testing"

	"statusd/api"
)

// fakeMethods are what a daemon of a test answers, by the names of methods.
type fakeMethods map[string]func(params json.RawMessage) (any, error)

// handle gives a method of a fake daemon its handler.
func handle[A, R any](m fakeMethods, method api.Method[A, R], f func(A) (R, error)) {
	m[method.Name] = func(params json.RawMessage) (any, error) {
		var args A
		if len(params) > 0 {
			dec := json.NewDecoder(bytes.NewReader(params))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&args); err != nil {
				return nil, api.NewError(api.CodeInvalidParams, "%v", err)
			}
		}
		return f(args)
	}
}

// serve answers on the socket of a directory.
func (m fakeMethods) serve(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, "statusd.ipc"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go m.talk(conn)
		}
	}()
	return dir
}

// talk answers the calls of one connection until it is closed.
func (m fakeMethods) talk(conn net.Conn) {
	defer conn.Close()
	in, out := json.NewDecoder(conn), json.NewEncoder(conn)
	for {
		var call struct {
			ID     json.RawMessage
			Method string
			Params json.RawMessage
		}
		if in.Decode(&call) != nil {
			return
		}
		reply := map[string]any{"jsonrpc": "2.0", "id": call.ID}
		if result, err := m.call(call.Method, call.Params); err != nil {
			reply["error"] = err
		} else {
			reply["result"] = result
		}
		if out.Encode(reply) != nil {
			return
		}
	}
}

func (m fakeMethods) call(method string, params json.RawMessage) (any, *api.Error) {
	f := m[method]
	if f == nil {
		return nil, api.NewError(api.CodeMethodNotFound, "no method %s", method)
	}
	result, err := f(params)
	var coded *api.Error
	switch {
	case err == nil:
		return result, nil
	case errors.As(err, &coded):
		return nil, coded
	}
	return nil, api.NewError(api.CodeFailed, "%v", err)
}
