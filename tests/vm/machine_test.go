//go:build vm

package vm

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// machine is a running guest. Its second serial port carries a root shell.
type machine struct {
	name    string
	dir     string
	qemu    *exec.Cmd
	exited  chan struct{}
	mu      sync.Mutex // guards shell
	shell   net.Conn
	in      *bufio.Reader
	counter int
}

// start boots a guest whose NIC is one end of a cable to the other guest.
func start(t *testing.T, name, dir, kernel, initrd, cable string) *machine {
	t.Helper()
	m := &machine{name: name, dir: dir, exited: make(chan struct{})}
	images, err := filepath.Glob(filepath.Join(kernel, "boot", "vmlinuz-*"))
	if err != nil || len(images) == 0 {
		t.Fatalf("no kernel in %s: %v", kernel, err)
	}
	mac := "52:54:00:00:00:0" + strings.TrimPrefix(name, "vm")
	m.qemu = exec.Command("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "3072", "-nodefaults", "-display", "none",
		"-chardev", "file,id=console,path="+filepath.Join(dir, "console.log"), "-serial", "chardev:console",
		"-chardev", "socket,id=shell,path="+filepath.Join(dir, "shell.sock")+",server=on,wait=off", "-serial", "chardev:shell",
		"-netdev", "socket,id=cable,"+cable, "-device", "virtio-net-pci,netdev=cable,mac="+mac,
		"-kernel", images[0], "-initrd", initrd, "-append", "console=ttyS0 net.ifnames=0 loglevel=4 systemd.show_status=1 rdinit=/init",
		"-drive", "if=virtio,format=raw,cache=unsafe,file="+filepath.Join(dir, "root.img"))
	m.qemu.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a scheduling group of its own
	said := &strings.Builder{}
	m.qemu.Stderr = said
	if err := m.qemu.Start(); err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/autogroup", m.qemu.Process.Pid), []byte("-10"), 0) // only a wish
	go func() { _ = m.qemu.Wait(); close(m.exited) }()
	t.Cleanup(func() {
		_ = m.qemu.Process.Kill()
		<-m.exited
		if t.Failed() {
			t.Logf("%s: qemu said %q; the end of its console:\n%s", name, said, tail(filepath.Join(dir, "console.log")))
		}
	})
	return m
}

func tail(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(b) > 4000 {
		b = b[len(b)-4000:]
	}
	return string(b)
}

// open connects to the shell; a guest that reboots loses what was typed, not the connection.
func (m *machine) open() error {
	if m.shell != nil {
		return nil
	}
	c, err := net.Dial("unix", filepath.Join(m.dir, "shell.sock"))
	if err != nil {
		return err
	}
	m.shell, m.in = c, bufio.NewReaderSize(c, 1<<20)
	return nil
}

// run types a command into the shell and returns what it prints.
func (m *machine) run(limit time.Duration, command string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.open(); err != nil {
		return "", err
	}
	m.counter++
	mark := "done-" + strconv.Itoa(m.counter)
	if err := m.shell.SetDeadline(time.Now().Add(limit)); err != nil {
		return "", err
	}
	// a shell that was started anew echoes what is typed; what counts stands between two marks that are not typed as such
	if _, err := io.WriteString(m.shell, "stty -echo; echo beg''in-"+strconv.Itoa(m.counter)+"-; { "+command+"\n} </dev/null 2>&1; echo "+mark+"-$?-\n"); err != nil {
		return "", err
	}
	begin := "begin-" + strconv.Itoa(m.counter) + "-"
	begun := false
	end := regexp.MustCompile(mark + `-(\d+)-`)
	var out strings.Builder
	for {
		line, err := m.in.ReadString('\n')
		if found := end.FindStringSubmatch(line); found != nil {
			text := strings.TrimSpace(strings.ReplaceAll(out.String()+line[:strings.Index(line, mark)], "\r", ""))
			if found[1] != "0" {
				return text, fmt.Errorf("%s: exit status %s: %s", m.name, found[1], text)
			}
			return text, nil
		}
		switch {
		case strings.Contains(line, begin):
			begun = true
		case begun && !strings.Contains(line, mark):
			out.WriteString(line)
		}
		if err != nil {
			return out.String(), fmt.Errorf("%s: %s: %w", m.name, command, err)
		}
	}
}

func (m *machine) must(t *testing.T, limit time.Duration, command string) string {
	t.Helper()
	out, err := m.run(limit, command)
	if err != nil {
		t.Fatalf("%s: %s: %v\n%s", m.name, command, err, out)
	}
	return out
}

