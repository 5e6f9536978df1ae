package ipam

import (
	"fmt"
	"math/rand"
	"net/netip"
	"strings"
	"testing"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func pod(name string) Owner { return Owner{Kind: "Pod", Namespace: "default", Name: name} }

func book(exclude ...Range) *Book {
	b := NewBook()
	b.SetPool("s", Config{Prefix: netip.MustParsePrefix("10.0.1.0/29"), Gateway: addr("10.0.1.1"), Exclude: exclude})
	return b
}

func mustAllocate(t *testing.T, b *Book, r Request) Allocation {
	t.Helper()
	a, err := b.Allocate("s", r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAllocateAny(t *testing.T) {
	b := book(Range{addr("10.0.1.3"), addr("10.0.1.4")})
	var got []string
	for i := range 3 {
		got = append(got, mustAllocate(t, b, Request{Owner: pod(fmt.Sprint(i))}).Addr.String())
	}
	if want := "[10.0.1.2 10.0.1.5 10.0.1.6]"; fmt.Sprint(got) != want {
		t.Fatalf("got %v, want %s", got, want)
	}
	_, err := b.Allocate("s", Request{Owner: pod("late")})
	if err == nil || !strings.Contains(err.Error(), "no free address") {
		t.Fatalf("got %v from an exhausted subnet", err)
	}
	b.Release(pod("1"))
	if a := mustAllocate(t, b, Request{Owner: pod("late")}); a.Addr != addr("10.0.1.5") {
		t.Fatalf("got %v, want the released address", a)
	}
}

func TestReleasedAddressRests(t *testing.T) {
	b := book()
	first := mustAllocate(t, b, Request{Owner: pod("a")})
	b.Release(pod("a"))
	if again := mustAllocate(t, b, Request{Owner: pod("b")}); again.Addr == first.Addr {
		t.Fatalf("%s was handed out again at once", again.Addr)
	}
}

func TestSameWishesSameAnswer(t *testing.T) {
	b := book()
	a := mustAllocate(t, b, Request{Owner: pod("a")})
	if again := mustAllocate(t, b, Request{Owner: pod("a")}); again != a {
		t.Fatalf("%v became %v", a, again)
	}
	if a.MAC != "0a:00:0a:00:01:02" {
		t.Fatalf("derived MAC is %s", a.MAC)
	}
	moved := mustAllocate(t, b, Request{Owner: pod("a"), Candidates: []netip.Addr{addr("10.0.1.6")}, MAC: "00:00:00:53:6B:B6"})
	if moved.Addr != addr("10.0.1.6") || moved.MAC != "00:00:00:53:6b:b6" {
		t.Fatalf("got %v", moved)
	}
	if u := b.Usage("s"); u.Used != 1 || u.UsedRange != "10.0.1.6" {
		t.Fatalf("the old address stayed: %+v", u)
	}
}

func TestStaticRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		addr, mac, want string
	}{
		"in use":    {"10.0.1.2", "", "used by Pod default/holder"},
		"outside":   {"10.0.9.2", "", "outside the range 10.0.1.0/29"},
		"gateway":   {"10.0.1.1", "", "is the gateway of subnet s"},
		"network":   {"10.0.1.0", "", "network address"},
		"broadcast": {"10.0.1.7", "", "broadcast address"},
		"mac used":  {"10.0.1.3", "0a:00:0a:00:01:02", "used by Pod default/holder"},
		"bad mac":   {"10.0.1.3", "0a:00", "six bytes"},
		"multicast": {"10.0.1.3", "01:00:5e:00:00:01", "multicast"},
	} {
		t.Run(name, func(t *testing.T) {
			b := book()
			mustAllocate(t, b, Request{Owner: pod("holder")})
			before := b.Usage("s")
			_, err := b.Allocate("s", Request{Owner: pod("p"), Candidates: []netip.Addr{addr(c.addr)}, MAC: c.mac})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want something about %q", err, c.want)
			}
			if after := b.Usage("s"); after.UsedRange != before.UsedRange {
				t.Fatalf("a refused request changed %s into %s", before.UsedRange, after.UsedRange)
			}
		})
	}
	if _, err := book().Allocate("gone", Request{Owner: pod("p")}); err == nil || !strings.Contains(err.Error(), "subnet gone") {
		t.Fatalf("got %v for an unknown subnet", err)
	}
}

func TestPoolOfAddresses(t *testing.T) {
	b := book()
	candidates := []netip.Addr{addr("10.0.1.4"), addr("10.0.1.5"), addr("10.0.1.6")}
	second := mustAllocate(t, b, Request{Owner: pod("web-1"), Candidates: candidates, Preferred: 1})
	if second.Addr != addr("10.0.1.5") {
		t.Fatalf("ordinal 1 got %s", second.Addr)
	}
	mustAllocate(t, b, Request{Owner: pod("x"), Candidates: candidates})
	mustAllocate(t, b, Request{Owner: pod("y"), Candidates: candidates})
	_, err := b.Allocate("s", Request{Owner: pod("z"), Candidates: candidates})
	if err == nil || !strings.Contains(err.Error(), "all 3 addresses of the pool") {
		t.Fatalf("got %v", err)
	}
}

