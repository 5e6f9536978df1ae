package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/install"
	"github.com/kove-io/kove/pkg/status"
)

func (app *App) installCommand() *cli.Command {
	return &cli.Command{
		Name: "install", Usage: "install this kove as a service of this machine, or upgrade the one that is installed",
		ArgsUsage: "[server|agent [FLAGS OF THE ROLE]]",
		Description: `What install.sh calls after its download, and what to call from a USB stick. Checks the machine first and changes
nothing if it cannot run kove. Flags of the role and KOVE_ variables are kept in /etc/kove/config.yaml.d/10-install.yaml;
installing again changes what it is given and keeps the rest. Proxy variables are never kept.
Without systemd the service is the script kove-service.

EXAMPLES:
   ./kove install
   ./kove install server --node-ip 192.0.2.10
   KOVE_TOKEN=K10… ./kove install agent --server https://192.0.2.10:6443
   ./kove install --no-start --image /media/usb/images.tar.zst`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "bin-dir", Value: "/usr/local/bin", EnvVars: []string{"INSTALL_KOVE_BIN_DIR"}, Usage: "folder for kove, its links and scripts"},
			&cli.BoolFlag{Name: "bin-dir-read-only", EnvVars: []string{"INSTALL_KOVE_BIN_DIR_READ_ONLY"}, Usage: "leave the program and the links in --bin-dir as they are", DisableDefaultText: true},
			&cli.StringFlag{Name: "systemd-dir", Value: "/etc/systemd/system", EnvVars: []string{"INSTALL_KOVE_SYSTEMD_DIR"}, Usage: "folder for the unit"},
			&cli.StringFlag{Name: "name", EnvVars: []string{"INSTALL_KOVE_NAME"}, Usage: "name the service kove-NAME (default: kove, agents kove-agent)"},
			&cli.StringFlag{Name: "symlink", Value: "true", EnvVars: []string{"INSTALL_KOVE_SYMLINK"}, Usage: "make kubectl, crictl and ctr links to kove where the machine has none; skip for not"},
			&cli.StringSliceFlag{Name: "image", EnvVars: []string{"INSTALL_KOVE_IMAGES"}, Usage: "archive of images, or folder of archives, that kove imports at its start"},
			&cli.BoolFlag{Name: "no-enable", EnvVars: []string{"INSTALL_KOVE_SKIP_ENABLE"}, Usage: "do not start the service at boot, nor now", DisableDefaultText: true},
			&cli.BoolFlag{Name: "no-start", EnvVars: []string{"INSTALL_KOVE_SKIP_START"}, Usage: "do not start the service now", DisableDefaultText: true},
			&cli.BoolFlag{Name: "no-checks", EnvVars: []string{"INSTALL_KOVE_SKIP_CHECKS"}, Usage: "install although the machine cannot run kove yet; kove checks again when it starts", DisableDefaultText: true},
			&cli.BoolFlag{Name: "force-restart", EnvVars: []string{"INSTALL_KOVE_FORCE_RESTART"}, Usage: "restart the service although nothing changed", DisableDefaultText: true},
			&cli.DurationFlag{Name: "wait", Value: 5 * time.Minute, EnvVars: []string{"INSTALL_KOVE_WAIT"}, Usage: "wait that long until kove is ready; 0 for not at all"},
		},
		Action: app.install,
	}
}

func (app *App) install(c *cli.Context) error {
	before, err := install.ReadInventory(install.InventoryFile)
	if err != nil {
		return err
	}
	if id := app.a.Host.UserID(); id != 0 {
		return exit{ExitPreflight, fmt.Errorf("installing kove as user %d: only root can; use sudo. Nothing was changed", id)}
	}
	if owner := packageOwner(); owner != "" && before == nil {
		return exit{ExitPreflight, fmt.Errorf("installing kove: %s is there, so a package has installed kove; upgrade the package, and start it with `systemctl enable --now kove` (or kove-agent). Nothing was changed", owner)}
	}
	role, given, err := app.installedRole(c, before)
	if err != nil {
		return err
	}
	conf, err := app.installedConfig(role, given, before)
	if err != nil {
		return err
	}
	log := app.logger(config.Log{Format: "text"})
	asking, cancel := context.WithTimeout(c.Context, 10*time.Second)
	defer cancel()
	running, err := app.a.Status(asking, conf.Paths.StatusSocket())
	if err != nil {
		running = nil
		// A kove that ends or begins at this moment does not answer and still has its ports: that is no reason to refuse.
		active := false
		if before != nil {
			active, _ = install.NewService(before.Service, before.BinDir).Active(c.Context)
		}
		if !active && !c.Bool("no-checks") {
			if err := app.preflight(c.Context, conf, log); err != nil {
				return err
			}
		}
	}
	m, err := app.machine(c, conf, given.all)
	if err != nil {
		return err
	}
	changed, err := install.Install(m)
	for _, path := range changed {
		app.say("wrote %s", path)
	}
	if errors.Is(err, install.ErrInUse) || err != nil && len(changed) == 0 {
		return fmt.Errorf("%w. Nothing was changed", err)
	}
	if err != nil {
		return err
	}
	return app.runService(c, conf, m, running, len(changed) > 0)
}

