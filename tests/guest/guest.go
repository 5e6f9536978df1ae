package guest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Options say what is in a guest.
type Options struct {
	Files    map[string]string // path in the guest → file or folder of this machine
	Programs []string          // programs of this machine, copied with their shared libraries; DefaultPrograms if nil
	Modules  []string          // kernel modules loaded at boot with their dependencies; DefaultModules if nil
	Script   string            // run by sh as root when the guest is up
	Memory   int               // MiB, 4096 if 0
	Disk     int               // MiB of the root image, 4096 if 0; it is sparse
	Console  io.Writer         // gets the guest's output as it comes; may be nil
}

// Result is what a guest printed and how its script ended.
type Result struct {
	Output string        // what the script printed
	Exit   int           // of the script
	Boot   time.Duration // from qemu's start to the script's start
	Kernel string
}

// DefaultPrograms is what the lab and the end-to-end tests need of a host besides busybox.
var DefaultPrograms = []string{"bash", "dash", "ip", "nsenter", "ping", "ethtool", "mount", "umount", "nft", "modprobe"}

// DefaultModules is what kove needs of a kernel that has everything as modules.
var DefaultModules = []string{"openvswitch", "geneve", "vxlan", "veth", "bridge", "br_netfilter", "macvlan", "macvtap", "ipvlan", "8021q", "dummy",
	"overlay", "tun", "nf_tables", "nft_chain_nat", "nft_ct", "nft_masq", "nft_nat", "nft_redir", "nft_limit", "nft_reject", "nft_reject_inet", "nft_reject_ipv4", "nft_reject_ipv6", "nft_fib", "nft_fib_inet", "nft_fib_ipv4", "nft_log", "nft_numgen", "nft_hash", "nft_compat",
	"xt_comment", "xt_mark", "xt_conntrack", "xt_MASQUERADE", "nf_conntrack", "nf_conntrack_netlink", "sch_netem", "sch_ingress", "sch_htb", "vrf", "vport-gre", "act_police", "cls_matchall", "loop"}

// Run boots a guest, runs the script and waits until the guest is off. A guest that does not come up is an error;
// a script that fails is not.
func Run(ctx context.Context, o Options) (Result, error) {
	work, err := os.MkdirTemp("/var/tmp", "kove-guest.")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(work)
	kernel, err := fetchKernel(ctx)
	if err != nil {
		return Result{}, err
	}
	if err := makeImage(ctx, o, kernel, work); err != nil {
		return Result{}, fmt.Errorf("making the guest's root: %w", err)
	}
	if err := makeInitrd(ctx, kernel, work); err != nil {
		return Result{}, fmt.Errorf("making the guest's initrd: %w", err)
	}
	return boot(ctx, o, kernel, work)
}

const (
	upMark   = "KOVE-GUEST-UP "
	exitMark = "KOVE-GUEST-EXIT "
)

func boot(ctx context.Context, o Options, kernel, work string) (Result, error) {
	memory := o.Memory
	if memory == 0 {
		memory = 4096
	}
	images, _ := filepath.Glob(filepath.Join(kernel, "boot", "vmlinuz-*"))
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", strconv.Itoa(memory),
		"-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio", "-nic", "none",
		"-kernel", images[0], "-initrd", filepath.Join(work, "initrd"), "-append", "console=ttyS0 quiet rdinit=/init panic=-1",
		"-drive", "if=virtio,format=raw,cache=unsafe,file="+filepath.Join(work, "root.img"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a scheduling group of its own
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return Result{}, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return Result{}, fmt.Errorf("starting qemu: %w", err)
	}
	// emulation is all CPU, and what runs in the guest has time limits: ask for more than an equal share (sched(7), autogroup)
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/autogroup", cmd.Process.Pid), []byte("-15"), 0)
	r := Result{Exit: -1}
	var text strings.Builder
	lines := bufio.NewReader(out)
	for {
		line, rerr := lines.ReadString('\n')
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.Contains(line, upMark):
			r.Boot, r.Kernel = time.Since(begin), line[strings.Index(line, upMark)+len(upMark):]
		case strings.Contains(line, exitMark):
			r.Exit, _ = strconv.Atoi(line[strings.Index(line, exitMark)+len(exitMark):])
		case line != "":
			text.WriteString(line + "\n")
			if o.Console != nil {
				fmt.Fprintln(o.Console, line)
			}
		}
		if rerr != nil {
			break
		}
	}
	werr := cmd.Wait()
	r.Output = text.String()
	switch {
	case ctx.Err() != nil:
		return r, fmt.Errorf("guest did not finish: %w; its last words:\n%s", ctx.Err(), tail(r.Output))
	case r.Exit < 0:
		return r, fmt.Errorf("guest died before its script ended: %w %s; its last words:\n%s", errors.Join(werr), stderr.String(), tail(r.Output))
	}
	return r, nil
}

