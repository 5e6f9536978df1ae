package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/pkg/status"
)

func (app *App) statusCommand() *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "show what kove on this machine does: components, versions, node, OVN, memory",
		Description: `Exit status 0: everything is ready. 4: kove runs, but something is not ready. 5: kove does not run here.

EXAMPLES:
   kove status
   kove status -o json | jq .ovn`,
		Flags: append([]cli.Flag{outputFlag()}, pathFlags()...),
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return app.status(c)
		},
	}
}

func (app *App) status(c *cli.Context) error {
	toJSON, err := asJSON(c)
	if err != nil {
		return err
	}
	conf, err := app.local(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context, 30*time.Second)
	defer cancel()
	s, err := app.a.Status(ctx, conf.Paths.StatusSocket())
	if errors.Is(err, status.ErrNotRunning) {
		return exit{ExitNotRunning, fmt.Errorf("%w (nobody answers on %s); start it with `kove server` or `kove agent`, or name its --run-dir", status.ErrNotRunning, conf.Paths.StatusSocket())}
	}
	if err != nil {
		return fmt.Errorf("%w; the socket is root's: use sudo", err)
	}
	if toJSON {
		if err := app.printJSON(s); err != nil {
			return err
		}
	} else {
		printStatus(app.a.Stdout, s, app.a.Now())
	}
	if !s.Ready || (s.Kubernetes != nil && !s.Kubernetes.NodeReady) {
		return exit{status: ExitNotReady}
	}
	return nil
}

func printStatus(out io.Writer, s *status.Status, now time.Time) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	state := "ready"
	if !s.Ready {
		state = "not ready"
	}
	fmt.Fprintf(w, "kove %s\t%s, pid %d, up %s\n", s.Role, state, s.PID, age(now.Sub(s.Started)))
	fmt.Fprintf(w, "node\t%s\n", strings.TrimSpace(s.Node+" "+s.NodeIP))
	if k := s.Kubernetes; k != nil {
		ready := "Ready"
		if !k.NodeReady {
			ready = "NotReady"
		}
		fmt.Fprintf(w, "kubernetes\t%s, %d of %d pods ready%s\n", ready, k.PodsReady, k.Pods, because(k.Message))
	}
	if o := s.OVN; o != nil {
		chassis := o.Chassis
		if chassis == "" {
			chassis = "not registered"
		}
		if s.Role == "server" { // agents do not see the databases
			chassis += fmt.Sprintf(" (%d in all), %d of %d ports up, nb_cfg %d, sb_cfg %d, hv_cfg %d", o.Chassises, o.PortsUp, o.Ports, o.NBCfg, o.SBCfg, o.HVCfg)
		}
		fmt.Fprintf(w, "ovn\tchassis %s%s\n", chassis, because(o.Message))
		if o.Remote != "" {
			fmt.Fprintf(w, "ovn-remote\t%s\n", o.Remote)
		}
	}
	if len(s.Versions) > 0 {
		var parts []string
		for _, name := range mainVersions {
			if v := s.Versions[name]; v != "" {
				parts = append(parts, name+" "+v)
			}
		}
		fmt.Fprintf(w, "versions\t%s\n", strings.Join(parts, ", "))
	}
	for _, note := range s.Notes {
		fmt.Fprintf(w, "note\t%s\n", note)
	}
	if len(s.Components) > 0 {
		fmt.Fprintf(w, "\t\nCOMPONENT\tSTATE\tSINCE\tRESTARTS\tPID\tERROR\n")
		for _, c := range s.Components {
			pid := ""
			if c.PID != 0 {
				pid = fmt.Sprint(c.PID)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", c.Name, c.State, age(now.Sub(c.Since)), c.Restarts, pid, c.Error)
		}
	}
	if len(s.Processes) == 0 {
		return
	}
	fmt.Fprintf(w, "\t\nPROCESS\tPID\tTHREADS\tRSS\tPSS\tANON\n")
	var rss, pss, anon int64
	for _, p := range s.Processes {
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%s\n", p.Name, p.PID, p.Threads, mib(p.RSS), mib(p.PSS), mib(p.Anon))
		rss, pss, anon = rss+p.RSS, pss+p.PSS, anon+p.Anon
	}
	fmt.Fprintf(w, "total\t\t\t%s\t%s\t%s\n", mib(rss), mib(pss), mib(anon))
}

func because(message string) string {
	if message == "" {
		return ""
	}
	return ": " + message
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// age is a duration as kubectl writes it.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// mainVersions are those that the table shows; the JSON and kove version have all.
var mainVersions = []string{"kove", "kubernetes", "ovn", "openvswitch", "containerd", "runc"}

// versionOrder puts kove first.
func versionOrder(versions map[string]string) []string {
	var names []string
	for name := range versions {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if (a == "kove") != (b == "kove") {
			if a == "kove" {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}
