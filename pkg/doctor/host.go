package doctor

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/pki"
	"github.com/kove-io/kove/pkg/status"
)

// Host is a machine as checks see it. Nothing here changes it.
type Host interface {
	config.Host
	// UserID is the effective user.
	UserID() int
	// Stat tells what a path is; errors are those of os.Stat.
	Stat(path string) (fs.FileInfo, error)
	// Writable tells whether we may create files in a directory.
	Writable(dir string) error
	// FreeDisk is the free space of the file system that holds path, bytes, and whether it can be written to.
	FreeDisk(path string) (bytes uint64, readOnly bool, err error)
	// Answers tells whether somebody listens on a unix socket.
	Answers(socket string) bool
	// SocketOwner is the process that holds a socket, by the socket's inode: "nginx (pid 812)", "" when unknown.
	SocketOwner(inode string) string
	// KernelDatapath is nil when the kernel has Open vSwitch. Asking loads the module.
	KernelDatapath() error
	// FetchCA asks a server for its CA.
	FetchCA(ctx context.Context, server string) (*pki.Probe, error)
	// CheckToken asks a server, with that CA, whether the token admits us, and what the cluster is like.
	CheckToken(ctx context.Context, server string, ca []byte, t pki.Token) (pki.Plan, error)
	// CheckName asks a server, with that CA and a token that it accepts, whether a node may have its name and addresses.
	CheckName(ctx context.Context, server string, ca []byte, t pki.Token, claim pki.Claim) error
	// Now is the clock.
	Now() time.Time

	// Glob lists the paths that match a pattern of filepath.Match.
	Glob(pattern string) []string
	// Readlink is the target of a symbolic link.
	Readlink(path string) (string, error)
	// Environ is the environment of the caller's shell, NAME=VALUE.
	Environ() []string
	// Links are all network interfaces.
	Links() ([]Link, error)
	// Inodes are the free and all inodes of the file system that holds path; 0 of 0 where they are made as needed.
	Inodes(path string) (free, all uint64, err error)
	// SyncLatency is how long a small write takes to reach the disk below dir. The file that it writes has no name.
	SyncLatency(dir string) (time.Duration, error)
	// ClockSynced tells whether something keeps the clock right.
	ClockSynced() (bool, error)
	// Chains are the chains of nftables, those of iptables-nft among them: "FAMILY TABLE CHAIN".
	Chains() ([]string, error)
	// Reach opens and closes a TCP connection to HOST:PORT.
	Reach(ctx context.Context, address string) error
	// PathMTU is the largest IP packet, up to size, that an address answers; 0 when it answers none.
	PathMTU(ctx context.Context, to netip.Addr, size int) (int, error)
	// Status asks the kove behind a socket.
	Status(ctx context.Context, socket string) (*status.Status, error)
}

// Link is a network interface.
type Link struct {
	Name string `json:"name"`
	// Kind is the kernel's: "" for hardware, veth, bridge, bond, vlan, openvswitch, …
	Kind string `json:"kind"`
	// Driver is the driver of hardware, "" when unknown.
	Driver string `json:"driver"`
	MTU    int    `json:"mtu"`
	// Up is that it was set up, Carrier that the other side answers.
	Up      bool `json:"up"`
	Carrier bool `json:"carrier"`
	// Master is the bridge, bond or VRF that it belongs to; ovs-system for ports of Open vSwitch.
	Master string `json:"master"`
	// Parent is the interface below a VLAN, macvlan or such.
	Parent string         `json:"parent"`
	Addrs  []netip.Prefix `json:"addrs"`
}

// OSHost is the machine that runs us.
type OSHost struct{ config.OSHost }

// UserID implements Host.
func (OSHost) UserID() int { return os.Geteuid() }

// Stat implements Host.
func (OSHost) Stat(path string) (fs.FileInfo, error) { return os.Stat(path) }

// Writable implements Host.
func (OSHost) Writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }

// FreeDisk implements Host.
func (OSHost) FreeDisk(path string) (uint64, bool, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, false, fmt.Errorf("looking at the file system of %s: %w", path, err)
	}
	return s.Bavail * uint64(s.Bsize), s.Flags&unix.ST_RDONLY != 0, nil
}

// Answers implements Host.
func (OSHost) Answers(socket string) bool {
	conn, err := net.DialTimeout("unix", socket, time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// SocketOwner implements Host.
func (OSHost) SocketOwner(inode string) string {
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return ""
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err != nil || target != "socket:["+inode+"]" {
			continue
		}
		pid := strings.Split(link, "/")[2]
		name, err := os.ReadFile("/proc/" + pid + "/comm")
		if err != nil {
			return "pid " + pid
		}
		return fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(name)), pid)
	}
	return ""
}

// KernelDatapath implements Host.
func (OSHost) KernelDatapath() error {
	_, err := netlink.GenlFamilyGet("ovs_datapath")
	return err
}

// FetchCA implements Host.
func (h OSHost) FetchCA(ctx context.Context, server string) (*pki.Probe, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return pki.FetchCA(ctx, server, h.Now)
}

// CheckToken implements Host.
func (OSHost) CheckToken(ctx context.Context, server string, ca []byte, t pki.Token) (pki.Plan, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return pki.CheckToken(ctx, server, ca, t)
}

// Now implements Host.
func (OSHost) Now() time.Time { return time.Now() }

// existing is the nearest directory of path that exists.
func existing(h Host, path string) string {
	for {
		if _, err := h.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) || path == "/" {
			return path
		}
		path = filepath.Dir(path)
	}
}

// lines iterates over a file of the host, none when it cannot be read.
func lines(h Host, path string) []string {
	data, err := h.ReadFile(path)
	if err != nil {
		return nil
	}
	var out []string
	s := bufio.NewScanner(bytes.NewReader(data))
	for s.Scan() {
		out = append(out, s.Text())
	}
	return out
}
