package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// ping sends ICMP echo requests, each after the answer to the one before, and waits 2 s for each answer.
// SIZE counts the whole IP packet; df forbids fragmentation, so that SIZE is the path MTU that is tested.
func ping(ctx context.Context, args []string) (result, error) {
	if len(args) < 2 {
		return result{}, errors.New("ping: want ADDRESS COUNT")
	}
	dst, err := net.ResolveIPAddr("ip4", args[0])
	if err != nil {
		return result{}, err
	}
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return result{}, err
	}
	size := 84
	if len(args) > 2 {
		if size, err = strconv.Atoi(args[2]); err != nil || size < 28 {
			return result{}, fmt.Errorf("ping: size %q is not a number of at least 28", args[2])
		}
	}
	conn, err := net.ListenPacket("ip4:icmp", "0.0.0.0")
	if err != nil {
		return result{}, err
	}
	defer conn.Close()
	if len(args) > 3 && args[3] == "df" {
		raw, err := conn.(*net.IPConn).SyscallConn()
		if err != nil {
			return result{}, err
		}
		var serr error
		_ = raw.Control(func(fd uintptr) {
			// PROBE: set DF and ignore what the kernel has learnt of the path
			serr = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
		})
		if serr != nil {
			return result{}, serr
		}
	}
	var r result
	id, buf := os.Getpid()&0xffff, make([]byte, 65536)
	for seq := 1; seq <= count && ctx.Err() == nil; seq++ {
		m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: id, Seq: seq, Data: make([]byte, size-28)}}
		b, err := m.Marshal(nil)
		if err != nil {
			return r, err
		}
		r.Sent++
		if _, err := conn.WriteTo(b, dst); err != nil {
			r.Lost++
			if errors.Is(err, unix.EMSGSIZE) {
				return r, fmt.Errorf("%d bytes do not fit the interface: %w", size, err)
			}
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if !answered(conn, buf, dst.IP, id, seq) {
			r.Lost++
		}
	}
	if r.Lost == r.Sent {
		return r, fmt.Errorf("no answer from %s to %d packets of %d bytes", args[0], r.Sent, size)
	}
	return r, nil
}

func answered(conn net.PacketConn, buf []byte, from net.IP, id, seq int) bool {
	_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	for {
		n, addr, err := conn.ReadFrom(buf)
		if err != nil {
			return false
		}
		m, err := icmp.ParseMessage(1, buf[:n])
		if err != nil || m.Type != ipv4.ICMPTypeEchoReply || !addr.(*net.IPAddr).IP.Equal(from) {
			continue
		}
		if e, ok := m.Body.(*icmp.Echo); ok && e.ID == id && e.Seq == seq {
			return true
		}
	}
}

// echo sends numbered UDP packets at a fixed rate and reports which were never answered, and the longest silence.
func echo(ctx context.Context, args []string) (result, error) {
	if len(args) != 3 {
		return result{}, errors.New("echo: want HOST:PORT COUNT INTERVAL")
	}
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return result{}, err
	}
	interval, err := time.ParseDuration(args[2])
	if err != nil {
		return result{}, err
	}
	conn, err := net.Dial("udp", args[0])
	if err != nil {
		return result{}, err
	}
	defer conn.Close()
	var (
		mu     sync.Mutex
		seen   = make([]bool, count)
		maxGap time.Duration
		last   = time.Now()
	)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 64)
		for {
			n, err := conn.Read(buf)
			if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
			if err != nil || n != 4 {
				continue // ICMP errors surface here; a lost packet is counted by its number
			}
			mu.Lock()
			if seq := int(binary.BigEndian.Uint32(buf)); seq < count {
				seen[seq] = true
			}
			if g := time.Since(last); g > maxGap {
				maxGap = g
			}
			last = time.Now()
			mu.Unlock()
		}
	}()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var r result
	for seq := 0; seq < count && ctx.Err() == nil; seq++ {
		_, _ = conn.Write(binary.BigEndian.AppendUint32(nil, uint32(seq)))
		r.Sent++
		<-tick.C
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	<-done
	for seq := 0; seq < r.Sent; seq++ {
		if !seen[seq] {
			r.Lost++
			r.LostSeqs = append(r.LostSeqs, seq)
		}
	}
	r.MaxGap = float64(maxGap.Microseconds()) / 1000
	return r, nil
}
