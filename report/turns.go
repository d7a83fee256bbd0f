package report

import (
	"sync"
	"sync/atomic"
)

// inTurns calls a worker of each goroutine with every number below n, once.
func inTurns(workers, n int, worker func() func(i int)) {
	var next atomic.Int64
	var g sync.WaitGroup
	for range workers {
		g.Go(func() {
			do := worker()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	g.Wait()
}
