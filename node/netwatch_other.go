//go:build !linux

package node

import (
	"context"
	"errors"
)

// watchAddresses is there on Linux alone.
func watchAddresses(context.Context, func()) error {
	return errors.New("this system does not tell of changed addresses")
}
