package vswitch

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serve starts a stock ovsdb-server with an empty conf.db and returns its socket.
func serve(t *testing.T) (socket string, restart func()) {
	stock := os.Getenv("STOCK")
	if stock == "" {
		stock = "/var/tmp/kove-stock"
	}
	if _, err := os.Stat(stock + "/bin/ovsdb-server"); err != nil {
		t.Fatalf("stock Open vSwitch is missing in %s: run make stock", stock)
	}
	dir := t.TempDir()
	if out, err := exec.Command(stock+"/bin/ovsdb-tool", "create", dir+"/conf.db", stock+"/share/openvswitch/vswitch.ovsschema").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	socket = filepath.Join(dir, "db.sock")
	var c *exec.Cmd
	start := func() {
		c = exec.Command(stock+"/bin/ovsdb-server", dir+"/conf.db", "--remote=punix:"+socket, "--unixctl="+dir+"/ctl", "-vconsole:off", "-vsyslog:off")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			if conn, err := net.Dial("unix", socket); err == nil {
				conn.Close()
				return
			} else if time.Now().After(deadline) {
				t.Fatal(err)
			}
		}
	}
	stop := func() { _ = c.Process.Kill(); _ = c.Wait() }
	start()
	t.Cleanup(func() { stop() })
	return socket, func() { stop(); _ = os.Remove(socket); start() }
}

func dial(t *testing.T, socket string) (*Client, context.Context) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	v, err := Dial(ctx, socket, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v, ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func pod(name, iface string) PortSpec {
	return PortSpec{Bridge: "br-int", Name: name, ExternalIDs: map[string]string{IfaceID: iface, "sandbox": name}}
}

func TestVerbs(t *testing.T) {
	socket, restart := serve(t)
	v, ctx := dial(t, socket)
	ids := map[string]string{"rundir": "/r"}
	must(t, v.Init(ctx, ids))
	must(t, v.Init(ctx, ids))
	must(t, v.SetExternalIDs(ctx, map[string]string{"system-id": "n1", "a": "1"}))
	must(t, v.SetExternalIDs(ctx, map[string]string{"system-id": "n2"}, "a"))
	present := func(name string) func(Interface) (bool, error) {
		return func(i Interface) (bool, error) { return i.Name == name, nil }
	}
	must(t, v.EnsureBridge(ctx, BridgeSpec{Name: "br-int", DatapathType: DatapathNetdev, Secure: true, OtherConfig: map[string]string{"disable-in-band": "true"}}))
	_, err := v.WaitInterface(ctx, "br-int", present("br-int"))
	must(t, err)
	root, err := v.Root(ctx)
	must(t, err)
	if root.ExternalIDs["system-id"] != "n2" || root.ExternalIDs["rundir"] != "/r" || len(root.ExternalIDs) != 2 || len(root.Bridges) != 1 {
		t.Errorf("%+v", root)
	}

	must(t, v.EnsurePort(ctx, pod("a_h", "p.default")))
	i, err := v.WaitInterface(ctx, "a_h", present("a_h"))
	must(t, err)
	// Again changes nothing: the row stays the same one, and keys that others wrote stay.
	other, _ := dial(t, socket)
	ops, err := other.mutateMap(&i, &i.ExternalIDs, i.ExternalIDs, merge(i.ExternalIDs, map[string]string{OVNInstalled: "true"}, nil))
	must(t, err)
	must(t, other.transact(ctx, ops))
	installed, err := v.WaitInterface(ctx, "a_h", func(i Interface) (bool, error) { return i.Installed(), nil })
	must(t, err)
	must(t, v.EnsurePort(ctx, pod("a_h", "p.default")))
	if again, err := v.Interface(ctx, "a_h"); err != nil || again.UUID != installed.UUID || !again.Installed() {
		t.Errorf("%+v %v", again, err)
	}
	// Another sandbox of the same pod takes the logical port over.
	must(t, v.EnsurePort(ctx, pod("b_h", "p.default")))
	_, err = v.WaitInterface(ctx, "b_h", present("b_h"))
	must(t, err)
	if _, err := v.Interface(ctx, "a_h"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the rival stayed: %v", err)
	}
	if _, err := v.WaitInterface(ctx, "b_h", func(Interface) (bool, error) { return false, errors.New("no good") }); err == nil || err.Error() != "no good" {
		t.Errorf("%v", err)
	}
	// A changed internal port.
	must(t, v.EnsurePort(ctx, PortSpec{Bridge: "br-int", Name: "ovn0", Type: "internal", MAC: "0a:00:00:00:00:01", MTU: 1400}))
	_, err = v.WaitInterface(ctx, "ovn0", present("ovn0"))
	must(t, err)
	must(t, v.EnsurePort(ctx, PortSpec{Bridge: "br-int", Name: "ovn0", Type: "internal", MAC: "0a:00:00:00:00:02", MTU: 1300}))
	_, err = v.WaitInterface(ctx, "ovn0", func(i Interface) (bool, error) {
		return i.MAC != nil && *i.MAC == "0a:00:00:00:00:02" && *i.MTURequest == 1300, nil
	})
	must(t, err)

	// A waiter lives through a restart of the server.
	waited := make(chan error, 1)
	go func() {
		_, err := v.WaitInterface(ctx, "c_h", present("c_h"))
		waited <- err
	}()
	restart()
	must(t, v.EnsurePort(ctx, pod("c_h", "q.default")))
	must(t, <-waited)

	must(t, v.DeletePort(ctx, "b_h"))
	must(t, v.DeletePort(ctx, "b_h"))
	must(t, v.DeleteBridge(ctx, "br-int"))
	must(t, v.DeleteBridge(ctx, "br-int"))
	if err := v.EnsurePort(ctx, pod("d_h", "q.default")); err == nil || !strings.Contains(err.Error(), "br-int") {
		t.Errorf("%v", err)
	}
}
