// Command probe is what the end-to-end tests run in pods and on nodes: servers that say who asks, and clients that
// measure loss, stalls, path MTU and checksums. One static binary, so that it runs in an image with nothing else.
//
// `probe serve` also answers POST /do: it runs one of the client commands inside the pod and returns its result, which
// spares the tests a `kubectl exec` for each step.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// result is what every client command returns, as JSON on standard output and from /do.
type result struct {
	Body      string   `json:"body,omitempty"`      // get: the answer; resolve: one line an address
	Sent      int      `json:"sent,omitempty"`      // echo, ping
	Lost      int      `json:"lost"`                // echo, ping
	MaxGap    float64  `json:"maxGap,omitempty"`    // echo, stream: longest time without an answer or progress, in ms
	Bytes     int64    `json:"bytes,omitempty"`     // blob, stream
	Seconds   float64  `json:"seconds,omitempty"`   // blob
	LostSeqs  []int    `json:"lostSeqs,omitempty"`  // echo
	Addresses []string `json:"addresses,omitempty"` // resolve
	Error     string   `json:"error,omitempty"`
}

var clients = map[string]struct {
	usage string
	run   func(ctx context.Context, args []string) (result, error)
}{
	"get":     {"URL [TIMEOUT]", get},
	"blob":    {"URL BYTES: fetch /blob and compare every byte", blob},
	"ping":    {"ADDRESS COUNT [SIZE [df]]: ICMP echo with SIZE bytes of IP packet", ping},
	"echo":    {"HOST:PORT COUNT INTERVAL: UDP echo with sequence numbers", echo},
	"stream":  {"HOST:PORT DURATION: TCP stream to /stream, measures stalls", stream},
	"resolve": {"NAME [SERVER]", resolve},
}

func main() {
	args := os.Args[1:]
	if len(args) == 0 {
		usage()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch args[0] {
	case "serve":
		addr := ":8080"
		if len(args) > 1 {
			addr = args[1]
		}
		if err := serve(ctx, addr); err != nil {
			fmt.Fprintln(os.Stderr, "probe serve:", err)
			os.Exit(1)
		}
	case "webhook":
		if err := webhook(ctx, args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "probe webhook:", err)
			os.Exit(1)
		}
	case "sleep":
		<-ctx.Done()
	default:
		r, err := do(ctx, args)
		if err != nil {
			r.Error = err.Error()
		}
		_ = json.NewEncoder(os.Stdout).Encode(r)
		if err != nil {
			os.Exit(1)
		}
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: probe serve [ADDR] | webhook ADDR CERTIFICATE KEY | sleep")
	for name, c := range clients {
		fmt.Fprintf(os.Stderr, "       probe %s %s\n", name, c.usage)
	}
	os.Exit(2)
}

func do(ctx context.Context, args []string) (result, error) {
	if len(args) == 0 {
		return result{}, fmt.Errorf("no command")
	}
	c, ok := clients[args[0]]
	if !ok {
		return result{}, fmt.Errorf("no command %q", args[0])
	}
	return c.run(ctx, args[1:])
}

func get(ctx context.Context, args []string) (result, error) {
	timeout := 5 * time.Second
	if len(args) > 1 {
		d, err := time.ParseDuration(args[1])
		if err != nil {
			return result{}, err
		}
		timeout = d
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
	if err != nil {
		return result{}, err
	}
	tr := &http.Transport{DisableKeepAlives: true} // each call is a connection of its own: load balancers choose anew
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return result{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 400 {
		err = fmt.Errorf("%s: %s", resp.Status, strings.TrimSpace(string(b)))
	}
	return result{Body: string(b)}, err
}
