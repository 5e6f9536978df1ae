package program

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
)

func parsed(t *testing.T, line string) *Options {
	t.Helper()
	p := &Program{Name: "prog", Own: []Option{{Name: "own", Arg: NeedsArgument}}}
	o, rest, err := p.Parse(strings.Fields(line), func(string) string { return "" }, func(string) error { return nil }, func(string, string) error { return nil })
	if err != nil || len(rest) > 0 {
		t.Fatalf("%s: %q %v", line, rest, err)
	}
	return o
}

// TestForms has options in all forms of getopt_long(3), and what is no option between them.
func TestForms(t *testing.T) {
	for line, want := range map[string]string{
		"a --own=1 b --own 2 -- --own=3": "1,2|a,b,--own=3|<nil>",
		"--ow=1 --detach -- ":            "1||<nil>",
		"-":                              "|-|<nil>",
		"--own":                          "||option '--own' requires an argument (see prog --help)",
		"--detach=1":                     "||option '--detach' doesn't allow an argument (see prog --help)",
		"--ssl-cipher=1":                 "||option '--ssl-cipher' is ambiguous; possibilities: '--ssl-ciphers' '--ssl-ciphersuites' (see prog --help)",
		"-vx -x":                         "||invalid option -- 'x' (see prog --help)",
		"-u":                             "||option requires an argument -- 'u' (see prog --help)",
	} {
		p := &Program{Name: "prog", Own: []Option{{Name: "own", Arg: NeedsArgument}}}
		var got []string
		_, rest, err := p.Parse(strings.Fields(line), func(string) string { return "" }, func(string) error { return nil },
			func(name, value string) error {
				got = append(got, value)
				return nil
			})
		text := strings.Join(got, ",") + "|" + strings.Join(rest, ",") + "|"
		if err != nil {
			text = "||" + err.Error()
		} else {
			text += "<nil>"
		}
		if text != want {
			t.Errorf("%s: %s, want %s", line, text, want)
		}
	}
}

func TestTLSOptions(t *testing.T) {
	for text, want := range map[string][2]uint16{
		"TLSv1.2":          {tls.VersionTLS12, tls.VersionTLS12},
		"TLSv1.3":          {tls.VersionTLS13, tls.VersionTLS13},
		"TLSv1.2,TLSv1.3":  {tls.VersionTLS12, tls.VersionTLS13},
		"TLSv1.2+":         {tls.VersionTLS12, tls.VersionTLS13},
		"TLSv1.2-TLSv1.3":  {tls.VersionTLS12, tls.VersionTLS13},
		"TLSv1 TLSv1.1+":   {tls.VersionTLS12, tls.VersionTLS13}, // the old ones are gone
		"TLSv1.3-TLSv1.2":  {},
		"SSLv3":            {},
		"TLSv1.3+,TLSv1.9": {},
		"TLSv1":            {},
		",":                {},
	} {
		low, high, err := protocolRange(text)
		if (err != nil) != (want[0] == 0) || err == nil && (low != want[0] || high != want[1]) {
			t.Errorf("%s: %x to %x, %v", text, low, high, err)
		}
	}
	o := parsed(t, "-p k -c c -C a --ssl-ciphers=HIGH:!aNULL:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256 --ssl-ciphersuites=X --ssl-protocols=TLSv1.3")
	c, err := o.ClientTLS()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.CipherSuites, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}) || c.MinVersion != tls.VersionTLS13 {
		t.Errorf("%x from %x", c.CipherSuites, c.MinVersion)
	}
	if len(o.Warnings) != 2 || !strings.Contains(o.Warnings[0], "HIGH:!aNULL") || !strings.Contains(o.Warnings[1], "ssl-ciphersuites") {
		t.Errorf("%q", o.Warnings)
	}
	if c, err := parsed(t, "").ClientTLS(); c != nil || err != nil {
		t.Errorf("without any file: %v %v", c, err)
	}
}
