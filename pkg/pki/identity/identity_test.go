package identity

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func addrs(texts ...string) (out []netip.Addr) {
	for _, s := range texts {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

func TestClaim(t *testing.T) {
	ctx := context.Background()
	a, b := strings.Repeat("a", 32), strings.Repeat("b", 32)
	server := netip.MustParseAddr("192.0.2.1")
	client := fake.NewClientset()
	store := NewStore(client, map[netip.Addr]string{server: "n1"})
	for _, tc := range []struct {
		name, node, password string
		addresses            []netip.Addr
		want                 error
	}{
		{"first", "n2", a, addrs("192.0.2.2"), nil},
		{"again", "n2", a, addrs("192.0.2.2"), nil},
		{"another machine", "n2", b, addrs("192.0.2.3"), ErrNameTaken},
		{"another machine with its address", "n2", b, addrs("192.0.2.2"), ErrNameTaken},
		{"its address under another name", "n3", b, addrs("192.0.2.2"), ErrAddressTaken},
		{"moved", "n2", a, addrs("192.0.2.20", "2001:db8::2"), nil},
		{"its old address is free", "n3", b, addrs("192.0.2.2"), nil},
		{"its new one is not", "n4", b, addrs("2001:db8::2"), ErrAddressTaken},
		{"the server's address", "n4", b, addrs("192.0.2.1"), ErrAddressTaken},
		{"the server itself", "n1", b, addrs("192.0.2.1"), nil},
		{"short password", "n5", "x", addrs("192.0.2.5"), ErrBadRequest},
		{"no address", "n5", b, nil, ErrBadRequest},
		{"loopback", "n5", b, addrs("127.0.0.1"), ErrBadRequest},
		{"invalid address", "n5", b, []netip.Addr{{}}, ErrBadRequest},
		{"upper case", "N5", b, addrs("192.0.2.5"), ErrBadRequest},
		{"path", "../n5", b, addrs("192.0.2.5"), ErrBadRequest},
		{"empty", "", b, addrs("192.0.2.5"), ErrBadRequest},
		{"long", strings.Repeat("n", 64), b, addrs("192.0.2.5"), ErrBadRequest},
	} {
		if err := store.Claim(ctx, tc.node, tc.password, tc.addresses); !errors.Is(err, tc.want) {
			t.Fatalf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
	r, err := store.Lookup(ctx, "n2")
	if err != nil || r == nil || len(r.Addresses) != 2 || r.Addresses[0] != netip.MustParseAddr("192.0.2.20") {
		t.Errorf("Lookup = %+v, %v", r, err)
	}
	secret, err := client.CoreV1().Secrets(Namespace).Get(ctx, SecretName("n2"), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range secret.Data {
		if strings.Contains(string(v), a) {
			t.Errorf("the Secret holds the password itself in %s", k)
		}
	}
	if err := store.Release(ctx, "n2"); err != nil {
		t.Fatal(err)
	}
	if err := store.Release(ctx, "n2"); err != nil {
		t.Errorf("releasing twice: %v", err)
	}
	if err := store.Claim(ctx, "n2", b, addrs("192.0.2.20")); err != nil {
		t.Errorf("a released name: %v", err)
	}
}
