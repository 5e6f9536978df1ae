package ovsdb

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestProtocol plays the scripts of testdata/protocol to stock ovsdb-server and to ours and compares every reply and every
// notification of every step, on every connection.
//
// A line "a> TEXT" sends TEXT on connection a, "a!" closes it; a connection is opened when it is first named. Names that begin
// with ro are on a read-only remote, with rl on one of the RBAC role "roler", with tls on one of that role over TLS, as client "ch1". $NAME{...} defines text that later lines may name as
// $NAME. After "a~>" \xHH is the byte of that number and \*N{TEXT} N times TEXT. Rows that a script names carry their own UUIDs; all other UUIDs need only be used consistently.
func TestProtocol(t *testing.T) {
	scripts, err := filepath.Glob("testdata/protocol/*.txt")
	if err != nil || len(scripts) < 5 {
		t.Fatalf("only %d scripts: %v", len(scripts), err)
	}
	for _, path := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			playBoth(t, string(text))
		})
	}
}

type protocolRun struct {
	t     *testing.T
	stock *player
	ours  *player
	bound map[string]string // U5 → the UUID that ours has for it
	names map[string]string // a UUID of stock's → U5
	fixed string            // the script, whose UUIDs stand for themselves
}

func playBoth(t *testing.T, script string) {
	p := &protocolRun{t: t, bound: map[string]string{}, names: map[string]string{}, fixed: script}
	server, client := testCertificates(t)
	p.stock, p.ours = newPlayer(t, stockPair(t, server), client), newPlayer(t, ourPair(t, server), client)
	expand := regexp.MustCompile(`\\x([0-9A-F]{2})|\\\*(\d+)\{([^}]*)\}`)
	define := regexp.MustCompile(`^\$([A-Z0-9]+)(\{.*\})$`)
	defined := map[string]string{}
	n, checked := 0, 0
	for line := range strings.Lines(script) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		for name, text := range defined {
			line = strings.ReplaceAll(line, "$"+name+";", text)
		}
		if m := define.FindStringSubmatch(line); m != nil {
			defined[m[1]] = m[2]
			continue
		}
		i := strings.IndexAny(line, ">!")
		if i < 0 {
			t.Fatalf("line %d: want NAME> TEXT or NAME!", n)
		}
		name, text := line[:i], strings.TrimSpace(line[i+1:])
		if raw, ok := strings.CutSuffix(name, "~"); ok {
			name = raw
			text = expand.ReplaceAllStringFunc(text, func(x string) string {
				m := expand.FindStringSubmatch(x)
				if m[1] != "" {
					c, _ := strconv.ParseUint(m[1], 16, 8) // two digits
					return string([]byte{byte(c)})
				}
				n, _ := strconv.Atoi(m[2]) // digits
				return strings.Repeat(m[3], n)
			})
		}
		want := p.stock.step(name, line[i] == '!', text, n, nil)
		have := p.ours.step(name, line[i] == '!', text, n, want)
		for _, conn := range sortedKeys(want) {
			checked += len(want[conn])
			if !p.equal(want[conn], have[conn]) {
				t.Errorf("line %d: %s\nconnection %s\nstock: %s\nours:  %s", n, line, conn, lines(want[conn]), lines(have[conn]))
			}
		}
	}
	if checked < 10 {
		t.Fatalf("only %d messages were compared", checked)
	}
}

func lines(messages []any) string {
	var out []string
	for _, m := range messages {
		out = append(out, jsonText(m))
	}
	return strings.Join(out, "\n       ")
}

var uuidText = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// equal compares what came in one step: replies in order, notifications between two replies in any order, since stock sends
// those of different monitors in the order of a hash table.
func (p *protocolRun) equal(want, have []any) bool {
	if len(want) != len(have) {
		return false
	}
	for i := 0; i < len(want); {
		j := i
		for j < len(want) && notification(want[j]) && notification(have[j]) {
			j++
		}
		if j == i {
			j++
		}
		var named []any
		for _, m := range want[i:j] {
			text := uuidText.ReplaceAllStringFunc(jsonText(canonical(m)), func(id string) string {
				if strings.Contains(p.fixed, id) || id == noTxnID {
					return id
				}
				if p.names[id] == "" {
					p.names[id] = fmt.Sprint("U", len(p.names)+1)
				}
				return p.names[id]
			})
			v, err := parseJSON([]byte(text))
			if err != nil {
				p.t.Fatal(err)
			}
			named = append(named, v)
		}
		var got []any
		for _, m := range have[i:j] {
			got = append(got, canonical(m))
		}
		bound, ok := unifyAny(named, got, p.bound)
		if !ok {
			return false
		}
		p.bound = bound
		i = j
	}
	return true
}

