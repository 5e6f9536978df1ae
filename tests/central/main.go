package main

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == profiledCentral {
		os.Exit(runProfiled(os.Args[2:]))
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "central:", err)
		os.Exit(1)
	}
}

func stockFolder() string { return cmp.Or(os.Getenv("STOCK"), "/var/tmp/kove-stock") }

type settings struct {
	stock, central, dir, json, profile string
	ports, small, iters, bulk, restart int
	monitors                           int
	only                               string
	doc                                bool
}

func run() error {
	var o settings
	flag.StringVar(&o.stock, "stock", stockFolder(), "`folder` with stock OVN (make stock)")
	flag.StringVar(&o.central, "central", "bin/ovn-central", "kove's central")
	flag.StringVar(&o.dir, "dir", "/var/tmp", "`folder` for the databases; on tmpfs (/dev/shm) syncing costs nothing")
	flag.StringVar(&o.json, "json", "", "write everything measured to `file`")
	flag.StringVar(&o.profile, "profile", "", "write CPU and heap profiles of kove to `folder`: of the last load, the changes, the monitors")
	flag.IntVar(&o.ports, "ports", 10000, "size of the networks, 0 leaves them out")
	flag.IntVar(&o.small, "small", 1000, "size of the network that shows whether time follows size, 0 leaves it out")
	flag.IntVar(&o.iters, "iters", 20, "times that each change is made")
	flag.IntVar(&o.bulk, "bulk", 20, "times that the large network is loaded")
	flag.IntVar(&o.restart, "restart", 20, "times that the large network's central is restarted")
	flag.IntVar(&o.monitors, "monitors", 100, "clients that monitor everything")
	flag.StringVar(&o.only, "only", "", "changes to time, separated by commas")
	flag.BoolVar(&o.doc, "doc", false, "measure nothing: print the tables of docs/benchmarks.md from what -json wrote, on disk and, as second argument, on tmpfs")
	flag.Parse()
	if o.doc {
		return printDoc(os.Stdout, flag.Args())
	}
	if flag.NArg() > 0 {
		return fmt.Errorf("argument %q is not expected", flag.Arg(0))
	}
	stockDir, err := filepath.Abs(o.stock)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(stockDir, "bin", "ovn-northd")); err != nil {
		return fmt.Errorf("stock OVN is missing in %s: run make stock, or give -stock", stockDir)
	}
	dir, err := os.MkdirTemp(o.dir, "kove-bench-central-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := []string{o.central}
	if o.profile != "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		if o.profile, err = filepath.Abs(o.profile); err != nil {
			return err
		}
		if err := os.MkdirAll(o.profile, 0o755); err != nil {
			return err
		}
		program = []string{self, profiledCentral, o.profile}
	} else if program[0], err = filepath.Abs(o.central); err != nil {
		return err
	} else if _, err := os.Stat(program[0]); err != nil {
		return fmt.Errorf("kove's central: %w: run make central", err)
	}
	b := &bench{
		sides:  []*side{stock(filepath.Join(dir, "stock"), stockDir), kove(filepath.Join(dir, "kove"), program...)},
		iters:  o.iters,
		report: &report{Begun: time.Now().UTC(), Machine: machine(), Settings: sync(o.dir)},
		log: func(format string, args ...any) {
			fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
		},
	}
	defer func() {
		for _, s := range b.sides {
			s.stop()
		}
	}()
	err = b.networks(&o)
	b.report.print(os.Stdout) // what there is, even if the run was cut short
	if o.json != "" {
		err = errors.Join(err, b.report.write(o.json))
	}
	return err
}

func (b *bench) networks(o *settings) error {
	var only map[string]bool
	if o.only != "" {
		only = map[string]bool{}
		for _, k := range strings.Split(o.only, ",") {
			only[k] = true
		}
	}
	if o.small > 0 {
		net := newNetwork(fmt.Sprintf("%d ports, 250 a switch", o.small), even(o.small, 250), false, 200)
		if err := b.load(net, 1); err != nil {
			return err
		}
		if err := b.operations(net, only); err != nil {
			return err
		}
	}
	if o.ports == 0 {
		return nil
	}
	net := newNetwork(fmt.Sprintf("%d ports, 250 a switch", o.ports), even(o.ports, 250), false, 200)
	if err := b.load(net, max(1, o.bulk)); err != nil {
		return err
	}
	if o.iters > 0 {
		if err := b.profiled("changes", func() error { return b.operations(net, only) }); err != nil {
			return err
		}
		if o.monitors > 0 {
			if err := b.profiled("monitors", func() error { return b.monitors(net, o.monitors) }); err != nil {
				return err
			}
		}
	}
	if err := b.restarts(net, o.restart); err != nil {
		return err
	}
	if o.iters == 0 {
		return nil
	}
	big := o.ports / 5
	net = newNetwork(fmt.Sprintf("%d ports, one switch of %d, one port group of all", o.ports, big),
		append([]int{big}, even(o.ports-big, 250)...), true, 200)
	if err := b.load(net, 1); err != nil {
		return err
	}
	return b.operations(net, only)
}

// machine says on what and how busy this was measured.
func machine() string {
	load, _ := os.ReadFile("/proc/loadavg")
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	f := strings.Fields(string(load))
	return fmt.Sprintf("%d cores, Linux %s, load %s before", runtime.NumCPU(), bytes.TrimSpace(kernel), strings.Join(f[:min(3, len(f))], " "))
}

// sync says what making a small write durable costs in a folder.
func sync(dir string) string {
	f, err := os.CreateTemp(dir, "kove-bench-sync-")
	if err != nil {
		return err.Error()
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var took []float64
	for range 50 {
		begun := time.Now()
		if _, err := f.Write(make([]byte, 1000)); err != nil {
			return err.Error()
		}
		if err := f.Sync(); err != nil {
			return err.Error()
		}
		took = append(took, ms(time.Since(begun)))
	}
	return fmt.Sprintf("Databases in %s, where syncing 1 kB takes %s ms", dir, short(median(took)))
}
