package rpc

import "errors"

// Errors of New: the configuration cannot be served.
var (
	ErrNoAuthNotLoopback = errors.New("http without authentication on an address that is not loopback")
	ErrNoAuthAnyOrigin   = errors.New("http without authentication open to every browser origin")
	ErrNoToken           = errors.New("http needs a token file or must be told to run without authentication")
	ErrPprofNotLoopback  = errors.New("profiles on an address that is not loopback")
	ErrTLSFiles          = errors.New("tls certificate or key cannot be used")
	ErrTokenFile         = errors.New("token file cannot be used")
	ErrIPCPathTooLong    = errors.New("socket path is longer than 104 bytes")
	ErrIPCGroup          = errors.New("group of the socket is unknown")
)

// Errors of Run: the server could not start to listen.
var (
	ErrAddressInUse = errors.New("address is in use")
	ErrListen       = errors.New("cannot listen")
	ErrIPCInUse     = errors.New("socket is served by another process")
	ErrIPCNotSocket = errors.New("socket path is taken by something that is not a socket")
)
