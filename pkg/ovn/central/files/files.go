// Package files checks the files of the OVN central's databases and sets broken ones aside.
//
// It owns what `kove ovn check`, `kove ovn rebuild` and the commands of those names of ovn-central do. Check changes nothing.
// Rebuild never deletes: the broken file gets another name beside the new one.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovsdb"
)

// databases are the names that commands take, in the order in which they are told about.
func databases() []database {
	return []database{{"nb", "nb.db", nb.SchemaJSON}, {"sb", "sb.db", sb.SchemaJSON}}
}

type database struct {
	name, file string
	schema     []byte
}

// Report is what is known of one file and, after Rebuild, what was done.
type Report struct {
	Name string `json:"name"` // nb or sb
	ovsdb.FileReport
	// Aside is where the broken file went, empty when it stayed.
	Aside string `json:"aside,omitempty"`
	// Kept is how many records the new file begins with.
	Kept int `json:"kept,omitempty"`
	// Refill says where the contents will come from.
	Refill string `json:"refill,omitempty"`
}

func choose(names []string) ([]database, error) {
	if len(names) == 0 {
		return databases(), nil
	}
	var out []database
next:
	for _, n := range names {
		for _, d := range databases() {
			if d.name == n {
				out = append(out, d)
				continue next
			}
		}
		return nil, fmt.Errorf("there is no database %q: want nb or sb", n)
	}
	return out, nil
}

// Check reads the files of a data folder; no names mean both databases.
func Check(dir string, names ...string) ([]Report, error) {
	list, err := choose(names)
	if err != nil {
		return nil, err
	}
	if st, err := os.Stat(dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("checking databases: there is no folder %s: name the right one with --dir", dir)
		}
		return nil, fmt.Errorf("checking databases: %w", err)
	} else if !st.IsDir() {
		return nil, fmt.Errorf("checking databases: %s is not a folder", dir)
	}
	var out []Report
	for _, d := range list {
		schema, err := ovsdb.ParseSchema(d.schema)
		if err != nil {
			return nil, err
		}
		r, err := ovsdb.CheckFile(filepath.Join(dir, d.file), schema)
		if err != nil {
			return nil, err
		}
		out = append(out, Report{Name: d.name, FileReport: r})
	}
	return out, nil
}

// RebuildOptions says what Rebuild may do.
type RebuildOptions struct {
	// Salvage keeps what the file said before the damage, instead of beginning anew.
	Salvage bool
	// Force sets files aside that are not broken.
	Force bool
	Now   time.Time
}

// Rebuild sets broken files aside, so that the next start begins with empty ones (or, with Salvage, with what was there before
// the damage), which fill by themselves: NB from the Kubernetes API by kove's controllers, SB from NB by northd and from the
// chassis. The server must be stopped.
func Rebuild(dir string, opts RebuildOptions, names ...string) ([]Report, error) {
	reports, err := Check(dir, names...)
	if err != nil {
		return nil, err
	}
	for i := range reports {
		r := &reports[i]
		if r.State == ovsdb.FileMissing || r.Opens() && !opts.Force {
			continue
		}
		keep := int64(0)
		if opts.Salvage && r.State == ovsdb.FileDamaged && r.Records > 0 {
			keep = r.Offset
		}
		if opts.Salvage && keep == 0 {
			return reports, fmt.Errorf("rebuilding %s: there is nothing before the damage to keep; leave --salvage away", r.Path)
		}
		if r.Aside, err = ovsdb.SetAside(ovsdb.Dir(dir), filepath.Base(r.Path), keep, opts.Now); err != nil {
			return reports, err
		}
		switch {
		case keep > 0:
			r.Kept = r.Records
			r.Refill = "as it was before the damage; what came later is in the file set aside only, unless something writes it again"
		case r.Name == "nb":
			r.Refill = "from the Kubernetes API, by kove's controllers; without Kubernetes, by whoever wrote it"
		default:
			r.Refill = "from the northbound database, by northd; chassis register again; learned MAC addresses are learned again"
		}
	}
	return reports, nil
}

// Broken reports whether a server would refuse one of the files.
func Broken(reports []Report) bool {
	for _, r := range reports {
		if !r.Opens() && r.Aside == "" {
			return true
		}
	}
	return false
}

// Print writes reports for people.
func Print(w io.Writer, reports []Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "DATABASE\tSTATE\tSCHEMA\tRECORDS\tROWS\tBYTES\tFILE")
	for _, r := range reports {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%s\n", r.Name, r.State, dash(r.Version), r.Records, r.Rows, r.Bytes, r.Path)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var b strings.Builder
	for _, r := range reports {
		if r.Problem != "" {
			fmt.Fprintf(&b, "%s: at offset %d: %s\n", r.Path, r.Offset, r.Problem)
		}
		switch {
		case r.Aside != "":
			fmt.Fprintf(&b, "%s: set aside as %s; the next start fills the database %s\n", r.Path, r.Aside, r.Refill)
		case r.State == ovsdb.FileUnfinished:
			fmt.Fprintf(&b, "%s: the last record is not whole; the next start cuts it off (a crash or a power cut left it)\n", r.Path)
		case r.State == ovsdb.FileDamaged && r.Lost > 0:
			fmt.Fprintf(&b, "%s: %d whole records follow, the first at offset %d; cutting here would lose them\n", r.Path, r.Lost, r.Next)
		}
		if !r.Opens() && r.Aside == "" {
			fmt.Fprintf(&b, "%s: kove ovn rebuild --dir %s %s sets it aside\n", r.Path, filepath.Dir(r.Path), r.Name)
		}
		if r.Converts != "" && r.Opens() {
			fmt.Fprintf(&b, "%s: the next start converts it to schema version %s\n", r.Path, r.Converts)
		}
		if r.InUseBy != 0 {
			fmt.Fprintf(&b, "%s: process %d has it open\n", r.Path, r.InUseBy)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
