package packets

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// reach pings until an answer comes: the first packets over a tunnel may be lost while neighbours are resolved.
func (e *endpoint) reach(t *testing.T, dst string) {
	t.Helper()
	eventually(t, 15*time.Second, func() error {
		_, err := e.run(5*time.Second, "ping", "-n", "-q", "-c1", "-W2", dst)
		return err
	})
}

// ping sends count packets, each of which must be answered. While a network is young its flows still change and a packet may be
// lost, so it tries again.
func (e *endpoint) ping(t *testing.T, dst string, count int, options ...string) {
	t.Helper()
	args := append([]string{"-n", "-q", "-i0.05", "-W2", fmt.Sprintf("-c%d", count)}, options...)
	eventually(t, patience, func() error {
		out, err := e.run(20*time.Second, "ping", append(args, dst)...)
		if err == nil && !strings.Contains(out, fmt.Sprintf(" %d received,", count)) {
			err = fmt.Errorf("%s: ping %s: %s", e.name, dst, out)
		}
		return err
	})
}

// serveTCP answers each connection with the endpoint's name and whom it sees, until the test ends.
func (e *endpoint) serveTCP(t *testing.T, addr string) {
	t.Helper()
	t.Cleanup(e.serveTCPUntil(t, addr))
}

// serveTCPUntil is serveTCP until stop is called.
func (e *endpoint) serveTCPUntil(t *testing.T, addr string) (stop func()) {
	t.Helper()
	var ln net.Listener
	if err := e.do(func() (err error) {
		ln, err = net.Listen("tcp", addr)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
			fmt.Fprintf(c, "%s sees %s", e.name, host)
			c.Close()
		}
	}()
	return func() { ln.Close() }
}

// serveUDP answers each packet with the endpoint's name and whom it sees, until the test ends.
func (e *endpoint) serveUDP(t *testing.T, addr string) {
	t.Helper()
	var pc net.PacketConn
	if err := e.do(func() (err error) {
		pc, err = net.ListenPacket("udp", addr)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	go func() {
		buf := make([]byte, 2048)
		for {
			_, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			host, _, _ := net.SplitHostPort(from.String())
			_, _ = pc.WriteTo(fmt.Appendf(nil, "%s sees %s", e.name, host), from)
		}
	}()
}

// echoUDP sends each packet back, until the test ends.
func (e *endpoint) echoUDP(t *testing.T, addr string) {
	t.Helper()
	var pc net.PacketConn
	if err := e.do(func() (err error) {
		pc, err = net.ListenPacket("udp", addr)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	go func() {
		buf := make([]byte, 65536)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = pc.WriteTo(buf[:n], from)
		}
	}()
}

// dial connects from the endpoint; network is tcp or udp.
func (e *endpoint) dial(network, addr string, limit time.Duration) (c net.Conn, err error) {
	err = e.do(func() error {
		c, err = net.DialTimeout(network, addr, limit)
		return err
	})
	return c, err
}

// askFrom is askWithin over TCP from another local address.
func (e *endpoint) askFrom(limit time.Duration, local, addr string) (string, error) {
	var c net.Conn
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(local)}, Timeout: slow(limit)}
	err := e.do(func() (err error) {
		c, err = d.Dial("tcp", addr)
		return err
	})
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(slow(limit)))
	b, err := io.ReadAll(c)
	return string(b), err
}

// ask connects (udp: sends a packet) and returns the answer, if it comes in three seconds: each connection is new to every
// datapath on its way, and a busy machine takes its time.
func (e *endpoint) ask(network, addr string) (string, error) {
	return e.askWithin(3*time.Second, network, addr)
}

func (e *endpoint) askWithin(limit time.Duration, network, addr string) (string, error) {
	limit = slow(limit)
	c, err := e.dial(network, addr, limit)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(limit))
	if network == "udp" {
		if _, err := c.Write([]byte("who is there")); err != nil {
			return "", err
		}
		buf := make([]byte, 2048)
		n, err := c.Read(buf)
		return string(buf[:n]), err
	}
	b, err := io.ReadAll(c)
	return string(b), err
}

// wantAnswer asks until the answer is the one wanted.
func (e *endpoint) wantAnswer(t *testing.T, network, addr, want string) {
	t.Helper()
	eventually(t, 10*time.Second, func() error {
		got, err := e.ask(network, addr)
		if err == nil && got != want {
			err = fmt.Errorf("it answers %q, want %q", got, want)
		}
		if err != nil {
			return fmt.Errorf("%s asks %s %s: %w", e.name, network, addr, err)
		}
		return nil
	})
}

// wantRefused asks until it is refused: by a reset, or an ICMP error.
func (e *endpoint) wantRefused(t *testing.T, network, addr string) {
	t.Helper()
	eventually(t, 10*time.Second, func() error {
		if answer, err := e.ask(network, addr); !errors.Is(err, syscall.ECONNREFUSED) {
			return fmt.Errorf("%s asks %s %s: got %q, %v; want it refused", e.name, network, addr, answer, err)
		}
		return nil
	})
}

// becomesSilent asks until nothing comes back: flows that a datapath keeps outlive their rule for a moment.
func (e *endpoint) becomesSilent(t *testing.T, network, addr string) {
	t.Helper()
	eventually(t, patience, func() error {
		if answer, err := e.askWithin(400*time.Millisecond, network, addr); err == nil {
			return fmt.Errorf("%s asks %s %s: got %q; want silence", e.name, network, addr, answer)
		}
		return nil
	})
}

// wantSilence asks once and wants nothing back. Alone it proves little: capture where the packets would arrive.
func (e *endpoint) wantSilence(t *testing.T, network, addr string) {
	t.Helper()
	answer, err := e.askWithin(400*time.Millisecond, network, addr)
	if ne, ok := errors.AsType[net.Error](err); !ok || !ne.Timeout() {
		t.Errorf("%s asks %s %s: got %q, %v; want silence", e.name, network, addr, answer, err)
	}
}
