package runner

import (
	"context"
	crand "crypto/rand"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery"
	"statusd/discovery/topdisc"
)

// parallelQueries is above the number of queries that a search has under way.
const parallelQueries = 3

// Search implements discovery.Source: one search, which ends with enough
// advertisers or when no registrar is left to ask. Errors wrap ErrNoRegistrars.
func (s *Service) Search(ctx context.Context, topic discovery.Topic, found func(*enode.Node)) error {
	return wrap("search for", topic, s.search(ctx, topic, found))
}

func (s *Service) search(ctx context.Context, topic discovery.Topic, found func(*enode.Node)) error {
	table, release := s.table(topic)
	defer release()
	ctx, cancel := context.WithCancel(ctx)
	queries := newCrew(parallelQueries)
	defer queries.wait()
	grew, walked := s.startWalk(ctx, table)
	defer func() { cancel(); <-walked }()

	s.mu.Lock()
	s.totals.Searches++
	search := topdisc.NewSearch(table.Table, s.cfg.SearchFor)
	s.mu.Unlock()
	walking := walked
	var fresh []*enode.Node // filled by steps, which run in this goroutine
	for {
		var due []topdisc.Query
		done, enough := false, false
		s.locked(func(now time.Time) {
			due = search.Due(now)
			done, enough = search.Done(now), search.Enough()
			s.totals.Queries += uint64(len(due))
		})
		for _, q := range due {
			queries.start(s.query(ctx, search, q, &fresh))
		}
		if enough || done && walking == nil {
			break
		}
		select {
		case <-ctx.Done():
			return nil
		case <-grew:
		case <-walking:
			walking = nil
		case step := <-queries.done:
			queries.finished()
			s.locked(step)
		}
		for _, n := range fresh {
			found(n)
		}
		fresh = fresh[:0]
	}
	if search.Asked() == 0 {
		return ErrNoRegistrars
	}
	return nil
}

// query returns the request of a query. Its step appends what is new to fresh.
func (s *Service) query(
	ctx context.Context, search *topdisc.Search, q topdisc.Query, fresh *[]*enode.Node,
) func() func(time.Time) {
	return func() func(time.Time) {
		result, err := s.carrier.Query(ctx, q.To, q.Request)
		return func(now time.Time) {
			if err != nil {
				search.Failed(q.To.ID(), err, now)
				s.totals.Failures++
				return
			}
			nodes := search.Answered(q.To.ID(), result, now)
			s.totals.Found += uint64(len(nodes))
			*fresh = append(*fresh, nodes...)
			s.poke()
		}
	}
}

// startWalk fills a table that is too poor to begin with, in a goroutine of
// its own that ends with ctx and closes walked.
func (s *Service) startWalk(ctx context.Context, table *sharedTable) (grew, walked chan struct{}) {
	grew, walked = make(chan struct{}, 1), make(chan struct{})
	s.mu.Lock()
	poor := table.NeedsFill()
	s.mu.Unlock()
	if !poor {
		close(walked)
		return grew, walked
	}
	go func() {
		defer close(walked)
		insert := func(nodes []*enode.Node, live bool) {
			s.locked(func(now time.Time) {
				for _, n := range nodes {
					table.Insert(n, live, now)
				}
			})
			select {
			case grew <- struct{}{}:
			default: // the loop will look anyway
			}
			s.poke()
		}
		var random enode.ID
		_, _ = crand.Read(random[:]) // never fails
		s.walk(ctx, enode.ID(table.Service()), insert)
		s.walk(ctx, random, insert)
	}()
	return grew, walked
}
