package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// files reads the configuration file and then the files of its .d directory by name. As in k3s, a key of a later file
// replaces that of an earlier one, and "key+" adds to it.
func (l *loader) files(explicit bool) {
	main := l.config.Paths.ConfigFile
	l.file(main, !explicit)
	entries, err := os.ReadDir(main + ".d")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.fault("", main+".d", "reading the directory: "+reason(err), "make it readable or remove it")
		return
	}
	var names []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); !e.IsDir() && (ext == ".yaml" || ext == ".yml") {
			names = append(names, e.Name())
		}
	}
	sort.Strings(names)
	for _, name := range names {
		l.file(filepath.Join(main+".d", name), false)
	}
}

func (l *loader) file(path string, optional bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		if optional && errors.Is(err, fs.ErrNotExist) {
			return
		}
		l.fault("", path, "reading the configuration file: "+reason(err), "create it, or name another with --config")
		return
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		l.fault("", path, "not YAML: "+strings.TrimPrefix(err.Error(), "yaml: "), "write one `option: value` a line")
		return
	}
	if len(doc.Content) == 0 {
		return // empty, or comments only
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		l.fault("", at(path, root), "the file is not a list of `option: value` lines", "write one `option: value` a line")
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, val := root.Content[i], root.Content[i+1]
		if line, twice := seen[key.Value]; twice {
			l.fault(key.Value, at(path, key), fmt.Sprintf("the key stands in line %d already", line), "keep one of the two")
			continue
		}
		seen[key.Value] = key.Line
		if o, ok := l.options[strings.TrimSuffix(key.Value, "+")]; ok && o.Secret && secretIn([]string{val.Value}) {
			l.protected(path, o.Name)
		}
		l.key(at(path, key), key.Value, val)
	}
}

func (l *loader) key(origin, key string, val *yaml.Node) {
	name, add := strings.CutSuffix(key, "+")
	o, ok := l.options[name]
	if !ok {
		if !l.lenient {
			l.fault("", origin, fmt.Sprintf("unknown option %q", key), l.suggest(name))
		}
		return
	}
	if name == "config" {
		l.fault("", origin, "config is only a flag", "remove the key; further files go to "+l.config.Paths.ConfigFile+".d")
		return
	}
	values, err := texts(val)
	if err == nil && !o.List() && val.Kind != yaml.ScalarNode {
		err = errors.New("a list where one value is wanted")
	}
	if err != nil {
		l.fault(name, origin, err.Error(), fmt.Sprintf("it must be %s, for example %s", describe(o.Kind()), example(o)))
		return
	}
	if add {
		if !o.List() {
			l.fault(name, origin, "takes one value and cannot be added to", "write "+name+": without +")
			return
		}
		values = append(append([]string(nil), o.value.get()...), values...)
		if before := l.config.Origins[name]; before != "" {
			origin = before + " and " + origin
		}
	}
	l.apply(o, values, origin)
}

// texts returns a scalar, or the scalars of a list, as the file spells them.
func texts(n *yaml.Node) ([]string, error) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return nil, errors.New("has no value")
		}
		return []string{n.Value}, nil
	case yaml.SequenceNode:
		var out []string
		for _, item := range n.Content {
			v, err := texts(item)
			if err != nil {
				return nil, err
			}
			if item.Kind != yaml.ScalarNode {
				return nil, errors.New("a list inside a list")
			}
			out = append(out, v...)
		}
		return out, nil
	}
	return nil, errors.New("a mapping where a value is wanted")
}

func at(path string, n *yaml.Node) string { return fmt.Sprintf("%s line %d", path, n.Line) }

// reason drops the operation and path that the caller says already.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// readTokens replaces token files by what they hold.
func (l *loader) readTokens() error {
	j := &l.config.Join
	l.readToken(&j.Token, "token", j.TokenFile, "token-file")
	l.readToken(&j.AgentToken, "agent-token", j.AgentTokenFile, "agent-token-file")
	return l.faults.Err()
}

func (l *loader) readToken(token *string, name, path, option string) {
	if path == "" {
		return
	}
	origin := l.config.Origin(option)
	if *token != "" {
		l.fault(option, origin, fmt.Sprintf("both %s (%s) and %s are given", name, l.config.Origin(name), option), "keep one of the two")
		return
	}
	l.protected(path, name)
	data, err := os.ReadFile(path)
	if err != nil {
		l.fault(option, origin, fmt.Sprintf("reading %s: %s", path, reason(err)), "name a readable file that holds the token")
		return
	}
	*token = strings.TrimSpace(string(data))
	if *token == "" {
		l.fault(option, origin, path+" is empty", "write the token into it; on a server it stands in <data-dir>/server/node-token")
		return
	}
	l.config.Origins[name] = path
}

// protected warns of a file with a secret that every user of the machine can read.
func (l *loader) protected(path, secret string) {
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o004 != 0 {
		l.config.warn("%s holds the %s and every user of this machine can read it: chmod 600 %s", path, secret, path)
	}
}
