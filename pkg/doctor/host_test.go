package doctor

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The real /proc of this machine is read as the fake one is.
func TestListenersOfThisMachine(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::]:0"} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		want := l.Addr().(*net.TCPAddr)
		file := "/proc/net/tcp"
		if want.IP.To4() == nil {
			file = "/proc/net/tcp6"
		}
		found := false
		for _, got := range listeners(OSHost{}, file) {
			if got.port == want.Port && got.addr == want.AddrPort().Addr().Unmap() {
				found = true
				if owner := (OSHost{}).SocketOwner(got.inode); !strings.Contains(owner, strconv.Itoa(os.Getpid())) {
					t.Errorf("%s is held by %q, want this process", want, owner)
				}
			}
		}
		if !found {
			t.Errorf("%s is not in %s", want, file)
		}
	}
}

func TestOSHost(t *testing.T) {
	h := OSHost{}
	dir := t.TempDir()
	if err := h.Writable(dir); err != nil {
		t.Error(err)
	}
	if free, readOnly, err := h.FreeDisk(dir); err != nil || free == 0 || readOnly {
		t.Errorf("FreeDisk = %d, %v, %v", free, readOnly, err)
	}
	if got := existing(h, filepath.Join(dir, "a/b/c")); got != dir {
		t.Errorf("existing = %s", got)
	}
	socket := filepath.Join(dir, "s")
	if h.Answers(socket) {
		t.Error("a missing socket answers")
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !h.Answers(socket) {
		t.Error("a socket does not answer")
	}
}
