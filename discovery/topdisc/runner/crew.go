package runner

import (
	"sync"
	"time"
)

// crew runs a bounded number of blocking requests beside a loop. What a
// request has to say afterwards is a step that the loop takes from done and
// runs. A crew belongs to the goroutine of the loop.
type crew struct {
	done  chan func(time.Time) // holds a step of every request: sending never blocks
	going int
	wg    sync.WaitGroup
}

func newCrew(limit int) *crew { return &crew{done: make(chan func(time.Time), limit)} }

// room returns how many more requests may start.
func (c *crew) room() int { return cap(c.done) - c.going }

// start runs a request; there must be room. Its goroutine ends with it, and
// the owner calls wait.
func (c *crew) start(request func() (step func(time.Time))) {
	c.going++
	c.wg.Go(func() { c.done <- request() })
}

// finished notes that a step was taken from done.
func (c *crew) finished() { c.going-- }

// wait returns when every request has ended.
func (c *crew) wait() { c.wg.Wait() }
