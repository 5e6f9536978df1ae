package install

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sort"

	"go.yaml.in/yaml/v3"
)

// SettingsFile is where the options that the installer was given are kept: one of the files of the configuration's folder,
// by whose name an operator's own later ones win.
func SettingsFile(configFile string) string { return configFile + ".d/10-install.yaml" }

const settingsHeader = "# Written by kove's installer from its arguments and KOVE_ variables. A later install changes what it is given and keeps\n" +
	"# the rest. Own settings belong into ../config.yaml, or into a file here that sorts behind this one.\n"

// mergeSettings is the content of the settings file after an install with these options: given ones replace, the others
// stay, so that installing again without arguments loses nothing. It is nil when there is nothing to keep.
func mergeSettings(path string, given map[string][]string, isList func(name string) bool) ([]byte, error) {
	kept := map[string]any{}
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the installer's settings: %w", err)
	}
	if err := yaml.Unmarshal(b, &kept); err != nil {
		return nil, fmt.Errorf("reading the installer's settings %s: %w; correct or delete it", path, err)
	}
	for name, values := range given {
		if isList(name) {
			kept[name] = values
		} else {
			kept[name] = values[len(values)-1]
		}
	}
	if len(kept) == 0 {
		return nil, nil
	}
	names := make([]string, 0, len(kept))
	for name := range kept {
		names = append(names, name)
	}
	sort.Strings(names)
	out := bytes.NewBufferString(settingsHeader)
	for _, name := range names {
		line, err := yaml.Marshal(map[string]any{name: kept[name]})
		if err != nil {
			return nil, fmt.Errorf("encoding the setting %s: %w", name, err)
		}
		out.Write(line)
	}
	return out.Bytes(), nil
}
