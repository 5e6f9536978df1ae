// Command run is the project's test runner: `go test -json` for a list of packages, one line a package with its time,
// the output of what failed, and a verdict about skips. A skipped test fails the run unless tests/expected-skips
// lists it with a reason; a listed one that did run fails too, so that the list stays true.
//
//	run [-skips FILE] [-verbose] -- [go test flags] packages
//
// The last line is "N passed, N failed, N skipped". Exit code 1 when anything failed.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"sort"
	"strings"
	"time"
)

// event is one line of `go test -json` (see `go doc test2json`).
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

type key struct{ pkg, test string }

type results struct {
	output                  map[key][]string
	build                   map[string][]string // import path → compiler output
	passed, failed, skipped []key
	packages                int
}

func main() {
	skips := flag.String("skips", "tests/expected-skips", "list of tests that this kernel cannot run: PACKAGE TEST REASON")
	verbose := flag.Bool("verbose", false, "print every test's output as it comes")
	flag.Parse()
	expected, err := readSkips(*skips)
	if err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(2)
	}
	cmd := exec.Command("go", append([]string{"test", "-json"}, flag.Args()...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "run: starting go test:", err)
		os.Exit(2)
	}
	begin := time.Now()
	r := collect(out, *verbose)
	runErr := cmd.Wait()
	bad := r.report(os.Stdout, expected)
	fmt.Printf("%d packages in %s\n", r.packages, time.Since(begin).Round(time.Second))
	fmt.Printf("%d passed, %d failed, %d skipped\n", len(r.passed), len(r.failed), len(r.skipped))
	if bad || (runErr != nil && len(r.failed) == 0) {
		if runErr != nil {
			fmt.Println("go test:", runErr)
		}
		os.Exit(1)
	}
	if len(r.passed) == 0 {
		fmt.Println("no test ran")
		os.Exit(1)
	}
}

// collect reads events to the end and prints a line when a package ends.
func collect(in io.Reader, verbose bool) *results {
	r := &results{output: map[key][]string{}, build: map[string][]string{}}
	lines := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Print(string(line))
			} else {
				r.add(e, verbose)
			}
		}
		if err != nil {
			return r
		}
	}
}

func (r *results) add(e event, verbose bool) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		r.build[e.ImportPath] = append(r.build[e.ImportPath], e.Output)
		fmt.Print(e.Output)
	case "output":
		if verbose {
			fmt.Print(e.Output)
		}
		r.output[k] = append(r.output[k], e.Output)
		if l := strings.TrimSpace(e.Output); strings.HasPrefix(l, "Benchmark") || strings.Contains(l, "FIGURE ") {
			fmt.Println(l) // figures are part of the record
		}
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.packages++
			fmt.Printf("%-4s %-60s %7.1fs\n", map[string]string{"pass": "ok", "fail": "FAIL", "skip": "-"}[e.Action], e.Package, e.Elapsed)
			if e.Action == "fail" {
				r.failed = append(r.failed, k)
			}
			return
		}
		switch e.Action {
		case "pass":
			r.passed = append(r.passed, k)
		case "fail":
			r.failed = append(r.failed, k)
			fmt.Printf("FAIL %s %s (%.1fs)\n", e.Package, e.Test, e.Elapsed) // the output follows at the end
		case "skip":
			r.skipped = append(r.skipped, k)
		}
	}
}

// report prints the failures and the skips, and tells whether the run is bad.
func (r *results) report(w io.Writer, expected map[key]string) bool {
	bad := false
	for _, k := range r.failed {
		bad = true
		fmt.Fprintf(w, "\n--- FAIL %s %s\n", k.pkg, k.test)
		out := r.output[k]
		if len(out) > 200 {
			fmt.Fprintf(w, "    … %d lines left out\n", len(out)-200)
			out = out[len(out)-200:]
		}
		for _, l := range out {
			fmt.Fprint(w, "    ", l)
		}
	}
	ran := map[key]bool{}
	for _, k := range append(append([]key{}, r.passed...), r.failed...) {
		ran[k] = true
	}
	for _, k := range r.skipped {
		short := key{path.Base(k.pkg), k.test}
		if reason, ok := expected[short]; ok {
			fmt.Fprintf(w, "skip %s %s: %s\n", k.pkg, k.test, reason)
			continue
		}
		bad = true
		fmt.Fprintf(w, "\n--- UNEXPECTED SKIP %s %s (list it in tests/expected-skips with the reason, or make it run)\n    %s", k.pkg, k.test, strings.Join(r.output[k], "    "))
	}
	var stale []string
	for k := range ran {
		if _, ok := expected[key{path.Base(k.pkg), k.test}]; ok {
			stale = append(stale, k.pkg+" "+k.test)
		}
	}
	sort.Strings(stale)
	for _, s := range stale {
		bad = true
		fmt.Fprintf(w, "\n--- %s ran, but tests/expected-skips says that it cannot: remove the line\n", s)
	}
	return bad
}

// readSkips reads lines "PACKAGE TEST REASON…"; PACKAGE is the last element of the import path.
func readSkips(file string) (map[key]string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	m := map[key]string{}
	for i, l := range strings.Split(string(b), "\n") {
		if l = strings.TrimSpace(l); l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		f := strings.SplitN(l, " ", 3)
		if len(f) != 3 {
			return nil, fmt.Errorf("%s:%d: want PACKAGE TEST REASON", file, i+1)
		}
		m[key{f[0], f[1]}] = f[2]
	}
	return m, nil
}
