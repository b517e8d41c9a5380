package main

import (
	"math"
	"math/bits"
	"time"
)

// The cells of bench/support/histogram.ts.
const (
	cellBits  = 7
	tickNs    = 100
	mostTicks = math.MaxUint32
	places    = (32-1-cellBits)<<cellBits + 1<<(cellBits+1)
)

type histogram struct {
	counts [places]int
	count  int
	max    time.Duration
}

// histogramCells is what bench/support/histogram.ts adds to its own.
type histogramCells struct {
	Cells []int   `json:"cells"`
	MaxUs float64 `json:"maxUs"`
}

func place(ticks uint32) int {
	shift := max(0, bits.Len32(ticks)-1-cellBits)
	return shift<<cellBits + int(ticks>>shift)
}

func (all *histogram) record(took time.Duration) {
	took = max(0, took)
	ticks := min(mostTicks, (took.Nanoseconds()+tickNs-1)/tickNs)
	all.counts[place(uint32(ticks))]++
	all.count++
	all.max = max(all.max, took)
}

func (all *histogram) add(other *histogram) {
	for at, count := range other.counts {
		all.counts[at] += count
	}
	all.count += other.count
	all.max = max(all.max, other.max)
}

func (all *histogram) quantileUs(part float64) float64 {
	wanted := max(1, int(math.Ceil(float64(all.count)*part)))
	seen := 0
	for at, count := range all.counts {
		if seen += count; seen >= wanted {
			shift := max(0, at>>cellBits-1)
			return float64((at-shift<<cellBits+1)<<shift-1) * tickNs / 1000
		}
	}
	return 0
}

func (all *histogram) cells() histogramCells {
	cells := []int{}
	for at, count := range all.counts {
		if count > 0 {
			cells = append(cells, at, count)
		}
	}
	return histogramCells{cells, float64(all.max.Nanoseconds()) / 1000}
}
