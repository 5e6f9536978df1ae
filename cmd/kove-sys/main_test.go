package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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