func notification(m any) bool {
	o, ok := m.(map[string]any)
	return ok && o["method"] != nil && o["id"] == nil
}

// canonical removes differences that mean nothing: the order of members in JSON that an error quotes as text.
func canonical(m any) any {
	o, ok := m.(map[string]any)
	if !ok {
		return m
	}
	out := map[string]any{}
	for k, v := range o {
		switch k {
		case "syntax":
			if s, ok := v.(string); ok {
				if x, err := parseJSON([]byte(s)); err == nil {
					v = jsonText(x)
				}
			}
		case "error":
			if v == nil && o["result"] != nil {
				continue
			}
			v = canonical(v)
		case "result":
			if list, ok := v.([]any); ok {
				c := []any{}
				names := len(list) > 0
				for _, e := range list {
					_, isName := e.(string)
					names = names && isName
					c = append(c, canonical(e))
				}
				if names { // of databases, in the order of a hash table
					slices.SortFunc(c, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
				}
				v = c
			}
		}
		out[k] = v
	}
	return out
}

// player holds a script's connections to one server.
type player struct {
	t     *testing.T
	socks map[string]string // by prefix of the connection's name, "" for all others
	conns map[string]*goldenConn
	tls   *tls.Config
}

func newPlayer(t *testing.T, socks map[string]string, config *tls.Config) *player {
	p := &player{t, socks, map[string]*goldenConn{}, config}
	t.Cleanup(func() {
		for _, c := range p.conns {
			c.c.Close()
		}
	})
	return p
}

// step sends a text and collects what each connection gets until it has answered an echo.
//
// With want it waits for as many messages on each: a transaction that waited is tried again at its own time.
func (p *player) step(name string, closing bool, text string, n int, want map[string][]any) map[string][]any {
	c := p.conns[name]
	if c == nil {
		sock := p.socks[""]
		for prefix, s := range p.socks {
			if prefix != "" && strings.HasPrefix(name, prefix) {
				sock = s
			}
		}
		var nc net.Conn
		var err error
		if addr, ok := strings.CutPrefix(sock, "tls:"); ok {
			nc, err = tls.Dial("tcp", addr, p.tls)
		} else {
			nc, err = net.Dial("unix", sock)
		}
		if err != nil {
			p.t.Fatal(err)
		}
		c = &goldenConn{c: nc, f: framer{r: nc, limit: 1 << 20}}
		p.conns[name] = c
	}
	order := []string{name}
	for _, other := range sortedKeys(p.conns) {
		if other != name {
			order = append(order, other)
		}
	}
	if closing {
		c.c.Close()
		delete(p.conns, name)
		order = order[1:]
	} else {
		c.c.Write([]byte(text)) // whether it works shows when reading
	}
	out := map[string][]any{}
	for _, name := range order {
		out[name] = p.collect(name, n, len(want[name]))
	}
	return out
}

func (p *player) collect(name string, n, least int) []any {
	c := p.conns[name]
	mark := fmt.Sprint("mark ", n)
	fmt.Fprintf(c.c, `{"id":"%s","method":"echo","params":[]}`, mark) // a write to a closed connection shows when reading
	out := []any{}
	answered := false
	for !answered || len(out) < least {
		c.c.SetReadDeadline(time.Now().Add(patience))
		text, err := c.f.next()
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			p.t.Errorf("line %d: connection %s gets no answer", n, name)
			return out
		}
		if err != nil {
			c.c.Close()
			delete(p.conns, name)
			return append(out, "closed")
		}
		v, err := parseJSON(text)
		if err != nil {
			p.t.Fatalf("line %d: %v", n, err)
		}
		m := v.(map[string]any)
		if m["id"] == mark {
			answered = true
			continue
		}
		if m["error"] != nil {
			delete(m, "result")
		}
		out = append(out, v)
	}
	return out
}

