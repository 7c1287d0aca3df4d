package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

func (a *app) attachCommand() frame.Command {
	return frame.Command{
		Use: "attach [URL]", Short: "Talk to the running daemon line by line", Args: frame.Optional(),
		Long: `Reads calls and prints their results. A call is a method with its parameters
in JSON, as "admin_peers" or "waku_getSymKey abc", or in the form of other
consoles, as waku.getSymKey("abc"). On a terminal lines can be edited and
recalled; from a pipe each line is one call.`,
		Build: func(fs *frame.Flags) frame.Run {
			e, exec := addEndpointFlags(fs, time.Minute), ""
			fs.Var(&exec, "exec", "make one call and exit")
			return func(ctx context.Context, args []string) error {
				if len(args) == 1 {
					e.url = args[0]
				}
				conn, err := e.dial(ctx)
				if err != nil {
					return err
				}
				defer conn.Close()
				a.silent = true
				s := &console{app: a, conn: conn}
				if fs.Changed("exec") {
					return s.line(ctx, exec)
				}
				if in, ok := a.in.(*os.File); ok && term.IsTerminal(int(in.Fd())) {
					return s.interactive(ctx, in)
				}
				return s.batch(ctx)
			}
		},
	}
}

// console makes the calls of one attach session.
type console struct {
	app  *app
	conn *connection
}

// errLeave ends a session.
var errLeave = errors.New("leave")

// batch reads calls from a pipe. It goes on after a failed call and reports
// the first failure at the end.
func (s *console) batch(ctx context.Context) error {
	var first error
	lines := bufio.NewScanner(s.app.in)
	lines.Buffer(nil, maxAnswer)
	for lines.Scan() {
		err := s.line(ctx, lines.Text())
		if errors.Is(err, errLeave) {
			break
		}
		if err != nil {
			s.app.complain(err, exitCode(err))
			if first == nil {
				first = &silentError{exitCode(err)}
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fail(fault.IO, err)
	}
	return first
}

// interactive reads calls from a terminal with a line editor.
func (s *console) interactive(ctx context.Context, in *os.File) error {
	fmt.Fprintln(s.app.out, "connected; type a call such as waku_info, help, or exit")
	old, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fail(fault.IO, err)
	}
	defer func() {
		if err := term.Restore(int(in.Fd()), old); err != nil {
			fmt.Fprintln(s.app.err, "statusd: terminal not restored:", err)
		}
	}()
	editor := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, s.app.out}, "> ")
	plain := *s.app
	plain.out, plain.err = editor, editor
	s.app = &plain
	for {
		line, err := editor.ReadLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fail(fault.IO, err)
		}
		switch err := s.line(ctx, line); {
		case errors.Is(err, errLeave):
			return nil
		case err != nil:
			s.app.complain(err, exitOther)
		}
	}
}

// line makes one call.
func (s *console) line(ctx context.Context, line string) error {
	line = strings.TrimSpace(line)
	switch line {
	case "":
		return nil
	case "exit", "quit":
		return errLeave
	case "help":
		line = api.RpcModules.Name
	}
	method, params, err := parseCall(line)
	if err != nil {
		return usageError(err)
	}
	raw, err := json.Marshal(params)
	if err != nil {
		return usageError(err)
	}
	result, err := s.conn.raw(ctx, method, raw)
	if err != nil {
		return err
	}
	return s.app.printResult(result)
}

// parseCall reads "method json json", or namespace.method(json, json).
func parseCall(line string) (method string, params []any, err error) {
	open := strings.IndexByte(line, '(')
	if open > 0 && strings.HasSuffix(line, ")") && !strings.Contains(line[:open], " ") {
		method = strings.Replace(line[:open], ".", "_", 1)
		var list []json.RawMessage
		if err := json.Unmarshal([]byte("["+line[open+1:len(line)-1]+"]"), &list); err != nil {
			return "", nil, fmt.Errorf("parameters of %s are not JSON: %w", method, err)
		}
		for _, p := range list {
			params = append(params, p)
		}
		return method, params, nil
	}
	method, rest, _ := strings.Cut(line, " ")
	if strings.Contains(method, ".") && method != api.RpcDiscover.Name {
		method = strings.Replace(method, ".", "_", 1)
	}
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		var value json.RawMessage
		dec := json.NewDecoder(strings.NewReader(rest))
		if err := dec.Decode(&value); err == nil {
			params = append(params, value)
			rest = rest[dec.InputOffset():]
			continue
		}
		word, after, _ := strings.Cut(rest, " ")
		params, rest = append(params, word), after
	}
	return method, params, nil
}
