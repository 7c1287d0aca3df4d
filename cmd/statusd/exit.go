package main

import (
	"errors"
	"fmt"
	"hash/fnv"
	"runtime/debug"
	"slices"
	"strings"

	"statusd/fault"
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
	kinds         kinds  // of errors that lead to it, here or in the answer of a daemon
	meaning, next string // what it says, and what a script or an operator does then
}

// kinds are kinds of errors.
type kinds []fault.Kind

// exitCodes is the table of exit codes, which docs/exit-codes.md shows. Each kind
// of errors is in one row.
func exitCodes() []exitMeaning {
	return []exitMeaning{
		{exitOK, nil, "done; a daemon: stopped because it was told to, also during its start", ""},
		{
			exitOther, kinds{fault.Failed, fault.TooLargeReply}, "another failure; a daemon: did not stop in time",
			"read the line on standard error",
		},
		{
			exitUsage, kinds{fault.Usage, fault.MethodNotFound},
			"wrong usage: a flag, an argument or a method that does not exist", "see --help",
		},
		{
			exitData, kinds{
				fault.BadInput, fault.InvalidParams, fault.InvalidRecipient, fault.NotFound, fault.InvalidRequest, fault.Parse,
			},
			"wrong input: a recipient, a phrase, a file or an account that is not what it should be", "mend the input",
		},
		{exitNoInput, kinds{fault.NoInput}, "a file that was named is not there", "name another one"},
		{exitUnavailable, kinds{fault.Unavailable}, "no daemon answers", "start it, or name its --dir or --url"},
		{exitInternal, kinds{fault.Internal}, "a mistake in the program", "report the id that was printed"},
		{
			exitCantCreate, kinds{fault.CannotCreate, fault.Exists, fault.InUse},
			"something is in the way: a lock, a port, a file or an account that exists", "do what the line says",
		},
		{
			exitIO, kinds{fault.IO, fault.DiskFull, fault.KeyFile},
			"the disk is full or cannot be read or written, or what is on it is damaged",
			"look at the disk; put back a backup",
		},
		{
			exitTemporary, kinds{fault.Timeout, fault.Busy, fault.NoMailserver, fault.Interrupted},
			"not now: queued, or no answer in time", "try again, or wait",
		},
		{
			exitProtocol, kinds{fault.Protocol}, "the other side does not speak as it should",
			"look at what is at that address",
		},
		{
			exitPermission, kinds{
				fault.Permission, fault.WrongPassword, fault.NotLoggedIn, fault.Unauthenticated, fault.Scope,
			},
			"not allowed: a wrong password or token, no login, a file of somebody else", "give the right one",
		},
		{
			exitConfig, kinds{fault.Config, fault.NewerData},
			"a configuration that is refused, or data of a newer version", "mend it, or use a newer statusd",
		},
	}
}

// fail gives an error a kind, and thereby an exit code; nil stays nil.
func fail(kind fault.Kind, err error) error { return fault.As(kind, err) }

// usageError is an error in how a command was called, which --help explains.
func usageError(err error) error { return fail(fault.Usage, err) }

// silentError ends a command whose output already says everything.
type silentError struct{ code int }

func (e *silentError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// exitCode finds the code of an error.
func exitCode(err error) int {
	var silent *silentError
	if errors.As(err, &silent) {
		return silent.code
	}
	kind, _ := fault.Of(err)
	for _, row := range exitCodes() {
		if slices.Contains(row.kinds, kind) {
			return row.code
		}
	}
	return exitOther
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
