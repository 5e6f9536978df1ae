package vlog

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// syslogger sends messages to the system log, in the form of RFC 3164 that its local socket takes, and to targets over UDP.
type syslogger struct {
	network, address string // of the method; "" is none
	target           string
	conns            map[string]net.Conn
}

const facilityDaemon = 3 << 3

var severities = map[Level]int{Emer: 0, Err: 3, Warn: 4, Info: 6, Dbg: 7}

// SetSyslog says how messages reach the system log: libc, unix:FILE, udp:IP:PORT or null; target, IP:PORT, gets them besides
// unless it is "".
func (l *Log) SetSyslog(method, target string) error {
	s := &syslogger{target: target, conns: map[string]net.Conn{}}
	kind, address, _ := strings.Cut(method, ":")
	switch {
	case method == "" || method == "libc":
		s.network, s.address = "unixgram", "/dev/log"
	case kind == "unix" && address != "":
		s.network, s.address = "unixgram", address
	case kind == "udp" && address != "":
		s.network, s.address = "udp", address
	case method == "null":
	default:
		return fmt.Errorf("unsupported syslog method '%s'", method)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.syslog = s
	return nil
}

// send does its best: a log that is not there is no reason to fail.
func (s *syslogger) send(program string, level Level, text string) {
	if s.address != "" {
		s.write(s.network, s.address, fmt.Sprintf("<%d>%s[%d]: %s", facilityDaemon|severities[level], program, os.Getpid(), text))
	}
	if s.target != "" {
		host, _ := os.Hostname()
		s.write("udp", s.target, fmt.Sprintf("<%d>%s %s %s[%d]: %s", facilityDaemon|severities[level],
			time.Now().Format(time.Stamp), host, program, os.Getpid(), text))
	}
}

func (s *syslogger) write(network, address, message string) {
	for range 2 { // a system log that was restarted has a new socket
		c := s.conns[address]
		if c == nil {
			var err error
			if c, err = net.DialTimeout(network, address, time.Second); err != nil {
				return
			}
			s.conns[address] = c
		}
		c.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err := c.Write([]byte(message)); err == nil {
			return
		}
		c.Close()
		delete(s.conns, address)
	}
}
