package packets

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"
)

// OVN answers for the names that a switch has, forwards and backwards, whatever server is asked; other names go on to the server.
func TestDNS(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add dns\nlr-add dnsr\n"+join("dnsr", "dns", "10.0.0.1/24", "fd00::1/64")+lsp("dns", "dns-a", "10.0.0.10", "fd00::10")+`
		--id=@d create DNS records:vm1.edge.example='"10.0.0.10 fd00::10"' records:vm2.edge.example=10.0.0.11 records:10.0.0.10.in-addr.arpa=wrong.example records:11.0.0.10.in-addr.arpa=vm2.edge.example
		add Logical_Switch dns dns_records @d`)
	a := l.vif(t, "hv1", "dns-a", []string{"10.0.0.10/24", "fd00::10/64"}, "10.0.0.1", "fd00::1")
	l.settle(t, a)
	a.reach(t, "10.0.0.1")
	a.reach(t, "fd00::1")
	for _, server := range []string{"10.0.0.1:53", "[fd00::1]:53"} {
		r := &net.Resolver{PreferGo: true, Dial: func(_ context.Context, network, _ string) (net.Conn, error) {
			return a.dial(network, server, time.Second)
		}}
		ctx, cancel := context.WithTimeout(t.Context(), slow(patience))
		defer cancel()
		got, err := r.LookupHost(ctx, "VM1.edge.example.") // case does not matter
		slices.Sort(got)
		if err != nil || !slices.Equal(got, []string{"10.0.0.10", "fd00::10"}) {
			t.Errorf("vm1 at %s: %v, %v", server, got, err)
		}
		if got, err := r.LookupNetIP(ctx, "ip4", "vm2.edge.example."); err != nil || len(got) != 1 || got[0].String() != "10.0.0.11" {
			t.Errorf("vm2 at %s: %v, %v", server, got, err)
		}
		if got, err := r.LookupAddr(ctx, "10.0.0.11"); err != nil || !slices.Equal(got, []string{"vm2.edge.example."}) {
			t.Errorf("10.0.0.11 at %s: %v, %v", server, got, err)
		}
		var dnsErr *net.DNSError
		if got, err := r.LookupNetIP(ctx, "ip4", "vm3.edge.example."); !errors.As(err, &dnsErr) || dnsErr.IsNotFound {
			t.Errorf("a name that OVN does not know, at %s where no server is: %v, %v; want no answer", server, got, err)
		}
	}
	l.nb(t, "clear Logical_Switch dns dns_records")
	r := &net.Resolver{PreferGo: true, Dial: func(_ context.Context, network, _ string) (net.Conn, error) {
		return a.dial(network, "10.0.0.1:53", time.Second)
	}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if got, err := r.LookupHost(ctx, "vm2.edge.example."); err == nil {
		t.Errorf("without records it still answers %v", got)
	}
}
