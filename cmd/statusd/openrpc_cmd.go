package main

import (
	"context"
	"encoding/json"

	"statusd/api/openrpc"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

func (a *app) openrpcCommand() frame.Command {
	return frame.Command{
		Use: "openrpc", Short: "Print the description of the RPC methods and events, for generators of clients",
		Long: `Prints an OpenRPC document: every method with its types, errors and an example,
and every type of events. It needs no daemon. A daemon answers rpc.discover with
the methods that it offers to the caller, in the same form.`,
		Example: "  statusd openrpc > statusd.openrpc.json",
		Build: func(*frame.Flags) frame.Run {
			return func(context.Context, []string) error {
				raw, err := json.Marshal(openrpc.New(nil))
				if err != nil {
					return fail(fault.Internal, err)
				}
				return a.printResult(raw)
			}
		},
	}
}
