package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestWebTellsWhoItIs(t *testing.T) {
	t.Setenv("POD_NAME", "web-0")
	t.Setenv("NODE_NAME", "edge-1")
	s := httptest.NewServer(webHandler())
	defer s.Close()
	if _, body := get(t, s.URL+"/"); !strings.HasPrefix(body, "web-0\n") || !strings.Contains(body, "client: 127.0.0.1:") {
		t.Errorf("/ = %q", body)
	}
	_, body := get(t, s.URL+"/json")
	var id identity
	if err := json.Unmarshal([]byte(body), &id); err != nil {
		t.Fatal(err)
	}
	if id.Name != "web-0" || id.Node != "edge-1" || id.Server != s.Listener.Addr().String() {
		t.Errorf("/json = %+v", id)
	}
}

func TestFetchChecksBlob(t *testing.T) {
	s := httptest.NewServer(webHandler())
	defer s.Close()
	const n = 3_000_001
	var out bytes.Buffer
	if err := fetch(context.Background(), []string{fmt.Sprintf("%s/blob?bytes=%d&seed=7", s.URL, n)}, &out); err != nil {
		t.Fatal(err)
	}
	_, want := get(t, fmt.Sprintf("%s/blob.sha256?bytes=%d&seed=7", s.URL, n))
	if line := fmt.Sprintf("%d bytes sha256 %s in ", n, strings.TrimSpace(want)); !strings.HasPrefix(out.String(), line) {
		t.Errorf("fetch said %q, want %q", out.String(), line)
	}
	if _, other := get(t, fmt.Sprintf("%s/blob.sha256?bytes=%d&seed=8", s.URL, n)); other == want {
		t.Error("another seed gives the same blob")
	}
}

func TestFetchRefusesDamagedBlob(t *testing.T) {
	for name, body := range map[string]string{"altered": "jello", "short": "hell"} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Trailer", checksumTrailer)
				w.Header().Set("X-Bytes", "5")
				fmt.Fprint(w, body)
				w.Header().Set(checksumTrailer, fmt.Sprintf("%x", sha256.Sum256([]byte("hello"))))
			}))
			defer s.Close()
			if err := fetch(context.Background(), []string{s.URL}, io.Discard); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestUploadAndBadRequests(t *testing.T) {
	s := httptest.NewServer(webHandler())
	defer s.Close()
	resp, err := http.Post(s.URL+"/upload", "text/plain", strings.NewReader("abc"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if want := fmt.Sprintf("3 %x\n", sha256.Sum256([]byte("abc"))); string(b) != want {
		t.Errorf("upload said %q, want %q", b, want)
	}
	for _, q := range []string{"", "?bytes=-1", "?bytes=many", "?bytes=1&seed=x"} {
		if code, _ := get(t, s.URL+"/blob"+q); code != http.StatusBadRequest {
			t.Errorf("/blob%s = %d", q, code)
		}
	}
}

func TestWebStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- web(ctx, []string{"-listen", "127.0.0.1:0"}, io.Discard) }()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still serving")
	}
}

func TestSleep(t *testing.T) {
	for _, bad := range [][]string{{"x"}, {"-1"}, {"1", "2"}} {
		if err := sleep(context.Background(), bad, io.Discard); err == nil {
			t.Errorf("sleep %v: accepted", bad)
		}
	}
	if err := sleep(context.Background(), []string{"0.01"}, io.Discard); err != nil {
		t.Error(err)
	}
}

// TestMain lets the test binary be kove-sys itself.
func TestMain(m *testing.M) {
	if args := os.Getenv("KOVE_SYS_TEST_ARGS"); args != "" {
		os.Args = strings.Fields(args)
		main()
		return
	}
	os.Exit(m.Run())
}

// CoreDNS answers with the plugins that the cluster's Corefile uses.
func TestCoreDNS(t *testing.T) {
	dir := t.TempDir()
	port := freePort(t)
	corefile := filepath.Join(dir, "Corefile")
	text := fmt.Sprintf(`.:%s {
		bind 127.0.0.1
		errors
		log
		health 127.0.0.1:%s
		ready 127.0.0.1:%s
		prometheus 127.0.0.1:%s
		hosts {
			192.0.2.7 web.kove.test
			fallthrough
		}
		forward . 127.0.0.1:9
		cache 30
		loop
		reload
		loadbalance
	}`, port, freePort(t), freePort(t), freePort(t))
	if err := os.WriteFile(corefile, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "KOVE_SYS_TEST_ARGS=kove-sys coredns -conf "+corefile)
	var messages bytes.Buffer
	c.Stdout, c.Stderr = &messages, &messages
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }() // killed at the end, as told
	defer func() { _ = c.Process.Kill(); <-ended }()
	var out bytes.Buffer
	var err error
	for begin := time.Now(); time.Since(begin) < 30*time.Second; time.Sleep(20 * time.Millisecond) {
		out.Reset()
		if err = resolve(context.Background(), []string{"-server", "127.0.0.1:" + port, "-timeout", "2s", "web.kove.test"}, &out); err == nil {
			break
		}
		select {
		case <-ended:
			t.Fatalf("CoreDNS ended: %s", messages.String())
		default:
		}
	}
	if err != nil || out.String() != "192.0.2.7\n" {
		t.Errorf("resolved to %q, %v", out.String(), err)
	}
}

func TestPluginsOfTheCorefile(t *testing.T) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "KOVE_SYS_TEST_ARGS=coredns -plugins")
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"errors", "bind", "health", "ready", "kubernetes", "forward", "cache", "loop", "reload", "loadbalance", "hosts", "prometheus", "log"} {
		if !strings.Contains("\n"+string(out), "\n"+p+"\n") {
			t.Errorf("no plugin %s in\n%s", p, out)
		}
	}
}

func TestUnknownCommand(t *testing.T) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "KOVE_SYS_TEST_ARGS=kove-sys nonsense")
	out, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(out), `no command "nonsense"`) || !strings.Contains(string(out), "coredns") {
		t.Errorf("%v: %s", err, out)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
