package hostnet

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The legacy ethtool commands: one get and one set per offload, understood by every kernel. They do not name the newest kinds
// of segmentation, which does not matter: without TX checksums the kernel segments every packet itself.
const (
	ethtoolGTXCSUM, ethtoolSTXCSUM = 0x16, 0x17
	ethtoolGTSO, ethtoolSTSO       = 0x1e, 0x1f
	ethtoolGGSO, ethtoolSGSO       = 0x23, 0x24
	ethtoolGGRO, ethtoolSGRO       = 0x2b, 0x2c
	ethtoolGFLAGS, ethtoolSFLAGS   = 0x25, 0x26

	ethFlagLRO = 1 << 15
)

type ethtoolValue struct{ cmd, data uint32 }

type ifreq struct {
	name [unix.IFNAMSIZ]byte
	data *ethtoolValue
	_    [16 - unsafe.Sizeof(uintptr(0))]byte
}

// NoOffload turns the link's TX checksum, segmentation and receive-merging offloads off, in the current network namespace.
func NoOffload(link string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("opening a socket for ethtool: %w", err)
	}
	defer unix.Close(fd)
	return noOffload(fd, link)
}

// noOffload works on the network namespace in which the socket was made.
func noOffload(fd int, link string) error {
	for _, o := range []struct {
		name     string
		get, set uint32
	}{{"tso", ethtoolGTSO, ethtoolSTSO}, {"gso", ethtoolGGSO, ethtoolSGSO}, {"gro", ethtoolGGRO, ethtoolSGRO}, {"tx checksum", ethtoolGTXCSUM, ethtoolSTXCSUM}} {
		v := ethtoolValue{cmd: o.get}
		err := ethtool(fd, link, &v)
		if errors.Is(err, unix.EOPNOTSUPP) || (err == nil && v.data == 0) {
			continue
		}
		if err == nil {
			v = ethtoolValue{cmd: o.set}
			err = ethtool(fd, link, &v)
		}
		if err != nil {
			return fmt.Errorf("turning off the offload %q of %s: %w", o.name, link, err)
		}
	}
	v := ethtoolValue{cmd: ethtoolGFLAGS}
	if err := ethtool(fd, link, &v); err == nil && v.data&ethFlagLRO != 0 {
		v = ethtoolValue{cmd: ethtoolSFLAGS, data: v.data &^ ethFlagLRO}
		if err := ethtool(fd, link, &v); err != nil {
			return fmt.Errorf("turning off the offload \"lro\" of %s: %w", link, err)
		}
	}
	return nil
}

func ethtool(fd int, link string, v *ethtoolValue) error {
	r := ifreq{data: v}
	if len(link) >= unix.IFNAMSIZ {
		return unix.ENAMETOOLONG
	}
	copy(r.name[:], link)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&r))); errno != 0 {
		return errno
	}
	return nil
}
