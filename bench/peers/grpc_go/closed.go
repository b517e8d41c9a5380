package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// closedOrder is what bench/peers/stands/measure.ts is told.
type closedOrder struct {
	Size     int     `json:"size"`
	Inflight int     `json:"inflight"`
	Seconds  float64 `json:"seconds"`
}

// keepBusy keeps so many requests under way, each followed by the next.
func keepBusy(ask func(*payload) error, order closedOrder) (moment, error) {
	var times histogram
	var lock sync.Mutex
	var failure atomic.Value
	var all sync.WaitGroup
	request := &payload{Value: make([]byte, order.Size)}
	cpuBefore, start := cpuUs(), time.Now()
	end := start.Add(time.Duration(order.Seconds * float64(time.Second)))
	for range order.Inflight {
		all.Go(func() {
			var own histogram
			for sent := time.Now(); sent.Before(end); {
				if err := ask(request); err != nil {
					failure.Store(err)
					return
				}
				now := time.Now()
				own.record(now.Sub(sent))
				sent = now
			}
			lock.Lock()
			defer lock.Unlock()
			times.add(&own)
		})
	}
	all.Wait()
	if err, failed := failure.Load().(error); failed {
		return moment{}, err
	}
	return moment{
		Count:   times.count,
		Seconds: time.Since(start).Seconds(),
		P50Us:   times.quantileUs(0.5),
		P99Us:   times.quantileUs(0.99),
		CPUUs:   cpuUs() - cpuBefore,
	}, nil
}
