package rpc

import (
	"context"
	"encoding/json"
	"sync"

	"statusd/api"
	"statusd/api/openrpc"
	"statusd/rpc/jsonrpc"
)

// descriptions are the documents that discover answers with, encoded once:
// they are large, and whoever asks for many shall not take the memory that
// making one needs, so many times.
type descriptions struct {
	mu  sync.Mutex
	all map[bool]json.RawMessage // by whether all namespaces are on offer
}

// discover describes all methods of the namespaces on offer to a caller, also
// those for which the scope is missing.
func (s *Server) discover(ctx context.Context, _ api.None) (json.RawMessage, error) {
	c, d := callFrom(ctx).caller, &s.described
	d.mu.Lock()
	defer d.mu.Unlock()
	whole := c.modules == nil
	if doc, ok := d.all[whole]; ok {
		return doc, nil
	}
	doc, err := jsonrpc.Marshal(openrpc.New(func(m api.Description) bool {
		return s.dispatch.methods[m.Name] != nil && c.offers(namespace(m.Name))
	}))
	if err != nil {
		return nil, err
	}
	if d.all == nil {
		d.all = make(map[bool]json.RawMessage)
	}
	d.all[whole] = doc
	return doc, nil
}
