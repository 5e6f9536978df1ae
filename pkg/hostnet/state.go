package hostnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// state is what has to be put back when kove leaves the host.
type state struct {
	Sysctls map[string]string `json:"sysctls"` // name → value before kove
	NICs    map[string]NIC    `json:"nics"`    // NICs whose addresses were moved
}

type stateFile struct {
	path string
	s    state
}

func openState(path string) (*stateFile, error) {
	f := &stateFile{path: path, s: state{Sysctls: map[string]string{}, NICs: map[string]NIC{}}}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the host's original state: %w", err)
	}
	if err := json.Unmarshal(b, &f.s); err != nil {
		return nil, fmt.Errorf("reading the host's original state from %s: %w; it says what kove changed on this host, restore or delete it", path, err)
	}
	if f.s.Sysctls == nil {
		f.s.Sysctls = map[string]string{}
	}
	if f.s.NICs == nil {
		f.s.NICs = map[string]NIC{}
	}
	return f, nil
}

// update changes the state and is durable on return: a power cut right after it must not lose what to put back.
func (f *stateFile) update(change func(*state)) error {
	change(&f.s)
	b, err := json.MarshalIndent(f.s, "", "  ")
	if err == nil {
		err = writeDurable(f.path, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("remembering the host's original state: %w", err)
	}
	return nil
}

func writeDurable(path string, b []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b)
	if err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Restore takes kove out of the host's networking: routes and tables are removed, sysctls and NICs get back what they
// had. Links themselves belong to their makers. It may be repeated.
func (h *Host) Restore() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.desired = nil
	var errs []error
	if err := h.setRoutes(nil, nil, false); err != nil {
		errs = append(errs, err)
	}
	h.masq = nil
	if err := h.setMasquerade(nil); err != nil {
		errs = append(errs, err)
	}
	for name, nic := range h.state.s.NICs {
		if err := h.restoreNIC(nic); err != nil {
			errs = append(errs, fmt.Errorf("giving NIC %s its addresses back: %w", name, err))
			continue
		}
		if err := h.state.update(func(s *state) { delete(s.NICs, name) }); err != nil {
			errs = append(errs, err)
		}
	}
	for name, value := range h.state.s.Sysctls {
		if err := writeSysctl(sysctlPath(name), value); err != nil {
			errs = append(errs, fmt.Errorf("setting sysctl %s back to %s: %w", name, value, err))
			continue
		}
		if err := h.state.update(func(s *state) { delete(s.Sysctls, name) }); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// DeleteLink removes a link if it exists.
func (h *Host) DeleteLink(name string) error {
	l, err := h.nl.LinkByName(name)
	if isNotFound(err) {
		return nil
	}
	if err == nil {
		err = h.nl.LinkDel(l)
	}
	if err != nil && !isNotFound(err) {
		return fmt.Errorf("deleting link %s: %w", name, err)
	}
	return nil
}

// HasLink tells whether a link of that name exists.
func (h *Host) HasLink(name string) (bool, error) {
	_, err := h.nl.LinkByName(name)
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking up link %s: %w", name, err)
	}
	return true, nil
}
