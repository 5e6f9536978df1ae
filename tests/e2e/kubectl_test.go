package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// What an operator does with a pod, on the server's own node and on another one.
func TestKubectlExecLogsCopyForward(t *testing.T) {
	f := sharedCluster(t)
	for _, p := range []*pod{f.a1, f.a2} {
		t.Run(p.name, func(t *testing.T) {
			if out := f.kubectl(t, "", "exec", p.name, "--", "hostname"); out != p.name+"\n" {
				t.Errorf("exec hostname: %q", out)
			}
			if _, err := f.tryKubectl("", "exec", p.name, "--", "sh", "-c", "exit 3"); err == nil || !strings.Contains(err.Error(), "exit status 3") {
				t.Errorf("exec's exit code does not come through: %v", err)
			}
			if out := f.kubectl(t, "over stdin", "exec", "-i", p.name, "--", "cat"); out != "over stdin" {
				t.Errorf("exec -i cat: %q", out)
			}
			f.kubectl(t, "", "exec", p.name, "--", "sh", "-c", "echo from-"+p.name+" > /proc/1/fd/1")
			eventually(t, 10*time.Second, "log line", func() error {
				if out := f.kubectl(t, "", "logs", p.name); !strings.Contains(out, "from-"+p.name) {
					return fmt.Errorf("logs: %q", out)
				}
				return nil
			})
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if _, err := f.server().Run(ctx, "sh", "-c", "head -c 300000 /dev/urandom > /tmp/cp.in"); err != nil {
				t.Fatal(err)
			}
			f.kubectl(t, "", "cp", "/tmp/cp.in", "default/"+p.name+":/tmp/cp.there")
			f.kubectl(t, "", "cp", "default/"+p.name+":/tmp/cp.there", "/tmp/cp.out")
			if _, err := f.server().Run(ctx, "cmp", "/tmp/cp.in", "/tmp/cp.out"); err != nil {
				t.Errorf("cp there and back: %v", err)
			}
			forward := f.server().Command(ctx, "timeout", "60", "kove", "kubectl", "port-forward", p.name, "18080:8080")
			if err := forward.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_, _ = f.server().Run(ctx, "sh", "-c", "pkill -f 'port-forward "+p.name+" '")
				_ = forward.Wait()
			}()
			eventually(t, 15*time.Second, "port-forward", func() error {
				r, err := onHost(f.server(), "get", "http://127.0.0.1:18080/hostname")
				if err == nil && r.Body != p.name {
					err = fmt.Errorf("answered by %q", r.Body)
				}
				return err
			})
		})
	}
}
