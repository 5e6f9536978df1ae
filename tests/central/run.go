package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// connect opens the side's connections and waits for northd to have looked at the databases.
func (s *side) connect() (err error) {
	if s.nb, err = dial(s.nbSock()); err != nil {
		return err
	}
	if s.sb, err = watchSouth(s.sbSock()); err != nil {
		return err
	}
	// Whichever northd it is, it makes the row.
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		res, err := s.nb.transact("OVN_Northbound", []obj{{"op": "select", "table": "NB_Global", "where": arr{}, "columns": arr{"nb_cfg"}}})
		if err != nil {
			return err
		}
		var rows []struct {
			NBCfg int `json:"nb_cfg"`
		}
		if err := json.Unmarshal(res[0]["rows"], &rows); err != nil {
			return err
		}
		if len(rows) == 1 {
			s.cfg = rows[0].NBCfg
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: northd has made no NB_Global row after a minute; see the logs in %s", s.name, s.dir)
		}
	}
	_, err = s.nb.call("monitor_cond", arr{"OVN_Northbound", "cfg", obj{"NB_Global": arr{obj{"columns": arr{"sb_cfg"}}}}}, nil)
	return err
}

// sync does what `ovn-nbctl --wait=sb sync` does.
func (s *side) sync() error {
	s.cfg++
	params := arr{"OVN_Northbound", obj{"op": "update", "table": "NB_Global", "where": arr{}, "row": obj{"nb_cfg": s.cfg}}}
	reached := false
	var failed error
	note := func(m message) {
		n, err := m.sbCfg()
		reached, failed = reached || n >= s.cfg, err
	}
	if _, err := s.nb.call("transact", params, note); err != nil {
		return err
	}
	for !reached {
		m, err := s.nb.receive()
		if err != nil {
			return err
		}
		if note(m); failed != nil {
			return failed
		}
	}
	return s.sb.discard()
}

// settle waits until the side has nothing left to do.
func (s *side) settle() error {
	for range 2 {
		if err := s.sync(); err != nil {
			return err
		}
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		before := s.cpu()
		time.Sleep(200 * time.Millisecond)
		if s.cpu()-before <= 10*time.Millisecond {
			break
		}
	}
	return s.sb.discard()
}

// apply sends a change and returns the time until it is acknowledged and its signs are seen, in ms.
func (s *side) apply(c change) (float64, error) {
	params := arr{"OVN_Northbound"}
	for _, op := range append(c.ops[:len(c.ops):len(c.ops)], durable()) {
		params = append(params, op)
	}
	begun := time.Now()
	raw, err := s.nb.call("transact", params, nil)
	if err != nil {
		return 0, err
	}
	replied := time.Now()
	if err := failedOp(raw); err != nil {
		return 0, err
	}
	at, err := s.sb.await(c.seen)
	if at.Before(replied) {
		at = replied
	}
	return ms(at.Sub(begun)), err
}

func failedOp(raw json.RawMessage) error {
	var results []struct{ Error, Details string }
	if err := json.Unmarshal(raw, &results); err != nil {
		return err
	}
	for i, r := range results {
		if r.Error != "" {
			return fmt.Errorf("operation %d of a transaction: %s: %s", i, r.Error, r.Details)
		}
	}
	return nil
}

// bench is the whole run.
type bench struct {
	sides  []*side // stock, kove
	iters  int
	report *report
	log    func(format string, args ...any)
}

