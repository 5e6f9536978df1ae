package daemon

import (
	"testing"
	"time"
)

// ovn-nb(5), NB_Global, options:northd_probe_interval.
func TestProbeInterval(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 5 * time.Second, "x": 5 * time.Second, "-3": 5 * time.Second, "0": -1, "1": time.Second, "999": time.Second, "60000": time.Minute,
	} {
		if got := probeInterval(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
