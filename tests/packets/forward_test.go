package packets

import "testing"

// A switch and a router across two chassis: nothing is lost once neighbours are known, small and large, both families.
func TestForward(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	l.nb(t, "ls-add fwd0\nls-add fwd1\nlr-add fwdr\n"+
		join("fwdr", "fwd0", "10.0.0.1/24", "fd00::1/64")+join("fwdr", "fwd1", "10.0.1.1/24", "fd00:1::1/64")+
		lsp("fwd0", "fwd-a", "10.0.0.10", "fd00::10")+lsp("fwd0", "fwd-b", "10.0.0.11", "fd00::11")+lsp("fwd1", "fwd-c", "10.0.1.12", "fd00:1::12"))
	a := l.vif(t, "hv1", "fwd-a", []string{"10.0.0.10/24", "fd00::10/64"}, "10.0.0.1", "fd00::1")
	b := l.vif(t, "hv2", "fwd-b", []string{"10.0.0.11/24", "fd00::11/64"}, "10.0.0.1", "fd00::1")
	c := l.vif(t, "hv3", "fwd-c", []string{"10.0.1.12/24", "fd00:1::12/64"}, "10.0.1.1", "fd00:1::1")
	l.settle(t, a, b, c)
	for _, dst := range []string{"10.0.0.1", "10.0.0.11", "10.0.1.12", "fd00::1", "fd00::11", "fd00:1::12"} {
		a.reach(t, dst)
		a.ping(t, dst, 5)
		a.ping(t, dst, 3, "-s1200")
	}
	b.serveTCP(t, "10.0.0.11:80")
	c.serveTCP(t, "[fd00:1::12]:80")
	c.serveUDP(t, "10.0.1.12:53")
	a.wantAnswer(t, "tcp", "10.0.0.11:80", "fwd-b sees 10.0.0.10")
	a.wantAnswer(t, "tcp", "[fd00:1::12]:80", "fwd-c sees fd00::10")
	a.wantAnswer(t, "udp", "10.0.1.12:53", "fwd-c sees 10.0.0.10")
}
