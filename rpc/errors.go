package rpc

import "errors"

// Errors of New: the configuration cannot be served.
var (
	ErrNoAuthNotLoopback = errors.New("rpc: http without authentication on an address that is not loopback")
	ErrNoAuthAnyOrigin   = errors.New("rpc: http without authentication open to every browser origin")
	ErrNoToken           = errors.New("rpc: http needs a token file or must be told to run without authentication")
	ErrPprofNotLoopback  = errors.New("rpc: profiles on an address that is not loopback")
	ErrTLSFiles          = errors.New("rpc: tls certificate or key cannot be used")
	ErrTokenFile         = errors.New("rpc: token file cannot be used")
	ErrIPCPathTooLong    = errors.New("rpc: socket path is longer than 104 bytes")
	ErrIPCGroup          = errors.New("rpc: group of the socket is unknown")
)

// Errors of Run: the server could not start to listen.
var (
	ErrAddressInUse = errors.New("rpc: address is in use")
	ErrListen       = errors.New("rpc: cannot listen")
	ErrIPCInUse     = errors.New("rpc: socket is served by another process")
	ErrIPCNotSocket = errors.New("rpc: socket path is taken by something that is not a socket")
)
