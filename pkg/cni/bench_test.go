package cni

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/cni/shim"
)

// BenchmarkAdd measures an ADD from the execution of the shim to its reply, with the pod's address already allocated: once
// one by one, once eight at a time.
//
//	go test -run '^$' -bench Add -benchtime 100x ./pkg/cni
func BenchmarkAdd(b *testing.B) {
	for _, width := range []int{1, 8} {
		b.Run("width="+strconv.Itoa(width), func(b *testing.B) {
			l := newLab(b, koveCentral, 1)
			var pods []*labPod
			for i := range b.N {
				pods = append(pods, l.newPod("n1", "b"+strconv.Itoa(i)))
			}
			l.nb("--wait=hv", "sync")
			took := make([]time.Duration, b.N)
			limit := make(chan struct{}, width)
			var wg sync.WaitGroup
			b.ResetTimer()
			for i, p := range pods {
				limit <- struct{}{}
				wg.Go(func() {
					defer func() { <-limit }()
					began := time.Now()
					if out, err := l.call(p, shim.Add); err != nil {
						b.Errorf("ADD: %v %s", err, out)
					}
					took[i] = time.Since(began)
				})
			}
			wg.Wait()
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
