package broadcast

import (
	"sync"
	"testing"
)

func woken(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestWakeReachesThoseWhoWait(t *testing.T) {
	var w Waiters
	w.Wake() // nobody waits
	first, also := w.Next(), w.Next()
	if woken(first) || woken(also) {
		t.Fatal("woken by what was before")
	}
	w.Wake()
	later := w.Next()
	if !woken(first) || !woken(also) || woken(later) {
		t.Errorf("first %v, also %v, later %v", woken(first), woken(also), woken(later))
	}
}

// TestNobodyMissesAChange: who looks and takes the channel under the lock of
// what changes sees every value or is woken after it.
func TestNobodyMissesAChange(t *testing.T) {
	var mu sync.Mutex
	var w Waiters
	value := 0
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				mu.Lock()
				v, next := value, w.Next()
				mu.Unlock()
				if v == 1000 {
					return
				}
				<-next
			}
		})
	}
	for range 1000 {
		mu.Lock()
		value++
		w.Wake()
		mu.Unlock()
	}
	wg.Wait()
}
