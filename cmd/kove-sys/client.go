package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func fetch(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("fetch", flag.ContinueOnError)
	timeout := fs.Duration("timeout", 30*time.Second, "give up after")
	quiet := fs.Bool("summary", false, "print size and SHA-256 instead of the body")
	header := http.Header{}
	fs.Func("header", "K=V, repeatable", func(s string) error {
		k, v, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("%q: want K=V", s)
		}
		header.Add(k, v)
		return nil
	})
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() != 1 {
		return errors.New("want one URL")
	}
	url := fs.Arg(0)
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header = header
	if h := header.Get("Host"); h != "" {
		req.Host = h
	}
	// no proxy from the environment: this is a probe of the path to that very address
	client := &http.Client{Transport: &http.Transport{}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()

	start := time.Now()
	sum := sha256.New()
	_, isBlob := resp.Trailer[http.CanonicalHeaderKey(checksumTrailer)]
	body := io.Writer(sum)
	if !*quiet && !isBlob {
		body = io.MultiWriter(sum, out)
	}
	n, err := io.Copy(body, resp.Body)
	if err != nil {
		return fmt.Errorf("reading %s after %d bytes: %w", url, n, err)
	}
	got := hex.EncodeToString(sum.Sum(nil))
	if isBlob {
		if want := resp.Header.Get("X-Bytes"); want != strconv.FormatInt(n, 10) {
			return fmt.Errorf("reading %s: %d bytes, the sender announced %s", url, n, want)
		}
		if want := resp.Trailer.Get(checksumTrailer); want != got {
			return fmt.Errorf("reading %s: SHA-256 %s, the sender's is %s", url, got, want)
		}
	}
	if resp.StatusCode >= 400 {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	if *quiet || isBlob {
		fmt.Fprintf(out, "%d bytes sha256 %s in %.3f s\n", n, got, time.Since(start).Seconds())
	}
	return nil
}

func resolve(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("resolve", flag.ContinueOnError)
	timeout := fs.Duration("timeout", 5*time.Second, "give up after")
	server := fs.String("server", "", "ask this DNS server (host or host:port) instead of resolv.conf's")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() != 1 {
		return errors.New("want one name")
	}
	r := &net.Resolver{PreferGo: true}
	if *server != "" {
		addr := *server
		if _, _, err := net.SplitHostPort(addr); err != nil {
			addr = net.JoinHostPort(strings.Trim(addr, "[]"), "53")
		}
		r.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	addrs, err := r.LookupHost(ctx, fs.Arg(0))
	if err != nil {
		return err
	}
	for _, a := range addrs {
		fmt.Fprintln(out, a)
	}
	return nil
}

func sleep(ctx context.Context, args []string, _ io.Writer) error {
	if len(args) > 1 {
		return fmt.Errorf("unexpected argument %q", args[1])
	}
	if len(args) == 0 || args[0] == "infinity" {
		<-ctx.Done()
		return nil
	}
	d, err := time.ParseDuration(args[0])
	if s, numErr := strconv.ParseFloat(args[0], 64); numErr == nil {
		d, err = time.Duration(s*float64(time.Second)), nil
	}
	if err != nil || d < 0 {
		return fmt.Errorf("%q: want seconds or a duration such as 1m30s", args[0])
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	return nil
}
