package supervise

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

const (
	sysPidfdSendSignal = 424 // the same on every architecture
	sysPidfdOpen       = 434
	pidfdNonblock      = syscall.O_NONBLOCK
)

// record is what RecordFile holds. A process id alone proves nothing: the number may have been given to another process.
type record struct {
	PID    int      `json:"pid"`
	Start  uint64   `json:"start"` // field 22 of /proc/PID/stat: clock ticks since boot
	BootID string   `json:"bootID"`
	Path   string   `json:"path"` // as asked for, without symbolic links; Exe is what /proc/PID/exe said
	Exe    string   `json:"exe"`
	Args   []string `json:"args"`
}

// child is a process held by a pidfd, so that its number cannot be recycled under us.
type child struct {
	pid   int
	pidfd *os.File
	cmd   *exec.Cmd // nil for an adopted process, which someone else reaps
	start uint64
	exe   string
	stale bool // its executable has been replaced on disk since it started
}

// openChild opens a pidfd first and reads /proc after: what is read belongs to the process that the pidfd holds as long
// as that process has not exited, which the caller notices by wait.
func openChild(pid int) (*child, error) {
	fd, _, errno := syscall.Syscall(sysPidfdOpen, uintptr(pid), pidfdNonblock, 0)
	if errno != 0 {
		return nil, fmt.Errorf("opening process %d: %w", pid, errno)
	}
	syscall.CloseOnExec(int(fd))
	c := &child{pid: pid, pidfd: os.NewFile(fd, "pidfd:"+strconv.Itoa(pid))}
	start, err := startTime(pid)
	if err != nil {
		c.close()
		return nil, err
	}
	c.start = start
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		c.close()
		return nil, fmt.Errorf("reading the executable of process %d: %w", pid, err)
	}
	c.exe, c.stale = strings.CutSuffix(exe, " (deleted)")
	return c, nil
}

func (c *child) close() { _ = c.pidfd.Close() }

func (c *child) signal(sig syscall.Signal) error {
	raw, err := c.pidfd.SyscallConn()
	if err != nil {
		return fmt.Errorf("signalling process %d: %w", c.pid, err)
	}
	var errno syscall.Errno
	if err := raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall6(sysPidfdSendSignal, fd, uintptr(sig), 0, 0, 0, 0)
	}); err != nil {
		return fmt.Errorf("signalling process %d: %w", c.pid, err)
	}
	if errno != 0 && errno != syscall.ESRCH {
		return fmt.Errorf("signalling process %d: %w", c.pid, errno)
	}
	return nil
}

// wait blocks until the process has exited or ctx is done. The error says how it ended; for an adopted process, whose
// exit status goes to its parent, only that it did.
func (c *child) wait(ctx context.Context) error {
	if err := c.pidfd.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("waiting for process %d: %w", c.pid, err)
	}
	unblock := context.AfterFunc(ctx, func() { _ = c.pidfd.SetReadDeadline(time.Unix(1, 0)) })
	defer unblock()
	raw, err := c.pidfd.SyscallConn()
	if err != nil {
		return fmt.Errorf("waiting for process %d: %w", c.pid, err)
	}
	// A pidfd becomes readable when its process ends; Read parks the goroutine in the runtime's poller until then.
	for {
		err := raw.Read(exited)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// The end of an earlier wait's context can set its deadline after ours was cleared.
		if !errors.Is(err, os.ErrDeadlineExceeded) || c.pidfd.SetReadDeadline(time.Time{}) != nil {
			return fmt.Errorf("waiting for process %d: %w", c.pid, err)
		}
	}
	if c.cmd == nil {
		return errors.New("the adopted process exited")
	}
	if c.cmd.ProcessState == nil {
		if err := c.cmd.Wait(); err != nil {
			return fmt.Errorf("the process exited: %w", err)
		}
	}
	return fmt.Errorf("the process exited: %s", c.cmd.ProcessState)
}

