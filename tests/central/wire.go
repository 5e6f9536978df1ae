package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// Operations are written down as maps; encoding/json makes RFC 7047 of them.
type (
	obj map[string]any
	arr []any
)

func uuid(id string) arr     { return arr{"uuid", id} }
func set(elems ...any) arr   { return arr{"set", arr(elems)} }
func pairs(kv ...string) arr { return arr{"map", pairList(kv)} }
func where(id string) arr    { return arr{arr{"_uuid", "==", uuid(id)}} }
func durable() obj           { return obj{"op": "commit", "durable": true} }
func pairList(kv []string) arr {
	out := arr{}
	for i := 0; i < len(kv); i += 2 {
		out = append(out, arr{kv[i], kv[i+1]})
	}
	return out
}

func insert(table, id string, row obj) obj {
	return obj{"op": "insert", "table": table, "uuid": id, "row": row}
}

func mutate(table, id, column, mutator string, value any) obj {
	return obj{"op": "mutate", "table": table, "where": where(id), "mutations": arr{arr{column, mutator, value}}}
}

// conn is a connection to an OVSDB server that one goroutine uses at a time.
type conn struct {
	net.Conn
	dec *json.Decoder
	seq int
}

type message struct {
	ID     any             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
	at     time.Time       // when all of it was there
}

func dial(path string) (*conn, error) {
	c, err := net.Dial("unix", path)
	for end := time.Now().Add(time.Minute); errors.Is(err, syscall.EAGAIN) && time.Now().Before(end); {
		// The server is too busy to accept: stock lets ten wait.
		time.Sleep(time.Millisecond)
		c, err = net.Dial("unix", path)
	}
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, dec: json.NewDecoder(c)}, nil
}

// send writes a request and returns when the kernel has it.
func (c *conn) send(method string, params arr) error {
	c.seq++
	raw, err := json.Marshal(obj{"id": c.seq, "method": method, "params": params})
	if err != nil {
		return err
	}
	_, err = c.Write(raw)
	return err
}

func (c *conn) receive() (m message, err error) {
	err = c.dec.Decode(&m)
	m.at = time.Now()
	return m, err
}

// call makes a request and hands what comes before the reply to note, which may be nil.
func (c *conn) call(method string, params arr, note func(message)) (json.RawMessage, error) {
	if err := c.send(method, params); err != nil {
		return nil, err
	}
	for {
		m, err := c.receive()
		switch {
		case err != nil:
			return nil, fmt.Errorf("waiting for the reply to %s: %w", method, err)
		case m.Method != "":
			if note != nil {
				note(m)
			}
		case len(m.Error) > 0 && !bytes.Equal(m.Error, []byte("null")):
			return nil, fmt.Errorf("%s: %s", method, m.Error)
		default:
			return m.Result, nil
		}
	}
}

// transact runs operations and returns their results; an operation that failed is an error.
func (c *conn) transact(db string, ops []obj) ([]map[string]json.RawMessage, error) {
	params := arr{db}
	for _, op := range ops {
		params = append(params, op)
	}
	raw, err := c.call("transact", params, nil)
	if err != nil {
		return nil, err
	}
	var results []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &results); err != nil {
		return nil, err
	}
	for i, r := range results {
		if e, ok := r["error"]; ok {
			return nil, fmt.Errorf("operation %d of a transaction: %s: %s", i, e, r["details"])
		}
	}
	return results, nil
}

// update is what an update2 notification says: table → row → insert, modify or delete → columns.
type update map[string]map[string]map[string]json.RawMessage

func (m message) update() (update, error) {
	var params []json.RawMessage
	if err := json.Unmarshal(m.Params, &params); err != nil {
		return nil, err
	}
	if m.Method != "update2" || len(params) != 2 {
		return nil, errors.New("unexpected notification " + m.Method)
	}
	var u update
	return u, json.Unmarshal(params[1], &u)
}
