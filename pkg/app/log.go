package app

import (
	"context"
	"io"
	stdlog "log"
	"log/slog"
	"sync/atomic"

	"github.com/go-logr/logr"
	"github.com/sirupsen/logrus"
	"k8s.io/klog/v2"
)

// kubernetesLogger wraps log for Kubernetes' own code, which tells by default what only its developers want to know, and
// calls errors what it tries again a moment later: informational lines become debug lines, and errors warnings. While kove
// stops, when everything loses its connections, all are debug lines. What really fails is returned by the component, and
// logged once by whoever started it.
func kubernetesLogger(log *slog.Logger, stopping *atomic.Bool) *slog.Logger {
	return slog.New(quieter{log.Handler(), stopping})
}

// bridgeLogs sends klog, logrus (kine's) and the standard library's log, which have one logger per process, to kubeLog.
func bridgeLogs(kubeLog *slog.Logger) {
	stdlog.SetFlags(0) // net/http's servers write there what clients do to them
	stdlog.SetOutput(slog.NewLogLogger(kubeLog.With("component", "kubernetes").Handler(), slog.LevelInfo).Writer())
	logrus.SetOutput(io.Discard)
	logrus.SetLevel(logrus.InfoLevel)
	logrus.AddHook(logrusHook{kubeLog.With("component", "datastore")})
	klog.SetLoggerWithOptions(logr.FromSlogHandler(kubeLog.With("component", "kubernetes").Handler()), klog.ContextualLogger(true))
}

type quieter struct {
	slog.Handler
	stopping *atomic.Bool
}

func (q quieter) level(l slog.Level) slog.Level {
	switch {
	case l >= slog.LevelWarn && !q.stopping.Load():
		return slog.LevelWarn
	default:
		return min(l, slog.LevelDebug)
	}
}

func (q quieter) Enabled(ctx context.Context, l slog.Level) bool {
	return q.Handler.Enabled(ctx, q.level(l))
}

func (q quieter) Handle(ctx context.Context, r slog.Record) error {
	r.Level = q.level(r.Level)
	if !q.Handler.Enabled(ctx, r.Level) { // logr does not ask before it logs an error
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

func (q quieter) WithAttrs(a []slog.Attr) slog.Handler {
	return quieter{q.Handler.WithAttrs(a), q.stopping}
}
func (q quieter) WithGroup(name string) slog.Handler {
	return quieter{q.Handler.WithGroup(name), q.stopping}
}

// logrusHook passes entries on.
type logrusHook struct{ log *slog.Logger }

func (logrusHook) Levels() []logrus.Level { return logrus.AllLevels }

func (h logrusHook) Fire(e *logrus.Entry) error {
	level := slog.LevelInfo
	switch {
	case e.Level <= logrus.ErrorLevel:
		level = slog.LevelError
	case e.Level == logrus.WarnLevel:
		level = slog.LevelWarn
	}
	attrs := make([]any, 0, 2*len(e.Data))
	for k, v := range e.Data {
		attrs = append(attrs, k, v)
	}
	h.log.Log(context.Background(), level, e.Message, attrs...)
	return nil
}
