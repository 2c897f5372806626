package main

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Latencies are kept to 1 part in 256: each power of two of nanoseconds has as many buckets.
const (
	bucketBits = 8
	maxBits    = 40 // 18 minutes; longer ones count as that
	buckets    = (maxBits - bucketBits + 1) << bucketBits
)

// histogram counts latencies from any goroutine without allocating, and its quantiles take no sorting: the runner waits for them
// with the proxy's CPU clock running. The maximum is exact.
type histogram struct {
	counts [buckets]atomic.Int64
	worst  atomic.Int64
}

func (h *histogram) add(latency time.Duration) {
	ns := min(max(int64(latency), 0), 1<<maxBits-1)
	h.counts[bucketOf(ns)].Add(1)
	for {
		worst := h.worst.Load()
		if ns <= worst || h.worst.CompareAndSwap(worst, ns) {
			return
		}
	}
}

// Below 2^8 ns the bucket is the number itself; above, the exponent and the 8 bits after the leading one.
func bucketOf(ns int64) int {
	shift := max(bits.Len64(uint64(ns))-bucketBits-1, 0)
	return shift<<bucketBits + int(ns>>shift)
}

// middleOf is the middle of a bucket.
func middleOf(bucket int) int64 {
	if bucket < 2<<bucketBits {
		return int64(bucket)
	}
	shift := bucket>>bucketBits - 1
	low := int64(bucket-shift<<bucketBits) << shift
	return low + int64(1)<<shift/2
}

func (h *histogram) count() (all int64) {
	for i := range h.counts {
		all += h.counts[i].Load()
	}
	return all
}

func (h *histogram) max() time.Duration { return time.Duration(h.worst.Load()) }

// quantile is the smallest latency that at least the share q of all do not exceed.
func (h *histogram) quantile(q float64) time.Duration {
	wanted := q * float64(h.count())
	var seen int64
	for i := range h.counts {
		seen += h.counts[i].Load()
		if seen > 0 && float64(seen) >= wanted {
			return min(time.Duration(middleOf(i)), h.max())
		}
	}
	return 0
}

func (h *histogram) reset() {
	for i := range h.counts {
		h.counts[i].Store(0)
	}
	h.worst.Store(0)
}
