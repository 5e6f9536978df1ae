package ovsdb

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// testdata/golden.jsonl is what a stock ovsdb-server 3.5 serving testdata/t.ovsschema answered. Lines are in time order:
// send and raw go to a connection, recv came from it, close closes it. UUIDs are named U1, U2, … in order of appearance.
func TestGolden(t *testing.T) {
	db, err := Open(testSchema(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	srv, err := NewServer(ServerOptions{}, db)
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	sock := filepath.Join(t.TempDir(), "s")
	if _, err := srv.Listen(Remote{Target: "punix:" + sock}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/golden.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	g := &goldenRun{t: t, sock: sock, conns: map[int64]*goldenConn{}, bound: map[string]string{}}
	defer g.close()
	var want []any
	var from int64
	flush := func(line int) {
		if len(want) > 0 {
			g.expect(line, from, want)
		}
		want = nil
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		v, err := parseJSON([]byte(line))
		if err != nil {
			t.Fatalf("line %d: %v", n, err)
		}
		m := v.(map[string]any)
		conn, _ := m["conn"].(int64)
		if r, ok := m["recv"]; ok && conn == from || ok && len(want) == 0 {
			from, want = conn, append(want, r)
			continue
		}
		flush(n - 1)
		switch {
		case m["recv"] != nil:
			from, want = conn, append(want, m["recv"])
		case m["send"] != nil:
			g.send(conn, g.concrete(jsonText(m["send"])))
		case m["raw"] != nil:
			g.send(conn, m["raw"].(string))
		case m["close"] != nil:
			g.conn(conn).c.Close()
			delete(g.conns, conn)
		}
		if t.Failed() {
			return
		}
	}
	flush(n)
	if n < 370 {
		t.Fatalf("only %d lines", n)
	}
}

type goldenRun struct {
	t     *testing.T
	sock  string
	conns map[int64]*goldenConn
	bound map[string]string // U5 → the UUID here
}

type goldenConn struct {
	c net.Conn
	f framer
}

func (g *goldenRun) close() {
	for _, c := range g.conns {
		c.c.Close()
	}
}

func (g *goldenRun) conn(n int64) *goldenConn {
	c := g.conns[n]
	if c == nil {
		nc, err := net.Dial("unix", g.sock)
		if err != nil {
			g.t.Fatal(err)
		}
		c = &goldenConn{c: nc, f: framer{r: nc, limit: 1 << 20}}
		g.conns[n] = c
	}
	return c
}

func (g *goldenRun) send(n int64, text string) {
	if _, err := g.conn(n).c.Write([]byte(text)); err != nil {
		g.t.Fatal(err)
	}
}

var goldenName = regexp.MustCompile(`\bU[0-9]+\b`)

func (g *goldenRun) concrete(text string) string {
	return goldenName.ReplaceAllStringFunc(text, func(s string) string {
		if g.bound[s] == "" {
			g.bound[s] = NewUUID().String()
		}
		return g.bound[s]
	})
}

// expect reads as many messages as are wanted and matches them in any order: stock's order between monitors is a hash's.
func (g *goldenRun) expect(line int, conn int64, want []any) {
	g.t.Helper()
	c := g.conn(conn)
	var got []any
	for range want {
		c.c.SetReadDeadline(time.Now().Add(patience))
		text, err := c.f.next()
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				g.t.Errorf("line %d: nothing more came; want %s; have %s", line, jsonText(want), jsonText(got))
				return
			}
			got = append(got, "EOF")
			continue
		}
		v, err := parseJSON(text)
		if err != nil {
			g.t.Fatal(err)
		}
		if m := v.(map[string]any); m["error"] != nil {
			delete(m, "result")
		}
		got = append(got, v)
	}
	bound, ok := unifyAny(want, got, g.bound)
	if !ok {
		g.t.Errorf("line %d:\nwant %s\nhave %s\nbound %v", line, jsonText(want), jsonText(got), g.bound)
		return
	}
	g.bound = bound
}

// unify matches have against want under the bindings so far and returns the bindings extended.
func unify(want, have any, b map[string]string) (map[string]string, bool) {
	switch w := want.(type) {
	case string:
		h, ok := have.(string)
		if !ok {
			return b, false
		}
		return unifyString(w, h, b)
	case []any:
		h, ok := have.([]any)
		if !ok || len(w) != len(h) {
			return b, false
		}
		if len(w) == 2 && w[0] == "set" && h[0] == "set" {
			return unifyAny(w[1].([]any), h[1].([]any), b)
		}
		for i := range w {
			if b, ok = unify(w[i], h[i], b); !ok {
				return b, false
			}
		}
		return b, true
	case map[string]any:
		h, ok := have.(map[string]any)
		if !ok || len(w) != len(h) {
			return b, false
		}
		if rows, ok := w["rows"].([]any); ok && len(w) == 1 {
			hr, ok := h["rows"].([]any)
			if !ok {
				return b, false
			}
			return unifyAny(rows, hr, b)
		}
		// Members as pairs, in any order.
		return unifyAny(pairs(w), pairs(h), b)
	}
	return b, Equal(want, have)
}

func pairs(m map[string]any) []any {
	var out []any
	for _, k := range sortedKeys(m) {
		out = append(out, []any{k, m[k]})
	}
	return out
}

func unifyAny(want, have []any, b map[string]string) (map[string]string, bool) {
	if len(want) != len(have) {
		return b, false
	}
	if len(want) == 0 {
		return b, true
	}
	for i := range have {
		if nb, ok := unify(want[0], have[i], b); ok {
			if nb, ok = unifyAny(want[1:], slices.Delete(slices.Clone(have), i, i+1), nb); ok {
				return nb, true
			}
		}
	}
	return b, false
}

var (
	elapsed  = regexp.MustCompile(`after [0-9]+ ms`)
	rowTales = regexp.MustCompile(`  (First|Second) row, `)
)

func unifyString(want, have string, b map[string]string) (map[string]string, bool) {
	want, have = elapsed.ReplaceAllString(want, "after N ms"), elapsed.ReplaceAllString(have, "after N ms")
	if nb, ok := unifyText(want, have, b); ok {
		return nb, true
	}
	// Which of two rows with equal keys comes first is up to a hash too.
	if w := rowTales.Split(want, -1); len(w) == 3 {
		return unifyText(w[0]+"  First row, "+w[2]+"  Second row, "+w[1], have, b)
	}
	return b, false
}

func unifyText(want, have string, b map[string]string) (map[string]string, bool) {
	names := goldenName.FindAllString(want, -1)
	if len(names) == 0 {
		return b, want == have
	}
	pattern := "^"
	at := 0
	for _, loc := range goldenName.FindAllStringIndex(want, -1) {
		pattern += regexp.QuoteMeta(want[at:loc[0]]) + "([0-9a-f-]{36})"
		at = loc[1]
	}
	m := regexp.MustCompile(pattern + regexp.QuoteMeta(want[at:]) + "$").FindStringSubmatch(have)
	if m == nil {
		return b, false
	}
	nb := maps.Clone(b)
	for i, name := range names {
		if nb[name] == "" {
			for _, v := range nb {
				if v == m[i+1] {
					return b, false
				}
			}
			nb[name] = m[i+1]
		}
		if nb[name] != m[i+1] {
			return b, false
		}
	}
	return nb, true
}