// exited polls fd without blocking.
func exited(fd uintptr) bool {
	type pollFd struct {
		fd              int32
		events, revents int16
	}
	const pollIn = 1
	p, zero := pollFd{fd: int32(fd), events: pollIn}, syscall.Timespec{}
	for {
		n, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&zero)), 0, 0, 0)
		if errno == syscall.EINTR {
			continue
		}
		return errno == 0 && n == 1
	}
}

var errExited = errors.New("it has exited")

func startTime(pid int) (uint64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the start time of process %d: %w", pid, err)
	}
	// The second field is the command in parentheses and may hold anything.
	i := bytes.LastIndexByte(b, ')')
	fields := strings.Fields(string(b[i+1:]))
	if i < 0 || len(fields) < 20 {
		return 0, fmt.Errorf("reading the start time of process %d: unexpected /proc/%d/stat", pid, pid)
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return 0, fmt.Errorf("reading the start time of process %d: %w", pid, errExited)
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

func bootID() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b))
}

func (p *Process) writeRecord(c *child) error {
	if p.spec.RecordFile == "" {
		return nil
	}
	return writeRecord(p.spec.RecordFile, record{PID: c.pid, Start: c.start, BootID: bootID(), Path: resolve(p.spec.Path), Exe: c.exe, Args: p.spec.Args})
}

func writeRecord(file string, r record) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding the process record %s: %w", file, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("making the folder of the process record: %w", err)
	}
	tmp := file + ".tmp"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("writing the process record: %w", err)
	}
	if err := os.Rename(tmp, file); err != nil {
		return fmt.Errorf("writing the process record: %w", err)
	}
	return nil
}

// openRecord returns the recorded process if it is still the same one, else nil.
func openRecord(file string) (*record, *child, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the process record: %w", err)
	}
	var r record
	if json.Unmarshal(b, &r) != nil || r.PID <= 0 || r.BootID != bootID() {
		return nil, nil, nil
	}
	c, err := openChild(r.PID)
	if err != nil { // it is gone
		return nil, nil, nil
	}
	if c.start != r.Start || !sameExe(c.exe, r.Exe, r.Path) {
		c.close()
		return nil, nil, nil
	}
	return &r, c, nil
}

// sameExe compares what /proc says now with what it said at the start. A start script that execs the real program changes
// it; then the asked-for path decides.
func sameExe(now, then, path string) bool {
	return now == then || now == path
}

// resolve follows symbolic links, so that a path through a link that was moved to another version counts as another path.
func resolve(path string) string {
	if p, err := filepath.EvalSymlinks(path); err == nil {
		return p
	}
	return path
}

// findByCommand returns the process that runs exactly this executable with exactly these arguments, nil if there is none.
func findByCommand(path string, args []string) *child {
	exe := resolve(path)
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		cmdline, err := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if err != nil || !slices.Equal(strings.Split(strings.TrimSuffix(string(cmdline), "\x00"), "\x00"), args) {
			continue
		}
		c, err := openChild(pid)
		if err != nil {
			continue
		}
		if c.exe == exe {
			return c
		}
		c.close()
	}
	return nil
}

// StopRecorded ends the process that RecordFile names, if it still runs: SIGTERM, then SIGKILL when ctx is done. It is what
// `kove stop --all` uses for children that survive kove. It returns the process id, 0 if nothing ran.
func StopRecorded(ctx context.Context, recordFile string) (int, error) {
	_, c, err := openRecord(recordFile)
	if err != nil || c == nil {
		return 0, err
	}
	defer c.close()
	if err := c.signal(syscall.SIGTERM); err != nil {
		return c.pid, err
	}
	_ = c.wait(ctx)
	if ctx.Err() != nil {
		if err := c.signal(syscall.SIGKILL); err != nil {
			return c.pid, err
		}
		kill, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = c.wait(kill)
		if kill.Err() != nil {
			return c.pid, fmt.Errorf("killing process %d: it is still there", c.pid)
		}
	}
	_ = os.Remove(recordFile)
	return c.pid, nil
}
