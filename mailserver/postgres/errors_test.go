package postgres

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"statusd/mailserver"
)

// TestStates: what a state of the database means to whoever stores envelopes.
// Disk full is an outage: the disk is that of the database, not ours.
func TestStates(t *testing.T) {
	for state, want := range map[string]error{
		"53100": mailserver.ErrUnavailable, // disk full
		"53200": mailserver.ErrUnavailable,
		"53300": mailserver.ErrUnavailable,
		"57P01": mailserver.ErrUnavailable,
		"57014": mailserver.ErrUnavailable,
		"08006": mailserver.ErrUnavailable,
		"25006": mailserver.ErrUnavailable,
		"40001": mailserver.ErrUnavailable,
		"55P03": mailserver.ErrUnavailable,
		"58030": mailserver.ErrUnavailable,
		"22001": mailserver.ErrRefused,
		"22P02": mailserver.ErrRefused,
		"23514": mailserver.ErrRefused,
		"54000": mailserver.ErrRefused,
		"P0001": mailserver.ErrRefused,
		"28P01": ErrAddress,
		"3D000": ErrAddress,
		"42501": ErrAddress,
		"XX001": mailserver.ErrCorrupted,
		"XX002": mailserver.ErrCorrupted,
		"XX000": nil,
		"42P01": nil,
		"":      nil,
	} {
		err := fail("store", &pgconn.PgError{Code: state})
		for _, kind := range []error{
			mailserver.ErrUnavailable, mailserver.ErrRefused, ErrAddress, mailserver.ErrCorrupted, mailserver.ErrDiskLow,
		} {
			if errors.Is(err, kind) != (kind == want) {
				t.Errorf("state %q: %v, want %v", state, err, want)
			}
		}
	}
}
