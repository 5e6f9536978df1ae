package main

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

func startServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- serve(ctx, addr) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return addr
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("server does not listen")
	return ""
}

func TestClientsAgainstServer(t *testing.T) {
	addr := startServer(t)
	ctx := context.Background()
	if r, err := do(ctx, []string{"get", "http://" + addr + "/"}); err != nil || !strings.HasSuffix(r.Body, " 127.0.0.1\n") {
		t.Errorf("get: %+v %v", r, err)
	}
	if r, err := do(ctx, []string{"blob", "http://" + addr, "1000003"}); err != nil || r.Bytes != 1000003 {
		t.Errorf("blob: %+v %v", r, err)
	}
	if r, err := do(ctx, []string{"echo", addr, "20", "5ms"}); err != nil || r.Lost != 0 || r.Sent != 20 {
		t.Errorf("echo: %+v %v", r, err)
	}
	if r, err := do(ctx, []string{"stream", addr, "100ms"}); err != nil || r.Bytes == 0 {
		t.Errorf("stream: %+v %v", r, err)
	}
	if r, err := do(ctx, []string{"ping", "127.0.0.1", "2", "1400", "df"}); err != nil || r.Lost != 0 {
		t.Errorf("ping: %+v %v", r, err)
	}
}

// What the tests conclude from the probe must be able to fail.
func TestClientsReportLoss(t *testing.T) {
	ctx := context.Background()
	sink, err := net.ListenPacket("udp", "127.0.0.1:0") // receives and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	if r, err := do(ctx, []string{"echo", sink.LocalAddr().String(), "5", "1ms"}); err != nil || r.Lost != 5 {
		t.Errorf("echo to a sink: %+v %v", r, err)
	}
	if _, err := do(ctx, []string{"ping", "127.0.0.1", "1", "70000", "df"}); err == nil {
		t.Error("a ping larger than the MTU succeeded")
	}
	if _, err := do(ctx, []string{"blob", "http://" + startServer(t) + "/hostname?", "10"}); err == nil {
		t.Error("a wrong blob passed")
	}
}
