package cni

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kove-io/kove/pkg/cni/shim"
)

// confFile is the network configuration; its presence makes the kubelet report the node Ready.
const confFile = "10-kove.conflist"

// NetworkName is the name of kove's CNI network; libcni names its cached results after it.
const NetworkName = "kove"

func (d *Daemon) confPath() string { return filepath.Join(d.o.ConfDir, confFile) }

// writeConf writes the network configuration if it differs.
func (d *Daemon) writeConf() error {
	plugins := []any{map[string]any{"type": shim.Plugin, "socket": d.o.Socket}}
	if d.o.PluginDir != "" {
		if _, err := os.Stat(filepath.Join(d.o.PluginDir, "portmap")); err == nil {
			// hostPorts. The plugin does nothing for a pod without any.
			plugins = append(plugins, map[string]any{"type": "portmap", "backend": "nftables", "capabilities": map[string]bool{"portMappings": true}})
		}
	}
	// From version 1.1.0 on the runtime executes every plugin's STATUS each time the kubelet asks how it is, and a restart
	// of kove would make a node NotReady whose pods have all they need. The file's presence is the status.
	b, err := json.MarshalIndent(map[string]any{"cniVersion": "1.0.0", "name": NetworkName, "plugins": plugins}, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the network configuration: %w", err)
	}
	b = append(b, '\n')
	if have, err := os.ReadFile(d.confPath()); err == nil && string(have) == string(b) {
		return nil
	}
	if err := os.MkdirAll(d.o.ConfDir, 0o755); err != nil {
		return fmt.Errorf("making the folder of network configurations: %w", err)
	}
	// The runtime watches the folder: the file appears whole, under a name that it ignores until then.
	tmp := filepath.Join(d.o.ConfDir, "."+confFile)
	if err := os.WriteFile(tmp, b, 0o644); err != nil {
		return fmt.Errorf("writing the network configuration: %w", err)
	}
	if err := os.Rename(tmp, d.confPath()); err != nil {
		return fmt.Errorf("writing the network configuration: %w", err)
	}
	return nil
}

func (d *Daemon) removeConf() error {
	if err := os.Remove(d.confPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the network configuration: %w", err)
	}
	return nil
}
