package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"runtime/debug"
	"strings"
	"syscall"

	"statusd/accounts"
	"statusd/accounts/kdf"
	"statusd/accounts/vault"
	"statusd/configs"
	"statusd/internal/backup"
	"statusd/internal/profile"
	"statusd/node"
	"statusd/rpc"
)

// Exit codes of every command (spec 07 section 2, after sysexits.h). exitCodes
// says what they mean.
const (
	exitOK          = 0
	exitOther       = 1
	exitUsage       = 64
	exitData        = 65
	exitNoInput     = 66
	exitUnavailable = 69
	exitInternal    = 70
	exitCantCreate  = 73
	exitIO          = 74
	exitTemporary   = 75
	exitProtocol    = 76
	exitPermission  = 77
	exitConfig      = 78
)

// exitMeaning is a line of the table of exit codes.
type exitMeaning struct {
	code          int
	meaning, next string // what it says, and what a script or an operator does then
}

// exitCodes is the table of exit codes, which docs/exit-codes.md shows.
func exitCodes() []exitMeaning {
	return []exitMeaning{
		{exitOK, "done; a daemon: stopped because it was told to, also during its start", ""},
		{exitOther, "another failure; a daemon: did not stop in time", "read the line on standard error"},
		{exitUsage, "wrong usage: a flag, an argument or a method that does not exist", "see --help"},
		{exitData, "wrong input: a recipient, a phrase, a file or an account that is not what it should be",
			"mend the input"},
		{exitNoInput, "a file that was named is not there", "name another one"},
		{exitUnavailable, "no daemon answers", "start it, or name its --dir or --url"},
		{exitInternal, "a mistake in the program", "report the id that was printed"},
		{exitCantCreate, "something is in the way: a lock, a port, a file or an account that exists",
			"do what the line says"},
		{exitIO, "the disk is full or cannot be read or written, or what is on it is damaged",
			"look at the disk; put back a backup"},
		{exitTemporary, "not now: queued, or no answer in time", "try again, or wait"},
		{exitProtocol, "the other side does not speak as it should", "look at what is at that address"},
		{exitPermission, "not allowed: a wrong password or token, no login, a file of somebody else", "give the right one"},
		{exitConfig, "a configuration that is refused, or data of a newer version", "mend it, or use a newer statusd"},
	}
}

// exitError gives an error its exit code.
type exitError struct {
	code  int
	err   error
	usage bool // of the command line, which --help explains
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// fail gives an error an exit code; nil stays nil.
func fail(code int, err error) error {
	if err == nil {
		return nil
	}
	return &exitError{code: code, err: err}
}

// usageError is an error in how a command was called.
func usageError(err error) error { return &exitError{code: exitUsage, err: err, usage: true} }

// silentError ends a command whose output already says everything.
type silentError struct{ code int }

func (e *silentError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// exitCode finds the code of an error.
func exitCode(err error) int {
	var silent *silentError
	var own *exitError
	switch {
	case errors.As(err, &silent):
		return silent.code
	case errors.As(err, &own):
		return own.code
	case errors.Is(err, node.ErrArchive) && archiveCode(err) != exitOK:
		return archiveCode(err)
	case errors.Is(err, node.ErrLogin):
		return loginCode(err)
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT),
		errors.Is(err, syscall.EROFS), errors.Is(err, accounts.ErrDamaged):
		return exitIO
	case errors.Is(err, configs.ErrInvalid), errors.Is(err, node.ErrNewerData), errors.Is(err, node.ErrSchemaFile),
		errors.Is(err, node.ErrNodeKey), errors.Is(err, node.ErrDataDirMode), isRPCConfig(err):
		return exitConfig
	case errors.Is(err, kdf.ErrWrongPassword):
		return exitPermission
	case errors.Is(err, backup.ErrNewer), errors.Is(err, vault.ErrNewer):
		return exitConfig
	case errors.Is(err, backup.ErrNotBackup), errors.Is(err, backup.ErrDamaged), errors.Is(err, profile.ErrIncomplete),
		errors.Is(err, profile.ErrOtherKeys), errors.Is(err, kdf.ErrCost):
		return exitData
	case errors.Is(err, profile.ErrNotEmpty):
		return exitCantCreate
	case errors.Is(err, node.ErrDataDir), errors.Is(err, node.ErrLocked), errors.Is(err, node.ErrListen),
		errors.Is(err, rpc.ErrListen), errors.Is(err, rpc.ErrAddressInUse), errors.Is(err, rpc.ErrIPCInUse),
		errors.Is(err, rpc.ErrIPCNotSocket), errors.Is(err, rpc.ErrTokenFile), errors.Is(err, node.ErrWebhookSecret):
		return exitCantCreate
	case errors.Is(err, context.DeadlineExceeded):
		return exitTemporary
	case errors.Is(err, fs.ErrPermission):
		return exitPermission
	case errors.Is(err, fs.ErrNotExist):
		return exitNoInput
	default:
		return exitOther
	}
}

// loginCode is the code of a start that cannot log in: that of the same error
// over RPC, so that one cause has one code.
func loginCode(err error) int {
	code, kind, _, _ := rpc.AccountError(err)
	if exit := rpcExit(code, kind); exit != exitOther {
		return exit
	}
	var path *fs.PathError
	if errors.As(err, &path) && !errors.Is(err, fs.ErrPermission) { // a file of the account
		return exitIO
	}
	return exitPermission
}

// loginAdvice adds the way out to the error of a start that cannot log in, as
// the same error has it over RPC.
func loginAdvice(err error) error {
	if !errors.Is(err, node.ErrLogin) {
		return err
	}
	if _, _, _, hint := rpc.AccountError(err); hint != "" {
		return fmt.Errorf("%w; %s", err, hint)
	}
	return err
}

// isRPCConfig reports whether the RPC server refuses its configuration.
func isRPCConfig(err error) bool {
	for _, target := range []error{
		rpc.ErrNoAuthNotLoopback, rpc.ErrNoAuthAnyOrigin, rpc.ErrNoToken, rpc.ErrPprofNotLoopback, rpc.ErrTLSFiles,
		rpc.ErrIPCPathTooLong, rpc.ErrIPCGroup,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// userText is an error without the package names that begin its parts: they
// help in logs, not on a terminal.
func userText(err error) string {
	parts := strings.Split(err.Error(), ": ")
	keep := parts[:0]
	for i, part := range parts {
		switch part {
		case "configs", "node", "rpc", "waku", "mailserver", "history", "accounts", "profile", "vault", "keystore", "kdf",
			"mnemonic", "key", "store", "backup", "contact", "multibase", "names", "dns", "rendezvous",
			"multiaddr":
			if i < len(parts)-1 {
				continue
			}
		case "invalid configuration":
			continue
		}
		keep = append(keep, part)
	}
	text := strings.Join(keep, ": ")
	return text
}

// crashID is a short name for a panic, the same for the same place.
func crashID(p any) string {
	h := fnv.New32a()
	fmt.Fprint(h, p)
	for line := range strings.Lines(string(debug.Stack())) {
		if strings.Contains(line, ".go:") {
			fmt.Fprint(h, strings.Fields(line)[0])
		}
	}
	return fmt.Sprintf("%08x", h.Sum32())
}
