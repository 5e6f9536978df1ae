// Package systemd holds what starts, stops and removes kove on a machine: the unit, its stand-in for machines without
// systemd, and the scripts. pkg/install fills in the places written @NAME@ and puts the files onto the machine; packages
// (packaging/package.sh) do the same.
//
// The scripts decide nothing that kove could: they find it and call it.
package systemd

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
)

//go:embed kove.service kove-service kove-killall.sh kove-uninstall.sh
var files embed.FS

var place = regexp.MustCompile(`@[A-Z]+@`)

// Render returns a file with its places filled in, by their names without the @.
func Render(name string, values map[string]string) ([]byte, error) {
	b, err := files.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the template %s: %w", name, err)
	}
	text := place.ReplaceAllStringFunc(string(b), func(p string) string {
		v, ok := values[strings.Trim(p, "@")]
		if !ok && err == nil {
			err = fmt.Errorf("rendering %s: no value for %s", name, p)
		}
		return v
	})
	return []byte(text), err
}
