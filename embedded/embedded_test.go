package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// With a payload its description must be true; without one every function must say so. KOVE_REQUIRE_PAYLOAD=1 (make test)
// forbids the second.
func TestPayload(t *testing.T) {
	if !Available() {
		if os.Getenv("KOVE_REQUIRE_PAYLOAD") == "1" {
			t.Fatal("no payload: run make bundle")
		}
		if _, err := Manifest(); !errors.Is(err, ErrNoPayload) {
			t.Errorf("Manifest: %v", err)
		}
		if _, err := Open(); !errors.Is(err, ErrNoPayload) {
			t.Errorf("Open: %v", err)
		}
		return
	}
	p, err := Manifest()
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, r)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.Archive.SHA256 || n != p.Archive.Size {
		t.Errorf("archive: %d bytes %s, the manifest says %d bytes %s", n, got, p.Archive.Size, p.Archive.SHA256)
	}
	if !slices.IsSortedFunc(p.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) }) {
		t.Error("files are not sorted")
	}
	has := map[string]bool{}
	var size int64
	for _, f := range p.Files {
		has[f.Path] = true
		size += f.Size
	}
	if size != p.Size {
		t.Errorf("size %d, the files have %d", p.Size, size)
	}
	want := []string{
		p.Loader, "bin/ovs-vswitchd", "bin/ovsdb-server", "bin/ovs-vsctl", "bin/ovs-ofctl", "bin/ovs-appctl", "bin/ovs-dpctl",
		"bin/ovsdb-tool", "bin/ovsdb-client", "bin/ovn-controller", "bin/ovn-nbctl", "bin/ovn-sbctl", "bin/ovn-trace", "bin/ovn-appctl",
		"bin/runc", "bin/containerd-shim-runc-v2", "bin/nft", "bin/mount", "bin/umount", "bin/crictl",
		"cni/loopback", "cni/macvlan", "cni/bridge", "cni/host-device", "cni/portmap", "cni/tuning", "cni/static", "cni/host-local", "cni/dhcp",
		"share/openvswitch/vswitch.ovsschema", "share/ovn/ovn-nb.ovsschema", "share/ovn/ovn-sb.ovsschema",
	}
	for _, name := range []string{"pause", "kove-sys"} {
		img, ok := p.Images[name]
		if !ok || !strings.HasPrefix(img.Ref, "kove.local/"+name+":") {
			t.Errorf("image %s is %+v", name, img)
		}
		want = append(want, img.File)
	}
	for _, f := range want {
		if !has[f] {
			t.Errorf("%s is missing", f)
		}
	}
	for f := range has {
		if f == "bin/ovn-northd" {
			t.Error("ovn-northd is in the payload: the product has its own")
		}
	}
}
