package hostnet

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// watchTables sends a value whenever an nftables table was deleted (`nft flush ruleset`, a restarted firewall service), until
// ctx is done. Whose table it was does not matter: applying the desired state once too often is cheap.
func watchTables(ctx context.Context, deleted chan<- struct{}) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_NETFILTER)
	if err != nil {
		return fmt.Errorf("listening to nftables: %w", err)
	}
	f := os.NewFile(uintptr(fd), "nftables")
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1 << (unix.NFNLGRP_NFTABLES - 1)}); err != nil {
		f.Close()
		return fmt.Errorf("listening to nftables: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })
	go func() {
		defer f.Close()
		defer stop()
		buf := make([]byte, 1<<16)
		for {
			n, err := f.Read(buf)
			if ctx.Err() != nil || (err != nil && !errors.Is(err, unix.ENOBUFS)) {
				return
			}
			if err != nil || deletesTable(buf[:n]) { // after lost messages anything may have happened
				select {
				case deleted <- struct{}{}:
				default:
				}
			}
		}
	}()
	return nil
}

// deletesTable looks through netlink messages for a deleted table.
func deletesTable(b []byte) bool {
	for len(b) >= unix.NLMSG_HDRLEN {
		length := int(binary.NativeEndian.Uint32(b))
		if length < unix.NLMSG_HDRLEN || length > len(b) {
			return false
		}
		if binary.NativeEndian.Uint16(b[4:]) == unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_DELTABLE {
			return true
		}
		b = b[min((length+3)&^3, len(b)):]
	}
	return false
}
