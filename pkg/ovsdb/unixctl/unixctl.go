package unixctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(50 * time.Millisecond) // out of descriptors, most likely: nothing tells when there are some again
			continue
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

type success struct {
	ID     any `json:"id"`
	Result any `json:"result"`
	Error  any `json:"error"` // nil
}

type failure struct {
	ID    any    `json:"id"`
	Error string `json:"error"`
}

// plain is how a text is told to a client that wants JSON (ovs-appctl(8), --format).
type plain struct {
	Format string `json:"reply-format"`
	Reply  string `json:"reply"`
}

func (s *Server) serve(nc net.Conn) {
	in, out := json.NewDecoder(nc), json.NewEncoder(nc)
	out.SetEscapeHTML(false)
	wantsJSON := false
	for {
		var q request
		if err := in.Decode(&q); err != nil {
			return
		}
		var text string
		var err error
		if q.Method == setOptions {
			err = setFormat(q.Params, &wantsJSON)
		} else {
			text, err = s.run(q.Method, q.Params)
		}
		var r any = success{ID: q.ID, Result: text}
		switch {
		case err != nil:
			r = failure{q.ID, err.Error()}
		case wantsJSON && q.Method == listCommands:
			r = success{ID: q.ID, Result: s.usage()}
		case wantsJSON:
			r = success{ID: q.ID, Result: plain{"plain", text}}
		}
		if out.Encode(r) != nil {
			return
		}
		if after := s.commands[q.Method].After; after != nil && err == nil {
			after()
		}
	}
}

// The commands that every server has.
const (
	listCommands = "list-commands"
	setOptions   = "set-options"
)

// setFormat is the command set-options, which ovs-appctl sends for its option --format before the command.
func setFormat(args []string, wantsJSON *bool) error {
	if err := checkCount(setOptions, len(args), 1, 2); err != nil {
		return err
	}
	for i := 0; i < len(args); i++ {
		name, value, given := strings.Cut(args[i], "=")
		switch {
		case !strings.HasPrefix(name, "-"):
			continue
		case name != "--format":
			return fmt.Errorf("unrecognized option '%s'", name)
		case !given:
			if i++; i == len(args) {
				return fmt.Errorf("option '--format' requires an argument")
			}
			value = args[i]
		}
		if value != "json" && value != "text" {
			return fmt.Errorf("option format has invalid value %s", value)
		}
		*wantsJSON = value == "json"
	}
	return nil
}

func checkCount(name string, n, least, most int) error {
	switch {
	case n < least:
		return fmt.Errorf("\"%s\" command requires at least %d arguments", name, least)
	case n > most:
		return fmt.Errorf("\"%s\" command takes at most %d arguments", name, most)
	}
	return nil
}

func (s *Server) run(name string, args []string) (string, error) {
	if name == listCommands {
		return s.list(), checkCount(name, len(args), 0, 0)
	}
	c, ok := s.commands[name]
	if !ok {
		return "", fmt.Errorf("\"%s\" is not a valid command (use \"list-commands\" to see a list of valid commands)", name)
	}
	if err := checkCount(name, len(args), c.Min, c.Max); err != nil {
		return "", err
	}
	return c.Run(args)
}

// usage is what each command takes.
func (s *Server) usage() map[string]string {
	out := map[string]string{listCommands: "", setOptions: "[--format text|json]"}
	for n, c := range s.commands {
		out[n] = c.Args
	}
	return out
}

func (s *Server) list() string {
	usage := s.usage()
	var b strings.Builder
	b.WriteString("The available commands are:\n")
	for _, n := range slices.Sorted(maps.Keys(usage)) {
		fmt.Fprintf(&b, "  %-23s %s\n", n, usage[n])
	}
	return b.String()
}
