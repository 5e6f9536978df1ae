package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// southbound is a monitor of what becomes visible, with the columns by which signs are recognised.
type southbound struct {
	c        *conn
	messages chan message
	err      error             // valid once messages is closed
	known    map[string]string // uuid → columns of the rows that are waited for when they go
	bindings int               // rows of Port_Binding of type "" so far
}

var seenColumns = map[string]string{"Port_Binding": "logical_port", "Datapath_Binding": "external_ids", "Logical_Flow": "match",
	"Load_Balancer": "vips", "Address_Set": "addresses"}

func watchSouth(sock string) (*southbound, error) {
	c, err := dial(sock)
	if err != nil {
		return nil, err
	}
	requests := obj{}
	for table, column := range seenColumns {
		// The rows that are there already do not matter.
		requests[table] = arr{obj{"columns": arr{column}, "select": obj{"initial": false}}}
	}
	s := &southbound{c: c, messages: make(chan message, 1024), known: map[string]string{}}
	if _, err := c.call("monitor_cond", arr{"OVN_Southbound", "seen", requests}, nil); err != nil {
		return nil, err
	}
	go func() {
		defer close(s.messages)
		for {
			m, err := c.receive()
			if err != nil {
				s.err = err
				return
			}
			s.messages <- m
		}
	}()
	return s, nil
}

func (s *southbound) conn() *conn {
	if s == nil {
		return nil
	}
	return s.c
}

// await reads notifications until all signs were seen and returns when the last one arrived.
func (s *southbound) await(signs []sign) (time.Time, error) {
	late := time.After(5 * time.Minute)
	open := append([]sign(nil), signs...)
	for {
		select {
		case m, ok := <-s.messages:
			if !ok {
				return time.Time{}, fmt.Errorf("southbound monitor: %w", s.err)
			}
			left, err := s.note(m, open)
			if err != nil {
				return time.Time{}, err
			}
			if open = left; len(open) == 0 {
				return m.at, nil
			}
		case <-late:
			return time.Time{}, fmt.Errorf("not seen in the southbound database after 5 minutes: %v", open)
		}
	}
}

// discard takes what has arrived.
func (s *southbound) discard() error {
	for {
		select {
		case m, ok := <-s.messages:
			if !ok {
				return fmt.Errorf("southbound monitor: %w", s.err)
			}
			if _, err := s.note(m, nil); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// note takes a notification and returns the signs that are not in it.
func (s *southbound) note(m message, open []sign) (left []sign, err error) {
	u, err := m.update()
	if err != nil {
		return nil, err
	}
	seen := make([]bool, len(open))
	for table, rows := range u {
		for id, row := range rows {
			for how, columns := range row {
				text := string(columns)
				switch {
				case how == "delete":
					text = s.known[id]
					delete(s.known, id)
				case how == "insert" && table != "Logical_Flow" && table != "Address_Set":
					s.known[id] = text
					if table == "Port_Binding" && !bytes.Contains(columns, []byte(`-R"`)) && !bytes.Contains(columns, []byte(`"R-`)) {
						s.bindings++
					}
				}
				for i, x := range open {
					if x.table == table && x.how == how && contains(text, x.text) {
						seen[i] = true
					}
				}
			}
		}
	}
	for i, x := range open {
		if !seen[i] {
			left = append(left, x)
		}
	}
	return left, nil
}

// contains reports whether a JSON text has x in it, not followed by more of a number.
func contains(text, x string) bool {
	for {
		_, after, ok := bytes.Cut([]byte(text), []byte(x))
		if !ok {
			return false
		}
		if len(after) == 0 || after[0] < '0' || after[0] > '9' {
			return true
		}
		text = string(after)
	}
}

// drain is a client that monitors everything that ovn-controller would, and throws it away.
type drain struct {
	c   *conn
	end chan error // once the contents are there
}

var controllerTables = []string{"Address_Set", "Chassis", "Chassis_Private", "Controller_Event", "DHCP_Options", "DHCPv6_Options", "DNS",
	"Datapath_Binding", "Encap", "FDB", "HA_Chassis", "HA_Chassis_Group", "IGMP_Group", "IP_Multicast", "Load_Balancer", "Logical_DP_Group",
	"Logical_Flow", "MAC_Binding", "Meter", "Meter_Band", "Mirror", "Multicast_Group", "Port_Binding", "Port_Group", "SB_Global",
	"Service_Monitor", "Static_MAC_Binding"}

const drained = "everything is there"

func newDrain(sock string) (*drain, error) {
	c, err := dial(sock)
	if err != nil {
		return nil, err
	}
	requests := obj{}
	for _, t := range controllerTables {
		requests[t] = arr{obj{}}
	}
	d := &drain{c: c, end: make(chan error, 1)}
	if err := c.send("monitor_cond_since", arr{"OVN_Southbound", "all", requests, "00000000-0000-0000-0000-000000000000"}); err != nil {
		return nil, err
	}
	// Replies come in the order of requests.
	if err := c.send("echo", arr{drained}); err != nil {
		return nil, err
	}
	go d.read()
	return d, nil
}

func (d *drain) read() {
	buf := make([]byte, 256<<10)
	var tail []byte
	told := false
	for {
		n, err := d.c.Read(buf)
		if err != nil {
			if !told {
				d.end <- err
			}
			return
		}
		if told {
			continue
		}
		tail = append(tail, buf[max(0, n-200):n]...)
		tail = tail[max(0, len(tail)-200):]
		if bytes.Contains(tail, []byte(drained)) {
			d.end <- nil
			told = true
		}
	}
}

// sbCfg finds NB_Global's sb_cfg in an update, -1 if it is not there.
func (m message) sbCfg() (int, error) {
	u, err := m.update()
	if err != nil {
		return -1, err
	}
	for _, row := range u["NB_Global"] {
		for _, columns := range row {
			var c struct {
				SBCfg *int `json:"sb_cfg"`
			}
			if err := json.Unmarshal(columns, &c); err != nil {
				return -1, err
			}
			if c.SBCfg != nil {
				return *c.SBCfg, nil
			}
		}
	}
	return -1, nil
}