// testCertificates makes the files of a server and the configuration of a client called ch1.
func testCertificates(t *testing.T) (TLSFiles, *tls.Config) {
	t.Helper()
	dir := t.TempDir()
	var ca *x509.Certificate
	var signer *ecdsa.PrivateKey
	for _, name := range []string{"ca", "server", "ch1"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		tpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
			NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature}
		if ca == nil {
			tpl.IsCA, tpl.KeyUsage = true, tpl.KeyUsage|x509.KeyUsageCertSign
			ca, signer = tpl, key
		}
		der, err := x509.CreateCertificate(rand.Reader, tpl, ca, &key.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		kb, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		for ext, b := range map[string]*pem.Block{".key": {Type: "PRIVATE KEY", Bytes: kb}, ".crt": {Type: "CERTIFICATE", Bytes: der}} {
			if err := os.WriteFile(filepath.Join(dir, name+ext), pem.EncodeToMemory(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	client, err := ClientTLS(TLSFiles{dir + "/ch1.key", dir + "/ch1.crt", dir + "/ca.crt"})
	if err != nil {
		t.Fatal(err)
	}
	return TLSFiles{dir + "/server.key", dir + "/server.crt", dir + "/ca.crt"}, client
}

func stockPair(t *testing.T, files TLSFiles) map[string]string {
	dir := t.TempDir()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().(*net.TCPAddr)
	ln.Close()
	pssl := fmt.Sprintf("pssl:%d:127.0.0.1", addr.Port)
	conf := map[string]any{"remotes": map[string]any{
		"punix:" + dir + "/s":  map[string]any{},
		"punix:" + dir + "/ro": map[string]any{"read-only": true},
		"punix:" + dir + "/rl": map[string]any{"role": "roler"},
		pssl:                   map[string]any{"role": "roler"},
	}, "databases": map[string]any{dir + "/t.db": map[string]any{}, dir + "/r.db": map[string]any{}}}
	text, err := json.Marshal(conf)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/conf", text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"t", "r"} {
		runStock(t, "ovsdb-tool", "create", dir+"/"+name+".db", "testdata/"+name+".ovsschema")
	}
	cmd := exec.Command(stock(t, "ovsdb-server"), "--config-file="+dir+"/conf", "--unixctl="+dir+"/ctl", "-vconsole:err",
		"--private-key="+files.PrivateKey, "--certificate="+files.Certificate, "--ca-cert="+files.CACert)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	socks := map[string]string{"": dir + "/s", "ro": dir + "/ro", "rl": dir + "/rl"}
	for _, s := range socks {
		for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
			if c, err := net.Dial("unix", s); err == nil {
				c.Close()
				break
			}
			if time.Now().After(end) {
				t.Fatal("stock ovsdb-server does not listen")
			}
		}
	}
	socks["tls"] = "tls:" + addr.String()
	return socks
}

func ourPair(t *testing.T, files TLSFiles) map[string]string {
	dir := t.TempDir()
	var dbs []*Database
	for _, name := range []string{"t", "r"} {
		text, err := os.ReadFile("testdata/" + name + ".ovsschema")
		if err != nil {
			t.Fatal(err)
		}
		s, err := ParseSchema(text)
		if err != nil {
			t.Fatal(err)
		}
		j, err := OpenFileJournal(Dir(dir), name+".db", nil)
		if err != nil {
			t.Fatal(err)
		}
		db, err := Open(s, Options{Journal: j})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		dbs = append(dbs, db)
	}
	srv, err := NewServer(ServerOptions{}, dbs...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	socks := map[string]string{"": dir + "/s", "ro": dir + "/ro", "rl": dir + "/rl"}
	config, err := ServerTLS(files)
	if err != nil {
		t.Fatal(err)
	}
	addr, err := srv.Listen(Remote{Target: "pssl:0:127.0.0.1", Role: "roler", TLS: config})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { socks["tls"] = "tls:" + addr.String() }()
	for prefix, r := range map[string]Remote{"": {}, "ro": {ReadOnly: true}, "rl": {Role: "roler"}} {
		r.Target = "punix:" + socks[prefix]
		if _, err := srv.Listen(r); err != nil {
			t.Fatal(err)
		}
	}
	return socks
}

// TestProtocolComparison shows that a difference fails.
func TestProtocolComparison(t *testing.T) {
	p := &protocolRun{t: t, bound: map[string]string{}, names: map[string]string{}}
	parse := func(texts ...string) []any {
		var out []any
		for _, s := range texts {
			v, err := parseJSON([]byte(s))
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, v)
		}
		return out
	}
	reply, update := `{"id":1,"result":{},"error":null}`, `{"id":null,"method":"update","params":["11111111-1111-4111-8111-111111111111"]}`
	other := strings.ReplaceAll(update, "1111", "2222")
	for i, tc := range []struct {
		want, have []string
		ok         bool
	}{
		{[]string{update, reply}, []string{other, reply}, true},
		{[]string{update, reply}, []string{reply, other}, false}, // order
		{[]string{update, update}, []string{other, update}, false},
		{[]string{reply}, []string{reply, reply}, false},
		{[]string{`{"id":1,"error":{"error":"a","details":"b"}}`}, []string{`{"id":1,"error":{"error":"a","details":"c"}}`}, false},
		{[]string{`{"id":1,"error":{"error":"a","syntax":"{\"x\":1,\"y\":2}"}}`}, []string{`{"id":1,"error":{"error":"a","syntax":"{\"y\":2,\"x\":1}"}}`}, true},
	} {
		if ok := p.equal(parse(tc.want...), slices.Clone(parse(tc.have...))); ok != tc.ok {
			t.Errorf("case %d: %v", i, ok)
		}
	}
}
