package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/kove-io/kove/pkg/ovn/central/command"
)

// profiledCentral as first argument makes this program an ovn-central that profiles itself: SIGUSR1 starts a CPU profile,
// SIGUSR2 ends it and writes a heap profile.
const profiledCentral = "profiled-central"

func runProfiled(args []string) int {
	dir := args[0]
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		for {
			<-signals
			n := time.Now().Unix()
			f, err := os.Create(filepath.Join(dir, fmt.Sprintf("cpu%d.pprof", n)))
			if err == nil {
				err = pprof.StartCPUProfile(f)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "profiling:", err)
			}
			<-signals
			pprof.StopCPUProfile()
			f.Close()
			runtime.GC()
			if f, err = os.Create(filepath.Join(dir, fmt.Sprintf("heap%d.pprof", n))); err == nil {
				pprof.Lookup("heap").WriteTo(f, 0)
				f.Close()
			}
		}
	}()
	if err := command.New("profiled").Run(append([]string{"ovn-central"}, args[1:]...)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// profile has a kove that profiles itself begin; the function that it returns ends that.
func (b *bench) profile(what string, s *side) (end func()) {
	if len(s.procs) != 1 || len(s.procs[0].Args) < 2 || s.procs[0].Args[1] != profiledCentral {
		return func() {}
	}
	b.log("profiling kove: %s", what)
	s.procs[0].Process.Signal(syscall.SIGUSR1)
	return func() {
		s.procs[0].Process.Signal(syscall.SIGUSR2)
		time.Sleep(2 * time.Second) // for the heap profile
	}
}

func (b *bench) profiled(what string, f func() error) error {
	defer b.profile(what, b.sides[1])()
	return f()
}
