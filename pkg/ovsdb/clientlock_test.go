package ovsdb

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestClientLock(t *testing.T) {
	t.Run("kove", func(t *testing.T) {
		sock := filepath.Join(t.TempDir(), "s")
		srv := serve(t, openTest(t, t.TempDir(), SyncEach), sock)
		t.Cleanup(func() { srv.Close() })
		lockScript(t, sock)
	})
	t.Run("stock", func(t *testing.T) { lockScript(t, stockServer(t, "")) })
}

type lockResult struct {
	held    context.Context
	release func()
	err     error
}

func lockAsync(ctx context.Context, c *Client) <-chan lockResult {
	out := make(chan lockResult, 1)
	go func() {
		held, release, err := c.Lock(ctx, "x")
		out <- lockResult{held, release, err}
	}()
	return out
}

// newRoot is a row that collides with no other.
func newRoot() Op {
	id := NewUUID()
	return Insert("Root", id, ColumnValue{"name", id.String()}, ColumnValue{"a", int64(binary.BigEndian.Uint32(id[:]))})
}

func lockScript(t *testing.T, sock string) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	a, b, third := dialTest(t, sock), dialTest(t, sock), dialTest(t, sock)
	get := func(from <-chan lockResult) lockResult {
		t.Helper()
		r := <-from
		if r.err != nil {
			t.Fatal(r.err)
		}
		return r
	}
	write := func(c *Client, want bool) {
		t.Helper()
		_, err := c.Transact(ctx, newRoot(), AssertLock("x"))
		var e *Error
		if (err == nil) != want || err != nil && (!errors.As(err, &e) || e.Code != "not owner") {
			t.Fatalf("a write that asserts the lock: %v", err)
		}
	}
	first := get(lockAsync(ctx, a))
	if _, _, err := a.Lock(ctx, "x"); err == nil || !strings.Contains(err.Error(), "asked for it already") {
		t.Fatalf("asking twice: %v", err)
	}
	write(a, true)
	write(b, false)
	second := lockAsync(ctx, b)
	write(b, false) // waiting is not owning; this comes after the request

	// One that gives up leaves the queue.
	shortly, giveUp := context.WithCancel(ctx)
	waiting := lockAsync(shortly, third)
	giveUp()
	if r := <-waiting; !errors.Is(r.err, context.Canceled) {
		t.Fatalf("giving up: %v", r.err)
	}
	first.release()
	if first.held.Err() == nil {
		t.Fatal("released, and still held")
	}
	r := get(second)
	write(b, true)
	write(a, false)

	// It is stolen.
	thief, err := net.Dial("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(thief, `{"id":0,"method":"steal","params":["x"]}`); err != nil {
		t.Fatal(err)
	}
	select {
	case <-r.held.Done():
	case <-ctx.Done():
		t.Fatal("stolen, and still held")
	}
	write(b, false)
	r.release()
	back := lockAsync(ctx, b)
	thief.Close() // gives it back
	r = get(back)
	write(b, true)

	// A connection that ends loses it, and the client asks again by itself.
	next := lockAsync(ctx, a)
	b.mu.Lock()
	b.link.nc.Close()
	b.mu.Unlock()
	<-r.held.Done()
	r.release()
	write(a, get(next).held.Err() == nil)
	if err := b.Echo(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestClientOfCluster talks to three servers of a stock cluster: only the leader will do, and a new one is found.
func TestClientOfCluster(t *testing.T) {
	dir := t.TempDir()
	var remotes []string
	servers := map[string]*exec.Cmd{}
	for i := range 3 {
		db, raft, sock := fmt.Sprintf("%s/%d.db", dir, i), fmt.Sprintf("unix:%s/r%d", dir, i), fmt.Sprintf("%s/s%d", dir, i)
		if i == 0 {
			// A leader that is held up for a second, the default, would be replaced.
			runStock(t, "ovsdb-tool", "--election-timer=4000", "create-cluster", db, "testdata/t.ovsschema", raft)
		} else {
			runStock(t, "ovsdb-tool", "join-cluster", db, "T", raft, "unix:"+dir+"/r0")
		}
		cmd := exec.Command(stock(t, "ovsdb-server"), "--remote=punix:"+sock, fmt.Sprintf("--unixctl=%s/c%d", dir, i), "-vconsole:off", db)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		servers["unix:"+sock] = cmd
		remotes = append(remotes, "unix:"+sock)
		// Joined, before the next one asks to.
		runStock(t, "ovsdb-client", "-t60", "wait", remotes[i], "T", "connected")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	for limit := time.Second; ; limit *= 2 { // time enough to ask one of them
		short, giveUp := context.WithTimeout(ctx, limit)
		_, err := Dial(short, "T", ClientOptions{Remotes: remotes[1:], LeaderOnly: true})
		giveUp()
		if err == nil || !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "not the leader") || limit > patience/2 {
			t.Fatalf("two followers: %v", err)
		}
		if strings.Contains(err.Error(), "not the leader") {
			break
		}
	}
	// From the back, so that it has to look around.
	c, err := Connect("T", ClientOptions{Remotes: []string{remotes[2], remotes[1], remotes[0]}, LeaderOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	held, release, err := c.Lock(ctx, "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Transact(ctx, newRoot(), AssertLock("x")); err != nil {
		t.Fatal(err)
	}
	servers[remotes[0]].Process.Kill() // it began the cluster and leads it
	<-held.Done()
	release()
	if _, _, err = c.Lock(ctx, "x"); err != nil {
		t.Fatal(err)
	}
	res, err := c.Transact(ctx, Select("Root"), newRoot(), AssertLock("x"))
	if err != nil || len(res[0].Rows) != 1 {
		t.Fatalf("after the leader's death: %v %v", res, err)
	}
}
