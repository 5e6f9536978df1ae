package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/supervise"
)

func TestOneKoveAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "kove.lock")
	unlock, err := lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(path); err == nil || !strings.Contains(err.Error(), "another kove runs here") {
		t.Errorf("a second lock: %v", err)
	}
	unlock()
	again, err := lock(path)
	if err != nil {
		t.Fatalf("after the first has gone: %v", err)
	}
	again()
}

func TestPayloadComesFirstInPath(t *testing.T) {
	c := config.Default(config.Agent)
	c.Paths.DataDir = "/d"
	t.Setenv("PATH", "/mine:/usr/bin::/usr/bin")
	if err := (&App{config: c}).setPath(); err != nil {
		t.Fatal(err)
	}
	want := "/d/data/current/bin:/mine:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin"
	if got := os.Getenv("PATH"); got != want {
		t.Errorf("PATH is %s, want %s", got, want)
	}
}

// What Kubernetes calls an error is a warning while kove runs and silence while it stops.
func TestKubernetesIsQuieter(t *testing.T) {
	var out bytes.Buffer
	var stopping atomic.Bool
	log := kubernetesLogger(slog.New(slog.NewTextHandler(&out, nil)), &stopping).With("component", "kubelet")
	log.Info("an informational line")
	log.Error("an error")
	log.Warn("a warning")
	if got := out.String(); strings.Contains(got, "informational") || strings.Count(got, "level=WARN") != 2 || strings.Contains(got, "level=ERROR") {
		t.Errorf("while running:\n%s", got)
	}
	out.Reset()
	stopping.Store(true)
	log.Error("an error")
	// logr hands errors to the handler without asking whether they are wanted.
	if err := log.Handler().Handle(context.Background(), slog.Record{Level: slog.LevelError, Message: "an error"}); err != nil {
		t.Fatal(err)
	}
	if out.Len() != 0 {
		t.Errorf("while stopping:\n%s", out.String())
	}
}

func TestLazyComponent(t *testing.T) {
	inner := supervise.NewProcess(supervise.ProcessSpec{Name: "inner"}, slog.New(slog.DiscardHandler))
	built := false
	l := lazy("x", func() (supervise.Component, error) { built = true; return nil, errors.New("not yet") })
	var s supervise.Status
	l.(supervise.Reporter).Report(&s) // before it is built
	if built || l.Name() != "x" {
		t.Error("it was built before it ran")
	}
	if err := l.Run(context.Background(), func() {}); err == nil || !built {
		t.Errorf("running: %v, built %v", err, built)
	}
	ok := lazy("y", func() (supervise.Component, error) { return inner, nil })
	if err := ok.Run(context.Background(), func() { t.Error("ready") }); err == nil {
		t.Error("a process without a program ran")
	}
	ok.(supervise.Reporter).Report(&s)
}

func TestMountsBelow(t *testing.T) {
	points, err := mountsBelow("/proc", "/sys/")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points {
		if !strings.HasPrefix(p, "/proc/") && !strings.HasPrefix(p, "/sys/") {
			t.Errorf("%s is not below", p)
		}
	}
	if none, err := mountsBelow(t.TempDir()); err != nil || len(none) != 0 {
		t.Errorf("below an empty folder: %v, %v", none, err)
	}
}