func (app *App) say(format string, args ...any) { fmt.Fprintf(app.a.Stdout, format+"\n", args...) }

// givenOptions are the options that an install is given.
type givenOptions struct {
	flags   map[string][]string // from the command line
	environ []string            // the KOVE_ variables that are options of the role
	all     map[string][]string // both, as they are to be kept
}

// installedRole reads which role is to be installed and the options that it is given, on the command line and in KOVE_
// variables.
func (app *App) installedRole(c *cli.Context, before *install.Inventory) (config.Role, givenOptions, error) {
	args := c.Args().Slice()
	role := config.Server
	switch {
	case len(args) > 0 && (args[0] == string(config.Server) || args[0] == string(config.Agent)):
		role, args = config.Role(args[0]), args[1:]
	case len(args) > 0 && !strings.HasPrefix(args[0], "-"):
		return "", givenOptions{}, usage("kove install %s: the role is server or agent", args[0])
	case before != nil:
		role = before.Role
	case slices.ContainsFunc(app.a.Environ, func(kv string) bool { return strings.HasPrefix(kv, "KOVE_URL=") && kv != "KOVE_URL=" }):
		role = config.Agent
	}
	options := givenOptions{flags: map[string][]string{}, all: map[string][]string{}}
	env := map[string]string{}
	for _, kv := range app.a.Environ {
		if name, v, ok := strings.Cut(kv, "="); ok && v != "" {
			env[name] = v
		}
	}
	for _, o := range config.Options(config.Default(role)) {
		for _, name := range slices.Backward(o.Env) {
			v, ok := env[name]
			switch {
			case !ok || !o.Applies(role):
				continue
			case o.List():
				options.all[o.Name] = strings.Split(v, ",")
			default:
				options.all[o.Name] = []string{v}
			}
			options.environ = append(options.environ, name+"="+v)
		}
	}
	command := &cli.Command{Name: string(role), Flags: flags(role, func(config.Option) bool { return true }), Action: func(c *cli.Context) error {
		if err := noArguments(c); err != nil {
			return err
		}
		for name, values := range given(c, role) {
			options.flags[name], options.all[name] = values, values
		}
		return nil
	}}
	prepare(command)
	sub := &cli.App{Name: "kove", Commands: []*cli.Command{command}, Writer: app.a.Stdout, ErrWriter: app.a.Stderr, DisableSliceFlagSeparator: true, ExitErrHandler: func(*cli.Context, error) {}}
	if err := sub.RunContext(c.Context, append([]string{"kove", string(role)}, args...)); err != nil {
		return "", options, err
	}
	// The service runs elsewhere.
	for _, name := range []string{"config", "token-file", "agent-token-file", "data-dir", "run-dir", "resolv-conf", "write-kubeconfig"} {
		for _, from := range []map[string][]string{options.flags, options.all} {
			if v := from[name]; len(v) == 1 && v[0] != "" {
				path, err := filepath.Abs(v[0])
				if err != nil {
					return "", options, fmt.Errorf("finding %s: %w", v[0], err)
				}
				from[name] = []string{path}
			}
		}
	}
	return role, options, nil
}

// installedConfig is the configuration that the service will have, judged as at its start.
func (app *App) installedConfig(role config.Role, given givenOptions, before *install.Inventory) (*config.Config, error) {
	flags := map[string][]string{}
	for name, values := range given.flags {
		flags[name] = values
	}
	if file := given.all["config"]; len(file) > 0 {
		flags["config"] = file
	}
	if len(flags["config"]) == 0 && before != nil && before.ConfigFile != config.Default(role).Paths.ConfigFile {
		flags["config"] = []string{before.ConfigFile}
	}
	if file := flags["config"]; len(file) == 1 {
		if _, err := os.Stat(file[0]); errors.Is(err, fs.ErrNotExist) {
			return nil, exit{ExitUsage, fmt.Errorf("--config %s: there is no such file; write it first. Nothing was changed", file[0])}
		}
	}
	conf, err := config.Load(config.Input{Role: role, Flags: flags, Environ: given.environ, Host: app.a.Host})
	if err != nil {
		return nil, exit{ExitUsage, fmt.Errorf("%w. Nothing was changed", err)}
	}
	for _, w := range conf.Warnings {
		fmt.Fprintln(app.a.Stderr, "kove: warning: "+w)
	}
	return conf, nil
}

