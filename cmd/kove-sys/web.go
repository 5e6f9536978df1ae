package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// maxBlob bounds one /blob: a typing error must not fill a small site's uplink for a day.
const maxBlob = 1 << 36

// checksumTrailer carries the SHA-256 of a blob behind its body, so that the sender streams.
const checksumTrailer = "X-Checksum-Sha256"

// identity is what a web server says of itself and of the caller it sees.
type identity struct {
	Name      string   `json:"name"`
	Namespace string   `json:"namespace,omitempty"`
	Node      string   `json:"node,omitempty"`
	Addresses []string `json:"addresses"`
	Client    string   `json:"client"`
	Server    string   `json:"server"`
}

func web(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("web", flag.ContinueOnError)
	listen := fs.String("listen", ":80", "address to listen on")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", *listen, err)
	}
	log := slog.New(slog.NewTextHandler(out, nil))
	log.Info("serving", "address", l.Addr().String())

	server := &http.Server{Handler: webHandler(), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("serving on %s: %w", *listen, err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = server.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	<-served
	return err
}

// webHandler serves
//
//	/             who answers, and whom it sees, as text
//	/json         the same as JSON
//	/healthz      ok
//	/blob         ?bytes=N[&seed=S]: N reproducible bytes, their SHA-256 as a trailer
//	/blob.sha256  ?bytes=N[&seed=S]: the SHA-256 of that blob, for clients that know no trailers
//	/upload       (PUT or POST) size and SHA-256 of the body
func webHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		id := whoami(r)
		fmt.Fprintf(w, "%s\n", id.Name)
		fmt.Fprintf(w, "addresses: %s\n", strings.Join(id.Addresses, " "))
		if id.Namespace != "" {
			fmt.Fprintf(w, "namespace: %s\n", id.Namespace)
		}
		if id.Node != "" {
			fmt.Fprintf(w, "node: %s\n", id.Node)
		}
		fmt.Fprintf(w, "client: %s\nserver: %s\n", id.Client, id.Server)
	})
	mux.HandleFunc("GET /json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(whoami(r)) // the client has gone: nobody is left to tell
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /blob", func(w http.ResponseWriter, r *http.Request) {
		src, n, ok := requestedBlob(w, r)
		if !ok {
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Trailer", checksumTrailer)
		w.Header().Set("X-Bytes", strconv.FormatInt(n, 10))
		sum := sha256.New()
		if _, err := io.Copy(io.MultiWriter(w, sum), src); err != nil {
			return // a client that hangs up gets no trailer, hence never takes a short blob for a whole one
		}
		w.Header().Set(checksumTrailer, hex.EncodeToString(sum.Sum(nil)))
	})
	mux.HandleFunc("GET /blob.sha256", func(w http.ResponseWriter, r *http.Request) {
		src, _, ok := requestedBlob(w, r)
		if !ok {
			return
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, src); err == nil {
			fmt.Fprintf(w, "%x\n", sum.Sum(nil))
		}
	})
	upload := func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		n, err := io.Copy(sum, r.Body)
		if err != nil {
			http.Error(w, fmt.Sprintf("reading the body after %d bytes: %v", n, err), http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "%d %x\n", n, sum.Sum(nil))
	}
	mux.HandleFunc("PUT /upload", upload)
	mux.HandleFunc("POST /upload", upload)
	return mux
}

func requestedBlob(w http.ResponseWriter, r *http.Request) (src io.Reader, n int64, ok bool) {
	q := r.URL.Query()
	n, err := strconv.ParseInt(q.Get("bytes"), 10, 64)
	if err != nil || n < 0 || n > maxBlob {
		http.Error(w, fmt.Sprintf("bytes=%q: want a number from 0 to %d", q.Get("bytes"), int64(maxBlob)), http.StatusBadRequest)
		return nil, 0, false
	}
	var seed uint64
	if s := q.Get("seed"); s != "" {
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			http.Error(w, fmt.Sprintf("seed=%q: want a number", s), http.StatusBadRequest)
			return nil, 0, false
		}
	}
	return io.LimitReader(&noise{state: seed}, n), n, true
}

// noise is an endless reproducible byte stream without repeats or zeros that a link could compress or a lost segment hide
// in: splitmix64 (Steele, Lea, Flood 2014) in little-endian words.
type noise struct {
	state uint64
	word  uint64
	left  int
}

func (s *noise) Read(p []byte) (int, error) {
	for i := range p {
		if s.left == 0 {
			s.state += 0x9e3779b97f4a7c15
			z := s.state
			z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
			z = (z ^ z>>27) * 0x94d049bb133111eb
			s.word, s.left = z^z>>31, 8
		}
		p[i] = byte(s.word)
		s.word >>= 8
		s.left--
	}
	return len(p), nil
}

func whoami(r *http.Request) identity {
	name := os.Getenv("POD_NAME")
	if name == "" {
		name, _ = os.Hostname() // a host without a name answers without one
	}
	id := identity{
		Name:      name,
		Namespace: os.Getenv("POD_NAMESPACE"),
		Node:      os.Getenv("NODE_NAME"),
		Addresses: addresses(),
		Client:    r.RemoteAddr,
	}
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		id.Server = a.String()
	}
	return id
}

// addresses lists what others can reach: no loopback, no link-local.
func addresses() []string {
	list := []string{}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return list
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			list = append(list, n.IP.String())
		}
	}
	return list
}
