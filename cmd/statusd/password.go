package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"golang.org/x/term"

	"statusd/accounts/kdf"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

// Where passwords come from besides flags (spec 07 section 4).
const (
	envCredentials  = "CREDENTIALS_DIRECTORY"
	credentialFile  = "statusd-password"
	envPasswordFile = "STATUSD_PASSWORD_FILE"
	envPassword     = "STATUSD_PASSWORD"

	maxSecret = 64 << 10 // bytes of a secret that is read
)

// passwordFlags say where a password comes from. It is never an argument.
type passwordFlags struct {
	set    *frame.Flags
	prefix string // of the flags: empty, or as "new-"
	fd     int
	file   string
	cmd    string
	// environ: also from systemd and the environment.
	environ bool
}

func addPasswordFlags(set *frame.Flags, prefix, of string) *passwordFlags {
	p := &passwordFlags{set: set, prefix: prefix, fd: -1, environ: prefix == ""}
	set.Var(&p.fd, prefix+"password-fd", "read the password "+of+" from this file descriptor")
	set.Var(&p.file, prefix+"password-file", "read the password "+of+" from this file, mode 0600")
	set.Var(&p.cmd, prefix+"password-cmd", "read the password "+of+" from the output of this command")
	return p
}

// name of a flag.
func (p *passwordFlags) name(flag string) string { return "--" + p.prefix + flag }

// errNoPassword says how to give a password without a terminal.
func (p *passwordFlags) errNone() error {
	text := fmt.Sprintf("no password: give %s, %s or %s", p.name("password-file"), p.name("password-fd"),
		p.name("password-cmd"))
	if p.environ {
		text += ", set " + envPasswordFile
	}
	return usageError(errors.New(text + ", or run on a terminal"))
}

// readPassword reads a password from the first source that there is. On a
// terminal it asks with a prompt, twice when the password is a new one.
func (a *app) readPassword(p *passwordFlags, prompt string, fresh bool) ([]byte, error) {
	typed, found, err := a.givenPassword(p)
	if err != nil {
		return nil, err
	}
	if !found {
		if typed, err = a.askPassword(p, prompt, fresh); err != nil {
			return nil, err
		}
	}
	checked, err := kdf.NewPassword(typed)
	if err != nil {
		return nil, fail(fault.BadInput, err)
	}
	defer checked.Wipe()
	if fresh && !checked.IsEmpty() && checked.IsWeak() {
		a.note("warning: the password has fewer than %d characters", kdf.WeakBelow)
	}
	return typed, nil
}

// givenPassword reads a password from where flags or environment say.
func (a *app) givenPassword(p *passwordFlags) (typed []byte, found bool, err error) {
	given := 0
	for _, flag := range []string{"password-fd", "password-file", "password-cmd"} {
		if p.set.Changed(p.prefix + flag) {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, false, usageError(fmt.Errorf("give one of %s, %s and %s", p.name("password-fd"),
			p.name("password-file"), p.name("password-cmd")))
	case p.set.Changed(p.prefix + "password-fd"):
		typed, err = a.passwordFromFD(p.fd)
		return typed, true, err
	case p.file != "":
		typed, err = passwordFromFile(p.file)
		return typed, true, err
	case p.cmd != "":
		typed, err = a.passwordFromCommand(p.cmd)
		return typed, true, err
	case !p.environ:
		return nil, false, nil
	}
	return a.environPassword()
}

// environPassword reads a password from systemd or the environment.
func (a *app) environPassword() (typed []byte, found bool, err error) {
	inEnviron, set := os.LookupEnv(envPassword)
	if set { // our children need not know it
		if err := os.Unsetenv(envPassword); err != nil {
			return nil, false, fail(fault.Failed, err)
		}
	}
	if dir := os.Getenv(envCredentials); dir != "" {
		f, err := os.Open(filepath.Join(dir, credentialFile))
		if err == nil {
			defer f.Close()
			typed, err = passwordLine(f)
			return typed, true, err
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, false, fail(fault.NoInput, err)
		}
	}
	if file := os.Getenv(envPasswordFile); file != "" {
		typed, err = passwordFromFile(file)
		return typed, true, err
	}
	if set {
		a.note("warning: %s can be seen by other programs of this user; use %s", envPassword,
			envPasswordFile)
	}
	return []byte(inEnviron), set, nil
}

func (a *app) passwordFromFD(fd int) ([]byte, error) {
	if fd == 0 {
		return passwordLine(a.in)
	}
	if fd < 0 {
		return nil, usageError(fmt.Errorf("%d is no file descriptor", fd))
	}
	f := os.NewFile(uintptr(fd), "password")
	defer f.Close()
	return passwordLine(f)
}

// passwordFromFile reads a file that nobody else may read.
func passwordFromFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fail(fault.NoInput, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fail(fault.NoInput, err)
	}
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 {
		return nil, fail(fault.Permission, fmt.Errorf("password file %s has mode %04o, so others could read it: run chmod "+
			"600 %s", name, mode.Perm(), name))
	}
	return passwordLine(f)
}

