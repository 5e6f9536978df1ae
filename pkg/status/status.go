package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/kove-io/kove/pkg/supervise"
)

// Status is one snapshot of a running kove. Fields are only ever added.
type Status struct {
	Role    string    `json:"role"` // server, agent
	Node    string    `json:"node"`
	NodeIP  string    `json:"nodeIP,omitempty"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	// Ready is true once every component was.
	Ready bool `json:"ready"`

	Versions   map[string]string `json:"versions"` // kove, kubernetes, containerd, and those of the payload
	Components []Component       `json:"components"`
	Processes  []Process         `json:"processes"`
	Kubernetes *Kubernetes       `json:"kubernetes,omitempty"`
	OVN        *OVN              `json:"ovn,omitempty"`
	// Notes are remarks for the operator, such as input that kove does not act on.
	Notes []string `json:"notes,omitempty"`
}

// Component is one part of kove, in the order in which they start.
type Component struct {
	Name     string          `json:"name"`
	State    supervise.State `json:"state"`
	Since    time.Time       `json:"since"`
	Restarts int             `json:"restarts"`
	PID      int             `json:"pid,omitempty"` // of a child process
	Error    string          `json:"error,omitempty"`
}

// Process is the memory of one process, bytes.
type Process struct {
	Name    string `json:"name"`
	PID     int    `json:"pid"`
	RSS     int64  `json:"rss"`
	PSS     int64  `json:"pss"`
	Anon    int64  `json:"anon"`
	Threads int    `json:"threads"`
}

// Kubernetes is the node as the API server sees it.
type Kubernetes struct {
	NodeReady bool   `json:"nodeReady"`
	Message   string `json:"message,omitempty"` // why it is not ready
	Pods      int    `json:"pods"`              // on this node
	PodsReady int    `json:"podsReady"`
}

// OVN is the state of the virtual network.
type OVN struct {
	Chassis   string `json:"chassis"`           // this node's name in OVN, empty when it has not registered
	Remote    string `json:"remote,omitempty"`  // the southbound database that ovn-controller uses
	NBCfg     int64  `json:"nbCfg"`             // the newest configuration asked for
	SBCfg     int64  `json:"sbCfg"`             // compiled up to
	HVCfg     int64  `json:"hvCfg"`             // in force on every chassis up to
	Chassises int    `json:"chassisCount"`      // registered in the southbound database
	Ports     int    `json:"ports"`             // of this cluster's pods and nodes
	PortsUp   int    `json:"portsUp"`           // bound and programmed
	Message   string `json:"message,omitempty"` // why something is missing here
}

// FromGroup converts a group's snapshot.
func FromGroup(list []supervise.Status) []Component {
	out := make([]Component, len(list))
	for i, s := range list {
		out[i] = Component{Name: s.Name, State: s.State, Since: s.Since, Restarts: s.Restarts, PID: s.PID}
		if s.Err != nil {
			out[i].Error = s.Err.Error()
		}
	}
	return out
}

// path is where the server answers.
const path = "/v1/status"

// Server returns the component that answers on socket with what collect returns.
func Server(socket string, collect func(context.Context) *Status) supervise.Component {
	return supervise.Func("status", func(ctx context.Context, ready func()) error {
		if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
			return fmt.Errorf("making the folder of the status socket: %w", err)
		}
		if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing the old status socket: %w", err)
		}
		l, err := net.Listen("unix", socket)
		if err != nil {
			return fmt.Errorf("listening on the status socket: %w", err)
		}
		if err := os.Chmod(socket, 0o600); err != nil {
			_ = l.Close()
			return fmt.Errorf("protecting the status socket: %w", err)
		}
		mux := http.NewServeMux()
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(collect(r.Context())) // the caller went away
		})
		srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
		served := make(chan error, 1)
		go func() { served <- srv.Serve(l) }()
		ready()
		select {
		case err := <-served:
			return fmt.Errorf("serving the status socket: %w", err)
		case <-ctx.Done():
			_ = srv.Close()
			<-served
			return nil
		}
	})
}

// ErrNotRunning is returned by Get when nobody listens.
var ErrNotRunning = errors.New("kove is not running here")

// Get asks the kove that listens on socket.
func Get(ctx context.Context, socket string) (*Status, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://kove"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for the status: %w", err)
	}
	resp, err := client.Do(req)
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("asking for the status on %s: %w", socket, ErrNotRunning)
	case err != nil:
		return nil, fmt.Errorf("asking for the status: %w", err)
	}
	defer resp.Body.Close()
	s := new(Status)
	if err := json.NewDecoder(resp.Body).Decode(s); err != nil {
		return nil, fmt.Errorf("reading the status: %w", err)
	}
	return s, nil
}
