package cli

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// TestNorthd: everything behind the name is northd's own, --help too, and so is the exit status.
func TestNorthd(t *testing.T) {
	var got []string
	a := Actions{Northd: func(args []string) int {
		got = args
		return 7
	}}
	want := []string{"--detach", "--pidfile", "--help", "-vconsole:off", "--ovnsb-db=tcp:h:1"}
	if code, stdout, stderr := run(t, a, append([]string{"ovn-northd"}, want...)...); code != 7 || stdout+stderr != "" || !slices.Equal(got, want) {
		t.Errorf("exit %d with %q\n%s%s", code, got, stdout, stderr)
	}
	got = nil
	if code := New(a).Run(context.Background(), append([]string{"/usr/sbin/ovn-northd"}, want...)); code != 7 || !slices.Equal(got, want) {
		t.Errorf("by a link: exit %d with %q", code, got)
	}
	if code, _, stderr := run(t, Actions{}, "ovn-northd"); code != ExitFailure || !strings.Contains(stderr, "has no northd") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
