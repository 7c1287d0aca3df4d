package node

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"statusd/internal/deadline"
)

// addressPause lets the events of one change of the network gather.
const addressPause = time.Second

// watchNetwork ends the pauses of the search for peers when the network of
// this machine changes: a laptop that wakes up elsewhere does not wait. Where
// the system does not tell, the pauses just take their time.
func (n *network) watchNetwork(ctx context.Context) error {
	events := make(chan struct{}, 1)
	var source sync.WaitGroup
	defer source.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	source.Go(func() {
		err := watchAddresses(ctx, func() {
			select {
			case events <- struct{}{}:
			default: // one is waiting already
			}
		})
		if err != nil {
			n.log.Debug("changes of the network are not noticed", zap.Error(err))
		}
	})
	var timer deadline.Timer
	defer timer.Disarm()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-events:
			timer.Arm(time.Now().Add(addressPause))
		case <-timer.C():
			timer.Fired()
			if s := n.finding.searching(); s != nil {
				n.log.Debug("the network changed, looking for peers without further waiting")
				s.pool.Retry()
			}
		}
	}
}
