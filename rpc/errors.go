package rpc

import "statusd/fault"

// Errors of New: the configuration cannot be served.
var (
	ErrNoAuthNotLoopback = fault.New(fault.Config, "http without authentication on an address that is not loopback", "")
	ErrNoAuthAnyOrigin   = fault.New(fault.Config, "http without authentication open to every browser origin", "")
	ErrNoToken           = fault.New(fault.Config,
		"http needs a token file or must be told to run without authentication", "")
	ErrPprofNotLoopback = fault.New(fault.Config, "profiles on an address that is not loopback", "")
	ErrTLSFiles         = fault.New(fault.Config, "tls certificate or key cannot be used", "")
	ErrTokenFile        = fault.New(fault.CannotCreate, "token file cannot be used", "")
	ErrIPCPathTooLong   = fault.New(fault.Config, "socket path is longer than 104 bytes", "")
	ErrIPCGroup         = fault.New(fault.Config, "group of the socket is unknown", "")
)

// Errors of Run: the server could not start to listen.
var (
	ErrAddressInUse = fault.New(fault.InUse, "address is in use", "")
	ErrListen       = fault.New(fault.CannotCreate, "cannot listen", "")
	ErrIPCInUse     = fault.New(fault.InUse, "socket is served by another process", "")
	ErrIPCNotSocket = fault.New(fault.CannotCreate, "socket path is taken by something that is not a socket", "")
)
