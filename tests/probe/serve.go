package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// serve listens with HTTP and with UDP echo on the same port.
//
//	GET  /            host name, a space, the address that asks
//	GET  /hostname    host name alone
//	GET  /blob?bytes= that many pseudo-random bytes, the same for everyone
//	GET  /stream      bytes without end, one chunk each 5 ms
//	POST /do          JSON array of a client command, run here; its result
func serve(ctx context.Context, addr string) error {
	mux := http.NewServeMux()
	name, _ := os.Hostname()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintf(w, "%s %s\n", name, host)
	})
	mux.HandleFunc("/hostname", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) })
	mux.HandleFunc("/blob", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(r.URL.Query().Get("bytes"), 10, 64)
		if err != nil {
			http.Error(w, "bytes: "+err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		_, _ = io.CopyN(w, blobSource(), n)
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		chunk := bytes.Repeat([]byte("kove"), 256)
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-tick.C:
				if _, err := w.Write(chunk); err != nil {
					return
				}
				w.(http.Flusher).Flush()
			case <-r.Context().Done():
				return
			}
		}
	})
	mux.HandleFunc("POST /do", func(w http.ResponseWriter, r *http.Request) {
		var args []string
		if err := json.NewDecoder(r.Body).Decode(&args); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		res, err := do(r.Context(), args)
		if err != nil {
			res.Error = err.Error()
		}
		_ = json.NewEncoder(w).Encode(res)
	})
	udp, err := net.ListenPacket("udp", addr)
	if err != nil {
		return err
	}
	defer udp.Close()
	go echoServer(udp)
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: mux}
	go func() { <-ctx.Done(); s.Close() }()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func echoServer(c net.PacketConn) {
	buf := make([]byte, 65536)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		_, _ = c.WriteTo(buf[:n], from)
	}
}

// blobSource yields the same pseudo-random bytes for everyone.
func blobSource() io.Reader { return rand.New(rand.NewSource(1)) }

func blob(ctx context.Context, args []string) (result, error) {
	if len(args) != 2 {
		return result{}, errors.New("blob: want URL BYTES")
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return result{}, err
	}
	begin := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0]+"/blob?bytes="+args[1], nil)
	if err != nil {
		return result{}, err
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return result{}, err
	}
	defer resp.Body.Close()
	got, want := crc32.NewIEEE(), crc32.NewIEEE()
	have, err := io.Copy(got, bufio.NewReaderSize(resp.Body, 1<<20))
	if err != nil {
		return result{Bytes: have}, fmt.Errorf("after %d bytes: %w", have, err)
	}
	if _, err := io.CopyN(want, blobSource(), n); err != nil {
		return result{}, err
	}
	r := result{Bytes: have, Seconds: time.Since(begin).Seconds()}
	if have != n || got.Sum32() != want.Sum32() {
		return r, fmt.Errorf("got %d bytes with checksum %08x, want %d with %08x", have, got.Sum32(), n, want.Sum32())
	}
	return r, nil
}

// stream reads /stream for a while and reports the longest time without a byte.
func stream(ctx context.Context, args []string) (result, error) {
	if len(args) != 2 {
		return result{}, errors.New("stream: want HOST:PORT DURATION")
	}
	d, err := time.ParseDuration(args[1])
	if err != nil {
		return result{}, err
	}
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", args[0])
	if err != nil {
		return result{}, err
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET /stream HTTP/1.0\r\n\r\n"); err != nil {
		return result{}, err
	}
	var r result
	buf := make([]byte, 65536)
	end, last := time.Now().Add(d), time.Now()
	for time.Now().Before(end) && ctx.Err() == nil {
		_ = conn.SetReadDeadline(end.Add(30 * time.Second))
		n, err := conn.Read(buf)
		if gap := float64(time.Since(last).Microseconds()) / 1000; gap > r.MaxGap {
			r.MaxGap = gap
		}
		last = time.Now()
		r.Bytes += int64(n)
		if err != nil {
			return r, fmt.Errorf("stream broke after %d bytes: %w", r.Bytes, err)
		}
	}
	return r, nil
}

func resolve(ctx context.Context, args []string) (result, error) {
	if len(args) == 0 {
		return result{}, errors.New("resolve: want NAME")
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r := &net.Resolver{PreferGo: true}
	if len(args) > 1 {
		r.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(args[1], "53"))
		}
	}
	addrs, err := r.LookupHost(ctx, args[0])
	return result{Addresses: addrs}, err
}
