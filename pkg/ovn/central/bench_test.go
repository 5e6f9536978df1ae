package central

import (
	"fmt"
	"testing"
	"time"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
	"github.com/kove-io/kove/pkg/ovsdb/lossy"
)

// BenchmarkChange is the time from a northbound transaction's beginning until the southbound database shows what follows, on
// disks of several speeds. A port and a switch get keys, so that both databases sync; that must cost the time of one sync.
func BenchmarkChange(b *testing.B) {
	for _, disk := range []time.Duration{0, time.Millisecond, 10 * time.Millisecond} {
		b.Run(fmt.Sprint("switch/sync=", disk), func(b *testing.B) {
			benchmarkChange(b, disk, sb.TableDatapathBinding, func(n int) []ovsdb.Op {
				return []ovsdb.Op{nb.Insert(&nb.LogicalSwitch{UUID: ovsdb.NewUUID(), Name: fmt.Sprint("s", n)})}
			})
		})
		b.Run(fmt.Sprint("address set/sync=", disk), func(b *testing.B) {
			benchmarkChange(b, disk, sb.TableAddressSet, func(n int) []ovsdb.Op {
				return []ovsdb.Op{nb.Insert(&nb.AddressSet{UUID: ovsdb.NewUUID(), Name: fmt.Sprint("as", n), Addresses: []string{"10.0.0.1"}})}
			})
		})
	}
}

func benchmarkChange(b *testing.B, sync time.Duration, table string, change func(n int) []ovsdb.Op) {
	disk := lossy.New(1)
	c, _ := boot(b, disk)
	if sync > 0 {
		disk.OnSync(func(string) error { time.Sleep(sync); return nil })
		defer disk.OnSync(nil)
	}
	south, err := c.SB().Watch(b.Context(), map[string][]string{table: nil})
	if err != nil {
		b.Fatal(err)
	}
	<-south
	b.ResetTimer()
	for n := range b.N {
		if _, err := c.NB().Transact(b.Context(), change(n)...); err != nil {
			b.Fatal(err)
		}
		<-south
		b.StopTimer()
		time.Sleep(2*sync + time.Millisecond) // what is written back is on disk
		b.StartTimer()
	}
}
