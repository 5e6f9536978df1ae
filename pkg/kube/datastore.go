package kube

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/k3s-io/kine/pkg/drivers"
	_ "github.com/k3s-io/kine/pkg/drivers/sqlite" // the driver registers itself; pkg/endpoint would link every other one
	"github.com/k3s-io/kine/pkg/server"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// Datastore is kine on sqlite: the etcd API on a unix socket, one file on disk.
type Datastore struct {
	dir string
	log *slog.Logger
}

// NewDatastore keeps its database in dir, which is made if missing.
func NewDatastore(dir string, log *slog.Logger) *Datastore {
	return &Datastore{dir: dir, log: log.With("component", "datastore")}
}

// Name implements supervise.Component.
func (d *Datastore) Name() string { return "datastore" }

// Endpoint is the address of the etcd API.
func (d *Datastore) Endpoint() string { return "unix://" + d.socket() }

func (d *Datastore) socket() string { return filepath.Join(d.dir, "kine.sock") }

// sqliteOptions: synchronous=FULL, because an object that the API server acknowledged must survive a power cut; no VACUUM
// at start, which copies the whole file while everything waits, on disks that are small and slow.
const sqliteOptions = "_journal_mode=WAL&_busy_timeout=30000&_synchronous=FULL&_txlock=immediate&_stmt_cache_size=20&cache=shared" +
	"&_kine_disable_startup_vacuum=true"

// protect makes the database file readable by root alone before sqlite opens it; sqlite gives its other files the same mode.
func protect(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("opening the datastore: %w", err)
	}
	if err := errors.Join(f.Chmod(0o600), f.Close()); err != nil {
		return fmt.Errorf("protecting the datastore: %w", err)
	}
	return nil
}

// Run implements supervise.Component. It is to be stopped after the API server has returned.
func (d *Datastore) Run(ctx context.Context, ready func()) error {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return fmt.Errorf("making the folder of the datastore: %w", err)
	}
	if err := protect(filepath.Join(d.dir, "state.db")); err != nil {
		return err
	}
	// kine's goroutines get their own context: they end after the gRPC server has answered its last request.
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	defer func() { cancel(); wg.Wait() }()

	_, backend, err := drivers.New(inner, &wg, &drivers.Config{
		Endpoint:        "sqlite://" + filepath.Join(d.dir, "state.db") + "?" + sqliteOptions,
		CompactInterval: 5 * time.Minute, CompactTimeout: 5 * time.Second, CompactMinRetain: 1000, CompactBatchSize: 1000,
		PollBatchSize: 500,
		PollInterval:  time.Second, // with 0 watches never deliver
	})
	if err != nil {
		return fmt.Errorf("opening the datastore %s: %w", d.dir, err)
	}
	if err := backend.Start(inner); err != nil {
		return fmt.Errorf("starting the datastore %s: %w", d.dir, err)
	}

	gs := grpc.NewServer(
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 2 * time.Hour, Timeout: 20 * time.Second}),
		grpc.MaxRecvMsgSize(1572864+512*1024), // etcd's limit of a request plus gRPC's own overhead
		grpc.MaxSendMsgSize(1<<31-1))
	server.New(backend, "unix", 5*time.Second, "3.6.11").Register(gs)
	if err := os.Remove(d.socket()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the old socket of the datastore: %w", err)
	}
	listener, err := net.Listen("unix", d.socket())
	if err != nil {
		return fmt.Errorf("listening on the socket of the datastore: %w", err)
	}
	if err := os.Chmod(d.socket(), 0o600); err != nil {
		_ = listener.Close()
		return fmt.Errorf("protecting the socket of the datastore: %w", err)
	}
	served := make(chan error, 1)
	go func() { served <- gs.Serve(listener) }()
	ready()

	select {
	case err := <-served:
		return fmt.Errorf("serving the datastore: %w", err)
	case <-ctx.Done():
	}
	hard := time.AfterFunc(2*time.Second, gs.Stop) // watches never end by themselves
	gs.GracefulStop()
	hard.Stop()
	<-served
	return nil
}