func tail(s string) string {
	if len(s) > 3000 {
		return "…" + s[len(s)-3000:]
	}
	return s
}

// fetchKernel returns a folder with boot/ and lib/modules/ of Debian's cloud kernel.
func fetchKernel(ctx context.Context) (string, error) {
	cache := os.Getenv("KOVE_GUEST_CACHE")
	if cache == "" {
		cache = "/var/tmp/kove-guest"
	}
	dir := filepath.Join(cache, "k")
	if found, _ := filepath.Glob(filepath.Join(dir, "lib/modules/*/modules.dep")); len(found) > 0 {
		return dir, nil
	}
	script := `set -e
mkdir -p "$1"; cd "$1"; rm -rf k.new; mkdir k.new
newest() { apt-cache depends linux-image-cloud-amd64 | awk '/Depends:/{print $2; exit}'; }
p=$(newest)
cd k.new; get() { apt-get -qq -o APT::Sandbox::User=root download "$p"; }
get || { apt-get -qq -o DPkg::Lock::Timeout=120 update; p=$(newest); get; } # the index may be older than the archive
dpkg-deb -x "$p"_*.deb .; rm -f ./*.deb
/sbin/depmod -b . "$(ls lib/modules)"
cd ..; rm -rf k; mv k.new k`
	if out, err := exec.CommandContext(ctx, "sh", "-c", script, "sh", cache).CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetching Debian's cloud kernel: %w: %s", err, out)
	}
	return dir, nil
}

// makeInitrd makes an initrd that loads the disk's driver and switches to the root image.
func makeInitrd(ctx context.Context, kernel, work string) error {
	dir := filepath.Join(work, "initrd.d")
	for _, d := range []string{"bin", "dev", "proc", "sys", "root", "lib"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	if err := copyFile("/bin/busybox", filepath.Join(dir, "bin/busybox")); err != nil {
		return err
	}
	mods, err := modulePaths(ctx, kernel, []string{"virtio_pci", "virtio_blk", "ext4"})
	if err != nil {
		return err
	}
	init := "#!/bin/busybox sh\n/bin/busybox --install -s /bin\nmount -t devtmpfs d /dev; mount -t proc p /proc\n"
	for i, m := range mods {
		name := fmt.Sprintf("lib/%02d.ko", i)
		if err := copyFile(m, filepath.Join(dir, name)); err != nil {
			return err
		}
		init += "insmod /" + name + "\n"
	}
	init += "n=0; until [ -b /dev/vda ] || [ $n = 50 ]; do sleep 0.1; n=$((n+1)); done\n" +
		"mount -t ext4 /dev/vda /root || { echo no root; poweroff -f; }\numount /proc /dev\nexec switch_root /root /init\n"
	if err := os.WriteFile(filepath.Join(dir, "init"), []byte(init), 0o755); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "sh", "-c", `cd "$1" && find . | cpio -o -H newc --quiet | gzip -1 > "$2"`, "sh", dir, filepath.Join(work, "initrd")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// makeImage fills a folder and makes an ext4 image of it.
func makeImage(ctx context.Context, o Options, kernel, work string) error {
	root := filepath.Join(work, "root")
	for _, d := range []string{"usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/local/bin", "etc", "root", "opt", "var/tmp", "var/lib", "var/log", "tmp", "proc", "sys", "dev", "run", "mnt", "modules"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			return err
		}
	}
	for link, to := range map[string]string{"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64", "var/run": "/run"} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			return err
		}
	}
	if err := copyFile("/bin/busybox", filepath.Join(root, "usr/bin/busybox")); err != nil {
		return err
	}
	applets, err := exec.CommandContext(ctx, "/bin/busybox", "--list").Output()
	if err != nil {
		return err
	}
	for _, a := range strings.Fields(string(applets)) {
		_ = os.Symlink("busybox", filepath.Join(root, "usr/bin", a))
	}
	programs := o.Programs
	if programs == nil {
		programs = DefaultPrograms
	}
	for _, p := range programs {
		if err := copyProgram(ctx, p, root); err != nil {
			return err
		}
	}
	// busybox's own shell would run its applets instead of the programs beside them
	if dash := filepath.Join(root, "usr/bin/dash"); exists(dash) {
		sh := filepath.Join(root, "usr/bin/sh")
		_ = os.Remove(sh)
		if err := os.Symlink("dash", sh); err != nil {
			return err
		}
	}
	mods := o.Modules
	if mods == nil {
		mods = DefaultModules
	}
	paths, err := modulePaths(ctx, kernel, mods)
	if err != nil {
		return err
	}
	for i, m := range paths {
		if err := copyFile(m, filepath.Join(root, "modules", fmt.Sprintf("%03d-%s", i, filepath.Base(m)))); err != nil {
			return err
		}
	}
	for at, from := range o.Files {
		if out, err := exec.CommandContext(ctx, "sh", "-c", `mkdir -p "$(dirname "$2")" && cp -a "$1" "$2"`, "sh", from, filepath.Join(root, at)).CombinedOutput(); err != nil {
			return fmt.Errorf("copying %s: %w: %s", from, err, out)
		}
	}
	files := map[string]string{
		"etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n", "etc/group": "root:x:0:\nnogroup:x:65534:\n",
		"etc/hosts": "127.0.0.1 localhost\n", "etc/resolv.conf": "", "script": o.Script,
		"etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(root, "init"), []byte(guestInit), 0o755); err != nil {
		return err
	}
	disk := o.Disk
	if disk == 0 {
		disk = 4096
	}
	out, err := exec.CommandContext(ctx, "mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-E", "lazy_itable_init=1", "-d", root, filepath.Join(work, "root.img"), strconv.Itoa(disk)+"M").CombinedOutput()
	if err != nil {
		return fmt.Errorf("mke2fs: %w: %s", err, out)
	}
	return os.RemoveAll(root)
}

