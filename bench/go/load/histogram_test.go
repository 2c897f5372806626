package main

import (
	"math"
	"testing"
	"time"
)

func TestBuckets(t *testing.T) {
	last := -1
	for ns := int64(0); ns < 1<<maxBits; ns += 1 + ns/1000 {
		bucket := bucketOf(ns)
		if bucket < last || bucket >= buckets {
			t.Fatalf("%d ns: bucket %d after %d of %d", ns, bucket, last, buckets)
		}
		if off := math.Abs(float64(middleOf(bucket)-ns)) / float64(max(ns, 1)); off > 1.0/256 {
			t.Fatalf("%d ns: bucket %d stands for %d ns", ns, bucket, middleOf(bucket))
		}
		last = bucket
	}
	if bucketOf(1<<maxBits-1) != buckets-1 {
		t.Errorf("the last bucket is %d of %d", bucketOf(1<<maxBits-1), buckets)
	}
}

func TestQuantiles(t *testing.T) {
	var h histogram
	for i := 1; i <= 1000; i++ {
		h.add(time.Duration(i) * time.Millisecond)
	}
	for q, want := range map[float64]float64{0.5: 0.5, 0.99: 0.99, 1: 1} {
		if got := h.quantile(q).Seconds(); math.Abs(got-want)/want > 1.0/256 {
			t.Errorf("quantile %v is %v s", q, got)
		}
	}
	if h.max() != time.Second || h.count() != 1000 {
		t.Errorf("max %v of %d", h.max(), h.count())
	}
	h.add(time.Hour)
	h.add(-time.Second)
	if h.count() != 1002 {
		t.Error("latencies beyond the range are not counted")
	}
	h.reset()
	if h.count() != 0 || h.max() != 0 || h.quantile(0.5) != 0 {
		t.Error("reset leaves something")
	}
}
