package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"statusd/mailserver"
)

// states says what an SQL state means to callers. The key is a whole state or
// its class, the first two characters; a whole state goes first. What is not
// listed is returned as it is: a recorder finds out by trying whether it is
// about one envelope or about the database.
var states = map[string]error{
	// Outages: the same call may succeed later.
	"08": mailserver.ErrUnavailable, // connection
	"25": mailserver.ErrUnavailable, // transaction state: a standby is read-only, an idle one was ended
	"40": mailserver.ErrUnavailable, // rolled back: serialization, deadlock
	"53": mailserver.ErrUnavailable, // resources: disk full, memory, too many connections
	"55": mailserver.ErrUnavailable, // not in the right state: locked, in use
	"57": mailserver.ErrUnavailable, // intervention: shutdown, cancelled, starting up
	"58": mailserver.ErrUnavailable, // the server's disk fails

	// Refusals of what is stored: the same call fails for ever.
	"21": mailserver.ErrRefused, // cardinality
	"22": mailserver.ErrRefused, // value out of range, too long
	"23": mailserver.ErrRefused, // constraint
	"44": mailserver.ErrRefused, // check of a view
	"54": mailserver.ErrRefused, // too large for a limit of the server
	"P0": mailserver.ErrRefused, // raised by a trigger

	// The operator's settings.
	"28":    ErrAddress, // login
	"3D000": ErrAddress, // no such database
	"42501": ErrAddress, // no right to do that

	// Damage.
	"XX001": mailserver.ErrCorrupted, // data
	"XX002": mailserver.ErrCorrupted, // index
}

// kindOf sorts an SQL state, nil when it is not listed.
func kindOf(state string) error {
	if kind, listed := states[state]; listed || len(state) < 2 {
		return kind
	}
	return states[state[:2]]
}

func mayRetry(err error) bool {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code == "40001" || pgErr.Code == "40P01" // serialization, deadlock
	}
	// The statement did not reach the server: a connection of the pool had died.
	return pgconn.SafeToRetry(err)
}

// fail turns an error of the driver into one of the archive's.
func fail(doing string, err error) error {
	var pgErr *pgconn.PgError
	var netErr net.Error
	var connectErr *pgconn.ConnectError
	kind := error(nil)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &connectErr):
	case errors.As(err, &pgErr):
		kind = kindOf(pgErr.Code)
	case strings.Contains(err.Error(), "closed pool"):
		kind = mailserver.ErrClosed
	case errors.As(err, &connectErr), errors.As(err, &netErr), pgconn.SafeToRetry(err), lostConnection(err):
		kind = mailserver.ErrUnavailable
	}
	if kind == nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w: %w", doing, kind, err)
}

// lostConnection recognises a connection that ended in the middle.
func lostConnection(err error) bool {
	text := err.Error()
	return strings.Contains(text, "unexpected EOF") || strings.Contains(text, "conn closed") ||
		strings.Contains(text, "broken pipe")
}
