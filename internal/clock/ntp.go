package clock

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/beevik/ntp"
)

// QueryNTP asks a server over NTP. Cancelling ctx closes the socket.
func QueryNTP(ctx context.Context, server string) (time.Duration, error) {
	dial := func(_, remote string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "udp", remote)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() }) // unblocks the read
		return conn, nil
	}
	response, err := ntp.QueryWithOptions(server, ntp.QueryOptions{Timeout: QueryTimeout, Dialer: dial})
	if err != nil {
		return 0, fmt.Errorf("query time: %w", err)
	}
	if err := response.Validate(); err != nil {
		return 0, fmt.Errorf("check answer: %w", err)
	}
	return response.ClockOffset, nil
}