const guestInit = `#!/bin/busybox sh
export PATH=/usr/local/bin:/usr/sbin:/usr/bin HOME=/root TERM=linux
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev 2>/dev/null; mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts p /dev/pts; mount -t tmpfs r /run; mount -t cgroup2 c /sys/fs/cgroup; mount -t tmpfs t /tmp
for m in /modules/*; do insmod $m 2>/dev/null; done
ip link set lo up
echo; echo "` + upMark + `$(uname -r)"
/bin/sh /script </dev/null; rc=$?; echo; echo "` + exitMark + `$rc"
poweroff -f
`

// modulePaths lists module files in load order, dependencies first. Built-in ones are left out; unknown ones are an error.
func modulePaths(ctx context.Context, kernel string, names []string) ([]string, error) {
	versions, err := filepath.Glob(filepath.Join(kernel, "lib/modules/*"))
	if err != nil || len(versions) == 0 {
		return nil, fmt.Errorf("no modules in %s", kernel)
	}
	seen := map[string]bool{}
	var paths []string
	for _, n := range names {
		out, err := exec.CommandContext(ctx, "/sbin/modprobe", "-d", kernel, "-S", filepath.Base(versions[0]), "--show-depends", n).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("module %s: %w: %s", n, err, out)
		}
		for _, l := range strings.Split(string(out), "\n") {
			if f := strings.Fields(l); len(f) >= 2 && f[0] == "insmod" && !seen[f[1]] {
				seen[f[1]] = true
				paths = append(paths, f[1])
			}
		}
	}
	return paths, nil
}

var libraryPath = regexp.MustCompile(`/[^ ()]+`)

// copyProgram copies a program to the place that it has here, with the shared libraries that it names.
func copyProgram(ctx context.Context, name, root string) error {
	found := ""
	for _, d := range []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
		if fi, err := os.Stat(filepath.Join(d, name)); err == nil && !fi.IsDir() {
			found = filepath.Join(d, name)
			break
		}
	}
	if found == "" {
		return fmt.Errorf("program %s is not on this machine", name)
	}
	target := filepath.Join(root, found)
	_ = os.Remove(target)                                              // an applet's link
	_ = os.Remove(filepath.Join(root, "usr/bin", filepath.Base(name))) // the same, when the real one is in sbin
	if err := copyFile(found, target); err != nil {
		return err
	}
	out, _ := exec.CommandContext(ctx, "ldd", found).Output() // fails for static programs, which need nothing
	libs := libraryPath.FindAllString(string(out), -1)
	sort.Strings(libs)
	for _, l := range libs {
		if at := filepath.Join(root, l); !exists(at) {
			if err := copyFile(l, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// copyFile copies the file behind any links, with its mode.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	fi, err := in.Stat()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, fi.Mode().Perm())
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