func packageOwner() string {
	for _, path := range []string{"/usr/lib/systemd/system/kove.service", "/lib/systemd/system/kove.service"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

func (app *App) machine(c *cli.Context, conf *config.Config, given map[string][]string) (install.Machine, error) {
	m := install.Machine{
		Version: app.a.Versions()["kove"], Role: conf.Role, Service: "kove",
		BinDir: filepath.Clean(c.String("bin-dir")), SystemdDir: filepath.Clean(c.String("systemd-dir")), Inventory: install.InventoryFile,
		ConfigFile: conf.Paths.ConfigFile, Settings: map[string][]string{}, Systemd: install.HasSystemd(),
		ImageDir: conf.Paths.Agent("images"),
	}
	if conf.Role == config.Agent {
		m.Service = "kove-agent"
	}
	if name := strings.TrimPrefix(c.String("name"), "kove-"); name != "" && name != "kove" {
		if strings.ContainsAny(name, "/@ \t\n'\"") {
			return m, usage("--name %q is no name for a service", name)
		}
		m.Service = "kove-" + name
	}
	lists := map[string]bool{}
	for _, o := range config.Options(config.Default(conf.Role)) {
		lists[o.Name] = o.List()
	}
	m.List = func(name string) bool { return lists[name] }
	for name, values := range given {
		if name != "config" {
			m.Settings[name] = values
		}
	}
	if !c.Bool("bin-dir-read-only") {
		m.Links = c.String("symlink") != "skip" && c.String("symlink") != "false"
		exe, err := os.Executable()
		if err != nil {
			return m, fmt.Errorf("finding this program: %w", err)
		}
		m.Executable = exe
	}
	for _, path := range c.StringSlice("image") {
		fi, err := os.Stat(path)
		if err != nil {
			return m, exit{ExitUsage, fmt.Errorf("--image: %w. Nothing was changed", err)}
		}
		found := []string{path}
		if fi.IsDir() {
			found = nil
			for _, pattern := range []string{"*.tar", "*.tar.gz", "*.tgz", "*.tar.zst"} {
				names, _ := filepath.Glob(filepath.Join(path, pattern)) // the patterns are well formed
				found = append(found, names...)
			}
			if len(found) == 0 {
				return m, exit{ExitUsage, fmt.Errorf("--image %s: there is no *.tar, *.tar.gz, *.tgz or *.tar.zst in it. Nothing was changed", path)}
			}
		}
		m.Images = append(m.Images, found...)
	}
	return m, nil
}

// runService brings what runs in line with what is installed.
func (app *App) runService(c *cli.Context, conf *config.Config, m install.Machine, running *status.Status, changed bool) error {
	ctx, service := c.Context, install.NewService(m.Service, m.BinDir)
	if changed {
		if err := service.Reload(ctx); err != nil {
			return err
		}
	}
	if c.Bool("no-enable") {
		app.say("kove %s is installed as %s, which is neither enabled nor started", m.Version, service.Describe())
		return nil
	}
	if err := service.Enable(ctx); err != nil {
		return err
	}
	if c.Bool("no-start") {
		app.say("kove %s is installed as %s, which is not started", m.Version, service.Describe())
		return nil
	}
	active, _ := service.Active(ctx)
	// An install that was killed between writing the files and this point left an older program running.
	old := running != nil && (running.Versions["kove"] != m.Version || deletedExecutable(running.PID))
	began := app.a.Now()
	switch {
	case running != nil && !active:
		return fmt.Errorf("kove %s is installed, but another kove runs already (pid %d), which %s did not start: stop it with `kove stop` and install again", m.Version, running.PID, service.Describe())
	case !active:
		app.say("starting %s", service.Describe())
		if err := service.Start(ctx); err != nil {
			return err
		}
	case changed || old || running == nil || c.Bool("force-restart"): // not answering: about to end, or an interrupted restart
		app.say("restarting %s; pods and their network go on meanwhile", service.Describe())
		if err := service.Restart(ctx); err != nil {
			return err
		}
	default:
		app.say("nothing to do: kove %s is installed and runs as %s", m.Version, service.Describe())
		return nil
	}
	return app.awaitReady(ctx, conf, m, service, began, c.Duration("wait"))
}

// deletedExecutable tells whether a process runs a program that has been replaced on disk.
func deletedExecutable(pid int) bool {
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return err == nil && strings.HasSuffix(exe, " (deleted)")
}

func (app *App) awaitReady(ctx context.Context, conf *config.Config, m install.Machine, service install.Service, began time.Time, wait time.Duration) error {
	if wait == 0 {
		return nil
	}
	told, pending := app.a.Now(), "the process to come up"
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for {
		asking, cancel := context.WithTimeout(ctx, 5*time.Second)
		s, err := app.a.Status(asking, conf.Paths.StatusSocket())
		cancel()
		switch {
		case err == nil && s.Started.Before(began):
			pending = "the one before to end"
		case err == nil && s.Ready:
			app.say("kove %s %s is ready after %s", s.Versions["kove"], s.Role, app.a.Now().Sub(began).Round(100*time.Millisecond))
			app.next(conf, m)
			return nil
		case err == nil:
			var names []string
			for _, part := range s.Components {
				if part.State != "ready" && part.State != "running" {
					names = append(names, strings.TrimSpace(part.Name+" "+part.Error))
				}
			}
			pending = strings.Join(names, ", ")
		}
		if active, state := service.Active(ctx); !active {
			return fmt.Errorf("kove %s is installed, but does not stay up (%s); look at `%s`, correct what it says and start %s", m.Version, state, service.Logs(), service.Describe())
		}
		if waited := app.a.Now().Sub(began); waited > wait {
			return fmt.Errorf("kove %s is installed and started, but not ready after %s; it waits for %s. It goes on trying: see `kove status` and `%s`", m.Version, waited.Round(time.Second), pending, service.Logs())
		}
		if app.a.Now().Sub(told) >= 10*time.Second {
			told = app.a.Now()
			app.say("waiting for %s", pending)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// next says what to do now.
func (app *App) next(conf *config.Config, m install.Machine) {
	if !m.Systemd {
		app.say("at boot:  this machine has no systemd: let its init run %s, see docs/install.md", filepath.Join(m.BinDir, "kove-service start"))
	}
	app.say("look:     kove status")
	if conf.Role == config.Server {
		app.say("use:      kove kubectl get nodes")
		app.say("join:     KOVE_URL=https://%s:%d KOVE_TOKEN=$(cat %s) on the next machine, and the same installer", conf.Node.IP(), conf.API.HTTPSListenPort, conf.Paths.Server("node-token"))
	}
	app.say("remove:   %s", filepath.Join(m.BinDir, "kove-uninstall.sh"))
}

func (app *App) uninstallCommand() *cli.Command {
	return &cli.Command{
		Name: "uninstall", Usage: "take kove, its pods and all its data off this machine",
		Description: `Stops the service, pods and data plane, removes the state (as kove stop --all --clean does) and then every file that
the installer wrote, by its inventory /etc/kove/install.json. Files that you wrote into /etc/kove stay and are named.
There is no way back.

EXAMPLES:
   kove-uninstall.sh
   kove uninstall`,
		Flags:  []cli.Flag{&cli.DurationFlag{Name: "timeout", Value: time.Minute, Usage: "kill kove if it has not stopped by then"}},
		Action: app.uninstall,
	}
}

func (app *App) uninstall(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if id := app.a.Host.UserID(); id != 0 {
		return fmt.Errorf("removing kove as user %d: only root can; use sudo", id)
	}
	inventory, err := install.ReadInventory(install.InventoryFile)
	if err != nil {
		return err
	}
	if inventory == nil {
		_, err := install.Uninstall(c.Context, install.InventoryFile)
		return err
	}
	in := config.Input{Environ: app.a.Environ, Host: app.a.Host}
	if inventory.ConfigFile != "" && inventory.ConfigFile != config.Default(inventory.Role).Paths.ConfigFile {
		in.Flags = map[string][]string{"config": {inventory.ConfigFile}}
	}
	conf, err := config.LoadLocal(in)
	if err != nil {
		return exit{ExitUsage, fmt.Errorf("%w; without it nobody knows where kove's data is", err)}
	}
	log := app.logger(config.Log{Format: "text"})
	service := install.NewService(inventory.Service, inventory.BinDir)
	if active, _ := service.Active(c.Context); active {
		if err := service.Stop(c.Context); err != nil {
			return err
		}
	}
	if _, err := app.stopKove(c.Context, conf, c.Duration("timeout"), log); err != nil {
		return err
	}
	if app.a.Stop == nil {
		return errors.New("this build of kove cannot end pods and data plane")
	}
	if err := app.a.Stop(c.Context, conf, true, log); err != nil {
		return fmt.Errorf("%w; the installed files stay: correct this and run kove-uninstall.sh again", err)
	}
	kept, err := install.Uninstall(c.Context, install.InventoryFile)
	if err != nil {
		return err
	}
	for _, path := range kept {
		app.say("kept %s, which the installer did not write", path)
	}
	app.say("kove is removed")
	return nil
}
