package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// side is a central under test.
type side struct {
	name  string
	dir   string // of its databases and sockets
	setup func(*side) error
	boot  func(*side) error

	procs []*exec.Cmd // running, in the order in which they started
	nb    *conn       // for transactions and sb_cfg
	sb    *southbound // shows what has become visible
	cfg   int         // last nb_cfg
}

func (s *side) nbSock() string { return filepath.Join(s.dir, "nb.sock") }
func (s *side) sbSock() string { return filepath.Join(s.dir, "sb.sock") }

// run starts a program of this side; what it says goes to a file.
func (s *side) run(name string, args ...string) error {
	log, err := os.OpenFile(filepath.Join(s.dir, filepath.Base(name)+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, s.dir
	cmd.Env = append(os.Environ(), "OVS_RUNDIR="+s.dir, "OVN_RUNDIR="+s.dir, "OVS_LOGDIR="+s.dir, "OVN_LOGDIR="+s.dir, "OVS_SYSLOG_METHOD=null")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	s.procs = append(s.procs, cmd)
	return nil
}

// stop ends the programs, last started first, and waits for them.
func (s *side) stop() {
	for _, c := range []*conn{s.nb, s.sb.conn()} {
		if c != nil {
			c.Close()
		}
	}
	s.nb, s.sb = nil, nil
	for i := len(s.procs) - 1; i >= 0; i-- {
		p := s.procs[i]
		p.Process.Signal(syscall.SIGTERM)
		dead := time.AfterFunc(30*time.Second, func() { p.Process.Kill() })
		p.Wait()
		dead.Stop()
	}
	s.procs = nil
}

// stock runs ovsdb-server for each database, and ovn-northd, as ovn-ctl does; northd has its default of one thread.
func stock(dir, stockDir string) *side {
	bin := func(name string) string { return filepath.Join(stockDir, "bin", name) }
	return &side{name: "stock", dir: dir,
		setup: func(s *side) error {
			for _, d := range []string{"nb", "sb"} {
				cmd := exec.Command(bin("ovsdb-tool"), "create", d+".db", filepath.Join(stockDir, "share/ovn/ovn-"+d+".ovsschema"))
				cmd.Dir = s.dir
				if out, err := cmd.CombinedOutput(); err != nil {
					return fmt.Errorf("making stock's %s.db: %w: %s", d, err, out)
				}
			}
			return nil
		},
		boot: func(s *side) error {
			for _, d := range []string{"nb", "sb"} {
				if err := s.run(bin("ovsdb-server"), d+".db", "--remote=punix:"+filepath.Join(s.dir, d+".sock"),
					"--unixctl="+filepath.Join(s.dir, d+".ctl"), "--log-file="+filepath.Join(s.dir, d+".log"), "-vconsole:off"); err != nil {
					return err
				}
			}
			// northd would wait a second before it tries a second time.
			if err := s.answers(); err != nil {
				return err
			}
			return s.run(bin("ovn-northd"), "--ovnnb-db=unix:"+s.nbSock(), "--ovnsb-db=unix:"+s.sbSock(),
				"--unixctl="+filepath.Join(s.dir, "northd.ctl"), "--log-file="+filepath.Join(s.dir, "northd.log"), "-vconsole:off")
		},
	}
}

// kove runs a program that takes ovn-central's command line.
func kove(dir string, program ...string) *side {
	return &side{name: "kove", dir: dir,
		setup: func(*side) error { return nil },
		boot: func(s *side) error {
			args := append(program[1:len(program):len(program)], "--data-dir", filepath.Join(s.dir, "data"),
				"--nb-remote", "punix:"+s.nbSock(), "--sb-remote", "punix:"+s.sbSock(), "--log-level", "warn")
			if err := s.run(program[0], args...); err != nil {
				return err
			}
			return s.answers()
		},
	}
}

// answers returns once both databases have answered a transaction.
func (s *side) answers() error {
	for _, d := range []struct{ sock, db, table string }{
		{s.nbSock(), "OVN_Northbound", "NB_Global"}, {s.sbSock(), "OVN_Southbound", "SB_Global"},
	} {
		if err := s.firstAnswer(d.sock, d.db, d.table); err != nil {
			return err
		}
	}
	return nil
}

func (s *side) firstAnswer(sock, db, table string) error {
	end := time.Now().Add(2 * time.Minute)
	for {
		c, err := dial(sock)
		if err == nil {
			defer c.Close()
			_, err = c.transact(db, []obj{{"op": "select", "table": table, "where": arr{}}})
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: nobody listens on %s after 2 minutes: %w; see the logs in %s", s.name, sock, err, s.dir)
		}
		time.Sleep(time.Millisecond)
	}
}

// fresh starts the side on empty databases, with its connections.
func (s *side) fresh() error {
	s.stop()
	if err := os.RemoveAll(s.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	if err := s.setup(s); err != nil {
		return err
	}
	s.cfg = 0
	if err := s.boot(s); err != nil {
		return err
	}
	return s.connect()
}

// rss is the resident memory of the side's processes, in MiB.
func (s *side) rss() float64 {
	kib := 0
	for _, p := range s.procs {
		raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
		for line := range bytes.Lines(raw) {
			if f := strings.Fields(string(line)); len(f) > 1 && f[0] == "VmRSS:" {
				n, _ := strconv.Atoi(f[1])
				kib += n
			}
		}
	}
	return float64(kib) / 1024
}

// cpu is the processor time that the side's processes have used.
func (s *side) cpu() (d time.Duration) {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
	for _, p := range s.procs {
		raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Process.Pid))
		if _, rest, ok := strings.Cut(string(raw), ") "); ok {
			f := strings.Fields(rest)
			user, _ := strconv.Atoi(f[11])
			system, _ := strconv.Atoi(f[12])
			d += time.Duration(user+system) * tick
		}
	}
	return d
}

// alive reports a program that has ended by itself.
func (s *side) alive() error {
	for _, p := range s.procs {
		if errors.Is(p.Process.Signal(syscall.Signal(0)), os.ErrProcessDone) {
			return fmt.Errorf("%s: %s has ended; see the logs in %s", s.name, p.Path, s.dir)
		}
	}
	return nil
}
