package ovsdb

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestAnswersBeforeTheEnd has a client that asks, says that it has nothing more to say, and waits for what is said to it: what
// was asked before the end, or before what nobody understands, is answered, as stock does.
func TestAnswersBeforeTheEnd(t *testing.T) {
	server, _ := testCertificates(t)
	for who, sock := range map[string]string{"stock": stockPair(t, server)[""], "ours": ourPair(t, server)[""]} {
		for _, end := range []string{"", "nonsense ", "{}", `{"id":9,"method":3,"params":[]}`} {
			nc, err := net.Dial("unix", sock)
			if err != nil {
				t.Fatal(err)
			}
			const n = 20
			for i := range n {
				fmt.Fprintf(nc, `{"id":%d,"method":"transact","params":["T",{"op":"insert","table":"Kid","row":{"v":%d}},{"op":"abort"}]}`, i, i)
			}
			fmt.Fprintf(nc, `{"id":"w","method":"transact","params":["T",{"op":"insert","table":"Kid","row":{"v":1}}]}%s`, end)
			if end == "" {
				nc.(*net.UnixConn).CloseWrite()
			}
			nc.SetReadDeadline(time.Now().Add(patience))
			text, err := io.ReadAll(nc)
			nc.Close()
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				t.Errorf("%s, end %q: the connection stays open", who, end)
			}
			if got := strings.Count(string(text), `"id"`); got != n+1 || !strings.Contains(string(text), `"id":"w"`) {
				t.Errorf("%s, end %q: %d of %d requests are answered", who, end, got, n+1)
			}
		}
	}
}