func TestExcludedAddressOnRequest(t *testing.T) {
	b := book(Range{addr("10.0.1.5"), addr("10.0.1.6")})
	mustAllocate(t, b, Request{Owner: pod("a"), Candidates: []netip.Addr{addr("10.0.1.5")}})
	if u := b.Usage("s"); u.Used != 1 || u.Available != 3 || u.AvailableRange != "10.0.1.2-10.0.1.4" {
		t.Fatalf("got %+v", u)
	}
}

func TestRestore(t *testing.T) {
	b := book()
	if err := b.Restore(pod("a"), Allocation{"s", addr("10.0.1.5"), "00:00:00:00:00:09"}); err != nil {
		t.Fatal(err)
	}
	if err := b.Restore(pod("b"), Allocation{"s", addr("10.0.1.5"), "00:00:00:00:00:08"}); err == nil {
		t.Fatal("two owners restored on one address")
	}
	if a := mustAllocate(t, b, Request{Owner: pod("a")}); a.Addr != addr("10.0.1.5") || a.MAC != "00:00:00:00:00:09" {
		t.Fatalf("restored owner got %v", a)
	}
	// The search goes on behind what was in use before.
	if a := mustAllocate(t, b, Request{Owner: pod("c")}); a.Addr != addr("10.0.1.6") {
		t.Fatalf("got %v", a)
	}
}

func TestResize(t *testing.T) {
	b := book()
	mustAllocate(t, b, Request{Owner: pod("a"), Candidates: []netip.Addr{addr("10.0.1.6")}})
	b.SetPool("s", Config{Prefix: netip.MustParsePrefix("10.0.1.0/30"), Gateway: addr("10.0.1.1")})
	if u := b.Usage("s"); len(u.Outside) != 1 || u.Outside[0] != pod("a") || u.Available != 1 {
		t.Fatalf("got %+v", u)
	}
}

// Random requests never give one address or MAC to two owners, and releasing everything leaves nothing.
func TestRandomOperations(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	b := NewBook()
	for _, s := range []string{"s", "t"} {
		b.SetPool(s, Config{Prefix: netip.MustParsePrefix("10.0.1.0/27"), Gateway: addr("10.0.1.1"), Exclude: []Range{{addr("10.0.1.20"), addr("10.0.1.40")}}})
	}
	held := map[Owner]Allocation{}
	for step := range 4000 {
		o := pod(fmt.Sprint(rng.Intn(40)))
		if rng.Intn(3) == 0 {
			_, had := b.Release(o)
			if _, want := held[o]; had != want {
				t.Fatalf("step %d: released %v: %v, want %v", step, o, had, want)
			}
			delete(held, o)
			continue
		}
		r := Request{Owner: o}
		if rng.Intn(4) == 0 {
			r.Candidates = []netip.Addr{address(number(addr("10.0.1.0")) + uint32(rng.Intn(33)))}
		}
		if rng.Intn(8) == 0 {
			r.MAC = MACFor(addr(fmt.Sprintf("10.0.1.%d", 2+rng.Intn(20))), 0)
		}
		subnet := []string{"s", "t"}[rng.Intn(2)]
		a, err := b.Allocate(subnet, r)
		if err != nil {
			if got, had := b.Get(o); had != (held[o] != Allocation{}) || (had && got != held[o]) {
				t.Fatalf("step %d: failure changed %v into %v", step, held[o], got)
			}
			continue
		}
		held[o] = a
		seen := map[string]Owner{}
		for o, a := range held {
			for _, key := range []string{a.Subnet + a.Addr.String(), a.Subnet + a.MAC} {
				if other, dup := seen[key]; dup {
					t.Fatalf("step %d: %v and %v share %s", step, o, other, key)
				}
				seen[key] = o
			}
		}
		if used := b.Usage("s").Used + b.Usage("t").Used; used != int64(len(held)) {
			t.Fatalf("step %d: %d used, %d held", step, used, len(held))
		}
	}
	for o := range held {
		b.Release(o)
	}
	if u := b.Usage("s"); u.Used != 0 || u.Available != 18 {
		t.Fatalf("after releasing everything: %+v", u)
	}
}

func BenchmarkAllocateInFullSixteen(b *testing.B) {
	book := NewBook()
	book.SetPool("s", Config{Prefix: netip.MustParsePrefix("10.16.0.0/16"), Gateway: addr("10.16.0.1")})
	for i := range 60000 {
		if _, err := book.Allocate("s", Request{Owner: pod(fmt.Sprint(i))}); err != nil {
			b.Fatal(err)
		}
	}
	for i := 0; b.Loop(); i++ {
		o := pod(fmt.Sprint("x", i))
		if _, err := book.Allocate("s", Request{Owner: o}); err != nil {
			b.Fatal(err)
		}
		book.Release(o)
	}
}
