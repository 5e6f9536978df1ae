package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kove-io/kove/pkg/config"
)

// Severity is how bad a finding is.
type Severity string

const (
	// Fatal findings keep kove from working.
	Fatal Severity = "fatal"
	// Warning findings are told and lived with: something will be missing, slow or in danger.
	Warning Severity = "warning"
	// Note findings are worth knowing and need nothing done.
	Note Severity = "note"
)

// Roles that a machine may have besides those of package config.
const (
	// Gateway is a node with a NIC for OVN's external network.
	Gateway config.Role = "gateway"
	// VMHost is a node that runs virtual machines.
	VMHost config.Role = "vm-host"
)

// Roles are all roles.
func Roles() []config.Role { return []config.Role{config.Server, config.Agent, Gateway, VMHost} }

// Finding is one thing that is wrong.
type Finding struct {
	// ID is a stable name, CHECK or CHECK/DETAIL.
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	// Seen is what the check saw, with the object's name and where it was configured.
	Seen string `json:"seen"`
	// Why is what would happen.
	Why string `json:"why"`
	// Remedy is what to do.
	Remedy string `json:"remedy"`
}

// String writes the finding on one line.
func (f Finding) String() string {
	return fmt.Sprintf("[%s] %s (%s); %s", f.ID, f.Seen, f.Why, f.Remedy)
}

// Explanation is what `kove doctor explain` and docs/doctor.md say about a finding.
type Explanation struct {
	// ID is the finding's.
	ID string
	// Severity is the finding's, or the worst one where it depends.
	Severity Severity
	// Text says what is wrong, what it does and how it is cured, for any machine.
	Text string
}

// Check looks at one aspect of a machine.
type Check struct {
	// Name is the check's stable name.
	Name string
	// About is what is looked at, half a sentence.
	About string
	// Roles are those that need it.
	Roles []config.Role
	// Start tells that `kove server` and `kove agent` run it before they touch anything.
	Start bool
	// Bare checks make no sense where kove runs: it would find kove itself.
	Bare bool
	// Finds explains every finding that Run can return.
	Finds []Explanation
	// Run looks. It returns nothing when all is well or when it cannot know.
	Run func(ctx context.Context, h Host, c Case) []Finding
}

// Case is what a machine is examined for.
type Case struct {
	// Config is what kove was told, resolved.
	*config.Config
	// Roles are the machine's, of Roles().
	Roles []config.Role
	// NIC is the NIC for the external network, "" when none was named.
	NIC string
	// Running tells that kove runs on the machine.
	Running bool
}

func (c Case) is(r config.Role) bool { return slices.Contains(c.Roles, r) }

// node tells that pods will run here.
func (c Case) node() bool { return c.Role != config.Server || !c.Control.DisableAgent }

// Preflight runs the checks of a role's start, in order, and returns what they found. A running kove and missing rights
// make all other findings noise, so they come alone.
func Preflight(ctx context.Context, h Host, conf *config.Config) []Finding {
	c := Case{Config: conf, Roles: []config.Role{conf.Role}}
	h = &askedOnce{Host: h}
	var out []Finding
	for _, check := range Checks() {
		if !check.Start || !slices.Contains(check.Roles, c.Role) {
			continue
		}
		found := check.Run(ctx, h, c)
		out = append(out, found...)
		if (check.Name == "root" || check.Name == "running") && len(found) > 0 {
			break
		}
	}
	return out
}

// State is how a check ended.
type State string

const (
	// OK is that a check found nothing.
	OK State = "ok"
	// Found is that it found something.
	Found State = "found"
	// Skipped is that it does not apply here.
	Skipped State = "skipped"
)

// Result is one check of a report.
type Result struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	// Reason is why a check was skipped.
	Reason string `json:"reason,omitempty"`
}

// Report is what an examination found. docs/doctor.schema.json describes its JSON; fields are only ever added.
type Report struct {
	// Node is the machine's name as a node, "" when it has no usable one.
	Node string `json:"node"`
	// Roles are what it was examined for.
	Roles []config.Role `json:"roles"`
	// Running tells that kove runs on it.
	Running bool `json:"running"`
	// Fatal, Warnings and Notes count the findings.
	Fatal    int `json:"fatal"`
	Warnings int `json:"warnings"`
	Notes    int `json:"notes"`
	// Findings are the worst first, in the order of the checks.
	Findings []Finding `json:"findings"`
	// Checks are all checks, in the order in which they ran.
	Checks []Result `json:"checks"`
}

// Examine runs every check that applies. faults are what was wrong with the configuration already.
func Examine(ctx context.Context, h Host, c Case, faults error) *Report {
	h = &askedOnce{Host: h}
	r := &Report{Node: c.Node.Name, Roles: c.Roles, Running: c.Running, Findings: configuration(faults)}
	for _, check := range Checks() {
		result := Result{Name: check.Name, State: OK}
		switch {
		case check.Name == "config":
			if len(r.Findings) > 0 {
				result.State = Found
			}
		case !slices.ContainsFunc(check.Roles, c.is):
			result.State, result.Reason = Skipped, "not for this role"
		case check.Bare && c.Running:
			result.State, result.Reason = Skipped, "kove runs here"
		default:
			if found := check.Run(ctx, h, c); len(found) > 0 {
				result.State = Found
				r.Findings = append(r.Findings, found...)
			}
		}
		r.Checks = append(r.Checks, result)
	}
	rank := map[Severity]int{Fatal: 0, Warning: 1, Note: 2}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return rank[a.Severity] - rank[b.Severity] })
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	for _, f := range r.Findings {
		switch f.Severity {
		case Fatal:
			r.Fatal++
		case Warning:
			r.Warnings++
		case Note:
			r.Notes++
		}
	}
	return r
}

// Explain finds what is known about a finding, or about all findings of a check. A finding that names an object, such as
// ports/6443, is explained by ports/PORT.
func Explain(id string) (*Check, []Explanation) {
	name, detail, _ := strings.Cut(id, "/")
	for _, check := range Checks() {
		var out []Explanation
		for _, e := range check.Finds {
			n, d, _ := strings.Cut(e.ID, "/")
			if n != name && check.Name != name {
				continue
			}
			if detail == "" || n == name && (d == detail || d == strings.ToUpper(d)) {
				out = append(out, e)
			}
		}
		if len(out) > 0 {
			return &check, out
		}
	}
	return nil, nil
}

// origin says where an option came from, for findings about it: `--mtu 9000` or `mtu 9000 (/etc/kove/config.yaml line 3)`.
func origin(c Case, option, value string) string {
	from := c.Origin(option)
	if from == "--"+option {
		return strings.TrimSpace(from + " " + value)
	}
	return strings.TrimSpace(option+" "+value) + " (" + from + ")"
}