// passwordFromCommand runs a command of the operator's, for instance that of a
// password manager.
func (a *app) passwordFromCommand(command string) ([]byte, error) {
	cmd := exec.Command("/bin/sh", "-c", command) //nolint:gosec,noctx // that is what it is for
	cmd.Stdin, cmd.Stderr = a.in, a.err
	out, err := cmd.Output()
	defer clear(out)
	if err != nil {
		return nil, fail(fault.Permission, fmt.Errorf("the password command failed: %w", err))
	}
	return passwordLine(bytes.NewReader(out))
}

// passwordLine reads a line without its end.
func passwordLine(r io.Reader) ([]byte, error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxSecret)).ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fail(fault.IO, fmt.Errorf("read password: %w", err))
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

var errTwoPasswords = errors.New("the two passwords differ")

// askPassword asks on the terminal, if there is one.
func (a *app) askPassword(p *passwordFlags, prompt string, fresh bool) ([]byte, error) {
	terminal, ok := a.terminal()
	if !ok {
		return nil, p.errNone()
	}
	typed, err := a.askHidden(terminal, prompt+": ")
	if err != nil || !fresh {
		return typed, err
	}
	again, err := a.askHidden(terminal, prompt+" again: ")
	if err != nil {
		return nil, err
	}
	defer clear(again)
	if !bytes.Equal(typed, again) {
		clear(typed)
		return nil, fail(fault.BadInput, errTwoPasswords)
	}
	return typed, nil
}

// terminal returns the terminal that we read from.
func (a *app) terminal() (*os.File, bool) {
	in, ok := a.in.(*os.File)
	return in, ok && term.IsTerminal(int(in.Fd()))
}

// askHidden reads a line that is not shown. However it ends, and on a signal
// meanwhile, the terminal is put back.
func (a *app) askHidden(terminal *os.File, prompt string) ([]byte, error) {
	fd := int(terminal.Fd())
	fmt.Fprint(a.err, prompt)
	state, err := term.MakeRaw(fd)
	if err != nil {
		return nil, fail(fault.IO, err)
	}
	restore := func() {
		_ = term.Restore(fd, state) // nothing better can be done
		fmt.Fprintln(a.err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	defer close(done)
	defer signal.Stop(signals)
	go func() { // ends with the prompt, or ends the program
		select {
		case s := <-signals:
			restore()
			os.Exit(128 + int(s.(syscall.Signal)))
		case <-done:
		}
	}()
	typed, err := hiddenLine(terminal)
	restore()
	switch {
	case errors.Is(err, errInterrupted):
		return nil, &silentError{128 + int(syscall.SIGINT)}
	case errors.Is(err, io.EOF):
		return nil, fail(fault.NoInput, errors.New("nothing was typed"))
	}
	return typed, fail(fault.IO, err)
}

// errInterrupted is returned for Ctrl-C, which a terminal in raw mode does not
// make a signal of.
var errInterrupted = errors.New("interrupted")

// Keys with a meaning in a line that is not shown.
const (
	keyInterrupt = 3
	keyEnd       = 4
	keyBackspace = 8
	keyKill      = 21
	keyDelete    = 127
)

// hiddenLine reads a line from a terminal in raw mode. io.EOF means that it
// ended with nothing typed.
func hiddenLine(in io.Reader) ([]byte, error) {
	line, key := make([]byte, 0, 256), make([]byte, 1)
	for {
		n, err := in.Read(key)
		if err != nil || n == 0 {
			clear(line)
			return nil, errors.Join(err, io.EOF)
		}
		switch key[0] {
		case '\r', '\n':
			return line, nil
		case keyInterrupt:
			clear(line)
			return nil, errInterrupted
		case keyEnd:
			if len(line) == 0 {
				return nil, io.EOF
			}
		case keyBackspace, keyDelete:
			_, size := utf8.DecodeLastRune(line)
			clear(line[len(line)-size:])
			line = line[:len(line)-size]
		case keyKill:
			clear(line)
			line = line[:0]
		default:
			if len(line) == maxSecret {
				clear(line)
				return nil, errors.New("the line is too long")
			}
			line = append(line, key[0])
		}
	}
}

// readSecretText reads a phrase or a key: from a file, from standard input
// ("-", or without a file when it is no terminal), or from the terminal.
func (a *app) readSecretText(file, what string) (string, error) {
	var in io.Reader
	if file == "" {
		if terminal, ok := a.terminal(); ok {
			typed, err := a.askHidden(terminal, what+": ")
			defer clear(typed)
			return string(typed), err
		}
		file = "-"
	}
	if file == "-" {
		in = a.in
	} else {
		f, err := os.Open(file)
		if err != nil {
			return "", fail(fault.NoInput, err)
		}
		defer f.Close()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxSecret))
	defer clear(raw)
	if err != nil {
		return "", fail(fault.IO, fmt.Errorf("read %s: %w", strings.ToLower(what), err))
	}
	text := strings.TrimRight(string(raw), "\r\n")
	if text == "" {
		return "", fail(fault.NoInput, fmt.Errorf("there is no %s on standard input or in the file", strings.ToLower(what)))
	}
	return text, nil
}
