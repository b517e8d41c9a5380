package main

import (
	"math/rand"
	"sync"
	"time"
)

// loadOrder is a load of bench/support/open_loop.ts, with the sizes and their parts.
type loadOrder struct {
	PerSecond *float64     `json:"perSecond"`
	Inflight  int          `json:"inflight"`
	Seconds   float64      `json:"seconds"`
	Seed      int64        `json:"seed"`
	Sizes     [][2]float64 `json:"sizes"`
}

type loadResult struct {
	Sent         int            `json:"sent"`
	Failed       int            `json:"failed"`
	Failure      *string        `json:"failure"`
	Seconds      float64        `json:"seconds"`
	Held         int            `json:"held"`
	IsOverloaded bool           `json:"isOverloaded"`
	Latency      histogramCells `json:"latency"`
	Lateness     histogramCells `json:"lateness"`
}

// The same bounds as in bench/support/open_loop.ts.
const (
	mostHeld   = time.Second
	mostFailed = 10_000
)

type load struct {
	ask      func(*payload) error
	lock     sync.Mutex
	all      sync.WaitGroup
	latency  histogram
	result   loadResult
	payloads []*payload
	ends     []float64
}

// runLoad sends requests when they are due, each in a goroutine of its own, and counts from that moment.
func runLoad(ask func(*payload) error, order loadOrder) loadResult {
	run := &load{ask: ask}
	sum := 0.0
	for _, size := range order.Sizes {
		sum += size[1]
		run.payloads = append(run.payloads, &payload{Value: make([]byte, int(size[0]))})
		run.ends = append(run.ends, sum)
	}
	start := time.Now()
	var lateness histogram
	if order.PerSecond == nil {
		run.keepBusy(order, start)
	} else {
		run.arrive(order, *order.PerSecond, start, &lateness)
	}
	run.all.Wait()
	run.result.Seconds = time.Since(start).Seconds()
	run.result.Latency, run.result.Lateness = run.latency.cells(), lateness.cells()
	return run.result
}

func (run *load) keepBusy(order loadOrder, start time.Time) {
	end := start.Add(time.Duration(order.Seconds * float64(time.Second)))
	for worker := range order.Inflight {
		run.all.Go(func() {
			random := rand.New(rand.NewSource(order.Seed + int64(worker)))
			for due := time.Now(); due.Before(end); due = time.Now() {
				run.send(run.size(random), due)
			}
		})
	}
}

func (run *load) arrive(order loadOrder, perSecond float64, start time.Time, lateness *histogram) {
	random := rand.New(rand.NewSource(order.Seed))
	gap := func() time.Duration {
		return time.Duration(random.ExpFloat64() / perSecond * float64(time.Second))
	}
	places := make(chan struct{}, order.Inflight)
	end := start.Add(time.Duration(order.Seconds * float64(time.Second)))
	for due := start.Add(gap()); due.Before(end); due = due.Add(gap()) {
		if left := time.Until(due); left > 0 {
			time.Sleep(left)
		}
		select {
		case places <- struct{}{}:
			lateness.record(time.Since(due))
		default:
			places <- struct{}{}
			run.result.Held++
		}
		if time.Since(due) > mostHeld || run.failures() > mostFailed {
			run.result.IsOverloaded = true
			return
		}
		size := run.size(random)
		run.all.Go(func() {
			run.send(size, due)
			<-places
		})
	}
}

func (run *load) size(random *rand.Rand) int {
	chance := random.Float64()
	for at, end := range run.ends {
		if chance < end {
			return at
		}
	}
	return len(run.ends) - 1
}

func (run *load) send(size int, due time.Time) {
	err := run.ask(run.payloads[size])
	took := time.Since(due)
	run.lock.Lock()
	defer run.lock.Unlock()
	run.result.Sent++
	if err == nil {
		run.latency.record(took)
		return
	}
	run.result.Failed++
	if run.result.Failure == nil {
		text := err.Error()
		run.result.Failure = &text
	}
}

func (run *load) failures() int {
	run.lock.Lock()
	defer run.lock.Unlock()
	return run.result.Failed
}