// turns calls f for each side, n times, the first side being the second one every other time.
func (b *bench) turns(n int, f func(i int, s *side) error) error {
	for i := range n {
		for j := range b.sides {
			s := b.sides[(i+j)%len(b.sides)]
			if err := f(i, s); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	return nil
}

// load builds a network from empty databases, n times, and leaves the last one.
func (b *bench) load(net *network, n int) error {
	txns := net.load()
	b.log("%s: loading %d ports, %d times", net.Name, net.ports(), n)
	if err := b.turns(n, func(i int, s *side) error {
		if err := s.fresh(); err != nil {
			return err
		}
		if err := s.settle(); err != nil {
			return err
		}
		if i == n-1 {
			defer b.profile("load", s)()
		}
		cpu, begun := s.cpu(), time.Now()
		for _, ops := range txns {
			if _, err := s.nb.transact("OVN_Northbound", append(ops[:len(ops):len(ops)], durable())); err != nil {
				return err
			}
		}
		b.report.add(net.Name, "bulk_commit", s.name, ms(time.Since(begun)))
		for s.sb.bindings < net.ports() {
			m, ok := <-s.sb.messages
			if !ok {
				return s.sb.err
			}
			if _, err := s.sb.note(m, nil); err != nil {
				return err
			}
		}
		if err := s.sync(); err != nil {
			return err
		}
		b.report.add(net.Name, "bulk", s.name, ms(time.Since(begun)))
		b.report.add(net.Name, "bulk_cpu", s.name, ms(s.cpu()-cpu))
		return s.settle()
	}); err != nil {
		return err
	}
	for _, s := range b.sides {
		b.report.add(net.Name, "rss_loaded", s.name, s.rss())
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// operations times the operations on a loaded network.
func (b *bench) operations(net *network, only map[string]bool) error {
	ops := operations()
	for i := range b.iters + 1 {
		if i%5 == 0 {
			b.log("%s: changes, round %d of %d", net.Name, i, b.iters)
		}
		for _, op := range ops {
			if only != nil && !only[op.Key] {
				continue
			}
			c := op.make(net, i)
			for j := range b.sides {
				s := b.sides[(i+j)%len(b.sides)]
				if err := s.alive(); err != nil {
					return err
				}
				cpu := s.cpu()
				took, err := s.apply(c)
				if err != nil {
					return fmt.Errorf("%s: %s: %w", s.name, op.Title, err)
				}
				if err := s.sync(); err != nil {
					return fmt.Errorf("%s: after %s: %w", s.name, op.Title, err)
				}
				if i > 0 { // the first round warms up
					b.report.add(net.Name, op.Key, s.name, took)
					b.report.add(net.Name, op.Key+"_cpu", s.name, ms(s.cpu()-cpu))
				}
				if len(c.undo) > 0 {
					if _, err := s.nb.transact("OVN_Northbound", append(c.undo[:len(c.undo):len(c.undo)], durable())); err != nil {
						return fmt.Errorf("%s: taking back %s: %w", s.name, op.Title, err)
					}
				}
				if err := s.sync(); err != nil {
					return fmt.Errorf("%s: after %s: %w", s.name, op.Title, err)
				}
				time.Sleep(20 * time.Millisecond)
			}
		}
	}
	for _, s := range b.sides {
		if err := s.settle(); err != nil {
			return err
		}
		b.report.add(net.Name, "rss", s.name, s.rss())
	}
	return nil
}

// monitors times one port while n clients monitor everything, and how long they take to get the contents.
func (b *bench) monitors(net *network, n int) error {
	drains := map[*side][]*drain{}
	defer func() {
		for _, ds := range drains {
			for _, d := range ds {
				d.c.Close()
			}
		}
	}()
	for _, s := range b.sides {
		b.log("%s: %d monitors for %s", net.Name, n, s.name)
		begun := time.Now()
		for range n {
			d, err := newDrain(s.sbSock())
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			drains[s] = append(drains[s], d)
		}
		for _, d := range drains[s] {
			if err := <-d.end; err != nil {
				return fmt.Errorf("%s: a monitor: %w", s.name, err)
			}
		}
		b.report.add(net.Name, "monitors_connect", s.name, ms(time.Since(begun)))
		if err := s.settle(); err != nil {
			return err
		}
		b.report.add(net.Name, "monitors_rss", s.name, s.rss())
	}
	ops := operations()[:2]
	for i := range b.iters + 1 {
		for _, op := range ops {
			c := op.make(net, i)
			for j := range b.sides {
				s := b.sides[(i+j)%len(b.sides)]
				cpu := s.cpu()
				took, err := s.apply(c)
				if err != nil {
					return fmt.Errorf("%s: %s with monitors: %w", s.name, op.Title, err)
				}
				if err := s.sync(); err != nil {
					return err
				}
				if i > 0 {
					b.report.add(net.Name, "monitors_"+op.Key, s.name, took)
					b.report.add(net.Name, "monitors_"+op.Key+"_cpu", s.name, ms(s.cpu()-cpu))
				}
				time.Sleep(50 * time.Millisecond)
			}
		}
	}
	return nil
}

// restarts times stopping and starting on the databases as they are.
func (b *bench) restarts(net *network, n int) error {
	b.log("%s: restarting, %d times", net.Name, n)
	return b.turns(n, func(_ int, s *side) error {
		s.stop()
		for _, sock := range []string{s.nbSock(), s.sbSock()} {
			os.Remove(sock)
		}
		begun := time.Now()
		if err := s.boot(s); err != nil {
			return err
		}
		if err := s.answers(); err != nil {
			return err
		}
		b.report.add(net.Name, "restart", s.name, ms(time.Since(begun)))
		if err := s.connect(); err != nil {
			return err
		}
		if err := s.sync(); err != nil {
			return err
		}
		b.report.add(net.Name, "restart_northd", s.name, ms(time.Since(begun)))
		return s.settle()
	})
}
