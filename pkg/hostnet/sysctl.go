package hostnet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// setSysctls writes host-wide sysctls. The value found first is remembered on disk before it is changed.
func (h *Host) setSysctls(want map[string]string) error {
	var errs []error
	for name, value := range want {
		path := sysctlPath(name)
		b, err := os.ReadFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("reading sysctl %s: %w", name, err))
			continue
		}
		found := strings.TrimSpace(string(b))
		if found == value {
			continue
		}
		if err := h.state.update(func(s *state) {
			if _, known := s.Sysctls[name]; !known {
				s.Sysctls[name] = found
			}
		}); err != nil {
			errs = append(errs, err)
			continue
		}
		if err := writeSysctl(path, value); err != nil {
			errs = append(errs, fmt.Errorf("setting sysctl %s to %s: %w", name, value, err))
		}
	}
	return errors.Join(errs...)
}

func sysctlPath(name string) string {
	return filepath.Join("/proc/sys", strings.ReplaceAll(name, ".", "/"))
}