func (m *machine) eventually(t *testing.T, limit time.Duration, what, command string) string {
	t.Helper()
	began, told := time.Now(), time.Now()
	for {
		out, err := m.run(60*time.Second, command)
		if err == nil {
			t.Logf("FIGURE %s: %s after %.0f s", m.name, what, time.Since(began).Seconds())
			return out
		}
		select {
		case <-m.exited:
			t.Fatalf("%s: qemu ended", m.name)
		default:
		}
		if time.Since(began) > limit {
			log, _ := m.run(60*time.Second, "systemctl --no-pager status kove kove-agent | tail -n 5; journalctl --no-pager -q -o cat _COMM=kove | tail -n 40")
			t.Fatalf("%s: %s: not after %s: %v\n%s", m.name, what, limit, err, log)
		}
		if time.Since(told) > time.Minute {
			told = time.Now()
			log, _ := m.run(60*time.Second, "journalctl --no-pager -q -o cat _COMM=kove | tail -n 3")
			t.Logf("%s: %s: not yet (%v)\n%s", m.name, what, err, log)
		}
		time.Sleep(2 * time.Second)
	}
}

// makeImage makes a machine's disk from the Debian root.
func makeImage(ctx context.Context, t *testing.T, root, dir, kernel, name, address, config string, deb string) {
	t.Helper()
	script := `set -e
root=$1 dir=$2 kernel=$3 name=$4 address=$5 deb=$6
mkdir "$dir/root"; tar -C "$dir/root" -xf "$root"
r=$dir/root
cp -a "$kernel/lib/modules" "$r/usr/lib/"
echo "$name" >"$r/etc/hostname"; printf '127.0.0.1 localhost\n%s %s\n' "$address" "$name" >"$r/etc/hosts"; : >"$r/etc/fstab"
rm -f "$r/etc/resolv.conf"; : >"$r/etc/resolv.conf"; rm -f "$r/etc/machine-id"; : >"$r/etc/machine-id"
printf '[Match]\nName=eth0\n[Network]\nAddress=%s/24\n' "$address" >"$r/etc/systemd/network/10-eth0.network"
cat >"$r/etc/systemd/system/test-shell.service" <<U
[Service]
ExecStart=/bin/sh
StandardInput=tty-force
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
Restart=always
RestartSec=1
# an interactive shell ignores SIGTERM
KillSignal=SIGHUP
Environment=HOME=/root PS1= PS2=
U
mkdir -p "$r/etc/systemd/system/multi-user.target.wants"
ln -s /etc/systemd/system/test-shell.service "$r/etc/systemd/system/multi-user.target.wants/"
ln -s /lib/systemd/system/systemd-networkd.service "$r/etc/systemd/system/multi-user.target.wants/"
ln -sf /dev/null "$r/etc/systemd/system/serial-getty@ttyS1.service"
cp "$deb" "$r/root/kove.deb"
[ ! -f "$dir/../doctor.test" ] || cp "$dir/../doctor.test" "$r/root/"
cat >"$r/root/config.yaml"
ln -sf /sbin/init "$r/init"
mke2fs -q -t ext4 -E lazy_itable_init=1 -d "$r" "$dir/root.img" 6144M
rm -rf "$r"`
	cmd := exec.CommandContext(ctx, "bash", "-c", script, "sh", root, dir, kernel, name, address, deb)
	cmd.Stdin = strings.NewReader(config)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making the disk of %s: %v\n%s", name, err, out)
	}
}

// debianRoot is an archive of a Debian with systemd, made once.
func debianRoot(ctx context.Context, t *testing.T) string {
	t.Helper()
	cache := os.Getenv("KOVE_DEBIAN_CACHE")
	if cache == "" {
		cache = "/var/tmp/kove-debian"
	}
	script := `set -e
mkdir -p "$1"; exec 9>"$1/lock"; flock 9
[ ! -f "$1/systemd.tar" ] || exit 0
suite=$(. /etc/os-release; echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(COMPONENT)' | awk -v s="$suite" '$2 == s && $3 == "main" { print $1; exit }')
rm -rf "$1/root"
debootstrap --variant=minbase --include=systemd-sysv,udev,dbus,kmod,procps,iproute2,iputils-ping "$suite" "$1/root" "$mirror" >"$1/log" 2>&1 || { tail -n 20 "$1/log"; exit 1; }
rm -rf "$1"/root/var/cache/apt/* "$1"/root/var/lib/apt/lists/*
tar -C "$1/root" -cf "$1/root.new" . && mv "$1/root.new" "$1/systemd.tar"; rm -rf "$1/root"`
	if out, err := exec.CommandContext(ctx, "bash", "-c", script, "sh", cache).CombinedOutput(); err != nil {
		t.Fatalf("making a Debian root: %v\n%s", err, out)
	}
	return filepath.Join(cache, "systemd.tar")
}
