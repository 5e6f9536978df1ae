package oracle

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var recording = flag.Bool("record", false, "TestRecord: rewrite testdata/golden from stock ovn-northd")

func long() bool { return os.Getenv("KOVE_LONG") != "" }

const goldenDir = "testdata/golden"

// TestRecord runs scenarios on stock OVN and checks that what stock makes of them is what testdata says: every sixth, or all
// with KOVE_LONG=1 in the environment (`make test-long`). With -record it writes testdata instead.
func TestRecord(t *testing.T) {
	scenarios, err := Scenarios(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	for i, sc := range scenarios {
		if i%6 != 0 && !*recording && !long() {
			continue
		}
		t.Run(sc.Name, func(t *testing.T) {
			s := startStock(t)
			s.replay(t, sc)
			nbDump, sbDump := s.dump(t)
			got := Normalise(nbDump, sbDump, sc.Seed())
			if *recording {
				for name, text := range map[string]string{"flows.txt": got.Flows, "sb.txt": got.SB, "nbout.txt": got.NBOut} {
					if err := os.WriteFile(filepath.Join(sc.Dir, name), []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				ids := stableIDs(nbDump, sbDump)
				if err := record(nbDump, ids, keepNB, filepath.Join(sc.Dir, "nb.json")); err != nil {
					t.Fatal(err)
				}
				if err := record(sbDump, ids, keepSB, filepath.Join(sc.Dir, "sb.json")); err != nil {
					t.Fatal(err)
				}
			}
			want, err := sc.Want()
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range Compare(want, got) {
				t.Error(d)
			}
		})
	}
}
