package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sharedSysctls are what a kubelet writes and no namespace keeps apart: a node of a lab changes them for the machine.
var sharedSysctls = []string{
	"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
}

// SharedSysctls names them as sysctl(8) does.
func SharedSysctls() []string {
	names := make([]string, len(sharedSysctls))
	for i, s := range sharedSysctls {
		names[i] = strings.ReplaceAll(s, "/", ".")
	}
	return names
}

// sysctlFile holds their values from before the first lab came up. It lies beside the labs.
func (l *Lab) sysctlFile() string { return filepath.Join(filepath.Dir(l.dir), "sysctls-before.json") }

// recordSysctls writes the values down, unless another lab has.
func (l *Lab) recordSysctls(proc string) error {
	if _, err := os.Stat(l.sysctlFile()); err == nil {
		return nil
	}
	values := map[string]string{}
	for _, name := range sharedSysctls {
		if b, err := os.ReadFile(filepath.Join(proc, name)); err == nil {
			values[name] = strings.TrimSpace(string(b))
		}
	}
	b, err := json.Marshal(values)
	if err != nil {
		return err
	}
	if err := os.WriteFile(l.sysctlFile(), b, 0o600); err != nil {
		return fmt.Errorf("recording sysctls: %w", err)
	}
	return nil
}

// restoreSysctls gives the machine its values back once no lab is left.
func (l *Lab) restoreSysctls(proc string) error {
	labs, err := os.ReadDir(filepath.Dir(l.dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("restoring sysctls: %w", err)
	}
	for _, e := range labs {
		if e.IsDir() {
			return nil
		}
	}
	b, err := os.ReadFile(l.sysctlFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var values map[string]string
	if err == nil {
		err = json.Unmarshal(b, &values)
	}
	if err != nil {
		return fmt.Errorf("restoring sysctls: %w", err)
	}
	for name, v := range values {
		path := filepath.Join(proc, name)
		if now, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(now)) != v {
			if err := os.WriteFile(path, []byte(v), 0o644); err != nil {
				return fmt.Errorf("restoring sysctls: %w", err)
			}
		}
	}
	return os.Remove(l.sysctlFile())
}
