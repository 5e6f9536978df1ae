package config

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Input is everything that Load reads from, so that tests and `kove` use the same path.
type Input struct {
	// Role comes from the subcommand.
	Role Role
	// Flags are the flags that were given, by option name, with every value in order.
	Flags map[string][]string
	// Environ is the environment, NAME=VALUE.
	Environ []string
	// Host answers questions about this machine. Nil: the machine that runs us.
	Host Host
}

// Load resolves a Config from all sources. All faults of one stage are reported together.
func Load(in Input) (*Config, error) {
	c := Default(in.Role)
	l := &loader{config: c, options: map[string]Option{}}
	for _, o := range Options(c) {
		l.options[o.Name] = o
	}
	if err := l.sources(in); err != nil {
		return nil, err
	}
	host := in.Host
	if host == nil {
		host = OSHost{}
	}
	if err := l.readTokens(); err != nil {
		return nil, err
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	if err := c.derive(host); err != nil {
		return nil, err
	}
	if err := c.validateDerived(); err != nil {
		return nil, err
	}
	return c, nil
}

// LoadLocal resolves what commands need that talk to the kove of this machine: where its files are, and its OVN. Only what
// they need is judged: the rest of the file belongs to that kove.
func LoadLocal(in Input) (*Config, error) {
	c := Default(Server)
	l := &loader{config: c, options: map[string]Option{}, lenient: true}
	for _, o := range Options(c) {
		if o.Ignored == "" && (o.Section == "Paths" || strings.HasPrefix(o.Name, "ovn-") || o.Name == "write-kubeconfig") {
			l.options[o.Name] = o
		}
	}
	if err := l.sources(in); err != nil {
		return nil, err
	}
	return c, c.validatePaths()
}

// RoleOf is the role that the sources are written for: an agent's name a server to join. It does not judge them.
func RoleOf(in Input) Role {
	c := Default(Agent)
	l := &loader{config: c, options: map[string]Option{}, lenient: true}
	for _, o := range Options(c) {
		if o.Name == "server" || o.Section == "Paths" {
			l.options[o.Name] = o
		}
	}
	if err := l.sources(in); err != nil || c.Join.Server == "" {
		return Server // what is wrong with them, Load says
	}
	return Agent
}

type loader struct {
	config  *Config
	options map[string]Option
	// lenient skips options that are not in the map.
	lenient bool
	faults  Faults
}

func (l *loader) sources(in Input) error {
	env := map[string]string{}
	for _, kv := range in.Environ {
		if name, v, ok := strings.Cut(kv, "="); ok && strings.HasPrefix(name, "KOVE_") {
			env[name] = v
		}
	}
	explicit, err := l.configFile(in, env)
	if err != nil {
		return err
	}
	l.files(explicit)
	l.environment(env)
	names := make([]string, 0, len(in.Flags))
	for name := range in.Flags {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		l.set(name, in.Flags[name], "--"+name)
	}
	return l.faults.Err()
}

// configFile finds the file before anything else is read, and says whether somebody asked for it by name.
func (l *loader) configFile(in Input, env map[string]string) (explicit bool, err error) {
	if path := env["KOVE_CONFIG_FILE"]; path != "" {
		l.config.Paths.ConfigFile, explicit = path, true
	}
	if given := in.Flags["config"]; len(given) > 0 {
		l.config.Paths.ConfigFile, explicit = given[len(given)-1], true
	}
	if l.config.Paths.ConfigFile == "" {
		return false, Faults{{Option: "config", Origin: "--config", What: "the file name is empty", Remedy: "name a file or leave the flag out"}}
	}
	return explicit, nil
}

func (l *loader) environment(env map[string]string) {
	known := map[string]bool{"KOVE_CONFIG_FILE": true}
	for _, o := range l.ordered() {
		for i := len(o.Env) - 1; i >= 0; i-- {
			name := o.Env[i]
			known[name] = true
			if v := env[name]; v != "" && o.Name != "config" {
				values := []string{v}
				if o.List() {
					values = split(values)
				}
				l.set(o.Name, values, name)
			}
		}
	}
	if l.lenient {
		return
	}
	var unknown []string
	for name := range env {
		if !known[name] {
			unknown = append(unknown, name)
		}
	}
	sort.Strings(unknown)
	for _, name := range unknown {
		l.config.warn("the environment variable %s means nothing to kove %s%s", name, l.config.Role, l.suggestEnv(name))
	}
}

func (l *loader) ordered() []Option {
	out := make([]Option, 0, len(l.options))
	for _, o := range l.options {
		out = append(out, o)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// set gives an option its values from one source; a later source replaces an earlier one.
func (l *loader) set(name string, values []string, origin string) {
	o, ok := l.options[name]
	if !ok {
		if !l.lenient {
			l.fault(name, origin, fmt.Sprintf("unknown option %q", name), l.suggest(name))
		}
		return
	}
	if !o.List() && len(values) > 1 {
		values = values[len(values)-1:] // as on every command line, the last one wins
	}
	l.apply(o, values, origin)
}

func (l *loader) apply(o Option, values []string, origin string) {
	if !l.lenient && !o.Applies(l.config.Role) {
		if strings.HasPrefix(origin, "KOVE_") {
			l.config.warn("%s is ignored: %s is an option of `kove %s`", origin, o.Name, o.Roles[0])
			return
		}
		l.fault(o.Name, origin, fmt.Sprintf("%s is an option of `kove %s`, not of `kove %s`", o.Name, o.Roles[0], l.config.Role), roleRemedy(o, l.config.Role))
		return
	}
	if o.Ignored != "" {
		l.config.warn("%s (%s) does nothing: %s", o.Name, origin, o.Ignored)
		return
	}
	if err := o.value.set(values); err != nil {
		what := err.Error()
		if o.Secret {
			what = "is not a valid value"
		}
		l.fault(o.Name, origin, what, fmt.Sprintf("it must be %s, for example %s", describe(o.Kind()), example(o)))
		return
	}
	l.config.Origins[o.Name] = origin
	if o.Secret && origin == "--"+o.Name && secretIn(values) {
		l.config.warn("--%s shows the secret to every user of this machine in the list of processes: use a file or %s", o.Name, o.Env[0])
	}
}

// secretIn tells whether values hold a secret: a URL does only with a password in it.
func secretIn(values []string) bool {
	return slices.ContainsFunc(values, func(s string) bool { return !strings.Contains(s, "://") || strings.Contains(s, "@") })
}

func (l *loader) fault(option, origin, what, remedy string) {
	l.faults = append(l.faults, Fault{Option: option, Origin: origin, What: what, Remedy: remedy})
}

func (c *Config) warn(format string, args ...any) {
	c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...))
}

// Origin says where an option's value came from.
func (c *Config) Origin(option string) string {
	if origin := c.Origins[option]; origin != "" {
		return origin
	}
	return "default"
}

func roleRemedy(o Option, r Role) string {
	if r == Agent {
		return "remove it here and set it on the server; agents learn what they need when they join"
	}
	return "remove it"
}

func describe(k Kind) string {
	switch k {
	case KindBool:
		return "true or false"
	case KindInt:
		return "a whole number"
	case KindAddress:
		return "an IP address"
	case KindCIDR:
		return "an IPv4 range"
	case KindPorts:
		return "two ports"
	case KindMode:
		return "an octal file mode"
	case KindList:
		return "a value or a list"
	}
	return "a text"
}

func example(o Option) string {
	switch o.Kind() {
	case KindBool:
		return o.Name + ": true"
	case KindAddress:
		return o.Name + ": 192.0.2.10"
	case KindCIDR:
		return o.Name + ": 10.16.0.0/16"
	case KindInt, KindPorts, KindMode:
		if o.Default != "" && !strings.Contains(o.Default, " ") {
			return o.Name + ": " + o.Default
		}
		return o.Name + ": 1400"
	case KindList:
		return o.Name + ": [a, b]"
	}
	return o.Name + ": text"
}
