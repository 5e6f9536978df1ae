package status

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/kove-io/kove/pkg/supervise"
)

func TestServerAnswers(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "run", "kove.sock")
	if _, err := Get(context.Background(), socket); !errors.Is(err, ErrNotRunning) {
		t.Errorf("without a server: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	c := Server(socket, func(context.Context) *Status {
		return &Status{Node: "n1", Components: FromGroup([]supervise.Status{{Name: "x", State: supervise.Ready, Err: errors.New("once")}})}
	})
	go func() { done <- c.Run(ctx, func() { close(ready) }) }()
	<-ready
	s, err := Get(context.Background(), socket)
	if err != nil {
		t.Fatal(err)
	}
	if s.Node != "n1" || len(s.Components) != 1 || s.Components[0].Error != "once" || s.Components[0].State != supervise.Ready {
		t.Errorf("got %+v", s)
	}
	if fi, err := os.Stat(socket); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", fi.Mode(), err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := Get(context.Background(), socket); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after the end: %v", err)
	}
}

func TestProcessesFindsUs(t *testing.T) {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range Processes(self, t.TempDir()) {
		if p.PID == os.Getpid() {
			if p.RSS == 0 || p.PSS == 0 || p.Threads == 0 {
				t.Errorf("got %+v", p)
			}
			return
		}
	}
	t.Error("this process is not in the list")
}
