package unixctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Command is one command.
type Command struct {
	Args     string // for list-commands
	Min, Max int    // number of arguments
	Run      func(args []string) (string, error)
	After    func() // called once the reply is sent; may be nil
}

// Server is a control socket.
type Server struct {
	ln       net.Listener
	path     string
	commands map[string]Command

	mu    sync.Mutex // guards conns, done
	conns map[net.Conn]struct{}
	done  bool
	wg    sync.WaitGroup
}

// Listen serves the commands on a socket, and list-commands besides.
func Listen(path string, commands map[string]Command) (*Server, error) {
	if nc, err := net.DialTimeout("unix", path, time.Second); err == nil {
		nc.Close()
		return nil, fmt.Errorf("listening on %s: another process listens there: stop it or give another folder", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		ln.Close()
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	s := &Server{ln: ln, path: path, commands: commands, conns: map[net.Conn]struct{}{}}
	s.wg.Add(1)
	go s.accept()
	return s, nil
}

// Close stops serving.
func (s *Server) Close() error {
	s.mu.Lock()
	s.done = true
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	err := s.ln.Close()
	s.wg.Wait()
	return err
}

func (s *Server) accept() {
	defer s.wg.Done()
	for {
		nc, err := s.ln.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.done {
			s.mu.Unlock()
			nc.Close()
			return
		}
		s.conns[nc] = struct{}{}
		s.wg.Add(1)
		s.mu.Unlock()
		go func() {
			defer s.wg.Done()
			s.serve(nc)
			nc.Close()
			s.mu.Lock()
			delete(s.conns, nc)
			s.mu.Unlock()
		}()
	}
}

type request struct {
	ID     any      `json:"id"`
	Method string   `json:"method"`
	Params []string `json:"params"`
}

type reply struct {
	ID     any     `json:"id"`
	Result *string `json:"result"`
	Error  *string `json:"error"`
}

func (s *Server) serve(nc net.Conn) {
	in, out := json.NewDecoder(nc), json.NewEncoder(nc)
	for {
		var q request
		if err := in.Decode(&q); err != nil {
			return
		}
		r := reply{ID: q.ID}
		text, err := s.run(q.Method, q.Params)
		if err != nil {
			text = err.Error()
			r.Error = &text
		} else {
			r.Result = &text
		}
		if out.Encode(r) != nil {
			return
		}
		if after := s.commands[q.Method].After; after != nil && err == nil {
			after()
		}
	}
}

func (s *Server) run(name string, args []string) (string, error) {
	if name == "list-commands" {
		return s.list(), nil
	}
	c, ok := s.commands[name]
	switch {
	case !ok:
		return "", fmt.Errorf("\"%s\" is not a valid command (use \"list-commands\" to see a list of valid commands)", name)
	case len(args) < c.Min:
		return "", fmt.Errorf("\"%s\" command requires at least %d arguments", name, c.Min)
	case len(args) > c.Max:
		return "", fmt.Errorf("\"%s\" command takes at most %d arguments", name, c.Max)
	}
	return c.Run(args)
}

func (s *Server) list() string {
	names := []string{"list-commands"}
	for n := range s.commands {
		names = append(names, n)
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString("The available commands are:\n")
	for _, n := range names {
		fmt.Fprintf(&b, "  %-23s %s\n", n, s.commands[n].Args)
	}
	return b.String()
}
