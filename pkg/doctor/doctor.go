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
	// Fatal findings keep kove from starting.
	Fatal Severity = "fatal"
	// Warning findings are told and lived with.
	Warning Severity = "warning"
)

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

// Check looks at one aspect of a machine.
type Check struct {
	// Name is the check's stable name.
	Name string
	// Roles are those that need it.
	Roles []config.Role
	// Run looks. It returns nothing when all is well or when it cannot know.
	Run func(ctx context.Context, h Host, c *config.Config) []Finding
}

// Preflight runs the checks of a role's start, in order, and returns what they found. A running kove and missing rights
// make all other findings noise, so they come alone.
func Preflight(ctx context.Context, h Host, c *config.Config) []Finding {
	var out []Finding
	for _, check := range Checks() {
		if !slices.Contains(check.Roles, c.Role) {
			continue
		}
		found := check.Run(ctx, h, c)
		out = append(out, found...)
		if alone(check.Name) && len(found) > 0 {
			break
		}
	}
	return out
}

func alone(name string) bool { return name == "root" || name == "running" }

// origin says where an option came from, for findings about it: `--mtu 9000` or `mtu 9000 (/etc/kove/config.yaml line 3)`.
func origin(c *config.Config, option, value string) string {
	from := c.Origin(option)
	if from == "--"+option {
		return strings.TrimSpace(from + " " + value)
	}
	return strings.TrimSpace(option+" "+value) + " (" + from + ")"
}
